"""The Automation API, driven for one stage; the only importer of `pulumi.automation`.

Every call goes to one engine command. `export` stands for the API's `select`: it tells whether the stage exists, and
every other command names the stage itself, so that no shared "current stack" file is written (trap A16).
"""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi import automation
from semver import VersionInfo

from tinystacks.deployment.engine_errors import EngineFailure
from tinystacks.deployment.engine_process import EngineProcess
from tinystacks.deployment.engine_state import State
from tinystacks.deployment.program_run import ended_in_order
from tinystacks.deployment.state_file import read_state_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tinystacks.deployment.engine_model import Engine
    from tinystacks.deployment.engine_state import Place

NAMESPACE = "tinystacks"
"""Namespace of our values in the stage's config."""
_HISTORY_PAGE = 100
"""Changes of a stage that are read at once."""


class _Command(automation.PulumiCommand):
    """Runs engine commands in an `EngineProcess`, so that they can be interrupted."""

    def __init__(self, engine: Engine, process: EngineProcess, removed: Mapping[str, None]) -> None:
        # The base's constructor asks the engine for its version once more and looks for it in `ROOT/bin`.
        self.command = str(engine.path)
        self.version = VersionInfo.parse(engine.version)
        self._process = process
        self._removed = removed

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> automation.CommandResult:
        finished = self._process.run(
            ["--non-interactive", *args],
            folder=cwd,
            environment={**additional_env, **self._removed, "PULUMI_AUTOMATION_API": "true"},
            on_output=on_output,
            on_error=on_error,
        )
        if finished.code != 0:
            raise EngineFailure(command=args[0], code=finished.code, stdout=finished.stdout, stderr=finished.stderr)
        return automation.CommandResult(finished.stdout, finished.stderr, finished.code)


class _Workspace(automation.LocalWorkspace):
    """A workspace that never writes the shared file of the selected stack."""

    def select_stack(self, stack_name: str) -> None:  # noqa: ARG002 - as in the base class
        return


class _Stack(automation.Stack):
    """A stack that does not ask for outputs and history after each update: three engine commands less."""

    def __init__(self, name: str, workspace: _Workspace) -> None:
        # The base's constructor would select the stack, one command more, and write a shared file (trap A16).
        self.name = name
        self.workspace = workspace

    def outputs(self) -> automation.OutputMap:
        return {}

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:  # noqa: ARG002, FBT001, FBT002 - as in the base class
        return automation.UpdateSummary(
            kind="update", start_time=datetime.now(UTC), message="", environment={}, config={}, result="succeeded"
        )


class EngineSession:
    """The engine at work on one stage.

    Args:
        engine: the engine to use.
        place: where and how.
        on_start: is told the process id of every engine command.
    """

    def __init__(self, engine: Engine, place: Place, on_start: Callable[[int], None] = lambda _pid: None) -> None:
        self.place = place
        self.process = EngineProcess(str(engine.path), on_start)
        self._command = _Command(
            engine, self.process, {key: None for key, value in place.environment.items() if value is None}
        )
        self._environment = {
            **{key: value for key, value in place.environment.items() if value is not None},
            "PULUMI_BACKEND_URL": place.backend_url,
            "PULUMI_HOME": str(place.home),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        self._workspace: _Workspace | None = None

    def state(self) -> State | None:
        """Give the state as it is; none when the stage does not exist."""
        kept = read_state_file(self.place)
        return kept if kept is not None else self.exported_state()

    def exported_state(self) -> State | None:
        """Give the state as the engine tells it; none when the stage does not exist."""
        try:
            result = self._run("stack", "export", "--stack", self.place.stage)
        except EngineFailure as failure:
            if failure.no_stack:
                return None
            raise
        return State(export=json.loads(result.stdout))

    def create(self) -> None:
        """Make the stage in the backend, with no resources."""
        self._workspace_of(None).create_stack(self.place.stage)

    def replace_state(self, state: State) -> None:
        """Put a state in place of the present one."""
        path = self.place.folder / "import.json"
        path.write_text(json.dumps(state.export), encoding="utf-8")
        try:
            self._run("stack", "import", "--stack", self.place.stage, "--file", str(path))
        finally:
            path.unlink()

    def remove(self) -> None:
        """Remove the stage from the backend, with its history; it has no resources."""
        self._run("stack", "rm", self.place.stage, "--yes")

    def drop_engine_lock(self) -> None:
        """Remove the engine's lock. It stops nobody (trap A6): only after making sure that its holder is gone."""
        self._run("cancel", "--yes", self.place.stage)

    def write_config(self, values: Mapping[str, str], *, salt: str = "") -> None:
        """Write the stage's config as the only one; it is stored with the next update.

        Args:
            values: texts by key of our namespace.
            salt: of the passphrase, when the stage's file of an earlier run is not there any more (trap A10).
        """
        workspace = self._workspace_of(None)
        settings = self._stack_settings(workspace)
        settings.config = {f"{NAMESPACE}:{key}": value for key, value in values.items()}
        if salt and not settings.encryption_salt:
            settings.encryption_salt = salt
        workspace.save_stack_settings(self.place.stage, settings)

    def keep_salt(self, salt: str) -> None:
        """Write the salt of the state's passphrase where the stage's file is not there any more (trap A10)."""
        workspace = self._workspace_of(None)
        settings = self._stack_settings(workspace)
        if not settings.encryption_salt:
            settings.encryption_salt = salt
            workspace.save_stack_settings(self.place.stage, settings)

    def preview(self, program: Callable[[], None], on_event: Callable[[Any], None]) -> None:
        """Run the program and say what would change."""
        with ended_in_order(program) as run:
            self._stack(run).preview(on_event=on_event, color="never", suppress_outputs=True)

    def up(
        self,
        program: Callable[[], None],
        on_event: Callable[[Any], None],
        *,
        message: str = "",
    ) -> None:
        """Run the program and make it so."""
        with ended_in_order(program) as run:
            self._stack(run).up(
                on_event=on_event,
                message=message or None,
                color="never",
                suppress_outputs=True,
                show_secrets=False,
            )

    def preview_refresh(
        self, program: Callable[[], None], on_event: Callable[[Any], None], *, targets: list[str] | None = None
    ) -> None:
        """Say what differs between the state and AWS."""
        with ended_in_order(program) as run:
            self._stack(run).preview_refresh(on_event=on_event, color="never", run_program=True, target=targets)

    def refresh(
        self,
        program: Callable[[], None],
        on_event: Callable[[Any], None],
        *,
        targets: list[str] | None = None,
        excluded: Sequence[str] = (),
    ) -> None:
        """Take over into the state what AWS says; the program runs for its provider (trap A12).

        Not for a part only: the program then asks for resources of components that were not targeted, which the
        engine does not know ("unknown resource", pulumi:pulumi:getResource).

        Args:
            program: the inline program.
            on_event: receives the engine's events.
            targets: URNs of the only resources that are read; all by default.
            excluded: URNs of resources that stay as the state has them.
        """
        with ended_in_order(program) as run:
            self._stack(run).refresh(
                on_event=on_event,
                color="never",
                run_program=targets is None,
                target=targets,
                exclude=list(excluded) or None,
                show_secrets=False,
            )

    def try_lock(self) -> None:
        """Take the engine's lock for a moment: reading no resource but the stage itself does nothing else.

        Raises:
            EngineFailure: another engine holds it, here or elsewhere.
        """
        stack, stage = self.place.project, self.place.stage
        root = f"urn:pulumi:{stage}::{stack}::pulumi:pulumi:Stack::{stack}-{stage}"
        self.refresh(lambda: None, lambda _event: None, targets=[root])

    def destroy(
        self,
        program: Callable[[], None],
        on_event: Callable[[Any], None],
        *,
        message: str = "",
        runs_program: bool = True,
    ) -> None:
        """Delete every resource; the program runs for its provider and its hooks (traps A12, A13)."""
        with ended_in_order(program) as run:
            self._stack(run).destroy(
                on_event=on_event,
                message=message or None,
                color="never",
                suppress_outputs=True,
                run_program=runs_program,
                show_secrets=False,
            )

    def plain_outputs(self) -> dict[str, tuple[Any, bool]]:
        """Give the exports decrypted, each with whether it is a secret (trap A19)."""
        outputs = self._workspace_of(None).stack_outputs(self.place.stage)
        return {key: (output.value, output.secret) for key, output in outputs.items()}

    def history(self, count: int | None = None) -> list[Mapping[str, Any]]:
        """Give past changes, newest first, secrets left out.

        Args:
            count: of the newest; all by default.
        """
        size = count or _HISTORY_PAGE
        found: list[Mapping[str, Any]] = []
        for page in itertools.count(1):
            part = self._history_page(page, size)
            found += part
            if count or len(part) < size:
                break
        return found

    def _history_page(self, page: int, size: int) -> list[Mapping[str, Any]]:
        """Give a part of the history; without a size the engine gives ten changes."""
        pages = ["--page-size", str(size), "--page", str(page)]
        try:
            result = self._run("stack", "history", "--json", "--stack", self.place.stage, *pages)
        except EngineFailure as failure:
            if failure.no_stack:
                return []
            raise
        return json.loads(result.stdout or "[]")

    def _run(self, *arguments: str) -> automation.CommandResult:
        self._prepare_project()
        return self._command.run(list(arguments), str(self.place.folder), self._environment)

    def _stack(self, program: Callable[[], None]) -> _Stack:
        return _Stack(self.place.stage, self._workspace_of(program))

    def _workspace_of(self, program: Callable[[], None] | None) -> _Workspace:
        if self._workspace is None:
            self._prepare_project()
            self._workspace = _Workspace(
                work_dir=str(self.place.folder),
                pulumi_home=str(self.place.home),
                env_vars=self._environment,
                secrets_provider=self.place.secrets_provider,
                pulumi_command=self._command,
            )
        self._workspace.program = program
        return self._workspace

    def _prepare_project(self) -> None:
        """Write the engine's project file, whose content never changes for a stack."""
        path = self.place.folder / "Pulumi.yaml"
        text = f"name: {self.place.project}\nruntime: python\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")

    def _stack_settings(self, workspace: _Workspace) -> automation.StackSettings:
        try:
            return workspace.stack_settings(self.place.stage)
        except FileNotFoundError:
            return automation.StackSettings(
                secrets_provider=None if self.place.secrets_provider == "passphrase" else self.place.secrets_provider
            )


def install_engine(folder: Path, version: str) -> Path:
    """Download the engine with the API's own installer.

    Args:
        folder: to install below.
        version: such as `3.259.0`.

    Returns:
        The program.
    """
    command = automation.PulumiCommand.install(root=str(folder), version=VersionInfo.parse(version))
    return Path(command.command)

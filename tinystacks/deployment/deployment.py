"""One stage, and what can be done with it.

```
Deployment.up
  check target ─▶ engine ─▶ lock ─▶ whole state ─▶ preview ─▶ gate ─▶ engine's update ─▶ verdict per service
```
Nothing here prints; progress goes to a callback as events, and every operation gives its result as data. Operations run
in a thread of their own, the callback in the caller's. Two stages may be changed at once from one program: each
`Deployment` in a thread of its own, with its own callback (the engine's SDK keeps its settings in context variables,
which every operation copies). No Pulumi resource or Output may then be made outside the programs (trap A15).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from tinystacks.deployment.context import StageContext
from tinystacks.deployment.events import OnEvent, ignore
from tinystacks.deployment.history import read_history
from tinystacks.deployment.interrupt import Interrupt, run_in_worker
from tinystacks.deployment.mending import repair_stage, unlock
from tinystacks.deployment.planning import preview
from tinystacks.deployment.reading import outputs_of
from tinystacks.deployment.refresh import refresh
from tinystacks.deployment.releases import releases_of
from tinystacks.deployment.removal import destroy
from tinystacks.deployment.rollback import plan_rollback, roll_back
from tinystacks.deployment.running_stage import RunningStage
from tinystacks.deployment.settings import DeploymentSettings
from tinystacks.deployment.update import Update
from tinystacks.deployment.wording import typed_stage
from tinystacks.errors import AwsError, NotDeployedError, UsageError
from tinystacks.outputs import StageOutputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tinystacks.deployment.engine import Engine
    from tinystacks.deployment.program_inputs import ProgramFor
    from tinystacks.deployment.releases import Release
    from tinystacks.deployment.results import (
        DestroyResult,
        HistoryEntry,
        PreviewResult,
        RefreshResult,
        RepairResult,
        UpResult,
    )
    from tinystacks.deployment.rollback import RollbackPlan
    from tinystacks.deployment.target import Target
    from tinystacks.deployment.work_folder import StageRecord
    from tinystacks.spec.model import StageSpec

T = TypeVar("T")


class Deployment:
    """One stage of a stack, deployed or not.

    Args:
        stage: the stage, complete: `StackSpec.stage(name)`.
        target: an AWS account and region, or the local AWS.
        workspace: folder of the project; `.tstack` is made in it.
        program: gives the Pulumi program; `programs.stage.program_for` by default.
        settings: of the machine and the person.
        interrupt: how the user ends an operation; use `interrupt.on_signals()` around an operation in a command line.
    """

    def __init__(
        self,
        stage: StageSpec,
        target: Target,
        *,
        workspace: Path,
        program: ProgramFor | None = None,
        settings: DeploymentSettings | None = None,
        interrupt: Interrupt | None = None,
    ) -> None:
        self.stage = stage
        self.target = target
        self.interrupt = interrupt or Interrupt()
        self._context = StageContext(
            stage,
            target,
            workspace=workspace,
            program=program,
            settings=settings or DeploymentSettings(),
            interrupt=self.interrupt,
        )

    def preview(self, on_event: OnEvent = ignore, *, images: Mapping[str, str] | None = None) -> PreviewResult:
        """Say what `up` would change; changes nothing in AWS.

        Args:
            on_event: receives progress.
            images: image references by service (and `service/sidecar`), as in `up`.

        Raises:
            TinystacksError: what stands in the way.
        """
        return self._run(lambda emit: preview(self._context, images=images, emit=emit), on_event)

    def up(
        self,
        on_event: OnEvent = ignore,
        *,
        images: Mapping[str, str] | None = None,
        message: str = "",
        by: str = "",
        commit: str = "",
        allow_downtime: bool = False,
        force: bool = False,
    ) -> UpResult:
        """Make the stage as the file says and follow every service until it is steady, rolled back or out of time.

        The result says how it ended; a rollback is no exception. May be repeated after any interruption.

        Args:
            on_event: receives progress.
            images: image references to deploy, by service (and `service/sidecar`); they stay until the file names
                another image. Other services with `build:` are built where their sources are new.
            message: kept with the release.
            by: who releases; the login name by default.
            commit: version of the sources; what git says by default.
            allow_downtime: whether services, target groups, Auto Scaling groups and the like may be replaced.
            force: whether tasks are replaced though nothing changed.

        Raises:
            LockedError: someone else changes this stage; says who.
            CredentialsError: no, expired or other credentials; nothing was changed.
            AwsError: AWS refused something; what was done stays, and the next `up` goes on.
            TinystacksError: anything else.
        """

        def work(emit: OnEvent) -> UpResult:
            return Update(
                self._context,
                images=images,
                message=message,
                by=by,
                commit=commit,
                allow_downtime=allow_downtime,
                force=force,
                emit=emit,
            ).run()

        return self._run(work, on_event)

    def rollback_plan(self, to: int | None = None) -> RollbackPlan:
        """Say what a rollback would bring back and change; changes nothing.

        Args:
            to: number of a release; by default the last that became steady and ran something else than the current.

        Raises:
            NoReleaseError: there is no such release, nothing to go back to, or an image of it is gone.
        """
        return plan_rollback(self._context, self.releases(), to)

    def rollback(
        self,
        plan: RollbackPlan,
        on_event: OnEvent = ignore,
        *,
        message: str = "",
        by: str = "",
        allow_downtime: bool = False,
    ) -> UpResult:
        """Bring a release back, images and all settings, as a new release; a deployment under way is stopped first.

        Args:
            plan: from `rollback_plan`.
            on_event: receives progress.
            message: kept with the new release; says what it is by default.
            by: who does it; the login name by default.
            allow_downtime: as in `up`.

        Raises:
            TinystacksError: as in `up`.
        """
        outputs = self.outputs()

        def work(emit: OnEvent) -> UpResult:
            return roll_back(
                self._context, plan, outputs, message=message, by=by, allow_downtime=allow_downtime, emit=emit
            )

        return self._run(work, on_event)

    def running(self) -> RunningStage:
        """Give the services that run: to restart, to scale, to run a task with, to end their deployment.

        Raises:
            NotDeployedError: the stage does not exist (any more).
        """
        return RunningStage(self._context, self.outputs())

    def refresh(self, on_event: OnEvent = ignore, *, dry_run: bool = False, limit: int | None = None) -> RefreshResult:
        """Take over into the state what AWS says.

        Args:
            on_event: receives progress.
            dry_run: whether differences are only reported (drift).
            limit: resources that may be dropped from the state; `DeploymentSettings.refresh_limit` by default.

        Raises:
            EngineError: more would be dropped.
            TinystacksError: what stands in the way.
        """
        return self._run(lambda emit: refresh(self._context, dry_run=dry_run, limit=limit, emit=emit), on_event)

    def destroy(self, on_event: OnEvent = ignore, *, purge_images: bool = False, message: str = "") -> DestroyResult:
        """Delete the stage and list what is left, and why. May be repeated after any interruption.

        Args:
            on_event: receives progress.
            purge_images: whether image repositories go with their images.
            message: kept in the engine's history until the stage is gone.

        Raises:
            TinystacksError: what stands in the way; what was deleted stays deleted.
        """
        return self._run(
            lambda emit: destroy(self._context, purge_images=purge_images, message=message, emit=emit), on_event
        )

    def repair(self, on_event: OnEvent = ignore, *, remove: bool = False) -> RepairResult:
        """Look for what earlier commands left unfinished, and make the state whole.

        Args:
            on_event: receives progress.
            remove: whether resources that such a command made, and that no state knows, are deleted; else they are
                only listed, and the state stays as it is.

        Raises:
            TinystacksError: what stands in the way.
        """
        return self._run(lambda emit: repair_stage(self._context, remove=remove, emit=emit), on_event)

    def unlock(self) -> tuple[str, ...]:
        """Remove the engine's lock that a command left which is gone; for a person to decide.

        Returns:
            Who held it, in words.

        Raises:
            LockedError: its holder lives on this host.
        """
        return unlock(self._context)

    def cancel(self) -> None:
        """Ask the running operation to end: first in order, the second time at once; from any thread."""
        self.interrupt.request()

    def outputs(self) -> StageOutputs:
        """Give what the stage tells the outside; without the engine where the last change was made from here.

        Raises:
            NotDeployedError: the stage does not exist (any more).
        """
        context = self._context
        record = context.folder.read_record()
        if record is not None:
            self._check_record(record)
            kept = None if context.shared else context.folder.read_outputs()
            if kept is not None:
                try:
                    return StageOutputs.from_exports(kept)
                except (KeyError, TypeError):
                    pass
        elif not context.shared:
            raise self._not_deployed()
        with context.explained():
            outputs = outputs_of(context.session(self.engine()).state())
        if outputs is None:
            raise self._not_deployed()
        return outputs

    def history(self) -> list[HistoryEntry]:
        """Give the stage's past changes, newest first; empty when there were none."""
        return self._history(self._verdicts())

    def releases(self) -> list[Release]:
        """Give the stage's releases, newest first; empty when there were none."""
        verdicts = self._verdicts()
        return releases_of(self._history(verdicts), verdicts)

    def _verdicts(self) -> Mapping[int, Mapping[str, Any]]:
        """How releases ended; what this folder knows where the journal cannot be read."""
        if self._context.shared:
            with suppress(AwsError):
                return self._context.journal.read()
        return self._context.folder.verdicts()

    def _history(self, verdicts: Mapping[int, Mapping[str, Any]]) -> list[HistoryEntry]:
        context = self._context
        record = context.folder.read_record()
        if record is None and not context.shared:
            return []
        if record is not None:
            self._check_record(record)
        results: Mapping[str, str] = record.results if record else dict[str, str]()
        if context.shared:
            results = {str(number): str(verdict["result"]) for number, verdict in verdicts.items()}
        with context.explained():
            return read_history(context.session(self.engine()), results)

    def has_local_changes(self, record: StageRecord | None = None) -> bool | None:
        """Say whether the stage in the file differs from the one that was deployed; nothing when that is not known.

        What images are built from is not looked at.

        Args:
            record: what is remembered of the stage; asked for when it is not given.
        """
        record = record or self.record()
        if record is None or not record.spec_digest:
            return None
        return self._context.inputs.spec_digest(record.images) != record.spec_digest

    def record(self) -> StageRecord | None:
        """Give what is remembered of the stage, such as account, machine image and last release; none before `up`."""
        return self._context.known_record()

    def engine(self) -> Engine:
        """Give the engine that operations use, getting one where there is none.

        Raises:
            EngineMissingError: there is none and none can be had.
        """
        return self._context.engine(ignore)

    @property
    def typed(self) -> str:
        """The stage as it is typed behind a command, such as `prod --local`."""
        return typed_stage(self.stage.stage, self.target.name)

    def _run(self, work: Callable[[OnEvent], T], on_event: OnEvent) -> T:
        return run_in_worker(work, on_event=on_event, interrupt=self.interrupt)

    def _check_record(self, record: StageRecord) -> None:
        """Make sure, without asking AWS, that the record is of this stack, region and life of the local AWS."""
        if record.stack != self.stage.stack:
            raise NotDeployedError(
                f"Stage `{self.stage.stage}` in this folder is of stack `{record.stack}`, not of `{self.stage.stack}`.",
                hint=f"Name the file of `{record.stack}` with --file, or keep this one in a folder of its own.",
            )
        if self.target.name == "local" and record.identity != self.target.identity():
            raise NotDeployedError(
                f"Stage `{self.stage.stage}` was made in an earlier life of the local AWS, of which nothing is left.",
                hint=f"`tstack up {self.typed}` makes it anew.",
            )
        region = record.identity.rpartition(":")[2]
        if self.target.name == "aws" and region != self.target.region:
            raise UsageError(
                f"Stage `{self.stage.stage}` lives in region {region}, not in {self.target.region}.",
                hint=f"Use --region {region}.",
            )

    def _not_deployed(self) -> NotDeployedError:
        return NotDeployedError(
            f"Stage `{self.stage.stage}` of `{self.stage.stack}` is not deployed.",
            hint=f"`tstack up {self.typed}` makes it.",
        )

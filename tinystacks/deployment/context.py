"""One stage with its target, folder, engine and time: what every operation needs."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tinystacks.deployment.begun_resources import begun_resources
from tinystacks.deployment.engine import find_engine
from tinystacks.deployment.engine_errors import EngineFailure, explain, refusals
from tinystacks.deployment.engine_events import EventTranslator
from tinystacks.deployment.engine_place import engine_place
from tinystacks.deployment.events import Notice, OnEvent
from tinystacks.deployment.leftovers import Leftover, Sweep
from tinystacks.deployment.lock import is_held, locked_error, read_holder
from tinystacks.deployment.orphan_removal import removal_order, remove_orphan
from tinystacks.deployment.pace import Pace
from tinystacks.deployment.program_inputs import ProgramInputs
from tinystacks.deployment.record_checks import (
    check_account,
    check_engine_version,
    check_identity,
    is_of_another_life,
)
from tinystacks.deployment.recovery import run_past_stale_lock
from tinystacks.deployment.release_journal import ReleaseJournal
from tinystacks.deployment.stage_program import load_ahead
from tinystacks.deployment.stored_record import is_same_release, stored_record
from tinystacks.deployment.wording import Wording, typed_stage
from tinystacks.deployment.work_folder import StageRecord, WorkFolder
from tinystacks.errors import InterruptedByUserError, LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from tinystacks.deployment.automation import EngineSession
    from tinystacks.deployment.engine_model import Engine
    from tinystacks.deployment.engine_state import State
    from tinystacks.deployment.interrupt import Interrupt
    from tinystacks.deployment.program_inputs import ProgramFor
    from tinystacks.deployment.settings import DeploymentSettings
    from tinystacks.deployment.target import Target
    from tinystacks.spec.model import StageSpec

_LOCAL_POLL = 0.2
_AWS_POLL = 5.0


@dataclass(slots=True, kw_only=True)
class Opened:
    """A stage that is locked and ready for the engine.

    Attributes:
        session: the engine.
        state: none when the stage does not exist.
        record: what is remembered; none before the first change.
        emit: receives events.
        lock_left_by: the one engine process whose lock of the state may be removed; none for any that is gone.
        past: service deployments, by ARN, that had ended before the change.
    """

    session: EngineSession
    state: State | None
    record: StageRecord | None
    emit: OnEvent
    lock_left_by: int | None = None
    past: frozenset[str] = frozenset()


class StageContext:
    """One stage of one target in one workspace.

    Args:
        stage: the stage, complete.
        target: where it is deployed to.
        workspace: folder of the project.
        program: gives the program; `programs.stage.program_for` by default.
        settings: of machine and person.
        interrupt: how the user ends an operation.
    """

    def __init__(
        self,
        stage: StageSpec,
        target: Target,
        *,
        workspace: Path,
        program: ProgramFor | None,
        settings: DeploymentSettings,
        interrupt: Interrupt,
    ) -> None:
        self.stage = stage
        self.target = target
        self.settings = settings
        self.interrupt = interrupt
        self.workspace = workspace
        self.folder = WorkFolder(workspace, target.name, stage.stage)
        self.wording = Wording(stage.stack, stage.services)
        self.pace = settings.pace or Pace(
            sleep=interrupt.requested.wait, poll=_AWS_POLL if target.name == "aws" else _LOCAL_POLL
        )
        self.inputs = ProgramInputs(stage, target, program)
        self._engine: Engine | None = None

    @property
    def shared(self) -> bool:
        """Whether other folders and machines change the stage as well."""
        return self.target.name == "aws" and bool(self.stage.state)

    @property
    def journal(self) -> ReleaseJournal:
        """What tells other folders and machines how releases ended."""
        return ReleaseJournal(self.target.client, stack=self.stage.stack, stage=self.stage.stage)

    def known_record(self) -> StageRecord | None:
        """Give what is remembered of the stage without opening it; none before the first `up`."""
        if not self.shared:
            return self.folder.read_record()
        own = self.folder.read_record()
        with self.explained():
            session = self.session(self.engine(lambda _event: None))
            stored = stored_record(session, stack=self.stage.stack, identity=self.target.identity())
        return own if own and stored and is_same_release(own, stored) else stored

    def no_record(self) -> StageRecord:
        """Give what is remembered of a stage that was never deployed."""
        return StageRecord(stack=self.stage.stack, stage=self.stage.stage, identity=self.target.identity())

    def of(self, stage: StageSpec) -> StageContext:
        """Give the same place for the stage as it was at another time."""
        made = StageContext(
            stage,
            self.target,
            workspace=self.workspace,
            program=self.inputs.given_program,
            settings=self.settings,
            interrupt=self.interrupt,
        )
        made._engine = self._engine
        return made

    def check_target(self, emit: OnEvent) -> StageRecord | None:
        """Make sure that credentials, account, region and stage belong together; nothing of the engine runs yet.

        Returns:
            What is remembered of the stage.

        Raises:
            CredentialsError: there are no credentials, or they are of another account.
            UsageError: the folder holds a stage of another stack or region.
        """
        check_account(self.stage.account, self.target.account_id(), self.stage.stage)
        record = self.folder.read_record()
        if record is None:
            return None
        identity = self.target.identity()
        if self.target.name == "local" and is_of_another_life(record, identity):
            self._start_clean(emit)
            return None
        check_identity(record, stack=self.stage.stack, identity=identity)
        return record

    def engine(self, emit: OnEvent, record: StageRecord | None = None) -> Engine:
        """Find the engine, getting one where there is none.

        Raises:
            EngineMissingError: there is none and none can be had.
            EngineError: it is older than the one that wrote the state.
        """
        if self._engine is None:
            self._engine = find_engine(self.settings.engine, say=lambda message: emit(Notice(message=message)))
        check_engine_version(record, self._engine.version)
        return self._engine

    def session(
        self, engine: Engine, on_start: Callable[[int], None] = lambda _pid: None, *, ahead: bool = False
    ) -> EngineSession:
        """Give the engine at work on this stage.

        Args:
            engine: the program.
            on_start: is told the id of each process of it.
            ahead: whether the stage's program will be needed, so that its loading begins now.
        """
        from tinystacks.deployment.automation import EngineSession  # noqa: PLC0415 - loads the Automation API

        self.folder.prepare()
        if ahead and self.inputs.own:
            load_ahead()
        session: EngineSession | None = None

        def started(pid: int) -> None:
            on_start(pid)
            # An interrupt between two commands found no engine to tell.
            if self.interrupt.requested.is_set() and session is not None:
                session.process.interrupt()

        session = EngineSession(
            engine,
            engine_place(self.stage, self.target, self.folder),
            started,
        )
        return session

    @contextmanager
    def explained(self, command: str = "") -> Generator[None]:
        """Turn failures of the engine into errors of ours.

        Args:
            command: that the user typed; the engine's own by default.

        Raises:
            InterruptedByUserError: the user ended the operation.
            LocalAwsError: the local AWS has ended meanwhile, and with it everything that was in it.
            TinystacksError: what the failure means.
        """
        try:
            yield
        except EngineFailure as failure:
            if self.target.name == "local":
                self._check_lives(command or failure.command)
            if self.interrupt.requested.is_set():
                refused = refusals(failure)
                raise InterruptedByUserError(
                    f"Interrupted during `{command or failure.command}`."
                    + (f" Not done by then:\n{refused}" if refused else ""),
                    hint="What was done stays. Repeat the command: it goes on from here.",
                ) from failure
            raise explain(failure, stage=self.stage.stage) from failure

    def _check_lives(self, command: str) -> None:
        try:
            self.target.account_id()
        except LocalAwsError as gone:
            again = typed_stage(self.stage.stage, self.target.name)
            raise LocalAwsError(
                f"The local AWS ended during `{command}`, and everything in it is gone.",
                hint=f"`tstack up {again}` starts another one and makes the stage anew.",
            ) from gone

    def run_engine(
        self,
        opened: Opened,
        work: Callable[[EventTranslator], None],
        *,
        planning: bool = False,
    ) -> EventTranslator:
        """Do one long engine operation: interruptible, past stale locks, with its events translated.

        Args:
            opened: the stage.
            work: calls the engine with the translator as its event callback.
            planning: whether it is a preview.

        Raises:
            EngineFailure: it failed; carries the error diagnostics.
        """
        translator = EventTranslator(self.wording, opened.emit, planning=planning)
        self.interrupt.check()

        def pass_on(count: int) -> None:
            if count <= 2:  # noqa: PLR2004 - ask, then insist; the engine itself takes no third
                opened.session.process.interrupt()
            else:
                opened.session.process.kill()

        try:
            with self.interrupt.calling(pass_on):
                run_past_stale_lock(opened.session, lambda: work(translator), opened.emit, only=opened.lock_left_by)
        except EngineFailure as failure:
            failure.problems = tuple(translator.problems)
            failure.failed_types = frozenset(translator.failed_types)
            raise
        return translator

    def remember(self, opened: Opened, **changes: Any) -> StageRecord:
        """Bring the record up to date and keep it."""
        record = opened.record or self.no_record()
        opened.record = replace(record, **changes)
        self.folder.write_record(opened.record)
        return opened.record

    def sweep(self) -> Sweep:
        """Give a look at everything that bears the stage's tags."""
        return Sweep(self.target.client, stack=self.stage.stack, stage=self.stage.stage)

    def found(self, state: State, not_read: list[str] | None = None) -> list[Leftover]:
        """List what is there of the stage, in the order in which it can be deleted: users before what they use.

        Args:
            state: of the engine.
            not_read: receives what AWS refused to tell, in words.
        """
        begun = begun_resources(self.target.client, state)
        sweep = self.sweep()
        found = {(item.resource_type, item.id): item for item in [*begun, *sweep.find()]}
        if not_read is not None:
            not_read[:] = sweep.not_read
        return sorted(found.values(), key=removal_order)

    def remove_orphan(self, item: Leftover) -> None:
        """Delete one resource that no state knows."""
        remove_orphan(self.target.client, item)

    def _start_clean(self, emit: OnEvent) -> None:
        """Put the stage of an earlier life of the local AWS aside: it held everything in memory."""
        if is_held(self.folder.lock_path):
            raise locked_error(read_holder(self.folder.lock_path))
        name = f"{self.stage.stage}-{datetime.now(UTC).strftime('%Y%m%dT%H%M%S%f')}"
        place = self.folder.put_aside(name)
        emit(
            Notice(
                message=f"The local AWS was started anew since stage `{self.stage.stage}` was made, so nothing of it "
                f"is left. Its state was put aside: {place}"
            )
        )

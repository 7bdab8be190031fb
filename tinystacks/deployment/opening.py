"""Opening a stage for a change.

Before the engine starts, an operation has made sure of: credentials and account, the stage's record, an engine, the
stage's lock, and a whole state.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tinystacks.deployment.context import Opened
from tinystacks.deployment.lock import StageLock
from tinystacks.deployment.made_elsewhere import check_made_here
from tinystacks.deployment.present_record import present_record
from tinystacks.deployment.record_checks import check_not_emptied
from tinystacks.deployment.recovery import repair, run_past_stale_lock, settle_earlier_run

if TYPE_CHECKING:
    from collections.abc import Generator

    from tinystacks.deployment.automation import EngineSession
    from tinystacks.deployment.context import StageContext
    from tinystacks.deployment.engine_state import State
    from tinystacks.deployment.events import OnEvent


@contextmanager
def open_stage(context: StageContext, operation: str, emit: OnEvent, *, mend: bool = True) -> Generator[Opened]:
    """Check, lock and open the stage for a change.

    Args:
        context: the stage.
        operation: name of the command.
        emit: receives events.
        mend: whether a state with unfinished operations is made whole, or a reason to stop.

    Raises:
        TinystacksError: anything that speaks against going on.
    """
    record = context.check_target(emit)
    engine = context.engine(emit, record)
    context.folder.prepare()
    with StageLock(context.folder.lock_path, operation) as lock:
        settle_earlier_run(lock.previous, emit, context.pace)
        left_by = (lock.previous.engine_pid if lock.previous else 0) if context.shared else None
        # The AWS SDK before the program: the engine starts after the first read of AWS, and a thread that loads
        # the program would keep that waiting. The program has time until the engine asks for it.
        context.target.client("ecs")
        session = context.session(engine, lock.engine_runs, ahead=True)
        with context.explained(operation):
            state = session.state()
            record = present_record(context, session, state, record, emit)
            check_not_emptied(record, state, context.folder.newest_backup())
            check_made_here(context.stage, state, context.target, backup=context.folder.newest_backup())
            if state is not None and state.pending and context.shared:
                # What looks unfinished is perhaps just being done by another machine, which our lock does not stop.
                run_past_stale_lock(session, session.try_lock, emit, only=left_by)
                state = session.state()
            if state is not None:
                state = _whole(context, session, state, emit, left_by) if mend else state
                if state.count:
                    context.folder.back_up(state.export, datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f"))
        yield Opened(session=session, state=state, record=record, emit=emit, lock_left_by=left_by)


def _whole(context: StageContext, session: EngineSession, state: State, emit: OnEvent, left_by: int | None) -> State:
    """Repair a state with unfinished operations; on the local AWS what is left over is simply removed."""
    local = context.target.name == "local"
    return repair(
        session,
        state,
        wording=context.wording,
        find=lambda: context.found(state),
        remove=context.remove_orphan if local else None,
        emit=emit,
        pace=context.pace,
        only=left_by,
    )

"""What is remembered of a stage, where another folder or machine may have changed it since.

Where the state is shared (`state:` in the file) the folder's own record is only one of several, and counts no more than
that.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tinystacks.deployment.events import Notice
from tinystacks.deployment.stored_record import is_same_release, stored_record

if TYPE_CHECKING:
    from tinystacks.deployment.automation import EngineSession
    from tinystacks.deployment.context import StageContext
    from tinystacks.deployment.engine_state import State
    from tinystacks.deployment.events import OnEvent
    from tinystacks.deployment.work_folder import StageRecord

_OUTLIVE_A_STAGE = frozenset({"aws:ecr/repository:Repository", "aws:cloudwatch/logGroup:LogGroup"})
"""What may be left of a stage that was destroyed in order (trap C8, C9)."""


def present_record(
    context: StageContext, session: EngineSession, state: State | None, own: StageRecord | None, emit: OnEvent
) -> StageRecord | None:
    """Give what is remembered of a stage, by this folder or by who changed it last.

    Args:
        context: the stage.
        session: the engine.
        state: the stage's.
        own: the record of this folder.
        emit: receives a notice when the stage was destroyed elsewhere.
    """
    if own is not None and not context.shared:
        return own
    if state is None or not state.count:
        if own is None or not own.resources or not _destroyed_elsewhere(context):
            return own
        context.folder.forget()
        emit(Notice(message=f"Stage `{own.stage}` was destroyed from another place since release {own.release}."))
        return None
    stored = stored_record(session, stack=context.stage.stack, identity=context.target.identity())
    if stored is None:
        return own
    if own is not None and is_same_release(own, stored):
        return replace(own, cleared=own.cleared or stored.cleared)
    return replace(stored, resources=state.count) if own is not None else stored


def _destroyed_elsewhere(context: StageContext) -> bool:
    """Whether AWS has nothing of the stage, so that its empty state is no loss (trap A1)."""
    sweep = context.sweep()
    left = [item for item in sweep.find() if item.resource_type not in _OUTLIVE_A_STAGE]
    return not left and not sweep.not_read

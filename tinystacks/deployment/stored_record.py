"""What is remembered of a stage, where another folder or machine may have changed it since.

Every update stores the stage's record in the stack's history (trap A10), so that it goes with the state wherever that
is. Where the state is shared (`state:` in the file) the folder's own record is only one of several, and counts no more
than that.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tinystacks.deployment.events import Notice
from tinystacks.deployment.record_checks import check_identity
from tinystacks.deployment.work_folder import StageRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tinystacks.deployment.automation import EngineSession
    from tinystacks.deployment.context import StageContext
    from tinystacks.deployment.engine_state import State
    from tinystacks.deployment.events import OnEvent

_LOOKED_AT = 20
"""Entries of the history: updates with a few refreshes before them."""
_OUTLIVE_A_STAGE = frozenset({"aws:ecr/repository:Repository", "aws:cloudwatch/logGroup:LogGroup"})
"""What may be left of a stage that was destroyed in order (trap C8, C9)."""


def to_stored(record: StageRecord, *, spec_digest: str, settings_digest: str) -> dict[str, Any]:
    """Give what an update stores of the record: as it is when the update goes well.

    How releases ended is not known yet, and is kept elsewhere.
    """
    return {**record.to_mapping(), "results": {}, "spec_digest": spec_digest, "settings_digest": settings_digest}


def stored_record(session: EngineSession, *, stack: str, identity: str) -> StageRecord | None:
    """Give the record of the last update, whoever made it; none where there was none.

    Args:
        session: the engine.
        stack: name of the stack, and
        identity: the target's, which the record must be of.

    Raises:
        TinystacksError: it is of another stack, account or region.
    """
    entries = session.history(_LOOKED_AT)
    found = _newest(entries) or (_newest(session.history()) if len(entries) == _LOOKED_AT else None)
    if found is None:
        return None
    check_identity(found, stack=stack, identity=identity)
    destroyed = bool(entries) and entries[0].get("kind") == "destroy"
    return replace(found, cleared=destroyed)


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


def is_same_release(own: StageRecord, stored: StageRecord) -> bool:
    """Whether two records are of one release: a number comes again after a destroy, its time does not."""
    return own.released_at == stored.released_at


def _destroyed_elsewhere(context: StageContext) -> bool:
    """Whether AWS has nothing of the stage, so that its empty state is no loss (trap A1)."""
    sweep = context.sweep()
    left = [item for item in sweep.find() if item.resource_type not in _OUTLIVE_A_STAGE]
    return not left and not sweep.not_read


def _newest(entries: Iterable[Mapping[str, Any]]) -> StageRecord | None:
    for entry in entries:
        config: Mapping[str, Any] = entry.get("config") or {}
        stored: Mapping[str, Any] = config.get("tinystacks:record", {})
        if stored.get("value"):
            record = StageRecord.from_mapping(json.loads(str(stored["value"])))
            went_well = entry.get("result") == "succeeded"
            return record if went_well else replace(record, spec_digest="", settings_digest="")
    return None

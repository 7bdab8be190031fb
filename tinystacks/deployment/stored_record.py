"""The record of a stage as every update stores it in the stack's history (trap A10): it goes with the state."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tinystacks.deployment.record_checks import check_identity
from tinystacks.deployment.work_folder import StageRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tinystacks.deployment.automation import EngineSession

_LOOKED_AT = 20
"""Entries of the history: updates with a few refreshes before them."""


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


def is_same_release(own: StageRecord, stored: StageRecord) -> bool:
    """Whether two records are of one release: a number comes again after a destroy, its time does not."""
    return own.released_at == stored.released_at


def _newest(entries: Iterable[Mapping[str, Any]]) -> StageRecord | None:
    for entry in entries:
        config: Mapping[str, Any] = entry.get("config") or {}
        stored: Mapping[str, Any] = config.get("tinystacks:record", {})
        if stored.get("value"):
            record = StageRecord.from_mapping(json.loads(str(stored["value"])))
            went_well = entry.get("result") == "succeeded"
            return record if went_well else replace(record, spec_digest="", settings_digest="")
    return None

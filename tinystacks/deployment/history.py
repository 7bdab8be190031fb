"""Past changes of a stage, as the engine keeps them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tinystacks.deployment.results import HistoryEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.deployment.automation import EngineSession
    from tinystacks.deployment.changes import Changes


def read_history(
    session: EngineSession,
    results: Mapping[str, str],
    counted: Mapping[int, Changes] | None = None,
) -> list[HistoryEntry]:
    """Give the stage's past changes, newest first.

    Args:
        session: the engine.
        results: how releases ended, by number as text, as far as it is known.
        counted: numbers of resources that releases changed, by number, as far as they are known.

    Raises:
        EngineFailure: the engine cannot read them.
    """
    entries = session.history()
    # A file backend numbers nothing, so that the position counts.
    found = [_history_entry(entry, len(entries) - index, results) for index, entry in enumerate(entries)]
    return _with_counts(found, dict(counted or {}))


def _with_counts(entries: list[HistoryEntry], counted: dict[int, Changes]) -> list[HistoryEntry]:
    """Give each release its count; of several tries at one release the last bears it.

    The engine's own count has components, providers and the stage in it, and does not tell how many of them.
    """
    return [
        replace(entry, changes=counted.pop(int(entry.release["number"]), None)) if entry.release else entry
        for entry in entries
    ]


def _history_entry(entry: Mapping[str, Any], position: int, results: Mapping[str, str]) -> HistoryEntry:
    config: Mapping[str, Any] = entry.get("config") or {}
    # Refreshes and destroys bear the config of the update before them.
    release = _stored(config, "release") if entry.get("kind") == "update" else {}
    if release:
        release["result"] = results.get(str(release.get("number")), "")
    ended = entry.get("endTime")
    return HistoryEntry(
        number=int(entry.get("version") or position),
        kind=str(entry.get("kind", "")),
        result=str(entry.get("result", "")),
        started_at=_time(str(entry["startTime"])),
        ended_at=_time(str(ended)) if ended else None,
        message=str(entry.get("message", "")),
        changes=None,
        spec=_stored(config, "spec"),
        release=release,
        environment=dict(entry.get("environment") or {}),
    )


def _stored(config: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Read one of our values in the config that an update was made with."""
    entry: Mapping[str, Any] = config.get(f"tinystacks:{key}", {})
    return json.loads(str(entry.get("value", "{}")))


def _time(text: str) -> datetime:
    """Read the engine's time, `2026-11-23T06:24:37.000Z`."""
    return datetime.fromisoformat(text).astimezone(UTC)

"""Points in time as people type them: `10m`, `2h`, `1d`, or a date."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tinystacks.errors import UsageError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PART = re.compile(r"(\d+)([smhdw])")


def parse_since(text: str, now: datetime | None = None) -> datetime:
    """Give the point in time that lies so long ago, or the one that is named.

    Args:
        text: such as `90s`, `10m`, `1h30m`, `2d`, or an ISO 8601 time; without zone it is the machine's own.
        now: with time zone.

    Raises:
        UsageError: it is neither.
    """
    moment = now or datetime.now(UTC)
    parts: list[tuple[str, str]] = _PART.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        try:
            return moment - sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta())
        except OverflowError as error:
            raise _not_understood(text) from error
    try:
        named = datetime.fromisoformat(text)
    except ValueError as error:
        raise _not_understood(text) from error
    return named.astimezone(UTC)


def _not_understood(text: str) -> UsageError:
    return UsageError(f"{text!r} is no length of time", hint="Write 90s, 10m, 2h, 1d, or 2026-11-23T14:00.")

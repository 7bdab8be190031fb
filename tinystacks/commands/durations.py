"""Points in time as people type them: `10m`, `2h`, `1d`, or a date."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tinystacks.errors import UsageError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_EPOCH = datetime.fromtimestamp(0, UTC)
_FORMS = "Write 90s, 10m, 2h, 1d, or 2026-11-23T14:00."
_PART = re.compile(r"(\d+)([smhdw])")


def parse_since(text: str, now: datetime | None = None) -> datetime:
    """Give the point in time that lies so long ago, or the one that is named.

    Args:
        text: such as `90s`, `10m`, `1h30m`, `2d`, or an ISO 8601 time; without zone it is the machine's own.
        now: with time zone.

    Raises:
        UsageError: it is neither, or lies before 1970, which CloudWatch takes for no time (FilterLogEvents, startTime).
    """
    moment = now or datetime.now(UTC)
    parts: list[tuple[str, str]] = _PART.findall(text)
    try:
        if parts and "".join(number + unit for number, unit in parts) == text:
            found = moment - sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta())
        else:
            found = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _not_understood(text) from error
    if found < _EPOCH:
        raise UsageError(f"{text!r} lies before 1970, where the time of AWS begins", hint=_FORMS)
    return found


def _not_understood(text: str) -> UsageError:
    return UsageError(f"{text!r} is no length of time", hint=_FORMS)

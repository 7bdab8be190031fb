"""Spans of time on the command line: `90`, `30s`, `5m`, `2h`, `1h30m`."""

from __future__ import annotations

import re

from tinystacks.errors import UsageError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+|\d+(?:\.\d+)?")
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")


def seconds_of(text: str, option: str) -> float:
    """Read a span of time.

    Args:
        text: numbers with `s`, `m`, `h` or `d`; a bare number is seconds.
        option: the option that it was given to, for the error.

    Returns:
        Seconds, more than 0.

    Raises:
        UsageError: it is no span of time.
    """
    if not _WHOLE.fullmatch(text.strip()):
        raise UsageError(f"{option} cannot be `{text}`", hint="Give a span of time such as 30s, 5m or 1h30m.")
    found = sum(float(number) * _SECONDS.get(unit, 1) for number, unit in _PART.findall(text))
    if found <= 0:
        raise UsageError(f"{option} must be more than 0", hint="Give a span of time such as 30s, 5m or 1h30m.")
    return found

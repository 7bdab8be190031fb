"""Schedule expressions of Application Auto Scaling: `at()`, `rate()`, `cron()` (S15)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tinystacks.controlplane.scalable_targets import validation_error

if TYPE_CHECKING:
    from collections.abc import Sequence

UNITS = {"minute": 60, "minutes": 60, "hour": 3600, "hours": 3600, "day": 86400, "days": 86400}
EXPRESSION = re.compile(r"(at|rate|cron)\((.+)\)")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
CRON_FIELDS = 6
LOOK_AHEAD_DAYS = 366 * 5


def next_after(schedule: str, timezone: str, moment: float, anchor: float) -> float | None:
    """Give the first time of a schedule after a moment.

    Args:
        schedule: the expression.
        timezone: name of the zone in which `at` and `cron` are read.
        moment: seconds since the epoch.
        anchor: where a `rate` counts from, in seconds since the epoch.

    Raises:
        EcsError: ValidationException, when the expression cannot be read.
    """
    found = EXPRESSION.fullmatch(schedule.strip())
    if found is None:
        raise validation_error(f"The schedule expression {schedule} is not valid.")
    kind, body = found.groups()
    try:
        zone = ZoneInfo(timezone)
        if kind == "at":
            time = datetime.fromisoformat(body).replace(tzinfo=zone).timestamp()
            return time if time > moment else None
        if kind == "rate":
            value, unit = body.split()
            period = int(value) * UNITS[unit]
            return anchor + (int((moment - anchor) // period) + 1) * period
        return _Cron.read(body).next_after(datetime.fromtimestamp(moment, zone))
    except (ValueError, KeyError, ZoneInfoNotFoundError) as error:
        raise validation_error(f"The schedule expression {schedule} is not valid.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cron:
    minutes: Sequence[int]
    hours: Sequence[int]
    days: frozenset[int] | None
    last_day: bool
    months: frozenset[int]
    weekdays: frozenset[int] | None
    years: frozenset[int]

    @classmethod
    def read(cls, text: str) -> _Cron:
        fields = text.upper().split()
        if len(fields) != CRON_FIELDS:
            raise ValueError(text)
        minutes, hours, days, months, weekdays, years = fields
        for number, name in enumerate(MONTHS, start=1):
            months = months.replace(name, str(number))
        for number, name in enumerate(DAYS, start=1):
            weekdays = weekdays.replace(name, str(number))
        return cls(
            minutes=sorted(_values(minutes, 0, 59)),
            hours=sorted(_values(hours, 0, 23)),
            days=None if days in {"*", "?", "L"} else _values(days, 1, 31),
            last_day=days == "L",
            months=_values(months, 1, 12),
            weekdays=None if weekdays in {"*", "?"} else _values(weekdays, 1, 7),
            years=_values(years, 1970, 2199),
        )

    def next_after(self, moment: datetime) -> float | None:
        day = moment.date()
        for _ in range(LOOK_AHEAD_DAYS):
            if self._has(day):
                for hour in self.hours:
                    for minute in self.minutes:
                        time = datetime(day.year, day.month, day.day, hour, minute, tzinfo=moment.tzinfo)
                        if time.astimezone(UTC) > moment.astimezone(UTC):
                            return time.timestamp()
            day += timedelta(days=1)
        return None

    def _has(self, day: date) -> bool:
        if day.month not in self.months or day.year not in self.years:
            return False
        if self.last_day and (day + timedelta(days=1)).day != 1:
            return False
        if self.days is not None and day.day not in self.days:
            return False
        # AWS counts weekdays from Sunday = 1.
        return self.weekdays is None or day.isoweekday() % 7 + 1 in self.weekdays


def _values(field: str, lowest: int, highest: int) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span in {"*", "?"}:
            first, last = lowest, highest
        elif "-" in span:
            first, last = (int(one) for one in span.split("-"))
        else:
            first = int(span)
            last = highest if step else first
        if not lowest <= first <= last <= highest:
            raise ValueError(field)
        found.update(range(first, last + 1, int(step or 1)))
    return frozenset(found)

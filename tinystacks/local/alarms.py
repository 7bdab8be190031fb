"""CloudWatch alarms of the user: moto keeps them but never looks at a metric.

Source: CloudWatch user guide, page AlarmThatSendsEmail (evaluation, missing data); CloudWatch API reference,
PutMetricAlarm. Alarms on one metric with a plain statistic are evaluated, once per simulated minute.
"""

from __future__ import annotations

import operator
import statistics
import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

KEPT_SECONDS = 3 * 3600.0
"""Longest look back of an alarm here; CloudWatch itself allows a day."""
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_WORDS = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
_TREATED = {"breaching": "Breaching", "notBreaching": "NonBreaching"}
_STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Average": statistics.fmean,
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
}

Key = tuple[str, str, str, tuple[tuple[str, str], ...]]


def metric_key(region: str, namespace: str, name: str, dimensions: Mapping[str, str]) -> Key:
    """What tells one metric from another."""
    return region, namespace, name, tuple(sorted(dimensions.items()))


class RecentDatapoints:
    """Datapoints of the last hours in simulated time; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._points: dict[Key, deque[tuple[float, float]]] = defaultdict(deque)

    def add(self, key: Key, at: float, value: float) -> None:
        """Keep a datapoint and forget those that are too old."""
        with self._lock:
            points = self._points[key]
            points.append((at, value))
            while points and points[0][0] < at - KEPT_SECONDS:
                points.popleft()

    def windows(self, key: Key, *, now: float, period: float, count: int) -> list[list[float]]:
        """The values of the last periods, newest period first."""
        found: list[list[float]] = [[] for _ in range(count)]
        with self._lock:
            for at, value in self._points.get(key, ()):
                place = int((now - at) // period)
                if 0 <= place < count:
                    found[place].append(value)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRule:
    """What an alarm compares; `missing` is how missing data is treated."""

    statistic: str
    comparison: str
    threshold: float
    period: float
    periods: int
    datapoints: int
    missing: str = "missing"


def evaluate(rule: AlarmRule, windows: Sequence[Sequence[float]], before: str) -> tuple[str, float | None]:
    """Judge an alarm.

    Args:
        rule: what it compares.
        windows: values per period, newest first.
        before: the state until now, kept where nothing can be said.

    Returns:
        The state and the newest value; None when there is none.
    """
    known = _known(rule, windows)
    newest = known[0] if known else None
    missing = len(windows) - len(known)
    if not known and rule.missing == "missing":
        return "INSUFFICIENT_DATA", None
    if not known and rule.missing == "ignore":
        return before, None
    broken = len(_breaking(rule, known)) + (missing if rule.missing == "breaching" else 0)
    return ("ALARM" if broken >= rule.datapoints else "OK"), newest


def reason(rule: AlarmRule, windows: Sequence[Sequence[float]], state: str) -> str:
    """Say why an alarm is in a state, as CloudWatch does in `StateReason`, but without the times of the datapoints.

    Args:
        rule: what it compares.
        windows: values per period, newest first.
        state: what `evaluate` made of them.
    """
    known = _known(rule, windows)
    missing = len(windows) - len(known)
    if state == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {_count(missing, 'datapoint')} {_were(missing)} unknown."
    breaking = _breaking(rule, known)
    if state == "ALARM":
        telling, needed, be, change = breaking, rule.datapoints, "", "OK -> ALARM"
    else:
        telling, needed = [value for value in known if value not in breaking], rule.periods - rule.datapoints + 1
        be, change = " not", "ALARM -> OK"
    if missing and rule.missing in _TREATED and len(telling) < needed:
        received = f"{_count(len(known), 'datapoint') if known else 'no datapoints'} {_were(len(known))} received"
        treated = f"{_count(missing, 'missing datapoint')} {_were(missing)} treated as [{_TREATED[rule.missing]}]"
        return f"Threshold Crossed: {received} for {_count(len(windows), 'period')} and {treated}."
    return (
        f"Threshold Crossed: {len(telling)} out of the last {len(windows)} datapoints {telling} "
        f"{_were(len(telling))}{be} {_WORDS[rule.comparison]} the threshold ({rule.threshold}) "
        f"(minimum {_count(needed, 'datapoint')} for {change} transition)."
    )


def _known(rule: AlarmRule, windows: Sequence[Sequence[float]]) -> list[float]:
    return [float(_STATISTICS[rule.statistic](window)) for window in windows if window]


def _breaking(rule: AlarmRule, values: Sequence[float]) -> list[float]:
    return [value for value in values if _OPERATORS[rule.comparison](value, rule.threshold)]


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def known_rule(statistic: str, comparison: str) -> bool:
    """Whether an alarm can be evaluated here."""
    return statistic in _STATISTICS and comparison in _OPERATORS

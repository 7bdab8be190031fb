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
    statistic, breaks = _STATISTICS[rule.statistic], _OPERATORS[rule.comparison]
    values = [statistic(window) if window else None for window in windows]
    known = [value for value in values if value is not None]
    newest = known[0] if known else None
    missing = len(values) - len(known)
    if not known and rule.missing == "missing":
        return "INSUFFICIENT_DATA", None
    if not known and rule.missing == "ignore":
        return before, None
    broken = sum(1 for value in known if breaks(value, rule.threshold))
    broken += missing if rule.missing == "breaching" else 0
    return ("ALARM" if broken >= rule.datapoints else "OK"), newest


def known_rule(statistic: str, comparison: str) -> bool:
    """Whether an alarm can be evaluated here."""
    return statistic in _STATISTICS and comparison in _OPERATORS

"""What went through the load balancers, counted for CloudWatch (namespace AWS/ApplicationELB).

Source: Application Load Balancer user guide, page load-balancer-cloudwatch-metrics.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

_KEPT_DIGITS = 3
"""Response times are kept to this many digits: a percentile is right to half a percent, and memory stays small."""


class Path(NamedTuple):
    """What a request is counted under; an empty part where none was chosen."""

    load_balancer_arn: str
    target_group_arn: str = ""
    zone: str = ""


@dataclass(slots=True, kw_only=True)
class TrafficCount:
    """What happened on one path since the last look.

    Attributes:
        requests: requests for which a target was chosen, as `RequestCount` has them.
        numbers: every other count under CloudWatch's name of it.
        response_seconds: how often a target took so long to begin its answer.
    """

    requests: int = 0
    numbers: Counter[str] = field(default_factory=Counter[str])
    response_seconds: Counter[float] = field(default_factory=Counter[float])

    def add(self, other: TrafficCount) -> None:
        """Take in what was counted elsewhere."""
        self.requests += other.requests
        self.numbers.update(other.numbers)
        self.response_seconds.update(other.response_seconds)


class TrafficBook:
    """Counts per path; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Path, TrafficCount] = {}

    def chosen(self, path: Path) -> None:
        """A request has a target."""
        with self._lock:
            self._count(path).requests += 1

    def answered(self, path: Path, code: int, seconds: float) -> None:
        """A target answered."""
        with self._lock:
            count = self._count(path)
            count.numbers[f"HTTPCode_Target_{code // 100}XX_Count"] += 1
            count.response_seconds[float(f"{seconds:.{_KEPT_DIGITS}g}")] += 1

    def refused(self, path: Path, code: int) -> None:
        """The balancer answered with a code of its own, which CloudWatch keeps per balancer."""
        names = [f"HTTPCode_ELB_{code // 100}XX_Count"]
        if code in {500, 502, 503, 504}:
            names.append(f"HTTPCode_ELB_{code}_Count")
        with self._lock:
            self._count(path._replace(target_group_arn="")).numbers.update(names)

    def add(self, path: Path, name: str, number: int = 1) -> None:
        """Count something under CloudWatch's name of it."""
        with self._lock:
            self._count(path).numbers[name] += number

    def take(self) -> dict[Path, TrafficCount]:
        """Counts since the last call."""
        with self._lock:
            counts, self._counts = self._counts, {}
            return counts

    def _count(self, path: Path) -> TrafficCount:
        return self._counts.setdefault(path, TrafficCount())


def merged(counts: dict[Path, TrafficCount], *, groups: bool, zones: bool) -> dict[Path, TrafficCount]:
    """Counts summed over what is not asked for.

    Args:
        counts: as `TrafficBook.take` gives them.
        groups: keep target groups apart, and only what has one.
        zones: keep zones apart, and only what has one.
    """
    found: dict[Path, TrafficCount] = {}
    for path, count in counts.items():
        if (groups and not path.target_group_arn) or (zones and not path.zone):
            continue
        key = Path(path.load_balancer_arn, path.target_group_arn if groups else "", path.zone if zones else "")
        found.setdefault(key, TrafficCount()).add(count)
    return found

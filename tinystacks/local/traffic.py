"""What went through the load balancers, counted for CloudWatch (namespace AWS/ApplicationELB).

Source: Application Load Balancer user guide, page load-balancer-cloudwatch-metrics.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class TrafficCount:
    """Requests of one load balancer and target group since the last look; an empty group for the balancer itself."""

    requests: int = 0
    target_codes: Counter[str] = field(default_factory=Counter[str])
    balancer_codes: Counter[str] = field(default_factory=Counter[str])
    connection_errors: int = 0
    response_seconds: float = 0.0


class TrafficBook:
    """Counts per load balancer and target group; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], TrafficCount] = {}

    def answered(self, load_balancer_arn: str, target_group_arn: str, code: int, seconds: float) -> None:
        """A target answered."""
        with self._lock:
            count = self._count(load_balancer_arn, target_group_arn)
            count.requests += 1
            count.target_codes[_class_of(code)] += 1
            count.response_seconds += seconds

    def failed(self, load_balancer_arn: str, target_group_arn: str, code: int, *, connection: bool) -> None:
        """The balancer answered with an error of its own; `connection` when the target could not be reached."""
        with self._lock:
            count = self._count(load_balancer_arn, target_group_arn)
            count.requests += 1
            count.balancer_codes[_class_of(code)] += 1
            count.connection_errors += connection

    def take(self) -> dict[tuple[str, str], TrafficCount]:
        """Counts since the last call, by load balancer and target group."""
        with self._lock:
            counts, self._counts = self._counts, {}
            return counts

    def _count(self, load_balancer_arn: str, target_group_arn: str) -> TrafficCount:
        return self._counts.setdefault((load_balancer_arn, target_group_arn), TrafficCount())


def _class_of(code: int) -> str:
    return f"{code // 100}XX"

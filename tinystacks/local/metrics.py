"""Datapoints and alarms in CloudWatch: what the control plane publishes and what the balancers counted.

Datapoints carry real time, so that whoever asks for "the last ten minutes" by a real clock finds them. Sources: ALB
user guide, load-balancer-cloudwatch-metrics; ECS developer guide, available-metrics.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tinystacks.local.alarms import metric_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.alarms import RecentDatapoints
    from tinystacks.local.clock import SpeededClock
    from tinystacks.local.emulation import Emulation
    from tinystacks.local.targets import TargetBook
    from tinystacks.local.traffic import TrafficCount

BALANCER_NAMESPACE = "AWS/ApplicationELB"
MINUTE_SECONDS = 60.0
_UNMONITORED = frozenset({"draining", "unused", "unavailable"})


class Metrics:
    """Writes datapoints.

    Args:
        emulation: moto.
        clock: simulated time.
        recent: datapoints for the alarms.
    """

    def __init__(self, emulation: Emulation, clock: SpeededClock, recent: RecentDatapoints) -> None:
        self._emulation = emulation
        self._clock = clock
        self._recent = recent

    def put(  # noqa: PLR0917 - a datapoint is these values, in CloudWatch's order
        self, region: str, namespace: str, name: str, dimensions: Mapping[str, str], value: float, unit: str, at: float
    ) -> None:
        """Write one datapoint; `at` is simulated time."""
        self._recent.add(metric_key(region, namespace, name, dimensions), at, value)
        datum: dict[str, Any] = {
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": text} for key, text in dimensions.items()],
            "Value": value,
            "Unit": unit or "None",
            "Timestamp": datetime.fromtimestamp(self._clock.to_wall(at), UTC).replace(tzinfo=None),
        }
        with self._emulation.lock:
            self._emulation.backend("cloudwatch", region).put_metric_data(namespace, [datum])

    def put_traffic(
        self, *, region: str, load_balancer_arn: str, group_arn: str, count: TrafficCount, targets: int, at: float
    ) -> None:
        """Write a minute of one load balancer's requests to one target group."""
        own = {"LoadBalancer": balancer_label(load_balancer_arn)}
        both = own | {"TargetGroup": group_label(group_arn)} if group_arn else own
        for dimensions in [own, both] if group_arn else [own]:
            self.put(region, BALANCER_NAMESPACE, "RequestCount", dimensions, count.requests, "Count", at)
            for code, number in count.target_codes.items():
                self.put(region, BALANCER_NAMESPACE, f"HTTPCode_Target_{code}_Count", dimensions, number, "Count", at)
            for code, number in count.balancer_codes.items():
                self.put(region, BALANCER_NAMESPACE, f"HTTPCode_ELB_{code}_Count", dimensions, number, "Count", at)
            answered = sum(count.target_codes.values())
            if answered:
                mean = count.response_seconds / answered
                self.put(region, BALANCER_NAMESPACE, "TargetResponseTime", dimensions, mean, "Seconds", at)
            if count.connection_errors:
                errors = float(count.connection_errors)
                self.put(region, BALANCER_NAMESPACE, "TargetConnectionErrorCount", dimensions, errors, "Count", at)
        if group_arn and targets:
            per_target = count.requests / targets
            group = {"TargetGroup": both["TargetGroup"]}
            for dimensions in (group, both):
                self.put(region, BALANCER_NAMESPACE, "RequestCountPerTarget", dimensions, per_target, "Count", at)

    def put_hosts(self, region: str, load_balancer_arn: str, group_arn: str, book: TargetBook, at: float) -> None:
        """Write how many targets are healthy; draining ones count for neither (L17)."""
        dimensions = {"TargetGroup": group_label(group_arn), "LoadBalancer": balancer_label(load_balancer_arn)}
        targets = [one for one in book.describe(group_arn) if one.state not in _UNMONITORED]
        healthy = sum(1 for one in targets if one.state == "healthy")
        self.put(region, BALANCER_NAMESPACE, "HealthyHostCount", dimensions, healthy, "Count", at)
        self.put(region, BALANCER_NAMESPACE, "UnHealthyHostCount", dimensions, len(targets) - healthy, "Count", at)


def balancer_label(arn: str) -> str:
    """`app/NAME/ID` of a load balancer's ARN, as its metrics name it."""
    return arn.partition(":loadbalancer/")[2]


def group_label(arn: str) -> str:
    """`targetgroup/NAME/ID` of a target group's ARN, as its metrics name it."""
    return arn.rpartition(":")[2]

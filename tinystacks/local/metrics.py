"""Datapoints and alarms in CloudWatch: what the control plane publishes and what the balancers counted.

Datapoints carry real time, so that whoever asks for "the last ten minutes" by a real clock finds them. Sources: ALB
user guide, load-balancer-cloudwatch-metrics; ECS developer guide, available-metrics.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tinystacks.local.additions.metric_statistics import KEPT_DATAPOINTS, distribution
from tinystacks.local.alarms import metric_key
from tinystacks.local.traffic import Path, merged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tinystacks.local.alarms import RecentDatapoints
    from tinystacks.local.clock import SpeededClock
    from tinystacks.local.emulation import Emulation
    from tinystacks.local.targets import Target
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
            "Timestamp": self._moment(at),
        }
        with self._emulation.lock:
            backend = self._emulation.backend("cloudwatch", region)
            backend.put_metric_data(namespace, [datum])
            if len(backend.metric_data) > KEPT_DATAPOINTS:
                del backend.metric_data[: KEPT_DATAPOINTS // 4]

    def put_traffic(self, region: str, counts: Mapping[Path, TrafficCount], at: float) -> None:
        """Write a minute of requests, each by balancer, target group and zone, as far as CloudWatch has them so."""
        given = dict(counts)
        for groups, zones in ((False, False), (False, True), (True, False), (True, True)):
            for path, count in merged(given, groups=groups, zones=zones).items():
                dimensions = path_dimensions(path)
                if count.requests or not groups:
                    self.put(region, BALANCER_NAMESPACE, "RequestCount", dimensions, count.requests, "Count", at)
                for name, number in count.numbers.items():
                    unit = "Bytes" if name == "ProcessedBytes" else "Count"
                    self.put(region, BALANCER_NAMESPACE, name, dimensions, number, unit, at)
                if count.response_seconds:
                    self._put_spread(region, "TargetResponseTime", dimensions, count.response_seconds, at)

    def put_per_target(self, region: str, path: Path, requests: int, targets: int, at: float) -> None:
        """Write the requests that each target of a group got, on average."""
        dimensions = path_dimensions(path)
        for one in ({"TargetGroup": dimensions["TargetGroup"]}, dimensions):
            self.put(region, BALANCER_NAMESPACE, "RequestCountPerTarget", one, requests / targets, "Count", at)

    def put_hosts(
        self, region: str, path: Path, targets: Iterable[Target], zones: Mapping[str, str], at: float
    ) -> None:
        """Write how many targets are healthy; draining ones count for neither (L17).

        Args:
            region: where.
            path: load balancer and target group.
            targets: of the group.
            zones: zone by task.
            at: simulated time.
        """
        monitored = [one for one in targets if one.state not in _UNMONITORED]
        by_zone = {path: monitored}
        for one in monitored:
            if zone := zones.get(one.task_id):
                by_zone.setdefault(path._replace(zone=zone), []).append(one)
        for place, these in by_zone.items():
            dimensions = path_dimensions(place)
            healthy = sum(1 for one in these if one.state == "healthy")
            self.put(region, BALANCER_NAMESPACE, "HealthyHostCount", dimensions, healthy, "Count", at)
            self.put(region, BALANCER_NAMESPACE, "UnHealthyHostCount", dimensions, len(these) - healthy, "Count", at)

    def put_connections(self, region: str, load_balancer_arn: str, connections: int, at: float) -> None:
        """Write how many connections a load balancer has, to clients and to targets."""
        if connections:
            dimensions = path_dimensions(Path(load_balancer_arn))
            self.put(region, BALANCER_NAMESPACE, "ActiveConnectionCount", dimensions, connections, "Count", at)

    def _put_spread(
        self, region: str, name: str, dimensions: Mapping[str, str], values: Mapping[float, int], at: float
    ) -> None:
        mean = sum(value * number for value, number in values.items()) / sum(values.values())
        self._recent.add(metric_key(region, BALANCER_NAMESPACE, name, dimensions), at, mean)
        datum = distribution(BALANCER_NAMESPACE, name, dimensions, values, "Seconds", self._moment(at))
        with self._emulation.lock:
            self._emulation.backend("cloudwatch", region).metric_data.append(datum)

    def _moment(self, at: float) -> datetime:
        return datetime.fromtimestamp(self._clock.to_wall(at), UTC).replace(tzinfo=None)


def path_dimensions(path: Path) -> dict[str, str]:
    """The dimensions of a path's metrics (ALB user guide, load-balancer-cloudwatch-metrics)."""
    found = {"LoadBalancer": balancer_label(path.load_balancer_arn)}
    if path.target_group_arn:
        found["TargetGroup"] = group_label(path.target_group_arn)
    if path.zone:
        found["AvailabilityZone"] = path.zone
    return found


def balancer_label(arn: str) -> str:
    """`app/NAME/ID` of a load balancer's ARN, as its metrics name it."""
    return arn.partition(":loadbalancer/")[2]


def group_label(arn: str) -> str:
    """`targetgroup/NAME/ID` of a target group's ARN, as its metrics name it."""
    return arn.rpartition(":")[2]

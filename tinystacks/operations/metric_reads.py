"""Figures of a stage over time, from CloudWatch in one paged call.

Sources: CloudWatch API reference, GetMetricData (500 queries a call); Amazon ECS Developer Guide, "Available metrics"
(a service's CPU use has one sample per task and minute) and "Container Insights metrics"; Elastic Load Balancing User
Guide, "CloudWatch metrics for your Application Load Balancer".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from tinystacks.aws_calls import aws_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tinystacks.outputs import StageOutputs

MetricName = Literal[
    "cpu", "memory", "tasks", "requests", "errors_4xx", "errors_5xx", "latency_p50", "latency_p95", "instances"
]
_POINTS = 60
"""About as many as fit a line."""
_QUERIES_PER_CALL = 500
_MINUTE = 60
_INSIGHTS = "ECS/ContainerInsights"
_BALANCER = "AWS/ApplicationELB"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSeries:
    """One figure over time.

    Attributes:
        service: name in the file; empty for the whole stage.
        name: what it is.
        unit: `percent`, `count` or `seconds`.
        points: beginning of each period and the value in it; periods without a value are left out.
    """

    service: str
    name: MetricName
    unit: str
    points: tuple[tuple[datetime, float], ...]

    @property
    def counted(self) -> bool:
        """Whether no value means zero, as with requests."""
        return self.name in {"requests", "errors_4xx", "errors_5xx"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StageMetrics:
    """Figures of a stage.

    Attributes:
        since: beginning of the first period.
        until: end of the last period.
        period: seconds.
        series: the figures; those without any value too.
    """

    since: datetime
    until: datetime
    period: int
    series: tuple[MetricSeries, ...]


@dataclass(frozen=True, slots=True)
class _Query:
    """A metric that gives a figure, or gives it when a better one (`rank` less) has no values."""

    service: str
    name: MetricName
    unit: str
    namespace: str
    metric: str
    statistic: str
    dimensions: Mapping[str, str]
    rank: int = field(default=0, kw_only=True)
    per_minute: bool = field(default=False, kw_only=True)


def read_metrics(
    client: Callable[[str], Any], outputs: StageOutputs, services: Sequence[str], since: datetime, until: datetime
) -> StageMetrics:
    """Read CPU, memory, tasks, requests, errors, latency and instances.

    Args:
        client: gives a boto3 client by service name.
        outputs: the stage.
        services: names in the file of those that are asked for.
        since: with time zone.
        until: with time zone.

    Raises:
        AwsError: AWS refused the call.
    """
    minutes = max(1.0, (until - since).total_seconds() / _MINUTE)
    period = _MINUTE * math.ceil(minutes / _POINTS)
    # Whole periods, so that CloudWatch keeps and answers them as they are.
    start = datetime.fromtimestamp(since.timestamp() // period * period, UTC)
    end = start + timedelta(seconds=period * math.ceil((until - start).total_seconds() / period))
    queries = list(_queries(outputs, services))
    with aws_errors("cloudwatch", "metrics"):
        values = _values(client("cloudwatch"), queries, start, end, period)
    return StageMetrics(since=start, until=end, period=period, series=tuple(_series(queries, values, period)))


def _values(
    cloudwatch: Any, queries: list[_Query], start: datetime, end: datetime, period: int
) -> dict[int, list[tuple[datetime, float]]]:
    """Ask for everything; give the points by number of the query."""
    found: dict[int, list[tuple[datetime, float]]] = {}
    asked = [_asked(number, query, period) for number, query in enumerate(queries)]
    for first in range(0, len(asked), _QUERIES_PER_CALL):
        arguments: dict[str, Any] = {
            "MetricDataQueries": asked[first : first + _QUERIES_PER_CALL],
            "StartTime": start,
            "EndTime": end,
            "ScanBy": "TimestampAscending",
        }
        while True:
            answer = cloudwatch.get_metric_data(**arguments)
            for result in answer.get("MetricDataResults", []):
                number = int(str(result.get("Id", "q0")).removeprefix("q"))
                points = zip(result.get("Timestamps", []), result.get("Values", []), strict=False)
                found.setdefault(number, []).extend((at, float(value)) for at, value in points if value is not None)
            if not answer.get("NextToken"):
                break
            arguments["NextToken"] = answer["NextToken"]
    return found


def _series(
    queries: list[_Query], values: Mapping[int, list[tuple[datetime, float]]], period: int
) -> Iterable[MetricSeries]:
    best: dict[tuple[str, MetricName], MetricSeries] = {}
    for number, query in sorted(enumerate(queries), key=lambda item: item[1].rank):
        key = query.service, query.name
        if key in best and best[key].points:
            continue
        size = period / _MINUTE if query.per_minute else 1
        points = tuple((at, value / size) for at, value in sorted(values.get(number, [])))
        best[key] = MetricSeries(service=query.service, name=query.name, unit=query.unit, points=points)
    return best.values()


def _asked(number: int, query: _Query, period: int) -> dict[str, Any]:
    metric = {
        "Namespace": query.namespace,
        "MetricName": query.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in query.dimensions.items()],
    }
    return {"Id": f"q{number}", "MetricStat": {"Metric": metric, "Period": period, "Stat": query.statistic}}


def _queries(outputs: StageOutputs, services: Sequence[str]) -> Iterable[_Query]:
    cluster = {"ClusterName": outputs.cluster_name}
    balancer = outputs.load_balancer_arn.partition(":loadbalancer/")[2]
    for name in services:
        service = outputs.services[name]
        own = {**cluster, "ServiceName": service.service_name}
        yield _Query(name, "cpu", "percent", "AWS/ECS", "CPUUtilization", "Average", own)
        yield _Query(name, "memory", "percent", "AWS/ECS", "MemoryUtilization", "Average", own)
        yield _Query(name, "tasks", "count", _INSIGHTS, "RunningTaskCount", "Average", own)
        yield _Query(name, "tasks", "count", "AWS/ECS", "CPUUtilization", "SampleCount", own, rank=1, per_minute=True)
        if service.target_group_arn and balancer:
            yield from _requests(name, balancer, service.target_group_arn.rpartition(":")[2])
    yield _Query("", "instances", "count", _INSIGHTS, "ContainerInstanceCount", "Average", cluster)


def _requests(service: str, balancer: str, group: str) -> Iterable[_Query]:
    own = {"LoadBalancer": balancer, "TargetGroup": group}
    yield _Query(service, "requests", "count", _BALANCER, "RequestCount", "Sum", own)
    yield _Query(service, "errors_4xx", "count", _BALANCER, "HTTPCode_Target_4XX_Count", "Sum", own)
    yield _Query(service, "errors_5xx", "count", _BALANCER, "HTTPCode_Target_5XX_Count", "Sum", own)
    yield _Query(service, "latency_p50", "seconds", _BALANCER, "TargetResponseTime", "p50", own)
    yield _Query(service, "latency_p95", "seconds", _BALANCER, "TargetResponseTime", "p95", own)

"""What CloudWatch makes of datapoints: moto knows no percentiles, and mixes metrics whose dimensions differ.

Sources: CloudWatch API reference, GetMetricStatistics, GetMetricData, Dimension (dimensions are part of a metric's
name); CloudWatch user guide, Statistics-definitions (periods begin at multiples of their length).
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

KEPT_DATAPOINTS = 200_000
"""Datapoints of a region that are kept; the oldest quarter goes when there are more."""
_PERCENTILE = re.compile(r"^p(\d{1,2}(?:\.\d{1,10})?|100)$")
_DEFAULT_ORDER = "TimestampDescending"


def install() -> None:
    """Let moto's CloudWatch answer as CloudWatch does, in this process."""
    from moto.cloudwatch import exceptions, models, responses  # noqa: PLC0415 - moto takes seconds to load
    from moto.core.responses import ActionResult  # noqa: PLC0415 - as above

    backend: Any = models.CloudWatchBackend
    answers: Any = responses.CloudWatchResponse
    math: Callable[..., list[dict[str, Any]]] = backend.get_metric_data

    def data(
        self: Any, queries: list[dict[str, Any]], start_time: datetime, end_time: datetime, scan_by: str = ""
    ) -> list[dict[str, Any]]:
        if any("MetricStat" not in query for query in queries):
            return math(self, queries, start_time, end_time, scan_by or _DEFAULT_ORDER)
        found = _by_metric(self.get_all_metrics())
        shown = [query for query in queries if query.get("ReturnData", True)]
        return [_result(query, found, start_time, end_time, scan_by or _DEFAULT_ORDER) for query in shown]

    def metrics(
        self: Any, metric_name: str | None, namespace: str | None, dimensions: list[dict[str, str]] | None
    ) -> list[Any]:
        told = {_key(one): one for one in self.get_all_metrics()}
        return [one for one in told.values() if one.filter(namespace, metric_name, dimensions or [])]

    def statistics(self: Any) -> Any:
        return ActionResult(_statistics(self, exceptions))

    backend.get_metric_data = data
    backend.get_filtered_metrics = metrics
    answers.get_metric_statistics = statistics


def distribution(  # noqa: PLR0917 - a datapoint is these values, in CloudWatch's order
    namespace: str, name: str, dimensions: Mapping[str, str], values: Mapping[float, int], unit: str, at: datetime
) -> Any:
    """A datapoint of many values, from which percentiles can be told.

    Args:
        namespace: of the metric.
        name: of the metric.
        dimensions: of the metric.
        values: how often each value was seen; not empty.
        unit: of the values.
        at: naive, in UTC.
    """
    from moto.cloudwatch.models import MetricAggregatedDatum  # noqa: PLC0415 - moto takes seconds to load

    made: Any = MetricAggregatedDatum(
        namespace=namespace,
        name=name,
        min_stat=min(values),
        max_stat=max(values),
        sample_count=float(sum(values.values())),
        sum_stat=sum(value * number for value, number in values.items()),
        dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        timestamp=at,
        unit=unit,
    )
    made.values = dict(values)
    return made


def statistic(name: str, points: Sequence[Any]) -> float | None:
    """One statistic over datapoints of moto's; None where they do not tell it.

    Args:
        name: `Average`, `Sum`, `Minimum`, `Maximum`, `SampleCount`, or a percentile such as `p99.9`.
        points: at least one.
    """
    if (asked := _PERCENTILE.match(name)) is not None:
        return percentile(_spread(points), float(asked[1]))
    count = sum(float(getattr(one, "sample_count", 1)) for one in points)
    match name:
        case "SampleCount":
            return count
        case "Minimum":
            return min(float(_part(one, "min")) for one in points)
        case "Maximum":
            return max(float(_part(one, "max")) for one in points)
        case "Sum" | "Average":
            total = sum(float(_part(one, "sum")) for one in points)
            return total if name == "Sum" or not count else total / count
        case _:
            return None


def percentile(values: Mapping[float, int], rank: float) -> float | None:
    """The smallest value that at least so many percent of all do not exceed; None without values."""
    ordered = sorted(values.items())
    needed = sum(values.values()) * rank / 100
    sums = accumulate(number for _, number in ordered)
    return next((value for (value, _), reached in zip(ordered, sums, strict=True) if reached >= needed), None)


def _spread(points: Iterable[Any]) -> dict[float, int]:
    found: dict[float, int] = defaultdict(int)
    for point in points:
        values: Mapping[float, int] | None = getattr(point, "values", None)
        if values is None and hasattr(point, "value"):
            values = {float(point.value): 1}
        for value, number in (values or {}).items():
            found[value] += number
    return found


def _part(point: Any, name: str) -> Any:
    return point.value if hasattr(point, "value") else getattr(point, name)


def _key(point: Any) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    dimensions = sorted((str(one.name), str(one.value)) for one in point.dimensions)
    return str(point.namespace), str(point.name), tuple(dimensions)


def _asked(namespace: str, name: str, dimensions: Iterable[Mapping[str, str]] | None) -> tuple[Any, ...]:
    return namespace, name, tuple(sorted((one["Name"], one["Value"]) for one in dimensions or ()))


def _by_metric(points: Iterable[Any]) -> dict[tuple[Any, ...], list[Any]]:
    found: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for point in points:
        found[_key(point)].append(point)
    return found


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _periods(points: Iterable[Any], start: datetime, end: datetime, period: int) -> dict[datetime, list[Any]]:
    """Datapoints by the begin of their period, oldest first; a period that begins before `start` is told whole."""
    first, last = _seconds(start) // period * period, _seconds(end)
    found: dict[int, list[Any]] = defaultdict(list)
    for point in points:
        at = _seconds(point.timestamp)
        if first <= at < last:
            found[int(at // period * period)].append(point)
    return {datetime.fromtimestamp(at, UTC).replace(tzinfo=None): found[at] for at in sorted(found)}


def _result(
    query: Mapping[str, Any],
    found: Mapping[tuple[Any, ...], list[Any]],
    start: datetime,
    end: datetime,
    order: str,
) -> dict[str, Any]:
    asked = query["MetricStat"]
    metric, unit = asked["Metric"], asked.get("Unit")
    points = found.get(_asked(metric["Namespace"], metric["MetricName"], metric.get("Dimensions")), [])
    kept = [one for one in points if unit in {None, one.unit}]
    told = [
        (at, value)
        for at, these in _periods(kept, start, end, int(asked["Period"])).items()
        if (value := statistic(asked["Stat"], these)) is not None
    ]
    if order == _DEFAULT_ORDER:
        told.reverse()
    return {
        "id": query["Id"],
        "label": query.get("Label") or metric["MetricName"],
        "values": [value for _, value in told],
        "timestamps": [at for at, _ in told],
        "status_code": "Complete",
    }


def _statistics(call: Any, errors: Any) -> dict[str, Any]:
    """The answer to GetMetricStatistics."""
    given: Callable[..., Any] = call._get_param  # noqa: SLF001 - moto's own way to read a parameter
    plain, extended = list(given("Statistics") or []), list(given("ExtendedStatistics") or [])
    if not plain and not extended:
        raise errors.InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
    for one in extended:
        if _PERCENTILE.match(str(one)) is None:
            raise errors.InvalidParameterValue(f"The value {one} for parameter ExtendedStatistics is not supported.")
    start, end, unit = given("StartTime"), given("EndTime"), given("Unit")
    if _seconds(start) >= _seconds(end):
        raise errors.InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
    name = str(given("MetricName"))
    found = _by_metric(call.cloudwatch_backend.get_all_metrics())
    points = found.get(_asked(str(given("Namespace")), name, given("Dimensions")), [])
    kept = [one for one in points if unit in {None, one.unit}]
    datapoints: list[dict[str, Any]] = []
    for at, these in _periods(kept, start, end, int(given("Period"))).items():
        told: dict[str, Any] = {one: statistic(one, these) for one in plain}
        values = {one: value for one in extended if (value := statistic(one, these)) is not None}
        if values:
            told["ExtendedStatistics"] = values
        datapoints.append({"Timestamp": at, "Unit": these[0].unit or "None"} | told)
    return {"Label": name, "Datapoints": datapoints}

"""`aws:cloudwatch/metricAlarm:MetricAlarm`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.api_errors import ignoring
from tinystacks.local.provider.ec2_tags import changed_tags, tag_list, tag_map
from tinystacks.local.provider.forms import blocks, present
from tinystacks.local.provider.handler import Call, Inputs, PlanError

if TYPE_CHECKING:
    from collections.abc import Mapping

MEMBERS: Final = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "thresholdMetricId": "ThresholdMetricId",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}
"""Property and member of PutMetricAlarm that go through as they are."""

NOT_HERE: Final = ("evaluationCriteria", "evaluationInterval", "evaluationWindow", "warmUpConfiguration")


class MetricAlarmHandler:
    """An alarm on a metric; its id is its name."""

    token: ClassVar[str] = "aws:cloudwatch/metricAlarm:MetricAlarm"  # noqa: S105 - a type token, no secret

    def plan(self, call: Call, old: Inputs | None, new: Inputs) -> list[PlanError]:
        """What the real provider refuses when it plans."""
        del call, old
        errors: list[PlanError] = []
        if new.get("metricName") and bool(new.get("statistic")) == bool(new.get("extendedStatistic")):
            errors.append(
                PlanError(
                    property="statistic",
                    reason="One of `statistic` or `extended_statistic` must be set for a cloudwatch metric alarm",
                ),
            )
        for index, query in enumerate(blocks(new.get("metricQueries"))):
            if query.get("expression") and query.get("metric"):
                errors.append(
                    PlanError(
                        property=f"metricQueries[{index}]",
                        reason="No metric_query may have both `expression` and a `metric` specified",
                    ),
                )
        return errors

    def create(self, call: Call, inputs: Inputs) -> str:
        """PutMetricAlarm."""
        tags = tag_list(inputs.get("tagsAll"))
        call.clients("cloudwatch").put_metric_alarm(**_alarm(inputs), **({"Tags": tags} if tags else {}))
        return inputs["name"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """DescribeAlarms by name, and its tags."""
        cloudwatch = call.clients("cloudwatch")
        alarms = cloudwatch.describe_alarms(AlarmNames=[resource_id])["MetricAlarms"]
        if not alarms:
            return None
        alarm = alarms[0]
        read: Inputs = {name: alarm[member] for name, member in MEMBERS.items() if alarm.get(member) not in (None, [])}
        read |= {
            "arn": alarm["AlarmArn"],
            "name": alarm["AlarmName"],
            "treatMissingData": alarm.get("TreatMissingData") or "missing",
            "dimensions": _dimension_map(alarm.get("Dimensions")) or None,
            "metricQueries": [_query_read(query) for query in blocks(alarm.get("Metrics"))] or None,
            "tagsAll": tag_map(cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]),
        }
        if read["metricQueries"]:
            # AWS fills these in for alarms on queries too; the program cannot have given them there.
            for name in ("metricName", "namespace", "period", "statistic", "dimensions", "unit"):
                read.pop(name, None)
        for name in ("alarmActions", "okActions", "insufficientDataActions"):
            if state.get(name) == [] and name not in read:
                read[name] = []
        return read

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """PutMetricAlarm with everything, then the tags."""
        del resource_id
        cloudwatch = call.clients("cloudwatch")
        if changed - {"tags", "tagsAll"}:
            cloudwatch.put_metric_alarm(**_alarm(new))
        removed, added = changed_tags(old, new)
        if removed:
            cloudwatch.untag_resource(ResourceARN=old["arn"], TagKeys=removed)
        if added:
            cloudwatch.tag_resource(ResourceARN=old["arn"], Tags=tag_list(added))

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteAlarms."""
        del state
        with ignoring("ResourceNotFound", "ResourceNotFoundException"):
            call.clients("cloudwatch").delete_alarms(AlarmNames=[resource_id])


def _alarm(inputs: Inputs) -> dict[str, Any]:
    for name in NOT_HERE:
        if inputs.get(name) is not None:
            raise LocalAwsError(f"the local AWS does not know '{name}' of metric alarms")
    alarm: dict[str, Any] = {member: inputs[name] for name, member in MEMBERS.items() if inputs.get(name) is not None}
    alarm["AlarmName"] = inputs["name"]
    if inputs.get("dimensions"):
        alarm["Dimensions"] = _dimension_list(inputs["dimensions"])
    if inputs.get("metricQueries"):
        alarm["Metrics"] = [_query(query) for query in inputs["metricQueries"]]
    if inputs.get("thresholdMetricId"):
        alarm.pop("Threshold", None)
    return alarm


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    metric = query.get("metric")
    stat = None
    if metric:
        stat = {
            "Metric": {
                "MetricName": metric["metricName"],
                "Namespace": metric.get("namespace"),
                "Dimensions": _dimension_list(metric.get("dimensions") or {}),
            },
            "Period": metric["period"],
            "Stat": metric["stat"],
            "Unit": metric.get("unit"),
        }
        stat = present(stat)
    members = {
        "Id": query["id"],
        "AccountId": query.get("accountId"),
        "Expression": query.get("expression"),
        "Label": query.get("label"),
        "MetricStat": stat,
        "Period": query.get("period"),
        "ReturnData": query.get("returnData", False),
    }
    return present(members)


def _query_read(query: Mapping[str, Any]) -> Inputs:
    stat = query.get("MetricStat")
    read: Inputs = {
        "id": query["Id"],
        "accountId": query.get("AccountId"),
        "expression": query.get("Expression"),
        "label": query.get("Label"),
        "period": query.get("Period"),
        "returnData": bool(query.get("ReturnData", False)),
        "metric": {
            "metricName": stat["Metric"]["MetricName"],
            "namespace": stat["Metric"].get("Namespace"),
            "dimensions": _dimension_map(stat["Metric"].get("Dimensions")) or None,
            "period": stat["Period"],
            "stat": stat["Stat"],
            "unit": stat.get("Unit"),
        }
        if stat
        else None,
    }
    if read["metric"]:
        read["metric"] = present(read["metric"])
    return present(read)


def _dimension_list(dimensions: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in sorted(dimensions.items())]


def _dimension_map(dimensions: list[dict[str, str]] | None) -> dict[str, str]:
    return {dimension["Name"]: dimension["Value"] for dimension in dimensions or []}

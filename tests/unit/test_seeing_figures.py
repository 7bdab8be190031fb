from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from tests.fakes.aws_clients import AnsweringClient, AwsClients, refusal
from tests.fakes.ecs_client import failure
from tests.fakes.seen_stage import (
    ACCOUNT,
    BALANCER,
    TARGET_GROUP,
    WHEN,
    ecs_answers,
    outputs,
    service_answer,
    task_answer,
)
from tinystacks.commands.durations import parse_since
from tinystacks.deployment.changes import Difference, PlannedChange
from tinystacks.deployment.ends import Result
from tinystacks.deployment.file_words import file_field
from tinystacks.deployment.results import RefreshResult
from tinystacks.errors import AwsError, NotDeployedError, UsageError
from tinystacks.operations.causes_in_short import short_cause
from tinystacks.operations.stage_reads import Operations
from tinystacks.operations.timeline import Happening, Timeline, read_timeline
from tinystacks.rendering.drift import drift_document, show_drift
from tinystacks.rendering.events import show_timeline, timeline_document
from tinystacks.rendering.metrics import metrics_document, on_grid, show_metrics, sparkline
from tinystacks.spec.model import StageSpec
from tinystacks.spec.service import ServiceSpec

HOUR = timedelta(hours=1)


class Figures(AnsweringClient):
    """CloudWatch: values by metric and statistic, one a period from the beginning on, in pages of one result."""

    def __init__(self, values: dict[tuple[str, str], list[float]]) -> None:
        super().__init__()
        self.values = values
        self.answers["get_metric_data"] = self._data

    def _data(self, **asked: Any) -> dict[str, Any]:
        number = int(asked.get("NextToken", "0"))
        query = asked["MetricDataQueries"][number]
        stat = query["MetricStat"]
        found = self.values.get((stat["Metric"]["MetricName"], stat["Stat"]), [])
        times = [asked["StartTime"] + timedelta(seconds=stat["Period"] * step) for step in range(len(found))]
        result = {"Id": query["Id"], "Timestamps": times, "Values": found}
        last = number + 1 == len(asked["MetricDataQueries"])
        return {"MetricDataResults": [result], **({} if last else {"NextToken": str(number + 1)})}


def _operations(cloudwatch: Any, *names: str, **changes: Any) -> Operations:
    return Operations(outputs(*names, **changes), AwsClients({"cloudwatch": cloudwatch}))


def _figures(metrics: Any) -> dict[tuple[str, str], list[float]]:
    return {(one.service, one.name): [value for _, value in one.points] for one in metrics.series}


def test_figures_of_every_page_are_found() -> None:
    cloudwatch = Figures(
        {
            ("CPUUtilization", "Average"): [10, 20],
            ("RunningTaskCount", "Average"): [2, 3],
            ("CPUUtilization", "SampleCount"): [9, 9],
            ("RequestCount", "Sum"): [100],
            ("TargetResponseTime", "p95"): [0.25],
            ("ContainerInstanceCount", "Average"): [2],
        }
    )
    found = _figures(_operations(cloudwatch, "web", "worker").metrics(WHEN, until=WHEN + HOUR))
    assert found["web", "cpu"] == found["worker", "cpu"] == [10, 20]
    assert found["web", "tasks"] == [2, 3], "Container Insights goes before samples"
    assert found["web", "latency_p95"] == [0.25]
    assert found["", "instances"] == [2]
    assert ("worker", "requests") not in found, "a service without a port has no requests"


def test_without_container_insights_tasks_are_samples_by_minute() -> None:
    """ECS Developer Guide: a service's CPU use has one sample per task and minute."""
    cloudwatch = Figures({("CPUUtilization", "SampleCount"): [12.0]})
    metrics = _operations(cloudwatch).metrics(WHEN, until=WHEN + 3 * HOUR)
    assert metrics.period == 180
    assert _figures(metrics)["web", "tasks"] == [4.0]


def test_one_call_asks_for_everything() -> None:
    cloudwatch = AnsweringClient()
    _operations(cloudwatch, *(f"service{number}" for number in range(20))).metrics(WHEN, until=WHEN + HOUR)
    assert cloudwatch.calls == {"get_metric_data": 1}
    asked = cloudwatch.asked[0]
    assert (asked["StartTime"], asked["EndTime"]) == (WHEN, WHEN + HOUR)


def test_requests_are_asked_for_with_the_dimensions_of_the_balancer() -> None:
    cloudwatch = AnsweringClient()
    _operations(cloudwatch).metrics(WHEN, until=WHEN + HOUR)
    metric = next(
        query["MetricStat"]["Metric"]
        for query in cloudwatch.asked[0]["MetricDataQueries"]
        if query["MetricStat"]["Metric"]["MetricName"] == "RequestCount"
    )
    assert {item["Name"]: item["Value"] for item in metric["Dimensions"]} == {
        "LoadBalancer": BALANCER.partition(":loadbalancer/")[2],
        "TargetGroup": TARGET_GROUP.rpartition(":")[2],
    }


def test_a_line_of_blocks_has_gaps_where_nothing_was_reported() -> None:
    assert sparkline([0, None, 5, 10]) == "▁ ▅█"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""


def test_figures_as_text_and_as_json() -> None:
    cloudwatch = Figures({("CPUUtilization", "Average"): [10, 50], ("TargetResponseTime", "p50"): [0.0123]})
    metrics = _operations(cloudwatch).metrics(WHEN, until=WHEN + HOUR)
    stream = io.StringIO()
    show_metrics(Console(file=stream, width=120), metrics)
    lines = stream.getvalue().splitlines()
    assert any("CPU" in line and "50 %" in line and "▂█" in line for line in lines)
    assert any("latency p50" in line and "12 ms" in line for line in lines)
    assert any("memory" in line and "no data" in line for line in lines)
    document = metrics_document("dev", metrics)
    cpu = next(one for one in document["metrics"] if one["name"] == "cpu")
    assert cpu["points"][0] == {"at": WHEN.isoformat(), "value": 10.0}
    requests = next(one for one in metrics.series if one.name == "requests")
    assert on_grid(requests, metrics) == [0.0] * 60, "no requests are zero requests"


def test_answers_without_fields_give_no_figures() -> None:
    cloudwatch = AnsweringClient({"get_metric_data": {"MetricDataResults": [{}, {"Id": "q1", "Values": [1]}]}})
    metrics = _operations(cloudwatch).metrics(WHEN, until=WHEN + HOUR)
    assert all(not one.points for one in metrics.series)


def _timeline(**changes: Any) -> Timeline:
    stopped = task_answer(
        7,
        stoppedAt=WHEN + timedelta(minutes=4),
        stopCode="EssentialContainerExited",
        stoppedReason="Essential container in task exited",
        containers=[{"name": "web", "exitCode": 1}],
    )
    event = {
        "createdAt": WHEN + timedelta(minutes=3),
        "message": "(service shop-web-1a2b3c4) was unable to place a task.",
    }
    launched = {
        "StartTime": WHEN + timedelta(minutes=2),
        "Description": "Launching a new EC2 instance: i-1",
        "Cause": "c",
    }
    scaled = {"StartTime": WHEN + timedelta(minutes=1), "Description": "Setting desired count to 4.", "Cause": "alarm"}
    clients = {
        "ecs": AnsweringClient(ecs_answers([service_answer(events=[event])], [], [], [stopped])),
        "autoscaling": AnsweringClient({"describe_scaling_activities": {"Activities": [launched]}}),
        "application-autoscaling": AnsweringClient({"describe_scaling_activities": {"ScalingActivities": [scaled]}}),
        **changes,
    }
    release = Happening(at=WHEN, kind="release", subject="", message="release 3 steady")
    return read_timeline(Operations(outputs(), AwsClients(clients)), WHEN, releases=lambda: [release])


def test_why_a_task_stopped_is_said_once() -> None:
    gone = "CannotPullContainerError: not found"
    stopped = task_answer(7, stoppedAt=WHEN, stopCode="TaskFailedToStart", stoppedReason=gone)
    stopped["containers"] = [{"name": "web", "reason": gone}, {"name": "side", "exitCode": 143}]
    answers = AnsweringClient(ecs_answers([service_answer(events=[])], [], [], [stopped]))
    (told,) = [one for one in _timeline(ecs=answers).happenings if one.kind == "task"]
    assert told.message.endswith(f"stopped: {gone}; side exited with 143")


def test_what_happened_stands_in_one_line_of_time() -> None:
    timeline = _timeline()
    assert [one.kind for one in timeline.happenings] == ["release", "scaling", "instances", "service", "task"]
    assert [one.bad for one in timeline.happenings] == [False, False, False, True, True]
    assert timeline.happenings[3].message == "was unable to place a task."
    assert "web exited with 1" in timeline.happenings[4].message
    stream = io.StringIO()
    show_timeline(Console(file=stream, width=60), timeline)
    assert len(stream.getvalue().splitlines()) == 5, "a line each, whatever the width"
    assert timeline_document("dev", timeline)["events"][0]["message"] == "release 3 steady"


def test_what_happened_at_the_same_moment_stands_in_the_reverse_of_each_answer() -> None:
    """Source: ECS, Auto Scaling and Application Auto Scaling API references: newest first."""

    def newest_first(kind: str, *, time: str, words: str) -> list[dict[str, Any]]:
        return [{time: WHEN, words: f"{kind} {number}"} for number in (3, 2, 1)]

    scaling = newest_first("scaling", time="StartTime", words="Description")
    launches = newest_first("launch", time="StartTime", words="Description")
    services = [
        service_answer(name, events=newest_first(name, time="createdAt", words="message")) for name in ("web", "worker")
    ]
    clients = {
        "ecs": AnsweringClient(ecs_answers(services, [], [], [])),
        "autoscaling": AnsweringClient({"describe_scaling_activities": {"Activities": launches}}),
        "application-autoscaling": AnsweringClient({"describe_scaling_activities": {"ScalingActivities": scaling}}),
    }
    releases = [Happening(at=WHEN, kind="release", subject="", message=f"release {number}") for number in (3, 2, 1)]
    found = read_timeline(Operations(outputs("web", "worker"), AwsClients(clients)), WHEN, releases=lambda: releases)
    for source in ("release", "web", "worker", "launch"):
        told = [one.message for one in found.happenings if one.message.startswith(f"{source} ")]
        assert told == [f"{source} {number}" for number in (1, 2, 3)]
    for service in ("web", "worker"):
        told = [one.message for one in found.happenings if one.kind == "scaling" and one.subject == service]
        assert told == ["scaling 1", "scaling 2", "scaling 3"]


def test_what_cannot_be_read_is_left_out_and_named() -> None:
    denied = AnsweringClient(
        {"describe_scaling_activities": refusal("AccessDeniedException", "DescribeScalingActivities")}
    )
    timeline = _timeline(autoscaling=denied)
    assert [one.kind for one in timeline.happenings] == ["release", "scaling", "service", "task"]
    assert len(timeline.not_read) == 1


def _elsewhere(**changes: Any) -> AnsweringClient:
    service = {
        "serviceName": "api",
        "serviceArn": f"{ACCOUNT}:service/other/api",
        "clusterArn": f"{ACCOUNT}:cluster/other",
        "taskDefinition": f"{ACCOUNT}:task-definition/api:7",
        "loadBalancers": [{"targetGroupArn": TARGET_GROUP, "containerName": "app"}],
        "desiredCount": 1,
    }
    options = {"awslogs-group": "/api", "awslogs-stream-prefix": "ecs"}
    containers = [
        {"name": "app", "image": "app:1", "logConfiguration": {"logDriver": "awslogs", "options": options}},
        {"name": "quiet", "logConfiguration": {"logDriver": "json-file"}},
    ]
    return AnsweringClient(
        {
            **ecs_answers([service], [], []),
            "list_services": {"serviceArns": [f"{ACCOUNT}:service/other/api"]},
            "describe_services": lambda **asked: {
                "services": [service for one in asked["services"] if "api" in one],
                "failures": [failure(one) for one in asked["services"] if "api" not in one],
            },
            "describe_task_definition": {"taskDefinition": {"containerDefinitions": containers}},
            **changes,
        }
    )


def _attach(ecs: AnsweringClient, service: str | None, **clients: Any) -> Operations:
    client = AwsClients({"ecs": ecs, **clients})
    return Operations.elsewhere(client, cluster="other", service=service, region="eu-west-1")


@pytest.mark.parametrize("service", [None, "api"])
def test_a_service_that_something_else_made_is_read_without_a_file(service: str | None) -> None:
    """Ask 24 of users: day-2 commands on services made elsewhere."""
    logs = AnsweringClient()
    operations = _attach(_elsewhere(), service, logs=logs)
    assert operations.outputs.services["api"].container_name == "app"
    assert operations.outputs.account_id == "123456789012"
    assert [one.name for one in operations.status().services] == ["api"]
    operations.logs()
    assert [(asked["logGroupName"], asked["logStreamNamePrefix"]) for asked in logs.asked] == [("/api", "ecs/")]


def test_reads_of_elsewhere_change_nothing() -> None:
    ecs = _elsewhere()
    operations = _attach(ecs, "api")
    operations.status()
    operations.tasks(stopped=True)
    assert {call.partition("_")[0] for call in ecs.calls} == {"describe", "list"}


def test_a_cluster_or_service_that_is_not_there_is_said() -> None:
    with pytest.raises(UsageError) as refused:
        _attach(_elsewhere(), "abi")
    assert "Did you mean api?" in refused.value.hint
    gone = _elsewhere(list_services=refusal("ClusterNotFoundException", "ListServices"))
    with pytest.raises(NotDeployedError) as missing:
        _attach(gone, None)
    assert "There is no cluster other" in missing.value.message
    with pytest.raises(AwsError):
        _attach(_elsewhere(list_services=refusal("AccessDeniedException", "ListServices")), None)


def _change(action: str, type_: str, name: str, **values: tuple[Any, Any]) -> PlannedChange:
    differences = tuple(Difference(property=key, before=old, after=new) for key, (old, new) in values.items())
    return PlannedChange(
        action=action, type=type_, name=name, words=f"`{name}`", urn="", changed=(*values,), differences=differences
    )


def test_drift_is_told_in_fields_of_the_file() -> None:
    result = RefreshResult(
        stack="shop",
        stage="dev",
        result=Result.PREVIEWED,
        drifted=(
            _change("update", "aws:appautoscaling/target:Target", "shop-web-scaling", maxCapacity=(5, 9.0)),
            _change(
                "update",
                "aws:ec2/vpc:Vpc",
                "shop-vpc",
                enableDnsHostnames=(True, False),
                **{"tags.owner": (None, "me"), "tagsAll.owner": (None, "me"), "ingress[0].toPort": (80, 81)},
            ),
            _change("update", "aws:iam/role:Role", "shop-role"),
            _change("delete", "aws:cloudwatch/metricAlarm:MetricAlarm", "shop-web-errors"),
        ),
    )
    stream = io.StringIO()
    show_drift(Console(file=stream, width=80), result, ["web"], flags="dev --local")
    text = stream.getvalue()
    lines = text.splitlines()
    assert lines[lines.index("  ~ `shop-web-scaling`") + 1].split() == ["services.web.tasks.max", "5", "→", "9"]
    assert lines[lines.index("  ~ `shop-vpc`") + 1 :][:3] == [
        "      enable dns hostnames   true → false",
        "      tags.owner             (nothing) → me",
        "      ingress ([0].to port)  80 → 81",
    ]
    assert lines[lines.index("  ~ `shop-role`") + 1].strip() == "something that the provider does not name"
    assert "recorded → found" in text
    assert "`shop-web-errors` is gone" in text
    assert "tstack up dev --local --refresh" in text
    document = drift_document(result, ["web"])
    assert document["drifted"]
    assert [one["action"] for one in document["resources"]] == ["changed", "changed", "changed", "gone"]
    assert document["resources"][0]["fields"] == ["services.web.tasks.max"]


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        ("aws:appautoscaling/target:Target", "minCapacity"),
        ("aws:appautoscaling/policy:Policy", "targetTrackingScalingPolicyConfiguration.targetValue"),
        ("aws:cloudwatch/logGroup:LogGroup", "retentionInDays"),
        ("aws:ecs/service:Service", "availabilityZoneRebalancing"),
        ("aws:ecs/service:Service", "deploymentCircuitBreaker.enable"),
        ("aws:ecs/service:Service", "deploymentMaximumPercent"),
        ("aws:ecs/service:Service", "deploymentMinimumHealthyPercent"),
        ("aws:ecs/service:Service", "enableExecuteCommand"),
        ("aws:ecs/service:Service", "healthCheckGracePeriodSeconds"),
        ("aws:ecs/service:Service", "orderedPlacementStrategies[0].type"),
        ("aws:lb/targetGroup:TargetGroup", "deregistrationDelay"),
        ("aws:lb/targetGroup:TargetGroup", "healthCheck.path"),
        ("aws:autoscaling/group:Group", "minSize"),
        ("aws:ec2/launchTemplate:LaunchTemplate", "imageId"),
        ("aws:ec2/launchTemplate:LaunchTemplate", "instanceType"),
        ("aws:ec2/launchTemplate:LaunchTemplate", "metadataOptions.httpPutResponseHopLimit"),
        ("aws:ecs/cluster:Cluster", "settings[0].value"),
        ("aws:lb/loadBalancer:LoadBalancer", "accessLogs.bucket"),
        ("aws:lb/loadBalancer:LoadBalancer", "enableDeletionProtection"),
        ("aws:lb/loadBalancer:LoadBalancer", "idleTimeout"),
    ],
)
def test_fields_that_drift_names_are_in_the_file(type_: str, name: str) -> None:
    words = file_field(type_, name, "web")
    here: Any = ServiceSpec if words.startswith("services.web.") else StageSpec
    for part in words.removeprefix("services.web.").split("."):
        here = here.model_fields[part].annotation
    assert here is not None


@pytest.mark.parametrize(
    ("cause", "short"),
    [
        (
            "monitor alarm TargetTracking-service/c/web-AlarmLow-1a in state ALARM triggered policy web-by-cpu",
            "policy web-by-cpu (the metric is low)",
        ),
        ("monitor alarm mine in state ALARM triggered policy steps", "policy steps"),
        (
            "At 2026-11-23T12:40:51Z a user request.  At 2026-11-23T12:40:52Z an instance was started, from 1 to 2.",
            "instance was started, from 1 to 2.",
        ),
        ("minimum capacity was set to 4", "minimum capacity was set to 4"),
        ("", ""),
    ],
)
def test_s17_causes_are_told_in_short(cause: str, short: str) -> None:
    assert short_cause(cause) == short


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("90s", timedelta(seconds=90)),
        ("10m", timedelta(minutes=10)),
        ("1h30m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("1w", timedelta(weeks=1)),
    ],
)
def test_a_length_of_time_lies_back_from_now(text: str, ago: timedelta) -> None:
    assert parse_since(text, WHEN) == WHEN - ago


def test_a_point_in_time_may_be_named() -> None:
    assert parse_since("2026-11-23T14:00+00:00") == datetime(2026, 11, 23, 14, tzinfo=UTC)


@pytest.mark.parametrize("text", ["1969-06-01", "1969-12-31T23:59:59+00:00", "0002-01-01", "400000d"])
def test_a_time_before_1970_is_refused_and_not_sent(text: str) -> None:
    """CloudWatch Logs API reference, FilterLogEvents, startTime: milliseconds after Jan 1, 1970; at least 0."""
    with pytest.raises(UsageError, match="before 1970") as refused:
        parse_since(text, WHEN)
    assert "10m" in refused.value.hint


def test_the_first_moment_of_1970_may_be_named() -> None:
    assert parse_since("1970-01-01T00:00:00+00:00") == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "5", "5x", "10m!", "m", "-5m", "99999999999d", "yesterday"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_since(text, WHEN)
    assert "10m" in refused.value.hint

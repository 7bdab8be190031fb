"""ECS as a deployment's follower sees it: scripted states, one per look, and a clock that only sleeping moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tinystacks.outputs import ServiceOutputs, StageOutputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TASKS_PER_PAGE = 100
"""ECS API reference, ListTasks and DescribeTasks."""
START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NEW = "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-web:2"
NEWEST = "arn:aws:ecs:eu-west-1:123456789012:service-deployment/shop-dev/shop-web-service-1a2b3c4/newest"
TARGET_GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1"
OLD = "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-web:1"


class Clock:
    """Seconds that pass only while someone sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def deployment(
    definition: str = NEW, state: str = "IN_PROGRESS", *, status: str = "PRIMARY", **counts: Any
) -> dict[str, Any]:
    return {
        "id": f"ecs-svc/{definition[-1]}",
        "status": status,
        "taskDefinition": definition,
        "rolloutState": state,
        "rolloutStateReason": counts.pop("reason", ""),
        "createdAt": START,
        "desiredCount": counts.get("desired", 2),
        "runningCount": counts.get("running", 0),
        "pendingCount": counts.get("pending", 0),
        "failedTasks": counts.get("failed", 0),
    }


@dataclass
class Look:
    """What ECS says at one poll."""

    deployments: list[dict[str, Any]]
    service_deployment: str = "IN_PROGRESS"
    reason: str = ""
    events: list[str] = field(default_factory=list)
    stopped: list[dict[str, Any]] = field(default_factory=list)
    status: str = "ACTIVE"
    running: int | None = None
    arn: str = NEWEST
    unhealthy: str = ""
    paused: str = ""


def stopped_task(number: int, reason: str, *, exit_code: int | None = None, container: str = "", definition: str = NEW):
    item: dict[str, Any] = {"name": "web"}
    if exit_code is not None:
        item["exitCode"] = exit_code
    if container:
        item["reason"] = container
    return {
        "taskArn": f"arn:aws:ecs:eu-west-1:123456789012:task/shop-dev/{number:032x}",
        "taskDefinitionArn": definition,
        "stoppedReason": reason,
        "createdAt": START + timedelta(seconds=number),
        "stoppedAt": START + timedelta(seconds=number + 5),
        "containers": [item],
    }


@dataclass
class Pages:
    """What boto3's paginators do: ask until an answer names no further page."""

    read: Callable[..., dict[str, Any]]

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        page = self.read(**arguments)
        yield page
        while token := page.get("nextToken"):
            page = self.read(**arguments, nextToken=token)
            yield page


class ScriptedEcs:
    """Plays looks in order; the last one stays."""

    def __init__(self, *looks: Look) -> None:
        self._looks = list(looks)
        self._look = looks[0]
        self.polls = 0
        self.described_deployments = 0

    @property
    def look(self) -> Look:
        return self._look

    def describe_services(self, *, cluster: str, services: list[str]) -> dict[str, Any]:
        self._look = self._looks[min(self.polls, len(self._looks) - 1)]
        self.polls += 1
        look = self._look
        primary = next((item for item in look.deployments if item["status"] == "PRIMARY"), {})
        events = [{"id": str(n), "createdAt": START, "message": text} for n, text in enumerate(look.events)]
        return {
            "services": [
                {
                    "serviceName": services[0],
                    "status": look.status,
                    "desiredCount": primary.get("desiredCount", 0),
                    "runningCount": primary.get("runningCount", 0) if look.running is None else look.running,
                    "deployments": look.deployments,
                    "events": events,
                }
            ]
        }

    def list_service_deployments(self, **_arguments: Any) -> dict[str, Any]:
        if not self._look.service_deployment:
            return {"serviceDeployments": []}
        brief = {
            "serviceDeploymentArn": self._look.arn,
            "createdAt": START,
            "status": self._look.service_deployment,
            "statusReason": self._look.reason,
        }
        older = {"createdAt": START - timedelta(days=1), "status": "SUCCESSFUL"}
        return {"serviceDeployments": [older, brief]}

    def describe_service_deployments(self, *, serviceDeploymentArns: list[str]) -> dict[str, Any]:
        assert serviceDeploymentArns == [self._look.arn]
        self.described_deployments += 1
        waiting = {
            "hookId": f"ecs-pause-{self._look.paused}",
            "targetType": "PAUSE",
            "status": "AWAITING_ACTION",
            "expiresAt": START + timedelta(days=1),
            "timeoutAction": "ROLLBACK",
        }
        shown = {"serviceDeploymentArn": self._look.arn, "status": self._look.service_deployment}
        if self._look.paused:
            done = {**waiting, "hookId": "ecs-pause-done", "status": "SUCCEEDED"}
            shown |= {"lifecycleStage": self._look.paused, "lifecycleHookDetails": [done, waiting]}
        return {"serviceDeployments": [shown], "failures": []}

    def list_tasks(self, *, nextToken: str = "0", **_arguments: Any) -> dict[str, Any]:
        arns = [task["taskArn"] for task in self._look.stopped]
        end = int(nextToken) + TASKS_PER_PAGE
        return {"taskArns": arns[end - TASKS_PER_PAGE : end], **({"nextToken": str(end)} if end < len(arns) else {})}

    def get_paginator(self, operation: str) -> Pages:
        return Pages(getattr(self, operation))

    def describe_tasks(self, *, cluster: str, tasks: list[str]) -> dict[str, Any]:
        assert len(tasks) <= TASKS_PER_PAGE, "DescribeTasks takes 100"
        return {"tasks": [task for task in self._look.stopped if task["taskArn"] in tasks]}


class ScriptedBalancer:
    """The targets of what ECS plays at the moment; counts how often it was asked."""

    def __init__(self, ecs: ScriptedEcs, *, refuses: bool = False) -> None:
        self._ecs = ecs
        self._refuses = refuses
        self.asked = 0

    def describe_target_health(self, *, TargetGroupArn: str) -> dict[str, Any]:
        self.asked += 1
        assert TargetGroupArn == TARGET_GROUP
        if self._refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeTargetHealth")
        said = self._ecs.look.unhealthy
        health = {"State": "unhealthy", "Description": said} if said else {"State": "draining", "Description": "leaves"}
        return {"TargetHealthDescriptions": [{"Target": {"Id": "i-1", "Port": 80}, "TargetHealth": health}]}


class ScriptedLogs:
    """The output of every task is the same two lines."""

    def __init__(self) -> None:
        self.streams: list[str] = []

    def get_log_events(self, *, logGroupName: str, logStreamName: str, **_arguments: Any) -> dict[str, Any]:
        self.streams.append(f"{logGroupName}:{logStreamName}")
        return {"events": [{"message": "starting"}, {"message": "no database\n"}]}


def web_outputs(asked: str = NEW) -> StageOutputs:
    service = ServiceOutputs(
        name="web",
        service_name="shop-web-service-1a2b3c4",
        service_arn="arn:aws:ecs:eu-west-1:123456789012:service/shop-dev/shop-web-service-1a2b3c4",
        task_definition_arn=asked,
        container_name="web",
        log_group="/tinystacks/shop/dev/web",
        image="nginx",
        target_group_arn=TARGET_GROUP,
    )
    return StageOutputs(
        stack="shop",
        stage="dev",
        region="eu-west-1",
        account_id="123456789012",
        cluster_name="shop-dev",
        cluster_arn="arn:aws:ecs:eu-west-1:123456789012:cluster/shop-dev",
        services={"web": service},
    )

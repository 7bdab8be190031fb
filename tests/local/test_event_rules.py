"""Events of ECS at the targets of EventBridge rules, all made by boto3.

Sources: ECS developer guide, ecs_service_deployment_events, ecs_service_events, ecs_task_events; EventBridge user
guide, eb-events-structure; API PutTargets.
"""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fakes.local_stage import LocalStage, eventually
from tinystacks.controlplane.effects import EmitEvent
from tinystacks.local.clock import SpeededClock
from tinystacks.local.emulation import Emulation
from tinystacks.local.event_rules import EventRules

DEPLOYMENTS = {"source": ["aws.ecs"], "detail-type": ["ECS Deployment State Change"]}
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"


@pytest.fixture(scope="module")
def stage(client):
    """Two instances in a cluster `shop`."""
    made = LocalStage(client=client)
    made.make_network()
    made.make_instances()
    return made


class Rule:
    """A rule whose target is a queue of the same name."""

    def __init__(self, client: Any, name: str, pattern: dict[str, Any], **target: Any) -> None:
        self._sqs, self.events, self.name = client("sqs"), client("events"), name
        self.url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        self.events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn, **target}])
        self.seen: list[Any] = []

    def received(self) -> list[Any]:
        """Everything that came so far."""
        answer = self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        for one in answer.get("Messages", []):
            self.seen.append(json.loads(one["Body"]))
            self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=one["ReceiptHandle"])
        return self.seen

    def wait(self, count: int) -> list[Any]:
        eventually(lambda: len(self.received()) >= count, what=f"{count} messages in {self.name}")
        return self.seen

    def remove(self) -> None:
        self.events.remove_targets(Rule=self.name, Ids=["queue"])
        self.events.delete_rule(Name=self.name)


def deploy(client: Any, name: str, count: int = 0) -> dict[str, Any]:
    container = {"name": "web", "image": "example/web:1", "cpu": 64, "memory": 64}
    client("ecs").register_task_definition(family=name, containerDefinitions=[container])
    return client("ecs").create_service(cluster="shop", serviceName=name, taskDefinition=name, desiredCount=count)[
        "service"
    ]


def test_d43_a44_a_rule_gets_the_deployments_of_services(client, stage):
    """Source: DG ecs_service_deployment_events, with AWS's own event pattern and example."""
    rule = Rule(client, "deployments", DEPLOYMENTS)
    service = deploy(client, "first", 2)
    begun, completed = rule.wait(2)[:2]
    rule.remove()
    assert set(begun) == {
        "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail",
    }  # fmt: skip
    assert (begun["source"], begun["detail-type"]) == ("aws.ecs", "ECS Deployment State Change")
    assert (begun["account"], begun["region"]) == ("123456789012", "us-east-1")
    assert begun["resources"] == [service["serviceArn"]]
    assert re.fullmatch(MOMENT + "Z", begun["time"])
    said = datetime.fromisoformat(begun["time"])
    assert abs((datetime.now(UTC) - said).total_seconds()) < 120, "real time, whatever the speed"
    deployment = service["deployments"][0]["id"]
    detail = begun["detail"]
    assert re.fullmatch(MOMENT + r"\.\d{3}Z", detail.pop("updatedAt"))
    assert detail == {
        "eventType": "INFO",
        "eventName": "SERVICE_DEPLOYMENT_IN_PROGRESS",
        "clusterArn": service["clusterArn"],
        "deploymentId": deployment,
        "reason": f"ECS deployment {deployment} in progress.",
    }
    assert completed["detail"]["eventName"] == "SERVICE_DEPLOYMENT_COMPLETED"
    assert completed["id"] != begun["id"]


def test_a44_a_rule_gets_whole_tasks(client, stage):
    """Source: DG ecs_task_events: the detail of a task is that of DescribeTasks, without its health."""
    pattern = {"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"], "detail": {"lastStatus": ["STOPPED"]}}
    rule = Rule(client, "stopped-tasks", pattern)
    client("ecs").register_task_definition(
        family="once", containerDefinitions=[{"name": "web", "image": "example/web:1", "cpu": 64, "memory": 64}]
    )
    [task] = client("ecs").run_task(cluster="shop", taskDefinition="once", launchType="EC2")["tasks"]
    client("ecs").stop_task(cluster="shop", task=task["taskArn"], reason="enough")
    (event,) = rule.wait(1)
    rule.remove()
    assert event["resources"] == [task["taskArn"]]
    detail = event["detail"]
    assert (detail["lastStatus"], detail["desiredStatus"], detail["stopCode"]) == (
        "STOPPED",
        "STOPPED",
        "UserInitiated",
    )
    assert (detail["stoppedReason"], detail["group"]) == ("enough", "family:once")
    assert (detail["clusterArn"], detail["taskDefinitionArn"]) == (task["clusterArn"], task["taskDefinitionArn"])
    assert [one["name"] for one in detail["containers"]] == ["web"]
    assert re.fullmatch(MOMENT + r"\.\d{3}Z", detail["stoppedAt"])
    assert not {"healthStatus", "tags"} & detail.keys()


def test_a44_a_rule_gets_actions_of_services_in_a_log_group(client, stage):
    """Source: DG ecs_service_events, example of SERVICE_STEADY_STATE; EventBridge user guide, eb-targets."""
    logs, events = client("logs"), client("events")
    logs.create_log_group(logGroupName="/aws/events/ecs")
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/events/ecs"
    events.put_rule(Name="actions", EventPattern=json.dumps({"detail-type": ["ECS Service Action"]}))
    events.put_targets(Rule="actions", Targets=[{"Id": "log", "Arn": arn}])
    service = deploy(client, "second")
    lines = eventually(
        lambda: [
            json.loads(one["message"]) for one in logs.filter_log_events(logGroupName="/aws/events/ecs")["events"]
        ],
        what="an event in the log group",
    )
    events.remove_targets(Rule="actions", Ids=["log"])
    events.delete_rule(Name="actions")
    steady = next(one for one in lines if one["resources"] == [service["serviceArn"]])["detail"]
    assert re.fullmatch(MOMENT + r"\.\d{3}Z", steady.pop("createdAt"))
    assert steady == {"eventType": "INFO", "eventName": "SERVICE_STEADY_STATE", "clusterArn": service["clusterArn"]}


def test_a44_targets_get_what_their_input_says(client, stage):
    """Source: API Target: Input, InputPath and InputTransformer."""
    constant = Rule(client, "constant", DEPLOYMENTS, Input='{"deployed": true}')
    some = Rule(client, "some", DEPLOYMENTS, InputPath="$.detail")
    template = {"InputPathsMap": {"name": "$.detail.eventName"}, "InputTemplate": '"it is <name>"'}
    made = Rule(client, "made", DEPLOYMENTS, InputTransformer=template)
    deploy(client, "third")
    assert constant.wait(1)[0] == {"deployed": True}
    assert some.wait(1)[0]["eventName"] == "SERVICE_DEPLOYMENT_IN_PROGRESS"
    assert made.wait(1)[0] == "it is SERVICE_DEPLOYMENT_IN_PROGRESS"
    for rule in (constant, some, made):
        rule.remove()


def test_a44_a_fifo_queue_gets_events_in_the_group_that_the_target_names(client, stage):
    """Source: API SqsParameters."""
    sqs, events = client("sqs"), client("events")
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = sqs.create_queue(QueueName="ordered.fifo", Attributes=attributes)["QueueUrl"]
    events.put_rule(Name="ordered", EventPattern=json.dumps(DEPLOYMENTS))
    arn = "arn:aws:sqs:us-east-1:123456789012:ordered.fifo"
    target = {"Id": "queue", "Arn": arn, "SqsParameters": {"MessageGroupId": "ecs"}}
    events.put_targets(Rule="ordered", Targets=[target])
    deploy(client, "ordered")
    [message] = eventually(
        lambda: sqs.receive_message(QueueUrl=url, AttributeNames=["MessageGroupId"]).get("Messages"), what="a message"
    )
    events.remove_targets(Rule="ordered", Ids=["queue"])
    events.delete_rule(Name="ordered")
    assert message["Attributes"]["MessageGroupId"] == "ecs"
    assert json.loads(message["Body"])["source"] == "aws.ecs"


def test_a_queue_that_nobody_reads_does_not_slow_events_down():
    """3,000 messages that wait made each further one cost 0.15 s, during which the whole local AWS stood still."""
    emulation, region = Emulation(), "eu-south-2"
    queue = emulation.backend("sqs", region).create_queue("unread", {})
    rules = emulation.backend("events", region)
    rules.put_rule(
        name="all", event_pattern='{"source": ["aws.ecs"]}', description=None, role_arn=None, scheduled_expression=None,
        state=None, event_bus_arn=None, tags=None,
    )  # fmt: skip
    rules.put_targets("all", None, [{"Id": "queue", "Arn": queue.queue_arn}])
    handed = EventRules(emulation, SpeededClock(1))
    begun = time.monotonic()
    for number in range(4000):
        handed.put(EmitEvent(detail_type="x", resources=(str(number),), detail={"createdAt": 0.0}), region, 0.0)
    handed.close()
    assert len(queue.messages) == 4000
    assert time.monotonic() - begun < 10


def test_a44_what_gets_nothing_keeps_nobody_from_events(client, stage):
    """Source: API PutRule (State, ScheduleExpression); that targets fail each for itself, EventBridge user guide."""
    disabled = Rule(client, "disabled", DEPLOYMENTS)
    disabled.events.disable_rule(Name="disabled")
    other = Rule(client, "other-source", {**DEPLOYMENTS, "source": ["aws.ec2"]})
    scheduled = Rule(client, "scheduled", DEPLOYMENTS)
    scheduled.remove()
    scheduled.events.put_rule(Name="scheduled", ScheduleExpression="rate(1 day)")
    queue = "arn:aws:sqs:us-east-1:123456789012:scheduled"
    scheduled.events.put_targets(Rule="scheduled", Targets=[{"Id": "queue", "Arn": queue}])
    last = Rule(client, "working", DEPLOYMENTS)
    wrong = [
        "arn:aws:sqs:us-east-1:123456789012:nowhere",
        "arn:aws:logs:us-east-1:123456789012:log-group:/nowhere",
        "arn:aws:lambda:us-east-1:123456789012:function:none",
        "arn:aws:sns:us-east-1:123456789012:none",
    ]
    queue = "arn:aws:sqs:us-east-1:123456789012:working"
    last.events.put_targets(Rule="working", Targets=[{"Id": str(n), "Arn": arn} for n, arn in enumerate(wrong)])
    last.events.put_targets(Rule="working", Targets=[{"Id": "queue2", "Arn": queue}])
    deploy(client, "fourth")
    assert len(last.wait(4)) >= 4, "two events, each by both targets that are there"
    assert (disabled.received(), other.received(), scheduled.received()) == ([], [], [])
    last.events.remove_targets(Rule="working", Ids=["0", "1", "2", "3", "queue2"])
    for rule in (disabled, other, scheduled, last):
        rule.remove()

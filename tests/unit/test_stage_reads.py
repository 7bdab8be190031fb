from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import botocore.exceptions
import pytest

from tests.fakes.aws_clients import AwsClients
from tests.fakes.ecs_client import FakeEcsClient, FakeTargetHealthClient
from tinystacks.errors import AwsError, CredentialsError
from tinystacks.operations.stage_reads import Operations
from tinystacks.outputs import ServiceOutputs, StageOutputs

CLUSTER_ARN = "arn:aws:ecs:eu-west-1:123456789012:cluster/shop-dev"
WHEN = datetime(2026, 11, 1, 12, tzinfo=UTC)


def _outputs(**changes: Any) -> StageOutputs:
    service = ServiceOutputs(
        name="web",
        service_name="shop-web-1a2b3c4",
        service_arn="arn:aws:ecs:eu-west-1:123456789012:service/shop-dev/shop-web-1a2b3c4",
        task_definition_arn="arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-dev-web:3",
        container_name="web",
        log_group="/tinystacks/shop/dev/web",
        image="nginx",
        target_group_arn="arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1",
    )
    values: dict[str, Any] = {
        "stack": "shop",
        "stage": "dev",
        "region": "eu-west-1",
        "account_id": "123456789012",
        "cluster_name": "shop-dev",
        "cluster_arn": CLUSTER_ARN,
        "auto_scaling_group": "instances",
        "services": {"web": service},
        **changes,
    }
    return StageOutputs(**values)


def _task(number: int, instance: int) -> dict[str, Any]:
    return {
        "taskArn": f"arn:aws:ecs:eu-west-1:123456789012:task/shop-dev/{number:032x}",
        "containerInstanceArn": f"arn:instance/{instance}",
        "group": "service:shop-web-1a2b3c4",
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "healthStatus": "HEALTHY",
        "availabilityZone": "eu-west-1a",
        "taskDefinitionArn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop-dev-web:3",
        "startedAt": WHEN,
        "enableExecuteCommand": True,
        "containers": [
            {
                "name": "web",
                "lastStatus": "RUNNING",
                "networkBindings": [{"hostPort": 32768, "containerPort": 80, "protocol": "tcp"}],
            }
        ],
    }


def _instance(number: int) -> dict[str, Any]:
    return {
        "containerInstanceArn": f"arn:instance/{number}",
        "ec2InstanceId": f"i-{number:017x}",
        "status": "ACTIVE",
        "agentConnected": True,
        "capacityProviderName": "shop-instances",
        "runningTasksCount": 1,
        "attributes": [
            {"name": "ecs.availability-zone", "value": "eu-west-1a"},
            {"name": "ecs.instance-type", "value": "t3.micro"},
        ],
        "registeredResources": [{"name": "CPU", "integerValue": 2048}, {"name": "MEMORY", "integerValue": 922}],
        "remainingResources": [{"name": "CPU", "integerValue": 1792}, {"name": "MEMORY", "integerValue": 666}],
    }


def _service() -> dict[str, Any]:
    return {
        "serviceName": "shop-web-1a2b3c4",
        "status": "ACTIVE",
        "desiredCount": 2,
        "runningCount": 2,
        "pendingCount": 0,
        "deployments": [
            {
                "id": "ecs-svc/2",
                "status": "ACTIVE",
                "taskDefinition": "arn:x/shop-dev-web:2",
                "rolloutState": "COMPLETED",
            },
            {
                "id": "ecs-svc/3",
                "status": "PRIMARY",
                "taskDefinition": "arn:x/shop-dev-web:3",
                "desiredCount": 2,
                "rolloutState": "IN_PROGRESS",
            },
        ],
        "events": [{"createdAt": WHEN, "message": "(service shop-web) has started 2 tasks"}],
    }


def _operations(ecs: FakeEcsClient, targets: list[dict[str, Any]] | None = None, **changes: Any) -> Operations:
    clients = AwsClients({"ecs": ecs, "elbv2": FakeTargetHealthClient(targets or [])})
    return Operations(_outputs(**changes), clients, release=7)


def test_status_names_services_and_tasks_in_words_of_the_file() -> None:
    ecs = FakeEcsClient([_service()], [_task(1, 1)], [_instance(1)])
    target = {"Target": {"Id": "i-1", "Port": 32768}, "TargetHealth": {"State": "unhealthy", "Description": "[503]"}}
    status = _operations(ecs, [target]).status()
    assert (status.release, status.services[0].name, status.tasks[0].service) == (7, "web", "web")
    assert status.services[0].task_definition == "shop-dev-web:3", "the primary deployment's, though it is listed last"
    assert not status.services[0].steady, "two deployments are not steady"
    assert status.tasks[0].instance_id == f"i-{1:017x}"
    assert status.tasks[0].containers[0].ports == ("32768:80/tcp",)
    assert (status.instances[0].type, status.instances[0].free_cpu, status.instances[0].free_memory) == (
        "t3.micro",
        1792,
        666,
    )
    assert (status.targets[0].target, status.targets[0].health, status.targets[0].reason) == (
        "i-1:32768",
        "unhealthy",
        "[503]",
    )


def test_a_service_that_is_gone_is_said_to_be_missing() -> None:
    status = _operations(FakeEcsClient()).status()
    assert [(service.name, service.status) for service in status.services] == [("web", "MISSING")]


def test_calls_grow_by_pages_only() -> None:
    instances = [_instance(number) for number in range(50)]
    few = FakeEcsClient([_service()], [_task(1, 1)], instances)
    many = FakeEcsClient([_service()], [_task(number, number % 50) for number in range(100)], instances)
    _operations(few).status()
    _operations(many).status()
    assert few.calls == many.calls
    assert sum(many.calls.values()) == 5


def test_fargate_stages_ask_for_no_instances() -> None:
    ecs = FakeEcsClient([_service()], [{**_task(1, 1), "containerInstanceArn": ""}])
    status = _operations(ecs, auto_scaling_group="").status()
    assert status.instances == ()
    assert "list_container_instances" not in ecs.calls


def test_tasks_of_one_service_only() -> None:
    other = {**_task(2, 1), "group": "service:elsewhere"}
    operations = _operations(FakeEcsClient([], [_task(1, 1), other], [_instance(1)]))
    assert [task.id for task in operations.tasks(service="web")] == [f"{1:032x}"]
    assert len(operations.tasks()) == 2


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("AccessDeniedException", AwsError, "needs the right ecs:ListTasks"),
        ("ExpiredTokenException", CredentialsError, "Sign in again"),
        ("InvalidParameterException", AwsError, "explains InvalidParameterException under ListTasks"),
        ("UnrecognizedClientException", CredentialsError, "--profile"),
    ],
)
def test_a_refusal_says_what_to_do(code: str, kind: type[Exception], words: str) -> None:
    class Refusing(FakeEcsClient):
        def get_paginator(self, operation: str) -> Any:
            details: Any = {"Error": {"Code": code, "Message": "no"}}
            raise botocore.exceptions.ClientError(details, "ListTasks")

    with pytest.raises(kind) as refused:
        _operations(Refusing()).tasks()
    assert words in str(refused.value)

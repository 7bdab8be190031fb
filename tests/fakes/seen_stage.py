"""A deployed stage as its outputs and AWS's answers describe it, for tests of reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tinystacks.outputs import ServiceOutputs, StageOutputs

WHEN = datetime(2026, 11, 1, 12, tzinfo=UTC)
ACCOUNT = "arn:aws:ecs:eu-west-1:123456789012"
TARGET_GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1"
BALANCER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/2"


def outputs(*names: str, **changes: Any) -> StageOutputs:
    """Outputs of a stage with these services; only `web` has a port."""
    services = {
        name: ServiceOutputs(
            name=name,
            service_name=f"shop-{name}-1a2b3c4",
            service_arn=f"{ACCOUNT}:service/shop-dev/shop-{name}-1a2b3c4",
            task_definition_arn=f"{ACCOUNT}:task-definition/shop-dev-{name}:3",
            container_name=name,
            log_group=f"/tinystacks/shop/dev/{name}",
            image="nginx",
            target_group_arn=TARGET_GROUP if name == "web" else "",
        )
        for name in names or ("web",)
    }
    values: dict[str, Any] = {
        "stack": "shop",
        "stage": "dev",
        "region": "eu-west-1",
        "account_id": "123456789012",
        "cluster_name": "shop-dev",
        "cluster_arn": f"{ACCOUNT}:cluster/shop-dev",
        "auto_scaling_group": "instances",
        "capacity_providers": ("capacity",),
        "load_balancer_arn": BALANCER,
        "services": services,
        **changes,
    }
    return StageOutputs(**values)


def service_answer(name: str = "web", *, revision: int = 3, desired: int = 2, **changes: Any) -> dict[str, Any]:
    """A service as DescribeServices gives it."""
    deployment = {
        "id": "ecs-svc/3",
        "status": "PRIMARY",
        "taskDefinition": f"{ACCOUNT}:task-definition/shop-dev-{name}:{revision}",
        "desiredCount": desired,
        "runningCount": desired,
        "rolloutState": "COMPLETED",
    }
    return {
        "serviceName": f"shop-{name}-1a2b3c4",
        "status": "ACTIVE",
        "desiredCount": desired,
        "runningCount": desired,
        "pendingCount": 0,
        "deployments": [deployment],
        "events": [{"createdAt": WHEN, "message": f"(service shop-{name}-1a2b3c4) has reached a steady state."}],
        **changes,
    }


def task_answer(number: int, service: str = "web", *, instance: int = 1, **changes: Any) -> dict[str, Any]:
    """A task as DescribeTasks gives it."""
    return {
        "taskArn": f"{ACCOUNT}:task/shop-dev/{number:032x}",
        "containerInstanceArn": f"arn:instance/{instance}",
        "group": f"service:shop-{service}-1a2b3c4",
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "availabilityZone": "eu-west-1a" if instance % 2 else "eu-west-1b",
        "taskDefinitionArn": f"{ACCOUNT}:task-definition/shop-dev-{service}:3",
        "createdAt": WHEN,
        "startedAt": WHEN,
        "containers": [{"name": service, "lastStatus": "RUNNING"}, {"name": "agent", "lastStatus": "RUNNING"}],
        **changes,
    }


def instance_answer(number: int) -> dict[str, Any]:
    """A container instance as DescribeContainerInstances gives it."""
    return {
        "containerInstanceArn": f"arn:instance/{number}",
        "ec2InstanceId": f"i-{number:017x}",
        "status": "ACTIVE",
        "agentConnected": True,
        "runningTasksCount": 1,
        "attributes": [{"name": "ecs.availability-zone", "value": "eu-west-1a" if number % 2 else "eu-west-1b"}],
    }


def ecs_answers(
    services: list[dict[str, Any]],
    tasks: list[dict[str, Any]],
    instances: list[dict[str, Any]],
    stopped: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """A table of answers for a client of ECS."""
    gone = stopped or []
    every = {task["taskArn"]: task for task in [*tasks, *gone] if "taskArn" in task}

    def list_tasks(**asked: Any) -> dict[str, Any]:
        wanted = gone if asked["desiredStatus"] == "STOPPED" else tasks
        return {"taskArns": [task["taskArn"] for task in wanted if "taskArn" in task]}

    return {
        "describe_services": lambda **asked: {
            "services": [one for one in services if one.get("serviceName") in asked["services"]]
        },
        "list_tasks": list_tasks,
        "describe_tasks": lambda **asked: {"tasks": [every[arn] for arn in asked["tasks"]]},
        "list_container_instances": {"containerInstanceArns": [one["containerInstanceArn"] for one in instances]},
        "describe_container_instances": {"containerInstances": instances},
    }

"""Requests made at random from the models: each ends in an answer that fits or a listed refusal, never in a crash."""

from __future__ import annotations

import contextlib
from typing import Any, Protocol

import botocore.loaders
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.ecs_server import GROUP_ARN, REGION, OfflineEcs
from tinystacks.controlplane.errors import EcsError
from tinystacks.local.appautoscaling_api.operations import OPERATIONS as SCALING_OPERATIONS
from tinystacks.local.ecs_api.app import OPERATIONS
from tinystacks.local.ecs_api.rules import RULES

ARN = "arn:aws:ecs:us-east-1:123456789012"
WORDS = ["main", "web", "api", "provider", "FARGATE", "", "a b", "web:1", "ghost"]
NAMES: dict[str, list[str]] = {
    "cluster": ["main", f"{ARN}:cluster/main", "ghost"],
    "service": ["web", "api", f"{ARN}:service/main/web", "ghost"],
    "serviceName": ["web", "api", "new"],
    "taskDefinition": ["web", "web:1", "fargate", "host", "ghost"],
    "capacityProvider": ["provider", "FARGATE", "FARGATE_SPOT", "ghost"],
    "capacityProviders": ["provider", "FARGATE", "FARGATE_SPOT", "ghost"],
    "autoScalingGroupArn": [GROUP_ARN, f"{GROUP_ARN}-2"],
    "containerName": ["web", "ghost"],
    "targetGroupArn": ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/1"],
    "subnets": ["subnet-a", "subnet-b", "subnet-x"],
    "ResourceId": ["service/main/web", "service/main/api", "service/main/ghost", "nonsense"],
    "ResourceIds": ["service/main/web", "service/main/api"],
    "Schedule": ["rate(5 minutes)", "cron(0 6 * * ? *)", "at(2027-01-15T10:00:00)", "never"],
    "Timezone": ["UTC", "Europe/Berlin", "Moon/Base"],
    "ServiceNamespace": ["ecs"],
    "ScalableDimension": ["ecs:service:DesiredCount"],
    "expression": ["attribute:ecs.availability-zone == us-east-1a", "task:group == service:web", "nonsense ("],
    "filter": ["attribute:ecs.instance-type =~ t3.*", "not ("],
    "field": ["attribute:ecs.availability-zone", "instanceId", "cpu", "memory", "moon"],
    "cpu": ["256", "1024", ".5 vCPU", "much"],
    "memory": ["512", "2048", "2 GB", "much"],
}
PLAIN: dict[str, list[Any]] = {
    "boolean": [True, False],
    "integer": [0, 1, 2, 3, 10, 50, 100, 128, 200, 300, 512, -1, 70000],
    "long": [0, 1, 2**40],
    "double": [0.0, 1.0, 50.0, -5.0],
    "timestamp": [0, 1_800_000_000.5, 1_900_000_000],
}
LOADER = botocore.loaders.Loader()
MODELS = {
    name: ServiceModel(LOADER.load_service_model(name, "service-2"), name)
    for name in ("ecs", "application-autoscaling")
}
OFFERED = [("ecs", name) for name in sorted(OPERATIONS)] + [
    ("application-autoscaling", name) for name in sorted(SCALING_OPERATIONS)
]


class Draw(Protocol):
    """What draws from a strategy."""

    def __call__(self, strategy: st.SearchStrategy[Any], /) -> Any: ...


class Known:
    """What earlier answers named: ARNs of tasks, instances, services, deployments."""

    def __init__(self) -> None:
        self.arns: list[str] = []

    def learn(self, value: Any) -> None:
        match value:
            case dict():
                for item in value.values():
                    self.learn(item)
            case list():
                for item in value:
                    self.learn(item)
            case str() if value.startswith("arn:") and value not in self.arns:
                self.arns.append(value)
            case _:
                pass


def value_of(draw: Draw, shape: Shape, name: str, known: Known, depth: int = 0) -> Any:
    """Make a value of a shape; `name` is that of the member it is for."""
    if isinstance(shape, StructureShape):
        required = {*shape.required_members, *RULES.required.get(shape.name, ())}
        return {
            member: value_of(draw, inner, member, known, depth + 1)
            for member, inner in shape.members.items()
            if member in required or draw(st.integers(0, 4 + 2 * depth)) == 0
        }
    if isinstance(shape, ListShape):
        return [value_of(draw, shape.member, name, known, depth + 1) for _ in range(draw(st.integers(0, 2)))]
    if isinstance(shape, MapShape):
        return {draw(st.sampled_from(WORDS)): value_of(draw, shape.value, name, known, depth + 1)}
    if isinstance(shape, StringShape):
        return draw(st.sampled_from(NAMES.get(name) or shape.enum or strings_for(name, known)))
    return draw(st.sampled_from(PLAIN.get(shape.type_name, [""])))


def strings_for(name: str, known: Known) -> list[str]:
    is_reference = name.lower().endswith(("arn", "arns", "task", "tasks", "instance", "instances", "targetid"))
    return known.arns if is_reference and known.arns else WORDS


def prepared() -> OfflineEcs:
    """Give a world with two services, one of them deploying."""
    world = OfflineEcs()
    world.prepare()
    for name in ("web", "api"):
        body = {"cluster": "main", "serviceName": name, "taskDefinition": "web", "desiredCount": 2}
        world.ecs.handle("CreateService", REGION, {**body, "enableExecuteCommand": True})
    world.advance(120)
    place = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/main/api",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    world.scaling.handle("RegisterScalableTarget", REGION, {**place, "MinCapacity": 1, "MaxCapacity": 5})
    world.ecs.handle("UpdateService", REGION, {"cluster": "main", "service": "web", "forceNewDeployment": True})
    return world


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_no_sequence_of_requests_makes_the_api_fall_over(data: st.DataObject) -> None:
    world = prepared()
    known = Known()
    for operation in ("ListTasks", "ListContainerInstances", "ListServices"):
        known.learn(world.ecs.handle(operation, REGION, {"cluster": "main"}))
    known.learn(world.ecs.handle("ListServiceDeployments", REGION, {"cluster": "main", "service": "web"}))
    for _ in range(data.draw(st.integers(5, 30))):
        service, operation = data.draw(st.sampled_from(OFFERED))
        api = world.api(service)
        shape = MODELS[service].operation_model(operation).input_shape
        assert shape is not None
        with contextlib.suppress(EcsError):  # whose code the misfits judge
            known.learn(api.handle(operation, REGION, value_of(data.draw, shape, "", known)))
        world.advance(data.draw(st.sampled_from([0, 1, 5, 60])))
    assert world.misfits == []

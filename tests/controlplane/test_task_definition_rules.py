"""Task definitions. Source: API RegisterTaskDefinition, ContainerDefinition, Task."""

from __future__ import annotations

import pytest

from tests.fakes.world import World
from tinystacks.controlplane import fargate_sizes
from tinystacks.controlplane.errors import EcsError

APP = {"name": "app", "image": "good", "memory": 128}
FARGATE = {"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc"}


def register(*containers, **given):
    return World().plane.register_task_definition(family="web", containerDefinitions=list(containers), **given)


@pytest.mark.parametrize(
    ("containers", "text"),
    [
        ([{"name": "app", "image": "good"}], "Invalid setting for container 'app'"),
        ([{**APP, "memoryReservation": 128}], "greater than 'memoryReservation'"),
        ([{**APP, "memory": 4}], "at least 6 MiB"),
        ([APP, APP], "unique"),
        ([{**APP, "essential": False}], "must be essential"),
        ([{**APP, "image": ""}], "image should not be null"),
        ([], "1 to 10"),
        ([{**APP, "name": f"c{number}"} for number in range(11)], "1 to 10"),
        ([{**APP, "command": ["x" * 70_000]}], "64 KiB"),
    ],
)
def test_a17_what_cannot_be_registered(containers, text):
    """Source: API ContainerDefinition; ECS service quotas."""
    with pytest.raises(EcsError, match=text) as caught:
        register(*containers)
    assert caught.value.code == "ClientException"


def ports(name, *mappings):
    return {**APP, "name": name, "portMappings": [dict(one) for one in mappings]}


EIGHTY, DYNAMIC = {"containerPort": 80, "hostPort": 80}, {"containerPort": 80, "hostPort": 0}
OTHER = {"containerPort": 8080, "hostPort": 80}


@pytest.mark.parametrize(
    ("containers", "mode"),
    [
        ([ports("app", EIGHTY), ports("side", OTHER)], "bridge"),
        ([ports("app", EIGHTY, OTHER)], "bridge"),
        ([ports("app", EIGHTY), ports("side", EIGHTY)], "host"),
        ([ports("app", {"containerPort": 80}), ports("side", DYNAMIC)], "awsvpc"),
    ],
)
def test_a17_a_host_port_is_mapped_once_in_a_task(containers, mode):
    """Source: API PortMapping, hostPort; the text as in issue 1220 of the ECS agent."""
    with pytest.raises(EcsError) as caught:
        register(*containers, networkMode=mode)
    assert caught.value.code == "ClientException"
    assert caught.value.message == "TCP host port '80' is mapped multiple times in task."


def test_a17_dynamic_host_ports_and_those_of_another_protocol_do_not_meet():
    """Source: API PortMapping, hostPort 0; P7: TCP and UDP apart."""
    register(ports("app", DYNAMIC), ports("side", DYNAMIC), ports("third", EIGHTY))
    made = register(ports("app", EIGHTY), ports("side", {**OTHER, "protocol": "udp"}))
    assert [one.protocol for one in made.needs.ports] == ["tcp", "udp"]


@pytest.mark.parametrize("mode", ["awsvpc", "host"])
def test_a17_without_a_bridge_the_host_port_is_the_container_port(mode):
    """Source: API PortMapping, hostPort: blank or the same value as the containerPort."""
    with pytest.raises(EcsError) as caught:
        register(ports("app", OTHER), networkMode=mode)
    assert caught.value.code == "ClientException"
    wanted = f"When networkMode={mode}, the host ports and container ports in port mappings must match."
    assert caught.value.message == wanted
    blank = register(ports("app", {"containerPort": 8080, "hostPort": 0}), networkMode=mode)
    assert blank.containers[0]["portMappings"][0]["hostPort"] == 8080


@pytest.mark.parametrize(
    ("dependency", "text"),
    [
        ({"containerName": "none", "condition": "START"}, "unknown container"),
        ({"containerName": "other", "condition": "SUCCESS"}, "cannot wait for the end of the essential"),
        ({"containerName": "app", "condition": "START"}, "cycle"),
    ],
)
def test_t6_dependencies_that_cannot_hold(dependency, text):
    """Source: API ContainerDependency."""
    with pytest.raises(EcsError, match=text):
        register({**APP, "dependsOn": [dependency]}, {**APP, "name": "other"})


@pytest.mark.parametrize(
    ("cpu", "memory", "fits"),
    [
        (256, 512, True),
        (256, 2048, True),
        (256, 3072, False),
        (512, 512, False),
        (512, 4096, True),
        (1024, 2048, True),
        (1024, 1024, False),
        (2048, 16384, True),
        (4096, 30720, True),
        (4096, 31744, False),
        (8192, 16384, True),
        (8192, 18432, False),
        (16384, 122880, True),
        (300, 1024, False),
    ],
)
def test_p13_fargate_sizes(cpu, memory, fits):
    """Trap K2. Source: API Task; developer guide, task-cpu-memory-error."""
    assert fargate_sizes.exists(cpu, memory) is fits
    call = lambda: register({**APP, "memory": 64}, cpu=str(cpu), memory=str(memory), **FARGATE)  # noqa: E731 - two uses
    if fits:
        assert call().document["compatibilities"] == ["EC2", "FARGATE"]
    else:
        with pytest.raises(EcsError, match="No Fargate configuration exists for given values"):
            call()


def test_fargate_needs_awsvpc_and_task_sizes():
    """Trap K2."""
    with pytest.raises(EcsError, match="network mode 'awsvpc'"):
        register(APP, requiresCompatibilities=["FARGATE"], networkMode="bridge", cpu="256", memory="512")
    with pytest.raises(EcsError, match="defined at the task level"):
        register(APP, **FARGATE)


def test_a30_revisions_count_up_and_are_never_used_again():
    """Source: API DeleteTaskDefinitions."""
    world = World()
    first = world.definition()
    world.plane.deregister_task_definition(task_definition=first)
    world.plane.delete_task_definitions(task_definitions=[first])
    assert world.definition().endswith("web:2")
    assert world.plane.state.find_task_definition(first) is None


def test_a30_a_used_revision_stays_in_deletion():
    """Source: API DeleteTaskDefinitions."""
    world = World()
    world.instances(1)
    service = world.service(1)
    world.steady(service)
    arn = service.task_definition.arn
    _, failures = world.plane.delete_task_definitions(task_definitions=[arn])
    assert "still in ACTIVE status" in failures[0].reason
    world.plane.deregister_task_definition(task_definition=arn)
    world.plane.delete_task_definitions(task_definitions=[arn])
    assert service.task_definition.status == "DELETE_IN_PROGRESS"
    world.run(60)
    assert service.running_count == 1


def test_a_family_alone_means_its_newest_active_revision():
    """Source: API CreateService, taskDefinition."""
    world = World()
    world.definition()
    second = world.definition("v2")
    third = world.definition("v3")
    world.plane.deregister_task_definition(task_definition=third)
    assert world.plane.state.active_task_definition("web").arn == second


def test_defaults_are_filled_in_as_ecs_answers_them():
    """Source: API PortMapping, HealthCheck."""
    health = {"healthCheck": {"command": ["CMD", "true"]}}
    definition = register({**APP, "portMappings": [{"containerPort": 80}], **health})
    container = definition.document["containerDefinitions"][0]
    assert container["portMappings"] == [{"containerPort": 80, "protocol": "tcp", "hostPort": 0}]
    assert container["essential"] is True
    assert (container["healthCheck"]["interval"], container["healthCheck"]["retries"]) == (30, 3)
    assert definition.network_mode == "bridge"

"""CPU and memory of services and clusters as CloudWatch is told. Source: ECS developer guide, service_utilization."""

from contextlib import contextmanager
from typing import Any

import pytest

from tests.fakes.world import World
from tinystacks.local.runtime.base import TaskUsage
from tinystacks.local.usage import UsageReports


class OnePlane:
    """The registry of a single region."""

    def __init__(self, plane):
        self._plane = plane

    @contextmanager
    def locked(self, _region):
        yield self._plane

    def regions(self):
        return ["us-east-1"]


class Noted:
    """Keeps datapoints."""

    def __init__(self):
        self.values = {}

    def put(self, _region, namespace, name, dimensions, value, _unit, _at):
        self.values[namespace, name, *dimensions.values()] = value


class Using:
    """A runtime in which every task uses the same."""

    def __init__(self, **used):
        self._used = TaskUsage(**used)

    def usage(self, task_ids):
        return dict.fromkeys(task_ids, self._used)


def minute(world):
    """Give what CloudWatch is told of a world."""
    noted = Noted()
    planes: Any = OnePlane(world.plane)
    metrics: Any = noted
    runtime: Any = Using(cpu_units=192.0, memory_mib=32.0)
    UsageReports(planes, metrics).tell_services("us-east-1", runtime, world.plane.now)
    return noted.values


@pytest.fixture
def told():
    world = World()
    world.instances(2, "m5.large")
    world.steady(world.service(4))
    return minute(world)


def test_s21_p6_use_is_told_of_what_is_reserved_and_may_exceed_it(told):
    """Source: developer guide, service_utilization; API ContainerDefinition."""
    assert told["AWS/ECS", "CPUUtilization", "default", "web"] == 150
    assert told["AWS/ECS", "MemoryUtilization", "default", "web"] == 25


def test_a40_a_cluster_tells_use_and_reservation_of_its_instances(told):
    """Rule A40: ECS developer guide, available-metrics."""
    registered = 2 * 2048
    assert told["AWS/ECS", "CPUUtilization", "default"] == pytest.approx(100 * 4 * 192 / registered)
    assert told["AWS/ECS", "CPUReservation", "default"] == pytest.approx(100 * 4 * 128 / registered)
    assert told["AWS/ECS", "MemoryReservation", "default"] == pytest.approx(100 * 4 * 128 / (2 * 7680))
    assert told["AWS/ECS", "MemoryUtilization", "default"] == pytest.approx(100 * 4 * 32 / (2 * 7680))
    assert told["AWS/ECS", "LiveTaskCount", "default", "web"] == 4


def test_a41_container_insights_counts_tasks_and_deployments_where_it_is_on():
    """Rule A41: ECS developer guide, service_utilization and Container Insights metrics; zeros are told too."""
    world = World()
    world.instances(2, "m5.large")
    world.steady(world.service(4))
    assert not [one for one in minute(world) if one[0] == "ECS/ContainerInsights"]
    world.plane.update_cluster_settings(cluster="default", settings=[{"name": "containerInsights", "value": "enabled"}])
    world.plane.update_service(service="web", desired_count=6, task_definition=world.definition("v2"))
    world.run(1)
    told = {name: value for (namespace, name, *_), value in minute(world).items() if "Insights" in namespace}
    assert told == {
        "ContainerInstanceCount": 2,
        "DesiredTaskCount": 6,
        "RunningTaskCount": 4,
        "PendingTaskCount": 6,
        "DeploymentCount": 2,
    }
    idle = world.service(0, name="idle")
    assert minute(world)["ECS/ContainerInsights", "RunningTaskCount", "default", idle.name] == 0

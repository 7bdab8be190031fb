"""What every runtime owes the scheduler, held by the simulated one and by real containers alike."""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.fakes.local_stage import eventually, fetch
from tests.fakes.podman import IMAGE, SERVE, container_ids, shell
from tests.fakes.secrets import NoSecrets
from tinystacks.local.clock import SpeededClock
from tinystacks.local.loop_thread import LoopThread
from tinystacks.local.runtime.base import (
    ContainerOrder,
    Health,
    LogLine,
    PullFailed,
    PullStarted,
    PullStopped,
    Runtime,
    RuntimeEvent,
    Started,
    Stopped,
    TaskOrder,
)
from tinystacks.local.runtime.docker import DockerRuntime
from tinystacks.local.runtime.docker_labels import INSTANCE, Owner
from tinystacks.local.runtime.simulated import SimulatedRuntime

SIMULATED = {
    "serve": "",
    "crash": "crash",
    "crash-later": "crash:3",
    "exit": "exit:1",
    "ignore-sigterm": "ignore-sigterm",
    "unhealthy": "unhealthy",
}
SCRIPTS = {
    "serve": SERVE,
    "crash": "exit 1",
    "crash-later": "sleep 3; exit 1",
    "exit": "sleep 1; exit 0",
    "ignore-sigterm": "trap '' TERM; while :; do sleep 0.2; done",
    "unhealthy": SERVE,
}


@dataclass
class World:
    """A runtime, and what it reported."""

    kind: str
    runtime: Runtime
    clock: SpeededClock
    events: queue.Queue[RuntimeEvent]
    seen: list[RuntimeEvent] = field(default_factory=list[RuntimeEvent])

    def definition(self, behaviour="serve", **more):
        settings: dict[str, Any] = {
            "name": "web",
            "image": IMAGE,
            "cpu": 256,
            "memory": 64,
            "essential": True,
            "portMappings": [{"containerPort": 8080, "hostPort": 0}],
            "environment": [],
        }
        if self.kind == "simulated":
            settings["environment"] = [{"name": "TINYSTACKS_SIMULATE", "value": SIMULATED[behaviour]}]
        else:
            settings |= shell(SCRIPTS[behaviour])
        return settings | more

    def start(self, *definitions, task_id="a" * 32, network_mode="bridge"):
        task = TaskOrder(
            task_id=task_id,
            task_arn=f"arn:aws:ecs:us-east-1:123456789012:task/shop/{task_id}",
            cluster="shop",
            region="us-east-1",
            service="web",
            family="shop-web",
            revision=7,
            zone="us-east-1b",
            instance_id="i-1",
            address="i-1",
            network_mode=network_mode,
            document={"containerDefinitions": list(definitions)},
        )
        orders = tuple(ContainerOrder(name=one["name"], definition=one) for one in definitions)
        self.runtime.start(task, orders)
        return task

    def next(self, kind):
        while True:
            event = self.events.get(timeout=30)
            self.seen.append(event)
            if isinstance(event, kind):
                return event


@pytest.fixture(params=["simulated", "docker"])
def world(request):
    events = queue.Queue()
    clock = SpeededClock(1)
    if request.param == "simulated":
        loop = LoopThread("test-loop")
        loop.start()
        made = World("simulated", SimulatedRuntime(loop, clock, events.put), clock, events)
        yield made
        made.runtime.close()
        loop.stop()
        return
    engine = request.getfixturevalue("container_engine")
    owner = Owner(instance_id=f"contract-{time.monotonic_ns()}")
    runtime = DockerRuntime(engine, owner=owner, secrets=NoSecrets(), clock=clock, report=events.put)
    yield World("docker", runtime, clock, events)
    runtime.close()
    eventually(lambda: not container_ids(engine, f"{INSTANCE}={owner.instance_id}"), what="nothing left")


def url(started, port=8080):
    host, real = started.addresses[port]
    return f"http://{host}:{real}/"


def answers(started):
    def look():
        try:
            return fetch(url(started))[0] == 200 or None
        except OSError:
            return None

    return eventually(look, what="an answer", seconds=15)


def test_p7_a_dynamic_port_answers_on_this_machine_only(world):
    world.start(world.definition())
    started = world.next(Started)
    assert started.host_ports == {8080: started.addresses[8080][1]}
    assert started.addresses[8080][0] == "127.0.0.1"
    assert answers(started)
    assert started.runtime_id


def test_p7_ports_of_awsvpc_are_the_containers_own(world):
    world.start(world.definition(portMappings=[{"containerPort": 8080}]), network_mode="awsvpc")
    started = world.next(Started)
    assert started.host_ports == {8080: 8080}
    assert answers(started)


def test_p7_a_fixed_port_is_told_even_where_two_instances_share_this_machine(world):
    fixed = [{"containerPort": 8080, "hostPort": 28080}]
    first = world.start(world.definition(portMappings=fixed))
    second = world.start(world.definition(portMappings=fixed), task_id="b" * 32)
    told = {one.task_id: one for one in (world.next(Started), world.next(Started))}
    assert {tuple(one.host_ports.items()) for one in told.values()} == {((8080, 28080),)}
    assert told[first.task_id].addresses != told[second.task_id].addresses
    assert answers(told[first.task_id])
    assert answers(told[second.task_id])


def test_t25_stop_ends_with_0_what_heeds_sigterm_and_frees_its_port(world):
    task = world.start(world.definition())
    started = world.next(Started)
    answers(started)
    world.runtime.stop(task.task_id, ("web",), 20)
    assert world.next(Stopped) == Stopped(task_id=task.task_id, container="web", exit_code=0)
    with pytest.raises(OSError, match=r"refused|reset|closed|No route"):
        fetch(url(started))


def test_t25_what_ignores_sigterm_is_killed_after_the_timeout(world):
    task = world.start(world.definition("ignore-sigterm"))
    world.next(Started)
    asked = time.monotonic()
    world.runtime.stop(task.task_id, ("web",), 2)
    assert world.next(Stopped).exit_code == 137
    assert time.monotonic() - asked >= 1.9


def test_stop_of_what_is_not_there_has_no_exit_code(world):
    world.runtime.stop("f" * 32, ("web",), 30)
    assert world.next(Stopped) == Stopped(task_id="f" * 32, container="web", exit_code=None)


def test_d28_a_crash_at_the_start_is_no_start(world):
    world.start(world.definition("crash"))
    event = world.next((Started, Stopped))
    assert isinstance(event, Stopped)
    assert event.exit_code == 1


def test_t24_a_crash_after_a_while_tells_its_exit_code(world):
    world.start(world.definition("crash-later"))
    world.next(Started)
    assert world.next(Stopped).exit_code == 1


def test_t6_what_ends_well_has_started_and_ended_with_0(world):
    world.start(world.definition("exit", essential=False))
    world.next(Started)
    assert world.next(Stopped).exit_code == 0


def test_t11_a_health_check_that_passes_is_told(world):
    check = {"command": ["CMD-SHELL", "test -f /tmp/www/index.html"], "interval": 1, "retries": 2}
    world.start(world.definition(healthCheck=check))
    world.next(Started)
    assert world.next(Health).status == "HEALTHY"


def test_t11_a_health_check_that_fails_again_and_again_is_told(world):
    check = {"command": ["CMD", "/bin/busybox", "false"], "interval": 1, "retries": 2}
    world.start(world.definition("unhealthy", healthCheck=check))
    world.next(Started)
    assert world.next(Health).status == "UNHEALTHY"


def test_when_an_instance_is_gone_its_tasks_end_silently(world):
    task = world.start(world.definition())
    started = world.next(Started)
    answers(started)
    world.runtime.instance_gone((task.task_id,))

    def refused():
        try:
            fetch(url(started))
        except OSError:
            return True
        return None

    eventually(refused, what="a closed port", seconds=15)
    world.runtime.stop(task.task_id, ("web",), 5)
    assert world.next(Stopped).exit_code is None


def test_lines_come_before_the_end_is_told(world):
    task = world.start(world.definition())
    world.next(Started)
    world.runtime.stop(task.task_id, ("web",), 10)
    world.next(Stopped)
    assert any(isinstance(one, LogLine) for one in world.seen)


def test_t21_an_image_that_cannot_be_pulled_is_told(world):
    if world.kind == "simulated":
        broken = world.definition(environment=[{"name": "TINYSTACKS_SIMULATE", "value": "pull-error"}])
    else:
        broken = world.definition(image="127.0.0.1:1/nowhere/web:1")
    world.start(broken)
    assert world.next(PullFailed).message.startswith("CannotPullContainerError: ")


def test_t5_the_pull_is_told_before_the_start(world):
    """API Task: pullStartedAt and pullStoppedAt."""
    task = world.start(world.definition())
    world.next(Started)
    told = [one for one in world.seen if isinstance(one, (PullStarted, PullStopped, Started))]
    assert told[:2] == [
        PullStarted(task_id=task.task_id, container="web"),
        PullStopped(task_id=task.task_id, container="web"),
    ]
    assert isinstance(told[2], Started)


def test_usage_is_told_of_what_runs(world):
    task = world.start(world.definition())
    world.next(Started)

    def look():
        return world.runtime.usage((task.task_id, "c" * 32)) or None

    usage = eventually(look, what="usage", seconds=30)
    assert set(usage) == {task.task_id}
    assert 0 <= usage[task.task_id].cpu_units < 256
    assert 0 < usage[task.task_id].memory_mib < 64

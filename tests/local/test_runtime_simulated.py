"""Simulated tasks: what they answer, and how they fail when they are told to."""

import asyncio
import json
import queue
import socket
from pathlib import Path

import pytest

from tests.fakes.local_stage import eventually, fetch
from tinystacks.local.clock import SpeededClock
from tinystacks.local.loop_thread import LoopThread
from tinystacks.local.runtime import simulated
from tinystacks.local.runtime.base import ContainerOrder, Health, LogLine, PullFailed, Started, Stopped, TaskOrder
from tinystacks.local.runtime.simulated import VARIABLE, SimulatedRuntime
from tinystacks.local.status import ONE_OFF_VARIABLE


@pytest.fixture
def world():
    made = World()
    yield made
    made.runtime.close()
    made.loop.stop()


class World:
    def __init__(self):
        self.loop = LoopThread("test-loop")
        self.loop.start()
        self.events = queue.Queue()
        self.clock = SpeededClock(50)
        self.runtime = SimulatedRuntime(self.loop, self.clock, self.events.put)

    def start(self, simulate="", *, network_mode="bridge", task_id="a" * 32, **definition):
        task = TaskOrder(
            task_id=task_id,
            task_arn=f"arn:aws:ecs:us-east-1:123456789012:task/shop/{task_id}",
            cluster="shop",
            region="us-east-1",
            service="shop-dev-web-service",
            family="shop-web",
            revision=7,
            zone="us-east-1b",
            instance_id="i-1",
            address="i-1",
            network_mode=network_mode,
            tags={"tinystacks:service": "web"},
        )
        settings = {
            "name": "web",
            "image": "web@sha256:1",
            "cpu": 256,
            "memory": 512,
            "portMappings": [{"containerPort": 8080, "hostPort": 0}],
            "environment": [{"name": "TINYSTACKS_SIMULATE", "value": simulate}],
        } | definition
        self.runtime.start(task, (ContainerOrder(name="web", definition=settings),))
        return task

    def next(self, kind):
        while True:
            event = self.events.get(timeout=10)
            if isinstance(event, kind):
                return event


def url(started, port=8080):
    host, real = started.addresses[port]
    return f"http://{host}:{real}/any/path"


def test_a_task_says_who_it_is_on_every_path(world):
    task = world.start()
    started = world.next(Started)
    assert started.host_ports == {8080: started.addresses[8080][1]}
    status, text = fetch(url(started))
    assert status == 200
    assert json.loads(text) == {
        "service": "web",
        "task": task.task_id,
        "revision": 7,
        "container": "web",
        "image": "web@sha256:1",
        "zone": "us-east-1b",
        "instance": "i-1",
    }


def test_p7_ports_as_each_network_mode_tells_them(world):
    """Source: ECS agent, config_unix.go, README; API PortMapping."""
    world.start(network_mode="awsvpc", portMappings=[{"containerPort": 80}])
    assert world.next(Started).host_ports == {80: 80}
    world.start(task_id="b" * 32, portMappings=[{"containerPort": 80, "hostPort": 8081}])
    started = world.next(Started)
    assert started.host_ports == {80: 8081}
    assert started.addresses[80][1] != 8081
    world.start(task_id="c" * 32, portMappings=[])
    assert world.next(Started).host_ports == {}


@pytest.mark.parametrize(
    ("simulate", "exit_code"), [("", 0), ("unhealthy", 0), ("slow:600", 0), ("crash:1", 1), ("exit:1", 0)]
)
def test_a_task_that_runs_once_ends_whatever_its_service_rehearses(world, simulate, exit_code):
    environment = [{"name": VARIABLE, "value": simulate}, {"name": ONE_OFF_VARIABLE, "value": "2"}]
    world.start(environment=environment)
    assert world.next(Stopped).exit_code == exit_code


def test_stop_is_exit_code_0_and_the_port_is_free(world):
    task = world.start()
    started = world.next(Started)
    world.runtime.stop(task.task_id, ("web",), 30)
    assert world.next(Stopped) == Stopped(task_id=task.task_id, container="web", exit_code=0)
    with pytest.raises(OSError, match="refused"):
        fetch(url(started))


def test_stop_before_the_start_and_of_something_unknown_have_no_exit_code(world):
    task = world.start()
    world.runtime.stop(task.task_id, ("web",), 30)
    assert world.next(Stopped).exit_code is None
    world.runtime.stop("f" * 32, ("web",), 30)
    assert world.next(Stopped).exit_code is None


def test_t25_what_ignores_sigterm_is_killed_after_the_timeout(world):
    """Source: API StopTask, ContainerDefinition."""
    task = world.start("ignore-sigterm")
    world.next(Started)
    asked = world.clock.now()
    world.runtime.stop(task.task_id, ("web",), 20)
    assert world.next(Stopped).exit_code == 137
    assert world.clock.now() - asked >= 20


def test_crash_ends_before_it_runs(world):
    world.start("crash")
    event = world.next((Started, Stopped))
    assert isinstance(event, Stopped)
    assert event.exit_code == 1


def test_crash_after_a_while_and_exit(world):
    world.start("crash:5")
    world.next(Started)
    assert world.next(Stopped).exit_code == 1
    world.start("exit:5")
    world.next(Started)
    assert world.next(Stopped).exit_code == 0


def test_l15_slow_answers_503_until_its_time_has_come(world):
    """Source: developer guide, service-throttle-logic."""
    asked = world.clock.now()
    world.start("slow:40")
    started = world.next(Started)
    assert fetch(url(started))[0] == 503
    eventually(lambda: fetch(url(started))[0] == 200, what="the first 200", seconds=10)
    assert world.clock.now() - asked >= 40


def test_t11_health_of_the_container(world):
    """Source: API HealthCheck."""
    world.start("unhealthy", healthCheck={"command": ["CMD", "true"], "interval": 5, "retries": 2})
    started = world.next(Started)
    assert fetch(url(started))[0] == 503
    assert world.next(Health).status == "UNHEALTHY"
    world.start(task_id="b" * 32, healthCheck={"command": ["CMD", "true"], "interval": 5})
    assert world.next(Health).status == "HEALTHY"


def test_t21_an_image_that_cannot_be_pulled(world):
    """Source: ECS agent, errors.go; developer guide, stopped-task-error-codes."""
    world.start("pull-error")
    assert world.next(PullFailed).message.startswith("CannotPullContainerError: ")


def test_requests_are_log_lines_but_health_checks_are_not(world):
    world.start()
    started = world.next(Started)
    fetch(url(started))
    lines = [world.next(LogLine).text]
    assert any("GET /any/path 200" in line for line in lines)


def test_usage_is_small_or_what_was_asked_for(world):
    idle = world.start()
    world.next(Started)
    busy = world.start("cpu:90", task_id="b" * 32)
    world.next(Started)
    usage = world.runtime.usage((idle.task_id, busy.task_id, "c" * 32))
    assert usage[busy.task_id].cpu_units == pytest.approx(0.9 * 256)
    assert 0 < usage[idle.task_id].cpu_units < 0.1 * 256
    assert 0 < usage[idle.task_id].memory_mib < 512
    assert set(usage) == {idle.task_id, busy.task_id}


def test_when_an_instance_is_gone_its_tasks_are_silent(world):
    task = world.start()
    started = world.next(Started)
    world.runtime.instance_gone((task.task_id,))
    world.runtime.stop(task.task_id, ("web",), 5)
    assert world.next(Stopped).exit_code is None
    with pytest.raises(OSError, match="refused"):
        fetch(url(started))


def test_every_behaviour_of_the_table_is_one_that_is_tested():
    text = Path(__file__).read_text(encoding="utf-8")
    named = [line.split("`")[1] for line in (simulated.__doc__ or "").splitlines() if line.startswith("| `")]
    assert len(named) >= 7
    for one in named:
        assert f'"{one.partition(":")[0]}' in text


@pytest.mark.parametrize("turns", range(5))
def test_a_connection_that_comes_while_its_container_ends_is_closed(world, turns):
    task = world.start()
    address = world.next(Started).addresses[8080]
    with socket.socket() as connection:
        connection.settimeout(5)

        async def meet():
            # Whatever the loop has made of the connection by then: nothing, a task, or a conversation.
            connection.connect(address)
            for _ in range(turns):
                await asyncio.sleep(0)
            world.runtime.instance_gone((task.task_id,))

        world.loop.call(meet())
        try:
            assert connection.recv(1) == b""
        except ConnectionResetError:
            return

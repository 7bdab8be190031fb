"""Entering containers, held by real ones and by the simulated runtime alike; and `tstack exec` on a terminal (I5)."""

from __future__ import annotations

import asyncio
import queue
import time

import pytest

from tests.fakes.local_stage import eventually
from tests.fakes.podman import IMAGE, shell
from tests.fakes.secrets import NoSecrets
from tinystacks.local.clock import SpeededClock
from tinystacks.local.loop_thread import LoopThread
from tinystacks.local.runtime.base import ContainerOrder, Started, Stopped, TaskOrder
from tinystacks.local.runtime.docker import DockerRuntime
from tinystacks.local.runtime.docker_exec import DockerDoor
from tinystacks.local.runtime.docker_labels import Owner
from tinystacks.local.runtime.simulated import SimulatedRuntime
from tinystacks.local.sessions.process import EnterError

TASK = "a" * 32
SCRIPT = (
    "trap 'exit 0' TERM; mkdir -p /tmp/www; echo here > /tmp/www/index.html; "
    "/bin/busybox httpd -p 8080 -h /tmp/www; while :; do sleep 0.2; done"
)


class Container:
    """One running container, the way into it, and how to end it."""

    def __init__(self, loop, door, runtime_id, end):
        self.loop = loop
        self.door = door
        self.runtime_id = runtime_id
        self.end = end

    def run(self, coroutine):
        return self.loop.call(coroutine, timeout_seconds=60)

    def enter(self, *command):
        return self.run(self.door.enter(self.runtime_id, command))

    def read_until(self, process, words):
        async def read():
            said = b""
            while words not in said:
                data = await process.read()
                assert data, f"ended before {words!r}: {said!r}"
                said += data
            return said

        return self.run(read())

    def rest(self, process):
        async def read():
            said = b""
            while data := await process.read():
                said += data
            return said.decode()

        return self.run(read())


@pytest.fixture(scope="module", params=["simulated", "docker"])
def container(request):
    loop = LoopThread("test-loop")
    loop.start()
    definition = {
        "name": "web",
        "image": IMAGE,
        "memory": 64,
        "portMappings": [{"containerPort": 8080}],
        "environment": [{"name": "GREETING", "value": "hello there"}],
        **shell(SCRIPT),
    }
    definition["user"] = "1000"
    events = queue.Queue()
    clock = SpeededClock(1)
    if request.param == "simulated":
        runtime = door = SimulatedRuntime(loop, clock, events.put)
    else:
        engine = request.getfixturevalue("container_engine")
        owner = Owner(instance_id=f"exec-{time.monotonic_ns()}")
        runtime = DockerRuntime(engine, owner=owner, secrets=NoSecrets(), clock=clock, report=events.put)
        door = DockerDoor(engine)
    order = (ContainerOrder(name="web", definition=definition),)
    runtime.start(task_order(definition), order)
    while not isinstance(event := events.get(timeout=60), Started):
        if isinstance(event, Stopped):
            # Podman takes a port that it found free a moment before, as others may do meanwhile.
            assert "address already in use" in event.reason, event
            runtime.start(task_order(definition), order)
    yield Container(loop, door, event.runtime_id, lambda: runtime.stop(TASK, ("web",), 1))
    runtime.close()
    loop.stop()


def task_order(definition):
    return TaskOrder(
        task_id=TASK,
        task_arn=f"arn:aws:ecs:us-east-1:123456789012:task/shop/{TASK}",
        cluster="shop",
        region="us-east-1",
        service="web",
        family="shop-web",
        revision=1,
        zone="us-east-1a",
        instance_id="i-1",
        address="i-1",
        network_mode="bridge",
        document={"containerDefinitions": [definition]},
    )


def test_a_command_runs_and_gives_output_and_exit_code(container):
    process = container.enter("/bin/sh", "-c", "echo $GREETING")
    assert container.rest(process) == "hello there\r\n"
    assert container.run(process.exit_code()) == 0
    failed = container.enter("/bin/sh", "-c", "exit 4")
    assert container.rest(failed) == ""
    assert container.run(failed.exit_code()) == 4
    container.run(process.close())
    container.run(failed.close())


def test_a_shell_has_a_terminal_that_echoes_and_takes_ctrl_c(container):
    process = container.enter("/bin/sh")
    container.read_until(process, b"# ")
    container.run(process.write(b"echo one $GREETING\r"))
    container.read_until(process, b"one hello there\r\n")
    container.run(process.write(b"half a line\x03"))
    container.read_until(process, b"^C")
    container.run(process.write(b"exit 7\r"))
    container.rest(process)
    assert container.run(process.exit_code()) == 7
    container.run(process.close())


def test_i5_ctrl_d_ends_a_shell(container):
    process = container.enter("/bin/sh")
    container.read_until(process, b"# ")
    container.run(process.write(b"\x04"))
    container.rest(process)
    assert container.run(process.exit_code()) == 0
    container.run(process.close())


def test_a_container_without_the_program_says_so_as_the_agent_does(container):
    # Engines tell it on the terminal, after the start.
    async def start():
        process = await container.door.enter(container.runtime_id, ("bash-9",))
        try:
            await process.read()
        finally:
            await process.close()

    with pytest.raises(EnterError, match="fork/exec bash-9: no such file or directory"):
        container.run(start())


def test_a_port_of_a_container_is_reached(container):
    async def ask():
        host, port = await container.door.port_address(container.runtime_id, 8080)
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        answer = await reader.read(15)
        writer.close()
        await writer.wait_closed()
        return answer

    def look():
        try:
            return container.run(ask()) or None
        except ConnectionError:
            return None

    assert eventually(look, what="an answer", seconds=20).startswith(b"HTTP/1.")


@pytest.mark.parametrize("container", ["docker"], indirect=True, scope="module")
def test_i5_a_real_session_is_root_and_its_terminal_has_the_size_it_was_told(container):
    process = container.enter("/bin/sh")
    container.read_until(process, b"# ")
    container.run(process.resize(132, 50))
    container.run(process.write(b"/bin/busybox id -u; /bin/busybox stty size; echo $TERM\r"))
    said = container.read_until(process, b"xterm-256color\r\n")
    assert b"0\r\n50 132\r\n" in said
    container.run(process.write(b"exit\r"))
    container.rest(process)
    container.run(process.close())


@pytest.mark.parametrize("container", ["docker"], indirect=True, scope="module")
def test_what_is_written_at_once_is_not_lost(container):
    for number in range(5):
        process = container.enter("/bin/sh", "-c", f"echo {number}")
        assert container.rest(process) == f"{number}\r\n"
        container.run(process.close())


def test_a_session_ends_with_its_container(container):
    process = container.enter("/bin/sh")
    container.read_until(process, b"# ")
    container.end()
    container.rest(process)
    assert container.run(process.exit_code()) != 0
    container.run(process.close())
    with pytest.raises(EnterError):
        eventually(lambda: container.enter("/bin/sh") is None, what="the container is gone", seconds=10)

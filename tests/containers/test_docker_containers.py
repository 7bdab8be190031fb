"""What a container definition asks for, as the container itself sees it."""

from __future__ import annotations

import gc
import queue
import time
from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.local_stage import eventually
from tests.fakes.podman import IMAGE, SERVE, container_ids, load_image, shell
from tests.fakes.secrets import NoSecrets
from tinystacks.local.clock import SpeededClock
from tinystacks.local.runtime.base import ContainerOrder, LogLine, Started, Stopped, TaskOrder
from tinystacks.local.runtime.container_end import OUT_OF_MEMORY
from tinystacks.local.runtime.docker import DockerRuntime
from tinystacks.local.runtime.docker_labels import INSTANCE, TASK, Owner

TASK_ID = "a" * 32
ASK = "Is the docker daemon running?"


@pytest.fixture
def world(container_engine):
    made = World(container_engine)
    yield made
    made.runtime.close()
    label = f"{INSTANCE}={made.owner.instance_id}"
    eventually(lambda: not container_ids(container_engine, label), what="nothing left")


class World:
    def __init__(self, engine):
        self.engine = engine
        self.events = queue.Queue()
        self.owner = Owner(instance_id=f"containers-{time.monotonic_ns()}")
        self.runtime = DockerRuntime(
            engine,
            owner=self.owner,
            secrets=NoSecrets({"/shop/db": "postgres://db"}),
            clock=SpeededClock(1),
            report=self.events.put,
        )

    def start(self, *definitions, network_mode="bridge", instance_id="i-1", image_digest="", **document):
        task = TaskOrder(
            task_id=TASK_ID,
            task_arn=f"arn:aws:ecs:us-east-1:123456789012:task/shop/{TASK_ID}",
            cluster="shop",
            region="us-east-1",
            service="web",
            family="shop-web",
            revision=7,
            zone="us-east-1b",
            instance_id=instance_id,
            address="i-1",
            network_mode=network_mode,
            document={"containerDefinitions": list(definitions), **document},
        )
        orders = tuple(
            ContainerOrder(name=one["name"], definition=one, image_digest=image_digest) for one in definitions
        )
        self.runtime.start(task, orders)

    def until_stopped(self, name="web"):
        """Lines of a container, and its end."""
        lines = []
        while True:
            event = self.events.get(timeout=30)
            if event.container != name:
                continue
            if isinstance(event, LogLine):
                lines.append(event.text)
            if isinstance(event, Stopped):
                return lines, event

    def inspect(self):
        [found] = container_ids(self.engine, f"{TASK}={TASK_ID}")
        with self.engine.client() as client:
            return client.inspect_container(found)


@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
def test_a_task_that_starts_while_the_engine_is_away_says_so_and_the_next_one_runs(container_engine, tmp_path):
    """Docker's own words (Go client, ErrorConnectionFailed); its Python client leaves the socket that failed."""
    socket = tmp_path / "engine.sock"
    real = container_engine.url.removeprefix("unix://")
    socket.symlink_to(real)
    world = World(replace(container_engine, url=f"unix://{socket}"))
    try:
        socket.unlink()
        world.start(definition("echo never"))
        _, end = world.until_stopped()
        assert end.exit_code is None
        assert (
            end.reason == f"CannotCreateContainerError: Cannot connect to the Docker daemon at unix://{socket}. {ASK}"
        )
        socket.symlink_to(real)
        world.start(definition("echo again"))
        assert world.until_stopped()[0] == ["again"]
    finally:
        world.runtime.close()
        gc.collect()
    label = f"{INSTANCE}={world.owner.instance_id}"
    eventually(lambda: not container_ids(container_engine, label), what="nothing left")


def definition(script, name="web", **more) -> dict[str, Any]:
    return {"name": name, "image": IMAGE, "cpu": 128, "memory": 32, "essential": True, **shell(script), **more}


def test_t23_environment_and_secrets_reach_the_program_and_a_lost_secret_keeps_it_from_starting(world):
    environment = [{"name": "COLOUR", "value": "blue"}]
    secrets = [{"name": "DB", "valueFrom": "/shop/db"}]
    world.start(definition("echo $COLOUR $DB $AWS_EXECUTION_ENV", environment=environment, secrets=secrets))
    assert world.until_stopped()[0] == ["blue postgres://db AWS_ECS_EC2"]
    world.start(definition("echo never", secrets=[{"name": "DB", "valueFrom": "/not/there"}]))
    lines, end = world.until_stopped()
    assert (lines, end.exit_code) == ([], None)
    assert end.reason.startswith("ResourceInitializationError: ")


def test_d17_a_tag_that_moved_means_to_later_tasks_what_it_meant_to_the_first(world):
    """ECS developer guide, deployment-type-ecs, container image resolution."""
    image = load_image(world.engine, "moving")
    look = definition("test -e /bin/second && echo second || echo first; sleep 2", image=image)

    def ran(digest=""):
        world.start(look, image_digest=digest)
        seen = [world.events.get(timeout=30)]
        while not isinstance(seen[-1], Stopped):
            seen.append(world.events.get(timeout=30))
        [started] = [one for one in seen if isinstance(one, Started)]
        return started.image_digest, [one.text for one in seen if isinstance(one, LogLine)]

    before, lines = ran()
    assert lines == ["first"]
    load_image(world.engine, "moving", programs=("busybox", "sh", "second"))
    assert ran(before) == (before, ["first"])
    after, lines = ran()
    assert lines == ["second"]
    assert after != before


def test_both_streams_and_a_last_line_without_an_end_are_read(world):
    world.start(definition("echo out; echo err >&2; printf last; exit 3"))
    lines, end = world.until_stopped()
    assert sorted(lines) == ["err", "last", "out"]
    assert end.exit_code == 3


def test_user_folder_and_a_root_that_is_read_only(world):
    script = "id -u; pwd; touch /file 2>/dev/null || echo read-only; touch /scratch/file && echo scratch"
    tmpfs = {"tmpfs": [{"containerPath": "/scratch", "size": 1, "mountOptions": ["mode=1777"]}]}
    world.start(
        definition(script, user="1000", workingDirectory="/tmp", readonlyRootFilesystem=True, linuxParameters=tmpfs)
    )
    assert world.until_stopped()[0] == ["1000", "/tmp", "read-only", "scratch"]


def test_an_init_process_that_the_engine_lacks_does_not_keep_a_container_from_starting(world):
    world.start(definition("echo runs", linuxParameters={"initProcessEnabled": True}))
    assert world.until_stopped()[0] == ["runs"]


def test_p5_cpu_is_a_share_and_memory_a_limit(world):
    world.start(definition("sleep 60", memoryReservation=16))
    while not isinstance(world.events.get(timeout=20), Started):
        pass
    host = world.inspect()["HostConfig"]
    assert (host["CpuShares"], host["Memory"], host["MemoryReservation"]) == (128, 32 * 2**20, 16 * 2**20)


def test_t22_memory_over_the_limit_is_exit_code_137_and_out_of_memory(world):
    world.start(definition("x=a; while :; do x=$x$x; done", essential=False))
    _, end = world.until_stopped()
    assert (end.exit_code, end.reason) == (137, OUT_OF_MEMORY)


def test_links_give_a_sidecar_a_name_on_the_bridge(world):
    sidecar = definition(SERVE, name="side", environment=[{"name": "GREETING", "value": " from the side"}])
    script = "for i in 1 2 3 4 5 6 7 8 9; do wget -q -O - http://helper:8080/ && exit 0; sleep 0.3; done; exit 1"
    world.start(definition(script, links=["side:helper"], essential=False), sidecar)
    lines, end = world.until_stopped()
    assert end.exit_code == 0
    assert lines[-1].endswith("from the side")


@pytest.mark.parametrize("network_mode", ["awsvpc", "host"])
def test_containers_of_one_network_share_localhost_whichever_of_them_ended_first(world, network_mode):
    first = definition("exit 0", name="first", essential=False)
    sidecar = definition(SERVE, name="side", portMappings=[{"containerPort": 8080}])
    world.start(first, network_mode=network_mode)
    world.until_stopped("first")
    script = "for i in 1 2 3 4 5 6 7 8 9; do wget -q -O - http://127.0.0.1:8080/ && exit 0; sleep 0.3; done; exit 1"
    world.start(sidecar, definition(script, essential=False), network_mode=network_mode)
    assert world.until_stopped()[1].exit_code == 0


def test_volumes_are_shared_by_the_containers_of_a_task(world):
    mount = [{"sourceVolume": "data", "containerPath": "/data"}]
    writer = definition("echo kept > /data/file", name="writer", essential=False, mountPoints=mount)
    world.start(writer, volumes=[{"name": "data"}])
    assert world.until_stopped("writer")[1].exit_code == 0
    world.start(definition("cat /data/file", essential=False, mountPoints=mount), volumes=[{"name": "data"}])
    assert world.until_stopped()[0] == ["kept"]


def test_a_program_that_is_not_there_cannot_start(world):
    world.start(definition("", entryPoint=["/not/there"], command=[]))
    _, end = world.until_stopped()
    assert end.exit_code is None
    assert end.reason.startswith("CannotStartContainerError: Error response from daemon: ")


def test_t27_a_container_that_somebody_removes_has_ended(world):
    world.start(definition(SERVE))
    while not isinstance(world.events.get(timeout=20), Started):
        pass
    with world.engine.client() as client:
        client.remove_container(world.inspect()["Id"], force=True)
    assert world.until_stopped()[1].exit_code in {None, 0, 137}


def test_a_program_that_needs_long_to_end_gets_its_time_and_its_own_exit_code(world):
    """Podman says `Running: false, ExitCode: 0` as long as a container is being stopped."""
    world.start(definition("trap 'sleep 13; echo drained; exit 7' TERM; echo up; sleep 600 & wait"))
    while not isinstance(event := world.events.get(timeout=20), LogLine):
        pass
    assert event.text == "up"
    world.runtime.stop(TASK_ID, ("web",), 40)
    lines, end = world.until_stopped()
    assert (lines, end.exit_code) == (["drained"], 7)

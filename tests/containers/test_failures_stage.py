"""Bad versions and lost machines on real containers: what `up` says, and who goes on serving."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.command_line import CommandLine, Ran, a_user
from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_stage import eventually, fetch
from tests.fakes.podman import IMAGE, container_ids
from tests.fakes.poller import Poller
from tinystacks.local.process import LocalAws
from tinystacks.local.runtime.docker_labels import HOME
from tinystacks.local.target import LocalTarget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinystacks.local.runtime.docker_engine import Engine

SPEED = 60
WAITING_SPEED = 240
"""A task waits 15 simulated minutes for an instance before ECS gives it up (rule C21)."""
SERVE = (
    "trap 'exit 0' TERM; mkdir -p /tmp/www; echo $HOSTNAME > /tmp/www/index.html; "
    "/bin/busybox httpd -f -p 8080 -h /tmp/www & wait"
)
GOOD: dict[str, Any] = {
    "image": IMAGE,
    "entry_point": ["/bin/busybox", "sh", "-c"],
    "command": [SERVE],
    "port": 8080,
    "memory": 700,
    "stop_timeout": 5,
    "health_check": {"path": "/", "interval": 10, "timeout": 5, "grace_period": 30},
    "tasks": {"min": 2, "max": 4},
    "rolling_update": {"deadline": 120},
}


@dataclass(slots=True)
class Stage:
    """A user with a deployed stage of real containers."""

    user: CommandLine
    endpoint: str = ""

    @property
    def local(self) -> LocalAws:
        return LocalAws(home=self.user.local_home)

    def client(self, service: str) -> Any:
        status = self.local.status()
        assert status is not None
        return LocalTarget(status, "us-east-1").client(service)

    def write(self, **changed: Any) -> None:
        file = {
            "name": "shop",
            "services": {"web": {**GOOD, **changed}},
            "compute": {"instance_types": ["t3.small"], "instances": {"min": 2, "max": 4}},
        }
        self.user.write(json.dumps(file))

    def up(self, **changed: Any) -> Ran:
        self.write(**changed)
        return self.user.run("up", "--local", "--yes", "--json", "--runtime", "docker")

    def status(self) -> dict[str, Any]:
        return self.user.run("status", "--local", "--json").document

    def zones(self) -> dict[str, int]:
        """Running tasks per zone."""
        ecs = self.client("ecs")
        arns = ecs.list_tasks(cluster="shop-dev")["taskArns"]
        found: dict[str, int] = {}
        for one in ecs.describe_tasks(cluster="shop-dev", tasks=arns)["tasks"] if arns else []:
            if one["lastStatus"] == "RUNNING":
                found[one["availabilityZone"]] = found.get(one["availabilityZone"], 0) + 1
        return found

    def unhealthy(self) -> bool:
        elb = self.client("elbv2")
        states = [
            one["TargetHealth"]["State"]
            for group in elb.describe_target_groups()["TargetGroups"]
            for one in elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
        ]
        return any(state != "healthy" for state in states)


@pytest.fixture(scope="module")
def stage(container_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    user = a_user(
        tmp_path_factory.mktemp("failing"),
        TINYSTACKS_ENGINE=str(engine_or_skip().path),
        DOCKER_HOST=container_engine.url,
    )
    assert user.run("local", "start", "--runtime", "docker", "--speed", str(SPEED)).code == 0
    made = Stage(user)
    first = made.up()
    assert (first.code, first.document["result"]) == (0, "steady"), first.err
    made.endpoint = first.document["endpoint"]
    yield made
    user.run("local", "stop")


def refused(stage: Stage, **changed: Any) -> dict[str, Any]:
    """Deploy a bad version: exit 4, the old one serves all the time; the cause."""
    before = stage.status()["services"][0]["task_definition"]
    began = time.monotonic()
    with Poller(stage.endpoint) as poller:
        done = stage.up(**changed)
    assert done.code == 4, done.err + done.out
    assert time.monotonic() - began < GOOD["rolling_update"]["deadline"] + 30
    assert done.document["result"] == "rolled_back", done.out
    assert poller.failures == []
    assert len(poller.answers) > 10
    assert stage.status()["services"][0]["task_definition"] == before
    (cause,) = done.document["causes"]
    assert cause["service"] == "web"
    assert cause["advice"]
    return cause


def test_b1_a_version_that_crashes_at_start_is_told_with_exit_code_and_last_lines(stage: Stage):
    cause = refused(stage, command=["echo no configuration found >&2; exit 3"])
    assert (cause["reason"], cause["exit_code"]) == ("exited", 3)
    assert "last lines of output" in cause["advice"]
    assert cause["log_tail"] == ["no configuration found"]
    assert cause["count"] >= 3


def test_t21_an_image_that_does_not_exist_is_told_as_such(stage: Stage):
    cause = refused(stage, image="127.0.0.1:1/nowhere/web:2")
    assert cause["reason"] == "image-pull"
    assert cause["message"].startswith("CannotPullContainerError: ")
    assert "the image exists" in cause["advice"]


def test_l15_a_version_that_never_gets_healthy_is_told_with_the_check(stage: Stage):
    cause = refused(stage, command=[SERVE.replace("index.html", "other.html")])
    assert cause["reason"] == "load-balancer-health-check"
    assert "`health_check.path`" in cause["advice"]


def test_a_version_too_big_for_every_instance_is_refused_before_anything_starts(stage: Stage):
    with Poller(stage.endpoint) as poller:
        done = stage.up(memory=3000)
    stage.write()
    assert done.code == 2
    [problem] = done.document["error"]["problems"]
    assert problem["field"] == "services.web.memory"
    assert "t3.small" in problem["message"]
    assert poller.failures == []


def test_c21_t20_a_version_that_finds_no_room_is_told_with_what_lacks(stage: Stage):
    """The third instance that it needs cannot be had."""
    stage.local.break_("capacity", "ec2")
    stage.local.set_speed(WAITING_SPEED)
    try:
        cause = refused(stage, memory=1500)
    finally:
        stage.local.set_speed(SPEED)
        stage.local.mend()
    assert cause["reason"] == "no-room"
    assert "RESOURCE:MEMORY; EC2: We currently do not have sufficient t3" in cause["message"]
    assert "`memory`" in cause["advice"]


@pytest.mark.parametrize("kind", ["instance", "zone"])
def test_z8_c5_what_is_lost_is_replaced_elsewhere_and_requests_succeed_once_it_is_noticed(stage: Stage, kind: str):
    stage.up()
    eventually(lambda: len(stage.zones()) == 2, what="two zones in use", seconds=60)
    gone = min(stage.zones())
    stage.local.break_(kind, gone if kind == "zone" else "")
    eventually(stage.unhealthy, what="the balancer notices", seconds=30)

    def recovered():
        return (sum(stage.zones().values()) == 2 and not stage.unhealthy()) or None

    with Poller(stage.endpoint) as poller:
        eventually(recovered, what="two healthy tasks", seconds=90)
        stage.local.mend()
        eventually(lambda: sorted(stage.zones().values()) == [1, 1], what="one task in each of two zones", seconds=120)
    assert len(poller.answers) > 10
    assert poller.failures == []


def test_a_killed_local_aws_leaves_nothing_and_the_next_up_is_clean(stage: Stage, container_engine: Engine):
    home = str(stage.user.local_home)
    before = stage.local.status()
    assert before is not None
    left = container_ids(container_engine, f"{HOME}={home}")
    assert left
    os.kill(before.pid, signal.SIGKILL)
    eventually(lambda: stage.local.status() is None, what="a dead server", seconds=10)
    with pytest.raises(OSError, match="refused"):
        fetch(stage.endpoint)
    done = stage.up()
    assert (done.code, done.document["result"]) == (0, "steady"), done.err
    assert "had ended without being stopped; everything in it is gone" in done.err
    now = set(container_ids(container_engine, f"{HOME}={home}"))
    assert now.isdisjoint(left)
    assert fetch(done.document["endpoint"])[0] == 200

"""`tstack instances`: a stage keeps its machine image until it is moved, without interruption (F1, F4, F5).

Sources: ECS developer guide, retrieve-ecs-optimized_AMI and managed-instance-draining; EC2 Auto Scaling user guide,
asg-instance-refresh.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.fakes.command_line import CommandLine, a_user
from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_deploying_child import local_deployment
from tests.fakes.local_stage import eventually, fetch
from tinystacks.deployment.ending import InterruptedWaitError
from tinystacks.deployment.ends import Result
from tinystacks.deployment.instance_refresh import newest_refresh
from tinystacks.deployment.machine_image import MachineImageError, instances_of
from tinystacks.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tinystacks.deployment.deployment import Deployment
    from tinystacks.deployment.events import Event
    from tinystacks.local.process import LocalAws

_PARAMETERS = "/aws/service/ecs/optimized-ami"
FILE = """\
name: hello
services:
  web: {image: example/web:1, port: 80}
stages: {dev: {}, fast: {compute: {kind: fargate}}}
"""


def parameter(deployment: Deployment, name: str) -> str:
    found = deployment.target.client("ssm").get_parameter(Name=f"{_PARAMETERS}/{name}/image_id")
    return str(found["Parameter"]["Value"])


def recommended(deployment: Deployment) -> str:
    return parameter(deployment, "amazon-linux-2023/recommended")


def another(deployment: Deployment) -> str:
    """An image for the same CPUs that the stage does not run."""
    return parameter(deployment, "amazon-linux-2/recommended")


@dataclass(frozen=True)
class Stage:
    deployment: Deployment
    workspace: Path
    home: Path

    def again(self) -> Deployment:
        """The same stage for another command, which shares nothing but the folder."""
        return local_deployment(self.workspace, self.home, engine_or_skip().path)


@pytest.fixture
def stage(server: LocalAws, tmp_path: Path) -> Stage:
    del server  # It has to run; its home is known.
    home = tmp_path / "home"
    deployment = local_deployment(tmp_path, home, engine_or_skip().path)
    assert deployment.up().result is Result.STEADY
    return Stage(deployment, tmp_path, home)


def running_images(deployment: Deployment) -> set[str]:
    return {one.ami_id for one in deployment.instances().images().instances}


def test_f1_f4_f5_the_stage_moves_to_another_image_without_interruption_and_can_go_back(stage: Stage):
    deployment = stage.deployment
    first, wanted = recommended(deployment), another(deployment)
    before = {one.id for one in deployment.instances().images().instances}
    assert running_images(deployment) == {first}
    endpoint = deployment.outputs().endpoint
    answers: list[int] = []
    over = threading.Event()

    def visit() -> None:
        while not over.wait(0.05):
            answers.append(fetch(endpoint)[0])

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        plan = deployment.instances().plan(wanted)
        moved = deployment.instances().update(plan)
    finally:
        over.set()
        visitor.join()

    assert (plan.before.id, plan.after.id, {one.id for one in plan.old}) == (first, wanted, before)
    assert (moved.result, moved.release, moved.left) == (Result.STEADY, 2, ())
    assert moved.refresh is not None
    assert moved.refresh.status == "Successful"
    assert len(answers) > 1
    assert set(answers) == {200}
    now = deployment.instances().images()
    assert {one.ami_id for one in now.instances} == {wanted}
    assert not before & {one.id for one in now.instances}
    assert (now.image.id, now.recommended.id, [one.id for one in now.former]) == (wanted, first, [first])
    newest = deployment.releases()[0]
    assert (newest.number, newest.message) == (2, f"machine image {wanted} instead of {first}")

    # An `up` keeps it, though another one is recommended.
    assert stage.again().preview().changes.total == 0
    assert stage.again().up().result is Result.UNCHANGED
    back = stage.again().instances()
    assert back.update(back.plan(first)).result is Result.STEADY
    assert running_images(deployment) == {first}
    assert back.update(back.plan()).result is Result.UNCHANGED


def test_f1_a_cancelled_refresh_leaves_the_rest_and_the_next_update_replaces_them(stage: Stage, server: LocalAws):
    instances, wanted = stage.deployment.instances(), another(stage.deployment)
    group, client = stage.deployment.outputs().auto_scaling_group, stage.deployment.target.client
    server.set_speed(20)  # a quarter of a minute from one instance to the next
    ended: list[Result] = []
    mover = threading.Thread(target=lambda: ended.append(instances.update(instances.plan(wanted)).result))
    mover.start()
    other = stage.again().instances()

    def half() -> bool:
        refresh = newest_refresh(client("autoscaling"), group)
        left = [one for one in instances_of(client, group) if one.ami_id != wanted]
        return bool(refresh and refresh.under_way and len(left) == 1)

    eventually(half, what="one of two instances replaced", seconds=120)
    stopped = other.cancel()
    mover.join()
    server.set_speed(60)
    assert ended == [Result.FAILED]
    assert stopped.refresh is not None
    assert (stopped.refresh.status, stopped.image.id) == ("Cancelled", wanted)
    assert len(stopped.left) == 1

    plan = other.plan(wanted)
    assert [one.id for one in plan.old] == [one.id for one in stopped.left]
    done = other.update(plan)
    assert (done.result, done.left, done.release) == (Result.STEADY, (), 2)
    assert running_images(stage.deployment) == {wanted}
    nothing = other.cancel()
    assert (nothing.result, nothing.refresh) == (Result.UNCHANGED, None)


def test_f1_who_stops_waiting_is_told_how_to_go_on_and_the_next_command_follows(stage: Stage, server: LocalAws):
    deployment, wanted = stage.deployment, another(stage.deployment)
    server.set_speed(20)

    def impatient(event: Event) -> None:
        if "Instance refresh" in str(event):
            deployment.cancel()

    with pytest.raises(InterruptedWaitError, match="goes on without this command") as told:
        deployment.instances().update(deployment.instances().plan(wanted), impatient)
    assert f"tstack instances update dev --local --ami {wanted}" in told.value.hint

    other = stage.again().instances()
    plan = other.plan(wanted)
    assert (plan.before.id, plan.under_way) == (wanted, True)
    server.set_speed(60)
    assert other.update(plan).result is Result.STEADY
    assert running_images(stage.again()) == {wanted}


def test_f1_an_image_that_does_not_fit_is_refused_and_nothing_moves(stage: Stage):
    instances = stage.deployment.instances()
    arm = parameter(stage.deployment, "amazon-linux-2023/arm64/recommended")
    with pytest.raises(MachineImageError, match=r"is for arm64, and t3\.\w+ is x86_64"):
        instances.plan(arm)
    with pytest.raises(MachineImageError, match="no machine image ami-00000000000000000 in us-east-1"):
        instances.plan("ami-00000000000000000")
    named = local_deployment(
        stage.workspace, stage.home, engine_or_skip().path, compute={"ami": another(stage.deployment)}
    )
    assert named.up().result is Result.STEADY
    with pytest.raises(MachineImageError, match="The file names the machine image"):
        named.instances().plan()


def test_f1_a_release_that_does_not_run_is_not_moved(stage: Stage, server: LocalAws):
    server.break_("pull", "web")
    bad = local_deployment(
        stage.workspace,
        stage.home,
        engine_or_skip().path,
        services={"web": {"image": "example/web:bad", "port": 80, "rolling_update": {"deadline": 120}}},
    )
    assert bad.up().result is Result.ROLLED_BACK
    with pytest.raises(MachineImageError, match="Release 2, the last one, is rolled back"):
        bad.instances().plan(another(bad))


def test_f1_the_command_shows_asks_and_tells(server: LocalAws, tmp_path: Path):
    folder = tmp_path / "user"
    folder.mkdir()
    user = a_user(folder, TINYSTACKS_ENGINE=str(engine_or_skip().path), TINYSTACKS_LOCAL_HOME=str(tmp_path / "home"))
    user.write(FILE)
    assert user.run("up", "--local").code == 0
    listed = user.run("instances", "--local")
    assert listed.code == 0
    assert "the recommended one" in listed.out
    document = json.loads(user.run("instances", "--local", "--json").out)
    assert document["machine_image"] == document["recommended"]
    assert [one["ami_id"] for one in document["instances"]] == [document["machine_image"]["id"]] * 2
    again = user.run("instances", "update", "--local")
    assert (again.code, "already" in again.err) == (0, True)
    wrong = user.run("instances", "update", "--local", "--cancel", "--ami", "ami-00000000000000000")
    assert wrong.code == UsageError.exit_code
    unknown = user.run("instances", "update", "--local", "--ami", "ami-00000000000000000")
    assert unknown.code == MachineImageError.exit_code
    assert "`tstack instances dev --local` shows" in unknown.err
    _serverless(user)


def _serverless(user: CommandLine) -> None:
    assert user.run("up", "fast", "--local").code == 0
    refused = user.run("instances", "update", "fast", "--local")
    assert refused.code == UsageError.exit_code
    assert "it runs on Fargate" in refused.err

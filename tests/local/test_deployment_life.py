"""A whole stage with the real engine, the real program and the local AWS."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_deploying_child import local_deployment
from tinystacks.deployment.automation import EngineSession
from tinystacks.deployment.ends import Result
from tinystacks.deployment.engine_place import engine_place
from tinystacks.deployment.events import Notice, ResourceStarted, TasksProgress, Warned
from tinystacks.deployment.leftovers import Sweep
from tinystacks.deployment.state_file import read_state_file
from tinystacks.deployment.work_folder import WorkFolder
from tinystacks.errors import AwsError, LocalAwsError, NotDeployedError, SpecError
from tinystacks.local.process import LocalAws

ROOT = Path(__file__).parents[2]


class Local:
    def __init__(self, home: Path, engine: Path) -> None:
        self.home = home
        self.engine = engine

    def deployment(self, workspace: Path, **overrides):
        return local_deployment(workspace, self.home, self.engine, **overrides)

    def killed(self, operation: str, workspace: Path, at: str) -> str:
        """Run an operation in a process of its own, kill it and its engine at an event, and give what it said."""
        command = [sys.executable, "-m", "tests.fakes.local_deploying_child", operation, str(workspace)]
        with subprocess.Popen(
            [*command, str(self.home), str(self.engine)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            said = ""
            for line in child.stdout:
                said += line
                if at in line:
                    break
            else:
                pytest.fail(f"never came to {at}: {said[-2000:]}")
            lock = workspace / ".tstack" / "local" / "dev" / "lock"
            engine_pid = int(lock.read_text().partition('"engine_pid": ')[2].rstrip("}"))
            child.kill()
            if engine_pid:  # 0 before the first command of the engine
                with suppress(ProcessLookupError):  # between two commands of the engine there is none
                    os.kill(engine_pid, signal.SIGKILL)
        return said

    def left(self, deployment) -> list[str]:
        sweep = Sweep(deployment.target.client, stack="shop", stage="dev")
        found = [f"{item.type} {item.id}" for item in sweep.find()]
        assert sweep.not_read == []
        return found


@pytest.fixture
def local(tmp_path_factory):
    engine = engine_or_skip().path
    home = tmp_path_factory.mktemp("local-home")
    server = LocalAws(home=home)
    server.start("simulated")
    yield Local(home, engine)
    server.stop()


def test_up_is_steady_again_unchanged_answers_and_destroy_leaves_nothing(local, tmp_path):
    deployment = local.deployment(tmp_path)
    events = []
    done = deployment.up(events.append)
    assert done.result is Result.STEADY
    last = [event for event in events if isinstance(event, TasksProgress)][-1]
    assert (last.desired, last.running) == (2, 2)
    outputs = deployment.outputs()
    assert outputs == done.outputs
    assert outputs.services["web"].service_name.startswith("shop-web-service")
    with urlopen(f"{outputs.endpoint}/ping", timeout=10) as answer:
        assert answer.status == 200

    place = engine_place(deployment.stage, deployment.target, WorkFolder(tmp_path, "local", "dev"))
    kept = read_state_file(place)
    assert kept is not None
    assert kept == EngineSession(engine_or_skip(), place).exported_state(), "the file says what the engine says"

    again = deployment.up()
    assert (again.result, again.changes.total) == (Result.UNCHANGED, 0)

    gone = deployment.destroy()
    assert gone.result is Result.DESTROYED
    assert gone.kept == ()
    assert len(gone.removed) == gone.changes.delete
    assert any(words.startswith("task definition ") for words in gone.deregistered), "revisions go with the stage"
    assert local.left(deployment) == []


@pytest.mark.parametrize("at", ["words='subnet", "words='listener"])
def test_a3_sigkill_in_the_middle_of_up_is_told_and_the_next_up_converges(local, tmp_path, at):
    local.killed("up", tmp_path, at)
    deployment = local.deployment(tmp_path)
    with pytest.raises(NotDeployedError, match=r"is not whole: `up` by .*, ended before it was done") as half:
        deployment.outputs()
    assert "`tstack up dev --local` makes it whole; `tstack destroy dev --local` removes" in half.value.hint
    events = []
    done = deployment.up(events.append)
    assert done.result is Result.STEADY
    assert "did not come to its end" in "\n".join(event.message for event in events if isinstance(event, Warned))
    assert deployment.up().result is Result.UNCHANGED
    gone = deployment.destroy()
    assert gone.kept == ()
    assert any(words.startswith("task definition ") for words in gone.deregistered), "revisions go with the stage"
    assert local.left(deployment) == []


def test_when_the_local_aws_dies_in_the_middle_of_up_that_is_the_error_and_the_next_up_starts_anew(local, tmp_path):
    status = LocalAws(home=local.home).status()
    assert status is not None

    def kill_it(event):
        if isinstance(event, ResourceStarted) and "subnet" in event.words:
            with suppress(ProcessLookupError):
                os.kill(status.pid, signal.SIGKILL)

    with pytest.raises(LocalAwsError) as died:
        local.deployment(tmp_path).up(kill_it)
    assert died.value.message == "The local AWS ended during `up`, and everything in it is gone."
    assert died.value.hint == "`tstack up dev --local` starts another one and makes the stage anew."
    LocalAws(home=local.home).start("simulated")
    assert local.deployment(tmp_path).up().result is Result.STEADY


def test_c6_sigkill_in_the_middle_of_destroy_and_the_next_destroy_leaves_nothing(local, tmp_path):
    local.deployment(tmp_path).up()
    local.killed("destroy", tmp_path, "Action.DELETE: 'delete'>, type='aws:lb/loadBalancer")
    deployment = local.deployment(tmp_path)
    with pytest.raises(NotDeployedError, match="is not whole: `destroy` ended before it was done"):
        deployment.outputs()
    assert deployment.repair().whole is False
    assert deployment.destroy().result is Result.DESTROYED
    assert local.left(deployment) == []


def test_c6_a_stage_whose_vpc_is_not_there_is_told_and_can_be_destroyed(local, tmp_path):
    network = {
        "vpc_id": "vpc-0abc123def4567890",
        "public_subnets": ["subnet-0aaaaaaaa", "subnet-0bbbbbbbb"],
    }
    deployment = local.deployment(tmp_path, network=network)
    # The VPC and its subnets are asked for side by side; what answers first is the error.
    with pytest.raises((AwsError, SpecError), match=r"network\.(vpc_id|public_subnets)"):
        deployment.up()
    told = []
    assert deployment.destroy(told.append).result is Result.DESTROYED
    assert "what the file names is not there any more" in "\n".join(
        event.message.lower() for event in told if isinstance(event, Notice)
    )
    with pytest.raises(NotDeployedError, match="is not deployed"):
        deployment.outputs()


def test_c6_up_after_a_destroy_that_was_broken_off_brings_the_tasks_back(local, tmp_path):
    local.deployment(tmp_path).up()
    local.killed("destroy", tmp_path, "Phase.ENGINE")
    deployment = local.deployment(tmp_path)
    events = []
    done = deployment.up(events.append)
    assert done.result is Result.STEADY
    last = [event for event in events if isinstance(event, TasksProgress)][-1]
    assert last.running >= 2
    deployment.destroy()


def test_b17_spot_on_fargate_is_switched_on_by_a_forced_deployment_once(local, tmp_path):
    """Amazon ECS API, UpdateService: another capacity provider strategy needs a forced deployment."""
    assert local.deployment(tmp_path, compute={"kind": "fargate"}).up().result is Result.STEADY
    spot = local.deployment(tmp_path, compute={"kind": "fargate", "spot": {"on_demand_base": 1}})
    planned = {change.name: change.changed for change in spot.preview().planned}
    assert "forceNewDeployment" in planned["shop-web-service"]
    assert spot.up().result is Result.STEADY
    assert spot.up().result is Result.UNCHANGED
    assert spot.destroy().kept == ()


def test_f2_another_instance_type_is_rolled_out_and_the_stage_goes_on(local, tmp_path):
    assert local.deployment(tmp_path).up().result is Result.STEADY
    changed = local.deployment(tmp_path, compute={"instance_types": ["t3.small"], "root_volume_gib": 40})
    told: list[object] = []
    done = changed.up(told.append)
    assert done.result is Result.STEADY
    assert done.changes.update > 0
    notices = [one.message for one in told if isinstance(one, Notice)]
    assert any("The instances are being replaced, one after another" in one for one in notices)
    scaling = changed.target.client("autoscaling")
    (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[done.outputs.auto_scaling_group])[
        "AutoScalingGroups"
    ]
    version = group["LaunchTemplate"]["Version"]
    (template,) = changed.target.client("ec2").describe_launch_template_versions(
        LaunchTemplateId=group["LaunchTemplate"]["LaunchTemplateId"], Versions=[version]
    )["LaunchTemplateVersions"]
    assert template["LaunchTemplateData"]["InstanceType"] == "t3.small"
    assert (changed.up().changes.total, changed.destroy().result) == (0, Result.DESTROYED)

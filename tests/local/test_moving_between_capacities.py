"""A stage moves between EC2 and Fargate when a person accepts the interruption (traps K1, B17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_deploying_child import local_deployment
from tests.fakes.stage_remains import remains
from tinystacks.deployment.ends import Result
from tinystacks.deployment.gate import DowntimeError
from tinystacks.operations.stage_reads import Operations

if TYPE_CHECKING:
    from pathlib import Path

    from tinystacks.deployment.deployment import Deployment

WEB = {
    "image": "nginx:1.27",
    "port": 80,
    "cpu": 256,
    "memory": 512,
    "health_check": {"interval": 5, "timeout": 2},
    "deregistration_delay": 5,
    "stop_timeout": 5,
    "rolling_update": {"deadline": 60},
}


def on(kind: str, folder: Path) -> Deployment:
    engine = engine_or_skip().path
    return local_deployment(folder, folder / "home", engine, services={"web": WEB}, compute={"kind": kind})


def where(deployment: Deployment) -> set[str]:
    outputs = deployment.outputs()
    tasks = Operations(outputs, deployment.target.client).tasks()
    return {task.capacity_provider for task in tasks if task.status == "RUNNING"}


def test_k1_to_fargate_and_back_with_everything_of_the_one_gone_before_the_other_is_done(server, tmp_path):
    first = on("ec2", tmp_path).up()
    assert first.outputs is not None
    ec2, asg = first.outputs.capacity_providers, first.outputs.auto_scaling_group

    with pytest.raises(DowntimeError, match="target group"):
        on("fargate", tmp_path).up()
    moved = on("fargate", tmp_path).up(allow_downtime=True)
    assert (moved.result, moved.release) == (Result.STEADY, 2)
    client = on("fargate", tmp_path).target.client
    assert where(on("fargate", tmp_path)) == {"FARGATE"}
    assert client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[asg])["AutoScalingGroups"] == []
    states = [
        one["status"]
        for one in client("ecs").describe_capacity_providers(capacityProviders=list(ec2))["capacityProviders"]
    ]
    assert "ACTIVE" not in states
    assert on("fargate", tmp_path).up().result is Result.UNCHANGED

    back = on("ec2", tmp_path).up(allow_downtime=True)
    assert back.result is Result.STEADY
    assert back.outputs is not None
    assert where(on("ec2", tmp_path)) == set(back.outputs.capacity_providers)
    again = on("ec2", tmp_path).up()
    assert (again.result, again.changes.total) == (Result.UNCHANGED, 0)
    assert [release.number for release in on("ec2", tmp_path).releases()] == [3, 2, 1]
    assert on("ec2", tmp_path).destroy().kept == ()
    assert remains(client, "shop") == []


def test_k1_instances_stay_while_what_is_to_run_on_fargate_does_not(server, tmp_path):
    assert on("ec2", tmp_path).up().result is Result.STEADY
    server.break_("pull", "web")
    stuck = on("fargate", tmp_path).up(allow_downtime=True)
    assert not stuck.result.good
    assert [cause.reason for cause in stuck.causes] == ["image-pull"]
    asg = on("fargate", tmp_path).target.client("autoscaling")
    assert len(asg.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]) == 2
    server.mend()
    assert on("fargate", tmp_path).up(allow_downtime=True).result is Result.STEADY
    assert where(on("fargate", tmp_path)) == {"FARGATE"}
    assert asg.describe_auto_scaling_groups()["AutoScalingGroups"] == []

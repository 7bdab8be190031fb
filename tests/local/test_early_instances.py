"""Trap D5: instances that registered before the capacity provider was tied to the cluster take no tasks."""

from __future__ import annotations

import pytest

from tests.fakes.engine_found import engine_or_skip
from tests.fakes.fault_injector import target_behind_faults
from tests.fakes.local_stage import eventually
from tests.fakes.stages import small_stage
from tinystacks.deployment.deployment import Deployment
from tinystacks.deployment.ends import Result
from tinystacks.deployment.engine_model import EngineSettings
from tinystacks.deployment.events import Notice
from tinystacks.deployment.settings import DeploymentSettings
from tinystacks.errors import TinystacksError
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

REFUSED = {"error": {"code": "ClientException", "status": 400, "message": "not now"}}


@pytest.fixture
def status(tmp_path):
    server = LocalAws(home=tmp_path / "home")
    yield server.start("simulated", speed=60)
    server.stop()


def test_d5_an_up_after_one_that_failed_midway_replaces_instances_that_registered_too_early(status, tmp_path):
    ecs = LocalTarget(status, "us-east-1").client("ecs")

    def instances():
        arns = ecs.list_container_instances(cluster="shop-dev")["containerInstanceArns"]
        if not arns:
            return []
        return ecs.describe_container_instances(cluster="shop-dev", containerInstances=arns)["containerInstances"]

    with target_behind_faults(status) as (injector, behind):
        settings = DeploymentSettings(engine=EngineSettings(path=engine_or_skip().path))
        deployment = Deployment(small_stage(), behind, workspace=tmp_path, settings=settings)
        injector.break_with({"service": "ecs", "operation": "CreateCapacityProvider", **REFUSED})
        with pytest.raises(TinystacksError, match="not now"):
            deployment.up()
        early = {one["ec2InstanceId"] for one in eventually(instances, what="the group's instances register")}
        assert not any(one.get("capacityProviderName") for one in instances())

        injector.break_with()
        events = []
        assert deployment.up(events.append).result is Result.STEADY

    told = [event.message for event in events if isinstance(event, Notice)]
    assert any("before its capacity provider" in one and all(id_ in one for id_ in early) for one in told), told
    assert all(one.get("capacityProviderName") for one in instances())
    assert not early & {one["ec2InstanceId"] for one in instances()}

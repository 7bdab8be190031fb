"""Limits of tasks that a schedule of the file has moved, with the real engine.

Source: Application Auto Scaling guide, "Scheduled scaling".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_stage import eventually
from tests.fakes.surroundings import make_surroundings
from tinystacks.deployment.deployment import Deployment
from tinystacks.deployment.ends import Result
from tinystacks.deployment.engine_model import EngineSettings
from tinystacks.deployment.settings import DeploymentSettings
from tinystacks.local.control_client import ask
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget
from tinystacks.spec.model import StackSpec

NIGHT_IN = timedelta(hours=2)
"""Simulated time from the test's start until the schedule's one time: longer than the first `up` takes at its speed."""


class Nightly:
    """A stage whose tasks are fewer after a while."""

    def __init__(self, folder, engine):
        self.aws = LocalAws(home=folder / "home")
        self.status = self.aws.start("simulated", speed=60)
        self._night = datetime.now(UTC) + NIGHT_IN
        self.target = LocalTarget(self.status, "us-east-1")
        self._around = make_surroundings(self.target.client, "us-east-1")
        self._folder = folder
        self._settings = DeploymentSettings(engine=EngineSettings(path=engine))
        self.scaling = self.target.client("application-autoscaling")

    def deployment(self, most):
        when = f"at({self._night:%Y-%m-%dT%H:%M:%S})"
        tasks = {"min": 1, "max": most, "schedule": {"night": {"when": when, "min": 0, "max": 2}}}
        document = {
            "name": "nightly",
            "services": {"web": {"image": "public.ecr.aws/nginx/nginx:1.27", "tasks": tasks}},
            "compute": {"kind": "fargate"},
            "network": {"vpc_id": self._around.vpc_id, "public_subnets": list(self._around.public_subnets)},
            "stages": {"dev": {}},
        }
        stage = StackSpec.from_mapping(document).stage("dev")
        return Deployment(stage, self.target, workspace=self._folder, settings=self._settings)

    def limits(self):
        (found,) = self.scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
        return found["MinCapacity"], found["MaxCapacity"]

    def set_limits(self, least, most):
        (found,) = self.scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
        keys = {key: found[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
        self.scaling.register_scalable_target(**keys, MinCapacity=least, MaxCapacity=most)


@pytest.fixture
def nightly(tmp_path):
    made = Nightly(tmp_path, engine_or_skip().path)
    yield made
    made.aws.stop()


def test_what_a_schedule_set_is_no_drift_and_stays_until_the_file_says_otherwise(nightly):
    deployment = nightly.deployment(4)
    assert deployment.up().result is Result.STEADY
    assert nightly.limits() == (1, 4)
    ask(nightly.status, "speed", speed=1000)
    eventually(lambda: nightly.limits() == (0, 2), what="the schedule", seconds=30)

    found = deployment.refresh(dry_run=True)
    assert (found.drifted, found.changes.total) == ((), 0)
    taken_over = deployment.refresh()
    assert (taken_over.drifted, taken_over.changes.total) == ((), 0)
    assert deployment.up().result is Result.UNCHANGED
    assert nightly.limits() == (0, 2)

    nightly.set_limits(0, 7)
    (drifted,) = deployment.refresh(dry_run=True).drifted
    assert {one.property: (one.before, one.after) for one in drifted.differences} == {
        "minCapacity": (1, 0),
        "maxCapacity": (4, 7),
    }
    nightly.set_limits(0, 2)

    assert nightly.deployment(6).up().result is Result.STEADY
    assert nightly.limits() == (1, 6)

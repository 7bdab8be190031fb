"""Once the cause of a first deployment that failed is gone, the next `up` makes the stage steady (trap B5)."""

from __future__ import annotations

from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_deploying_child import local_deployment
from tinystacks.deployment.deployment import Deployment
from tinystacks.deployment.ends import Result
from tinystacks.deployment.engine_model import EngineSettings
from tinystacks.deployment.events import Notice
from tinystacks.deployment.settings import DeploymentSettings
from tinystacks.local.target import LocalTarget

PARAMETER = "arn:aws:ssm:us-east-1:123456789012:parameter/shop/key"


def test_b5_when_the_cause_was_outside_of_the_file_up_has_ecs_deploy_the_same_revision_again(server, tmp_path):
    services = {
        "web": {"image": "nginx:1.27", "port": 80, "secrets": {"KEY": PARAMETER}},
        "worker": {"image": "busybox:1.37"},
    }
    deployment = local_deployment(tmp_path, tmp_path / "home", engine_or_skip().path, services=services)
    assert deployment.up().result is Result.FAILED
    again = deployment.up()
    assert again.result is Result.FAILED, "the cause is still there"
    assert [cause.service for cause in again.causes] == ["web"]

    ssm = LocalTarget(server.start(), "us-east-1").client("ssm")
    ssm.put_parameter(Name="/shop/key", Value="known", Type="SecureString")
    told = []
    mended = deployment.up(told.append)
    assert (mended.result, mended.causes, mended.changes.total) == (Result.STEADY, (), 0)
    notices = [event.message for event in told if isinstance(event, Notice)]
    assert [notice for notice in notices if "again" in notice] == [
        "web: its last deployment failed, and nothing of it was changed since; ECS deploys the same revision again."
    ]
    assert [release.result for release in deployment.releases()] == ["steady"]
    assert deployment.up().result is Result.UNCHANGED


def test_an_up_that_does_not_wait_claims_nothing_and_the_next_one_tells(server, tmp_path):
    deployment = local_deployment(tmp_path, tmp_path / "home", engine_or_skip().path)
    settings = DeploymentSettings(engine=EngineSettings(path=engine_or_skip().path), waits=False)
    hasty = Deployment(deployment.stage, deployment.target, workspace=tmp_path, settings=settings)
    assert hasty.up().result is Result.IN_PROGRESS
    assert [release.result for release in hasty.releases()] == ["in_progress"]
    assert deployment.up().result is Result.UNCHANGED
    assert [release.result for release in deployment.releases()] == ["steady"]
    assert hasty.up().result is Result.UNCHANGED

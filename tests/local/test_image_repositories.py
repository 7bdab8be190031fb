"""Repositories of built services when a stage is destroyed (trap C8), with the real engine."""

from __future__ import annotations

import pytest

from tests.fakes.engine_found import engine_or_skip
from tests.fakes.stage_remains import remains
from tests.fakes.surroundings import make_surroundings
from tinystacks.deployment.deployment import Deployment
from tinystacks.deployment.ends import Result
from tinystacks.deployment.engine_model import EngineSettings
from tinystacks.deployment.settings import DeploymentSettings
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget
from tinystacks.spec.model import StackSpec

MANIFEST = '{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}'


@pytest.fixture
def deployment(tmp_path):
    engine = engine_or_skip().path
    aws = LocalAws(home=tmp_path / "home")
    target = LocalTarget(aws.start("simulated", speed=60), "us-east-1")
    around = make_surroundings(target.client, "us-east-1")
    document = {
        "name": "built",
        "services": {"web": {"build": ".", "tasks": 1}},
        "compute": {"kind": "fargate"},
        "network": {"vpc_id": around.vpc_id, "public_subnets": list(around.public_subnets)},
        "stages": {"dev": {}},
    }
    settings = DeploymentSettings(engine=EngineSettings(path=engine))
    yield Deployment(StackSpec.from_mapping(document).stage("dev"), target, workspace=tmp_path, settings=settings)
    aws.stop()


def push_to(ecr):
    (repository,) = ecr.describe_repositories()["repositories"]
    for tag in ("v1", "v2"):
        manifest = MANIFEST.replace("2,", f'2, "of": "{tag}",')
        ecr.put_image(repositoryName=repository["repositoryName"], imageManifest=manifest, imageTag=tag)
    return repository["repositoryName"]


def test_c8_a_repository_with_images_is_kept_and_said_until_they_are_given_up(deployment):
    assert deployment.up().result is Result.STEADY
    ecr = deployment.target.client("ecr")
    name = push_to(ecr)
    (kept,) = deployment.destroy().kept
    assert (kept.type, kept.id) == ("image repository", name)
    assert "--purge-images" in kept.reason
    assert len(ecr.list_images(repositoryName=name)["imageIds"]) == 2

    assert deployment.destroy(purge_images=True).kept == ()
    assert remains(deployment.target.client, "built") == []

    assert deployment.up().result is Result.STEADY
    push_to(ecr)
    assert deployment.destroy(purge_images=True).kept == ()
    assert remains(deployment.target.client, "built") == []

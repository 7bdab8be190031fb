"""Repositories of built services when a stage is destroyed (trap C8), with the real engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.ecr_lifecycle import StoredImage, expired
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


def expired_in_a_year(ecr, name):
    images = [
        StoredImage(
            digest=one["imageDigest"], pushed_at=one["imagePushedAt"], tags=frozenset(one.get("imageTags") or ())
        )
        for one in ecr.describe_images(repositoryName=name)["imageDetails"]
    ]
    policy = ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]
    return expired(policy, images, datetime.now(UTC) + timedelta(days=365))


def test_j1_an_image_without_a_tag_gets_one_when_it_is_deployed_or_brought_back(deployment):
    assert deployment.up().result is Result.STEADY
    ecr = deployment.target.client("ecr")
    (repository,) = ecr.describe_repositories()["repositories"]
    name, url = repository["repositoryName"], repository["repositoryUri"]
    pushed, idle = (
        ecr.put_image(repositoryName=name, imageManifest=MANIFEST.replace("2,", f'2, "of": "{one}",'))["image"]
        for one in ("pushed", "idle")
    )
    digest, unused = pushed["imageId"]["imageDigest"], idle["imageId"]["imageDigest"]
    assert expired_in_a_year(ecr, name) == {digest, unused}

    said = []
    assert deployment.up(said.append, images={"web": f"{url}@{digest}"}).result is Result.STEADY
    assert any("its image had no tag and would expire" in getattr(event, "message", "") for event in said)
    assert expired_in_a_year(ecr, name) == {unused}

    assert deployment.up(images={"web": "nginx:1"}).result is Result.STEADY
    (tag,) = ecr.describe_images(repositoryName=name, imageIds=[{"imageDigest": digest}])["imageDetails"][0][
        "imageTags"
    ]
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": tag}])
    ecr.put_image(repositoryName=name, imageManifest=pushed["imageManifest"])
    assert digest in expired_in_a_year(ecr, name)
    assert deployment.rollback(deployment.rollback_plan()).result is Result.STEADY
    assert expired_in_a_year(ecr, name) == {unused}

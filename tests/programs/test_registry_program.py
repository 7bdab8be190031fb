"""Image repositories, and what happens before an image exists."""

from __future__ import annotations

import json

from programs.registry import lifecycle_policy
from tests.programs.samples import WEB, declare, sample

REPOSITORY, LIFECYCLE = "aws:ecr/repository:Repository", "aws:ecr/lifecyclePolicy:LifecyclePolicy"
BUILT = "a built service"


def test_ecr_1_ecr_2_images_are_scanned_and_tags_never_move():
    assert sample(BUILT).one(REPOSITORY).inputs == {
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "AES256"}],
        "forceDelete": False,
        "tags": {"tinystacks:service": "web"},
    }


def test_j1_ecr_3_the_lifecycle_takes_only_untagged_images():
    rules = json.loads(sample(BUILT).one(LIFECYCLE).inputs["policy"])["rules"]

    assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged"]
    assert json.loads(lifecycle_policy())["rules"] == rules


def test_c8_images_outlive_the_stage_unless_they_are_given_up():
    kept = sample(BUILT)
    purged = declare({"services": {"web": {"build": ".", "port": 80}}}, purge_images=True)

    for type_ in (REPOSITORY, LIFECYCLE):
        assert kept.one(type_).retain_on_delete
        assert not purged.one(type_).retain_on_delete
    assert purged.one(REPOSITORY).inputs["forceDelete"] is True


def test_a_service_with_an_image_has_no_repository():
    assert not sample("one service on ec2").has(REPOSITORY)


def test_j2_no_image_is_a_resource_of_the_program():
    assert not [each.type for each in sample(BUILT).resources if "docker" in each.type or "Image" in each.type]


def test_before_the_first_push_only_the_repository_of_a_service_is_made():
    document = {"services": {"web": {"build": ".", "port": 80}, "worker": {**WEB, "port": None}}}

    first = declare(document, repositories_only=frozenset({"web"}))
    second = declare(document, images={"web": "1.dkr/web@sha256:0"})

    assert {each.name for each in first.all("aws:ecs/service:Service")} == {"shop-worker-service"}
    assert set(first.exports["services"]) == {"worker"}
    assert first.one(REPOSITORY).urn == second.one(REPOSITORY).urn
    assert {each.name for each in second.all("aws:ecs/service:Service")} == {"shop-web-service", "shop-worker-service"}


def test_a_plan_before_the_first_push_shows_the_repository_it_will_come_from():
    image = sample(BUILT).exports["services"]["web"]["image"]

    assert image.endswith(".amazonaws.com/shop-web-1a2b3c4:unpushed")


def test_a_service_that_is_built_from_now_on_gets_its_repository_first_and_nothing_else_changes():
    document = {"services": {"web": WEB}}

    before = declare(document)
    beside = declare(document, extra_repositories=frozenset({"web"}))

    more = {each.urn: each.inputs for each in beside.resources}
    assert {each.urn: each.inputs for each in before.resources}.items() <= more.items()
    assert beside.exports == before.exports
    assert beside.one(REPOSITORY).urn == sample(BUILT).one(REPOSITORY).urn


def test_release_commands_run_on_the_new_revision_before_the_service_gets_it():
    asked = []
    command = {"services": {"web": {**WEB, "release_command": ["./migrate"]}}}

    gated = declare(command, release_gate=asked.append)

    [order] = asked
    service = gated.one("aws:ecs/service:Service").inputs
    assert (order.service, order.cluster) == ("web", "shop-dev")
    assert order.task_definition == service["taskDefinition"]
    assert [one["capacityProvider"] for one in order.strategy] == [
        one["capacityProvider"] for one in service["capacityProviderStrategies"]
    ]
    assert declare(command).one("aws:ecs/service:Service").inputs == service

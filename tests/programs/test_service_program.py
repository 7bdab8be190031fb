"""The ECS service and its task definition."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.programs.recorder import ACCOUNT, REGION, Recorded
from tests.programs.samples import IMAGE, SAMPLES, WEB, declare, sample

SERVICE = "aws:ecs/service:Service"
TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
DEFAULT = "one service on ec2"
ZONE_THEN_INSTANCE = [
    {"type": "spread", "field": "attribute:ecs.availability-zone"},
    {"type": "spread", "field": "instanceId"},
]


def service_with(spec: dict[str, Any], document: dict[str, Any] | None = None, **changes: Any) -> Recorded:
    return declare({"services": {"web": {**WEB, **spec}}, **(document or {})}, **changes).one(SERVICE)


def test_the_service_as_it_is_by_default():
    service = sample(DEFAULT).one(SERVICE)

    assert service.inputs == {
        "cluster": "arn:aws:ecs/cluster:::shop-cluster",
        "taskDefinition": "arn:aws:ecs/taskDefinition:::shop-web-task",
        "schedulingStrategy": "REPLICA",
        "desiredCount": 2.0,
        "capacityProviderStrategies": [{"capacityProvider": "capacity-shop-1a2b3c4", "base": 0.0, "weight": 1.0}],
        "orderedPlacementStrategies": ZONE_THEN_INSTANCE,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "deploymentMinimumHealthyPercent": 100.0,
        "deploymentMaximumPercent": 200.0,
        "availabilityZoneRebalancing": "ENABLED",
        "enableExecuteCommand": True,
        "enableEcsManagedTags": True,
        "propagateTags": "SERVICE",
        "healthCheckGracePeriodSeconds": 60.0,
        "loadBalancers": [
            {"containerName": "web", "containerPort": 8080.0, "targetGroupArn": "arn:aws:lb/targetGroup:::shop-web"}
        ],
        "waitForSteadyState": True,
        "forceDelete": True,
        "tags": {"tinystacks:service": "web"},
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_d7_services_are_placed_by_strategy_never_by_launch_type(name: str):
    for service in sample(name).all(SERVICE):
        assert "launchType" not in service.inputs
        strategy = service.inputs["capacityProviderStrategies"]
        assert all(item["weight"] >= 1 for item in strategy)
        assert sum(item["base"] > 0 for item in strategy) <= 1


def test_d1_with_autoscaling_the_number_of_tasks_is_left_alone():
    assert "desiredCount" in sample(DEFAULT).one(SERVICE).ignore_changes


def test_d1_a_fixed_number_of_tasks_is_obeyed():
    recording = sample("a fixed number of tasks")
    service = recording.one(SERVICE)

    assert service.inputs["desiredCount"] == 3.0
    assert "desiredCount" not in service.ignore_changes
    assert not recording.has("aws:appautoscaling/target:Target")


def test_d1_a_schedule_alone_owns_the_number_of_tasks():
    spec = {"tasks": {"min": 2, "max": 2, "schedule": {"night": {"when": "cron(0 22 * * ? *)", "min": 1, "max": 2}}}}

    assert "desiredCount" in service_with(spec).ignore_changes


def test_k1_a_service_whose_tasks_lose_their_own_interfaces_is_made_anew():
    """ECS takes no network configuration from a service; for subnets that change it is updated in place."""
    assert sample(DEFAULT).one(SERVICE).replace_on_changes == ["networkConfiguration"]
    on_fargate = declare({"services": {"web": WEB}, "compute": {"kind": "fargate"}})
    assert on_fargate.one(SERVICE).replace_on_changes == []


def test_b2_b17_a_new_deployment_is_forced_by_its_id():
    service = service_with({}, deploy_id="2026-11-23T06:00:00Z")

    assert service.inputs["forceNewDeployment"] is True
    assert service.inputs["triggers"] == {"deploy": "2026-11-23T06:00:00Z"}
    assert {"triggers", "forceNewDeployment"}.isdisjoint(service.ignore_changes)


def test_b2_without_an_id_the_last_forced_deployment_is_left_alone():
    service = sample(DEFAULT).one(SERVICE)

    assert {"triggers", "forceNewDeployment"}.isdisjoint(service.inputs)
    assert {"triggers", "forceNewDeployment"} <= set(service.ignore_changes)


@pytest.mark.parametrize("waits", [True, False])
def test_b6_the_provider_waits_unless_the_caller_follows_the_deployment(waits: bool):  # noqa: FBT001 - a table
    assert service_with({}, wait_for_steady_state=waits).inputs["waitForSteadyState"] is waits


def test_b4_timeouts_come_from_the_stage():
    spec = {"rolling_update": {"deadline": 600}, "deregistration_delay": 300, "stop_timeout": 120}

    assert service_with(spec).timeouts == {"create": "600s", "update": "600s", "delete": "1620s"}


def test_c4_the_time_to_delete_covers_the_slowest_container():
    spec = {"sidecars": {"proxy": {"image": IMAGE, "stop_timeout": 300}}}

    assert service_with(spec).timeouts["delete"] == "1530s"


def test_b5_the_circuit_breaker_can_be_switched_off():
    service = service_with({"rolling_update": {"circuit_breaker": False}})

    assert service.inputs["deploymentCircuitBreaker"] == {"enable": False, "rollback": False}


def test_b10_the_grace_period_is_not_zero_and_only_for_balanced_services():
    assert service_with({"health_check": {"grace_period": 120}}).inputs["healthCheckGracePeriodSeconds"] == 120.0
    worker = sample("a worker only").one(SERVICE).inputs
    assert "healthCheckGracePeriodSeconds" not in worker
    assert "loadBalancers" not in worker


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, "ENABLED"),
        ({"zone_rebalancing": False}, "DISABLED"),
        ({"rolling_update": {"min_healthy_percent": 50, "max_percent": 100}}, "DISABLED"),
    ],
)
def test_d11_zone_rebalancing_is_said_and_only_asked_for_where_ecs_allows_it(spec: dict[str, Any], expected: str):
    assert service_with(spec).inputs["availabilityZoneRebalancing"] == expected


def test_d13_binpack_fills_instances_within_zones():
    strategies = service_with({"placement": "binpack"}).inputs["orderedPlacementStrategies"]

    assert strategies == [ZONE_THEN_INSTANCE[0], {"type": "binpack", "field": "memory"}]


def test_i1_exec_is_on_from_the_first_version():
    assert sample(DEFAULT).one(SERVICE).inputs["enableExecuteCommand"] is True
    assert (
        sample("no insights, no alarms, no exec, no rebalancing").one(SERVICE).inputs["enableExecuteCommand"] is False
    )


def test_e1_no_interface_per_task_on_ec2():
    recording = sample(DEFAULT)

    assert recording.one(TASK_DEFINITION).inputs["networkMode"] == "bridge"
    assert "networkConfiguration" not in recording.one(SERVICE).inputs


def test_e3_tasks_with_interfaces_on_ec2_ask_for_no_public_address():
    recording = sample("own interfaces on ec2")

    assert recording.one(SERVICE).inputs["networkConfiguration"] == {
        "subnets": ["subnet-private-1", "subnet-private-2", "subnet-private-3"],
        "securityGroups": ["tasks-shop-web-id"],
        "assignPublicIp": False,
    }


@pytest.mark.parametrize(
    ("name", "public"),
    [("fargate", True), ("fargate, private, arm, https", False), ("fargate in an existing vpc", False)],
)
def test_ecs_2_fargate_tasks_have_public_addresses_only_in_public_subnets(name: str, public: bool):  # noqa: FBT001
    for service in sample(name).all(SERVICE):
        assert service.inputs["networkConfiguration"]["assignPublicIp"] is public


def test_fargate_takes_no_placement_strategy():
    for service in sample("fargate").all(SERVICE):
        assert "orderedPlacementStrategies" not in service.inputs


def test_the_task_definition_on_ec2():
    task = sample(DEFAULT).one(TASK_DEFINITION)

    assert {key: value for key, value in task.inputs.items() if key != "containerDefinitions"} == {
        "family": "shop-dev-web",
        "networkMode": "bridge",
        "requiresCompatibilities": ["EC2"],
        "executionRoleArn": "arn:aws:iam/role:::shop-web-execution-role",
        "taskRoleArn": "arn:aws:iam/role:::shop-web-task-role",
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "skipDestroy": True,
        "tags": {"tinystacks:service": "web"},
    }


def test_k2_the_task_definition_on_fargate():
    task = sample("fargate with spot").one(TASK_DEFINITION).inputs

    assert task["networkMode"] == "awsvpc"
    assert task["requiresCompatibilities"] == ["FARGATE"]
    assert (task["cpu"], task["memory"]) == ("256", "512")
    assert task["ephemeralStorage"] == {"sizeInGib": 40.0}


@pytest.mark.parametrize(("name", "expected"), [("arm", "ARM64"), ("fargate, private, arm, https", "ARM64")])
def test_e11_the_runtime_platform_is_said(name: str, expected: str):
    assert sample(name).one(TASK_DEFINITION).inputs["runtimePlatform"]["cpuArchitecture"] == expected


@pytest.mark.parametrize("name", SAMPLES)
def test_b3_old_revisions_stay_active(name: str):
    assert all(task.inputs["skipDestroy"] for task in sample(name).all(TASK_DEFINITION))


def test_b11_two_runs_declare_the_same():
    document = SAMPLES["everything about one service"]

    first, second = declare(document), declare(document)

    assert {each.urn: each.inputs for each in first.resources} == {each.urn: each.inputs for each in second.resources}


def test_b12_the_task_definition_names_the_digest_it_is_given():
    digest = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shop-web-1a2b3c4@sha256:{'0' * 64}"

    recording = declare({"services": {"web": WEB}}, images={"web": digest})

    (container,) = json.loads(recording.one(TASK_DEFINITION).inputs["containerDefinitions"])
    assert container["image"] == digest
    assert recording.exports["services"]["web"]["image"] == digest


def test_b12_so_do_sidecars():
    document = {"services": {"web": {**WEB, "sidecars": {"proxy": {"image": "proxy:1"}}}}}

    recording = declare(document, images={"web/proxy": "proxy@sha256:1"})

    containers = json.loads(recording.one(TASK_DEFINITION).inputs["containerDefinitions"])
    assert {each["name"]: each["image"] for each in containers} == {"proxy": "proxy@sha256:1", "web": IMAGE}


@pytest.mark.parametrize("name", SAMPLES)
def test_a8_container_definitions_hold_no_secret_marks_because_they_hold_no_secrets(name: str):
    for task in sample(name).all(TASK_DEFINITION):
        assert not task.secret_inputs


def test_the_log_group_is_there_before_the_first_task():
    recording = sample(DEFAULT)
    group = recording.one("aws:cloudwatch/logGroup:LogGroup", "shop-web-logs")

    assert group.urn in recording.one(SERVICE).dependencies
    assert group.urn in recording.one(TASK_DEFINITION).dependencies
    assert group.inputs["name"] == "/tinystacks/shop/dev/web"

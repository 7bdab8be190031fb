"""Security by default: one test per control of AWS Foundational Security Best Practices that a stage is measured by.

https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.programs.samples import SAMPLES, WEB, declare, sample

EVERY = pytest.mark.parametrize("name", SAMPLES)
DEFAULT = "one service on ec2"
TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
TEMPLATE, GROUP = "aws:ec2/launchTemplate:LaunchTemplate", "aws:autoscaling/group:Group"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
SERVICE = "aws:ecs/service:Service"
OWN_INTERFACES = {"own interfaces on ec2", *(name for name in SAMPLES if name.startswith("fargate"))}
"""Samples whose tasks have a network interface of their own (`awsvpc`)."""


def template_of(group: dict[str, Any]) -> dict[str, Any]:
    """The launch template of a group, of one instance type or several."""
    if "launchTemplate" in group:
        return group["launchTemplate"]
    return group["mixedInstancesPolicy"]["launchTemplate"]["launchTemplateSpecification"]


def containers(name: str) -> list[dict[str, Any]]:
    return [
        container
        for task in sample(name).all(TASK_DEFINITION)
        for container in json.loads(task.inputs["containerDefinitions"])
    ]


@EVERY
def test_ecs_1_only_a_service_that_asks_for_it_is_on_the_hosts_network_and_then_as_its_own_user(name: str):
    """The control fails a task on the host's network whose container is not privileged and has no user."""
    for task in sample(name).all(TASK_DEFINITION):
        mode = task.inputs["networkMode"]
        assert mode == ("host" if name == "host network" else "awsvpc" if name in OWN_INTERFACES else "bridge")
        assert {"pidMode", "ipcMode"}.isdisjoint(task.inputs)


def test_ecs_1_a_user_in_the_file_is_the_containers_user():
    document = {
        "services": {"web": {**WEB, "network_mode": "host", "port": 80, "tasks": 1, "user": "1000"}},
        "compute": {"instance_types": ["m5.large"], "instances": {"min": 3, "max": 6}},
    }
    task = declare(document).one(TASK_DEFINITION)
    [container] = json.loads(task.inputs["containerDefinitions"])

    assert (task.inputs["networkMode"], container["user"], container["privileged"]) == ("host", "1000", False)


@EVERY
def test_ecs_4_no_container_is_privileged(name: str):
    assert all(container["privileged"] is False for container in containers(name))


@EVERY
def test_ecs_2_only_fargate_in_public_subnets_assigns_public_addresses(name: str):
    """Such a task has no other way to its image. ECS.16 asks the same of task sets."""
    for service in sample(name).all(SERVICE):
        if name in OWN_INTERFACES:
            network = service.inputs["networkConfiguration"]
            assert network["assignPublicIp"] is (name in {"fargate", "fargate with spot"})
        else:
            assert "networkConfiguration" not in service.inputs, "on the instance's interface there is none to assign"


@EVERY
def test_ecs_3_tasks_share_no_process_namespace_with_the_host(name: str):
    for task in sample(name).all(TASK_DEFINITION):
        assert {"pidMode", "ipcMode"}.isdisjoint(task.inputs)


def test_ecs_5_a_read_only_root_is_a_setting_because_exec_needs_to_write():
    by_default = containers(DEFAULT)
    asked = containers("no insights, no alarms, no exec, no rebalancing")

    assert [each["readonlyRootFilesystem"] for each in by_default] == [False]
    assert [each["readonlyRootFilesystem"] for each in asked] == [True]


@EVERY
def test_ecs_8_secrets_are_never_environment_variables(name: str):
    for container in containers(name):
        secrets = {secret["name"] for secret in container.get("secrets", [])}
        assert secrets.isdisjoint(variable["name"] for variable in container["environment"])
        assert all(secret["valueFrom"].startswith("arn:") for secret in container.get("secrets", []))


@EVERY
def test_ecs_9_every_container_logs(name: str):
    assert all(container["logConfiguration"]["logDriver"] == "awslogs" for container in containers(name))


def test_ecs_12_container_insights_is_on_and_a_setting():
    settings = sample(DEFAULT).one("aws:ecs/cluster:Cluster").inputs["settings"]

    assert settings == [{"name": "containerInsights", "value": "enabled"}]


@EVERY
def test_ecs_16_ecs_itself_deploys_so_that_no_task_set_decides_about_public_addresses(name: str):
    """Only a service with an external controller has task sets; what ECS makes takes the service's own setting."""
    recording = sample(name)
    assert not recording.has("aws:ecs/taskSet:TaskSet")
    for service in recording.all(SERVICE):
        assert service.inputs.get("deploymentController", {"type": "ECS"}) == {"type": "ECS"}
        if name in OWN_INTERFACES:
            public = service.inputs["networkConfiguration"]["assignPublicIp"]
            assert public is (name in {"fargate", "fargate with spot"})


@EVERY
def test_ec2_8_ec2_170_metadata_needs_a_token(name: str):
    for template in sample(name).all(TEMPLATE):
        metadata = template.inputs["metadataOptions"]
        assert (metadata["httpEndpoint"], metadata["httpTokens"]) == ("enabled", "required")


@EVERY
def test_autoscaling_3_every_instance_of_a_group_needs_a_token_for_its_metadata(name: str):
    recording = sample(name)
    for group in recording.all(GROUP):
        template = recording.one(TEMPLATE)
        assert template_of(group.inputs)["version"] == "7", "the version that the program wrote, not the first one"
        assert template.inputs["metadataOptions"]["httpTokens"] == "required"


@EVERY
def test_ec2_25_a_template_names_security_groups_and_leaves_the_address_to_the_subnet(name: str):
    """EC2 takes groups beside the interfaces only where a template describes no interface of its own."""
    for template in sample(name).all(TEMPLATE):
        assert template.inputs["vpcSecurityGroupIds"] == ["instances-shop-id"]
        assert "networkInterfaces" not in template.inputs


@EVERY
def test_autoscaling_5_instances_of_a_group_get_no_public_address_from_its_template(name: str):
    recording = sample(name)
    for group in recording.all(GROUP):
        assert "launchConfiguration" not in group.inputs
        assert template_of(group.inputs)["version"] == "7"
        assert recording.one(TEMPLATE).inputs["vpcSecurityGroupIds"] == ["instances-shop-id"]
        assert "networkInterfaces" not in recording.one(TEMPLATE).inputs


@EVERY
def test_autoscaling_1_no_load_balancer_knows_a_group_so_that_ec2_checks_are_what_it_needs(name: str):
    """ECS registers tasks, not instances; the control asks for ELB checks only of groups that a balancer knows."""
    recording = sample(name)
    for group in recording.all(GROUP):
        assert group.inputs["healthCheckType"] == "EC2"
        assert {"targetGroupArns", "loadBalancers", "trafficSources"}.isdisjoint(group.inputs)
        assert not recording.has("aws:autoscaling/attachment:Attachment")


@EVERY
def test_autoscaling_2_elb_13_several_zones(name: str):
    for group in sample(name).all(GROUP):
        assert len(group.inputs["vpcZoneIdentifiers"]) >= 2
    for balancer in sample(name).all(BALANCER):
        assert len(balancer.inputs["subnets"]) >= 2


def test_autoscaling_6_several_instance_types_are_a_setting():
    policy = sample("spot with several types").one(GROUP).inputs["mixedInstancesPolicy"]

    assert len(policy["launchTemplate"]["overrides"]) == 2


@EVERY
def test_autoscaling_9_groups_use_a_launch_template(name: str):
    for group in sample(name).all(GROUP):
        assert "launchConfiguration" not in group.inputs
        assert "launchTemplate" in group.inputs or "mixedInstancesPolicy" in group.inputs


@EVERY
def test_elb_4_invalid_headers_are_dropped(name: str):
    assert all(each.inputs["dropInvalidHeaderFields"] is True for each in sample(name).all(BALANCER))


@EVERY
def test_elb_12_requests_that_parsers_read_differently_are_stopped(name: str):
    assert all(each.inputs["desyncMitigationMode"] == "defensive" for each in sample(name).all(BALANCER))


def test_elb_5_access_logs_are_a_setting():
    assert "accessLogs" not in sample(DEFAULT).one(BALANCER).inputs
    assert sample("internal, logged, allowed to some").one(BALANCER).inputs["accessLogs"] == {
        "bucket": "shop-access-logs",
        "prefix": "shop-dev",
        "enabled": True,
    }


@pytest.mark.parametrize(
    ("stage", "endpoint", "protects"),
    [
        ({}, {}, False),
        ({"approval": "manual"}, {}, True),
        ({"approval": "manual"}, {"deletion_protection": False}, False),
    ],
)
def test_elb_6_deletion_protection_is_on_for_stages_that_a_person_approves(
    stage: dict[str, Any],
    endpoint: dict[str, Any],
    protects: bool,  # noqa: FBT001 - a table
):
    document = {"services": {"web": WEB}, "endpoint": endpoint, "stages": {"dev": stage}}

    assert declare(document).one(BALANCER).inputs["enableDeletionProtection"] is protects


@EVERY
def test_volumes_are_encrypted(name: str):
    """Also EC2.3 and EC2.7."""
    for template in sample(name).all(TEMPLATE):
        assert all(each["ebs"]["encrypted"] == "true" for each in template.inputs["blockDeviceMappings"])


@EVERY
def test_ec2_18_ec2_19_instances_take_no_traffic_from_addresses(name: str):
    recording = sample(name)
    balancers = {each.inputs["securityGroups"][0] for each in recording.all(BALANCER)}

    for rule in recording.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"):
        if rule.inputs["securityGroupId"] not in balancers:
            assert {"cidrIpv4", "cidrIpv6"}.isdisjoint(rule.inputs)
            assert rule.inputs["referencedSecurityGroupId"] in balancers
        else:
            assert rule.inputs["toPort"] in {80.0, 443.0}

"""The VPC of a stage, made or found, and the cluster in it."""

from __future__ import annotations

import json

import pytest

from programs.network import subnet_kinds, subnet_mask
from tests.programs.samples import EXISTING_NETWORK, WEB, declare, sample
from tinystacks.errors import SpecError
from tinystacks.spec.compute import NetworkSpec

VPC = "awsx:ec2:Vpc"
GROUP = "aws:autoscaling/group:Group"
PUBLIC = [f"subnet-public-{zone}" for zone in (1, 2, 3)]
ISOLATED = [f"subnet-isolated-{zone}" for zone in (1, 2, 3)]
PRIVATE = [f"subnet-private-{zone}" for zone in (1, 2, 3)]


def test_e13_by_default_three_zones_public_and_isolated_without_nat():
    vpc = sample("one service on ec2").one(VPC).inputs

    assert vpc["numberOfAvailabilityZones"] == 3.0
    assert vpc["natGateways"] == {"strategy": "None"}
    assert [spec["type"] for spec in vpc["subnetSpecs"]] == ["Public", "Isolated"]
    assert vpc["enableDnsHostnames"] is True
    assert "vpcEndpointSpecs" not in vpc


@pytest.mark.parametrize(
    ("name", "subnets"),
    [
        ("one service on ec2", PUBLIC),
        ("private behind one nat", PRIVATE),
        ("own interfaces on ec2", PRIVATE),
        ("private behind endpoints", ISOLATED),
        ("an existing vpc", EXISTING_NETWORK["public_subnets"]),
        ("private in an existing vpc", EXISTING_NETWORK["private_subnets"]),
    ],
)
def test_instances_stand_where_they_have_a_way_out(name: str, subnets: list[str]):
    recording = sample(name)

    assert recording.one(GROUP).inputs["vpcZoneIdentifiers"] == subnets
    assert recording.exports["subnet_ids"] == subnets


@pytest.mark.parametrize("nat", ["none", "single", "per_az"])
def test_switching_nat_moves_no_other_subnet(nat: str):
    before, after = NetworkSpec(), NetworkSpec.model_validate({"nat": nat})

    assert subnet_mask(before) == subnet_mask(after)
    assert subnet_kinds(after)[: len(subnet_kinds(before))] == subnet_kinds(before)


@pytest.mark.parametrize(
    ("cidr", "zones", "mask"), [("10.0.0.0/16", 3, 20), ("10.0.0.0/16", 2, 19), ("10.0.0.0/20", 4, 24)]
)
def test_a_subnet_takes_a_quarter_of_its_zones_share(cidr: str, zones: int, mask: int):
    assert subnet_mask(NetworkSpec(cidr=cidr, availability_zones=zones)) == mask


@pytest.mark.parametrize(
    ("name", "strategy"), [("private behind one nat", "Single"), ("own interfaces on ec2", "OnePerAz")]
)
def test_e12_nat_is_one_or_one_per_zone(name: str, strategy: str):
    assert sample(name).one(VPC).inputs["natGateways"] == {"strategy": strategy}


def test_i6_the_private_layout_has_the_endpoints_that_tasks_and_shells_need():
    vpc = sample("private behind endpoints").one(VPC).inputs

    names = {spec["serviceName"].removeprefix("com.amazonaws.eu-west-1."): spec for spec in vpc["vpcEndpointSpecs"]}
    assert set(names) == {"s3", "ecs", "ecs-agent", "ecs-telemetry", "ecr.api", "ecr.dkr", "logs", "ssmmessages", "ssm"}
    assert names.pop("s3")["vpcEndpointType"] == "Gateway"
    assert all(spec["vpcEndpointType"] == "Interface" and spec["privateDnsEnabled"] for spec in names.values())
    assert vpc["vpcEndpointStrategy"] == "Auto"


def test_an_existing_vpc_is_used_and_nothing_of_it_changed():
    recording = sample("an existing vpc")

    assert not recording.has(VPC)
    assert not recording.has("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert recording.exports["vpc_id"] == EXISTING_NETWORK["vpc_id"]
    assert recording.one("aws:lb/loadBalancer:LoadBalancer").inputs["subnets"] == EXISTING_NETWORK["public_subnets"]


def test_a_subnet_of_another_vpc_is_named_before_anything_is_made_in_it():
    network = {**EXISTING_NETWORK, "private": True}

    with pytest.raises(SpecError) as caught:
        declare({"services": {"web": WEB}, "network": network}, subnets=EXISTING_NETWORK["public_subnets"])

    (problem,) = caught.value.problems
    assert problem.field == "network.private_subnets"
    assert "subnet-0c000000000000000" in problem.message


def test_ec2_2_the_default_security_group_lets_nothing_through():
    group = sample("one service on ec2").one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").inputs

    assert group == {"vpcId": "vpc-own", "ingress": [], "egress": []}


def test_ec2_6_flow_logs_are_a_setting():
    recording = sample("private behind one nat")

    log = recording.one("aws:ec2/flowLog:FlowLog")

    assert not sample("one service on ec2").has("aws:ec2/flowLog:FlowLog")
    assert log.inputs["trafficType"] == "ALL"
    assert log.inputs["vpcId"] == "vpc-own"
    assert recording.one("aws:cloudwatch/logGroup:LogGroup", "shop-flow-logs").inputs["retentionInDays"] == 30.0
    assert recording.one("aws:iam/rolePolicy:RolePolicy", "shop-flow-logs-policy").urn in log.dependencies


def test_c9_insights_writes_into_a_group_that_expires_and_was_there_first():
    recording = sample("one service on ec2")
    cluster = recording.one("aws:ecs/cluster:Cluster")

    group = recording.one("aws:cloudwatch/logGroup:LogGroup", "shop-insights-logs")

    assert group.inputs == {"name": "/aws/ecs/containerinsights/shop-dev/performance", "retentionInDays": 7.0}
    assert group.urn in cluster.dependencies


def test_the_cluster_records_shell_sessions_in_a_group_of_its_own():
    recording = sample("one service on ec2")

    cluster = recording.one("aws:ecs/cluster:Cluster").inputs

    assert cluster["name"] == "shop-dev"
    assert cluster["configuration"] == {
        "executeCommandConfiguration": {
            "logging": "OVERRIDE",
            "logConfiguration": {"cloudWatchLogGroupName": "/tinystacks/shop/dev/_exec"},
        }
    }


def test_without_insights_there_is_no_group_for_them():
    recording = sample("no insights, no alarms, no exec, no rebalancing")

    assert recording.one("aws:ecs/cluster:Cluster").inputs["settings"] == [
        {"name": "containerInsights", "value": "disabled"}
    ]
    assert "shop-insights-logs" not in {each.name for each in recording.resources}


def test_roles_of_flow_logs_may_write_and_not_make_groups():
    policy = json.loads(
        sample("private behind one nat").one("aws:iam/rolePolicy:RolePolicy", "shop-flow-logs-policy").inputs["policy"]
    )

    (statement,) = policy["Statement"]
    assert "logs:CreateLogGroup" not in statement["Action"]
    assert statement["Resource"] == ["arn:aws:cloudwatch/logGroup:::shop-flow-logs:*"]

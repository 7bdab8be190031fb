"""Where tasks find room: instances, their group and capacity provider, and Fargate."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from programs.hosting import ami_parameter, architecture
from tests.programs.recorder import AMI_OF_THE_DAY
from tests.programs.samples import SAMPLES, WEB, declare, sample, sample_stage
from tinystacks.spec.compute import ComputeSpec

GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
PROVIDER = "aws:ecs/capacityProvider:CapacityProvider"
ASSOCIATION = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
DEFAULT = "one service on ec2"


def test_the_group_as_it_is_by_default():
    group = sample(DEFAULT).one(GROUP)

    assert {key: value for key, value in group.inputs.items() if key not in {"tags", "instanceRefresh"}} == {
        "minSize": 2.0,
        "maxSize": 6.0,
        "vpcZoneIdentifiers": ["subnet-public-1", "subnet-public-2", "subnet-public-3"],
        "launchTemplate": {"id": "shop-instances-id", "version": "7"},
        "healthCheckType": "EC2",
        "waitForCapacityTimeout": "0",
        "protectFromScaleIn": False,
        "forceDelete": True,
    }


def test_d2_the_number_of_instances_is_left_to_scaling():
    group = sample(DEFAULT).one(GROUP)

    assert "desiredCapacity" not in group.inputs
    assert group.ignore_changes == ("desiredCapacity",)


def test_d5_the_group_does_not_wait_for_capacity():
    assert sample(DEFAULT).one(GROUP).inputs["waitForCapacityTimeout"] == "0"


def test_c1_the_group_goes_with_its_instances_even_protected_or_draining_ones():
    assert sample("protected, approved").one(GROUP).inputs["forceDelete"] is True


def test_d6_the_tag_that_ecs_adds_is_declared():
    tags = sample(DEFAULT).one(GROUP).inputs["tags"]

    assert {"key": "AmazonECSManaged", "value": "true", "propagateAtLaunch": True} in tags


def test_groups_and_instances_carry_the_tags_that_default_tags_do_not_reach():
    recording = sample("everything about one service")
    wanted = {"team": "shop", "tinystacks:stack": "shop", "tinystacks:stage": "dev", "Name": "shop-dev"}

    group = {tag["key"]: tag["value"] for tag in recording.one(GROUP).inputs["tags"]}
    specifications = recording.one(TEMPLATE).inputs["tagSpecifications"]

    assert wanted.items() <= group.items()
    assert {each["resourceType"] for each in specifications} == {"instance", "volume", "network-interface"}
    assert all(each["tags"] == wanted for each in specifications)


def test_f2_f4_a_refresh_reaches_every_instance_and_keeps_all_healthy():
    refresh = sample(DEFAULT).one(GROUP).inputs["instanceRefresh"]

    assert refresh == {
        "strategy": "Rolling",
        "preferences": {
            "minHealthyPercentage": 100.0,
            "maxHealthyPercentage": 110.0,
            "instanceWarmup": "300",
            "skipMatching": True,
            "scaleInProtectedInstances": "Refresh",
        },
    }


@pytest.mark.parametrize("name", ["one service on ec2", "spot with several types"])
def test_f3_the_templates_version_is_a_number_that_changes(name: str):
    inputs = sample(name).one(GROUP).inputs
    template = inputs.get("launchTemplate") or inputs["mixedInstancesPolicy"]["launchTemplate"]

    assert template.get("launchTemplateSpecification", template)["version"] == "7"


def test_f1_the_pinned_image_is_used_and_nothing_is_looked_up():
    recording = declare({"services": {"web": WEB}}, ami_id="ami-0123456789abcdef0")

    assert recording.one(TEMPLATE).inputs["imageId"] == "ami-0123456789abcdef0"
    assert recording.exports["ami_id"] == "ami-0123456789abcdef0"
    assert not recording.invokes


def test_f1_the_files_image_wins_over_the_pinned_one():
    document = {"services": {"web": WEB}, "compute": {"ami": "ami-0fedcba9876543210"}}

    recording = declare(document, ami_id="ami-0123456789abcdef0")

    assert recording.one(TEMPLATE).inputs["imageId"] == "ami-0fedcba9876543210"


def test_f1_without_a_pinned_image_the_recommended_one_is_read_and_is_no_secret():
    recording = sample(DEFAULT)

    ((token, arguments, _),) = recording.invokes
    template = recording.one(TEMPLATE)

    assert token == "aws:ssm/getParameter:getParameter"
    assert arguments["name"] == "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
    assert template.inputs["imageId"] == AMI_OF_THE_DAY
    assert not template.secret_inputs


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("t3.micro", "x86_64"),
        ("t4g.micro", "arm64"),
        ("a1.large", "arm64"),
        ("c7gn.xlarge", "arm64"),
        ("is4gen.medium", "arm64"),
        ("g4dn.xlarge", "x86_64"),
        ("g5g.xlarge", "arm64"),
        ("m6gd.large", "arm64"),
        ("m5.large", "x86_64"),
        ("u7in-16tb.224xlarge", "x86_64"),
        ("hpc7g.4xlarge", "arm64"),
    ],
)
def test_e11_the_architecture_follows_from_the_instance_type(kind: str, expected: str):
    compute = ComputeSpec(instance_types=[kind])

    assert architecture(compute) == expected
    assert ("arm64" in ami_parameter(compute)) == (expected == "arm64")


def test_e7_c3_instances_learn_the_cluster_from_the_cluster_itself():
    recording = sample(DEFAULT)
    template = recording.one(TEMPLATE)

    script = base64.b64decode(template.inputs["userData"]).decode()

    assert "ECS_CLUSTER=shop-dev\n" in script
    assert recording.one("aws:ecs/cluster:Cluster").urn in template.dependencies


def test_e9_the_root_volume_is_30_gib_of_encrypted_gp3():
    (mapping,) = sample(DEFAULT).one(TEMPLATE).inputs["blockDeviceMappings"]

    assert mapping == {
        "deviceName": "/dev/xvda",
        "ebs": {"volumeType": "gp3", "volumeSize": 30.0, "encrypted": "true", "deleteOnTermination": "true"},
    }


def test_e10_the_hop_limit_is_one_and_two_only_when_named():
    by_default = sample(DEFAULT).one(TEMPLATE).inputs["metadataOptions"]
    asked = sample("no insights, no alarms, no exec, no rebalancing").one(TEMPLATE).inputs["metadataOptions"]

    assert by_default == {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1.0}
    assert asked["httpPutResponseHopLimit"] == 2.0


def test_the_capacity_provider_scales_and_drains_and_does_not_protect():
    """Rows C1, D7, F4: managed scaling and draining on, termination protection off."""
    assert sample(DEFAULT).one(PROVIDER).inputs["autoScalingGroupProvider"] == {
        "autoScalingGroupArn": "arn:aws:autoscaling/group:::shop-instances",
        "managedDraining": "ENABLED",
        "managedTerminationProtection": "DISABLED",
        "managedScaling": {
            "status": "ENABLED",
            "targetCapacity": 100.0,
            "instanceWarmupPeriod": 300.0,
            "minimumScalingStepSize": 1.0,
            "maximumScalingStepSize": 10000.0,
        },
    }


@pytest.mark.parametrize(("name", "protects"), [(DEFAULT, False), ("protected, approved", True)])
def test_d12_protection_is_set_on_provider_and_group_together(name: str, protects: bool):  # noqa: FBT001 - a table
    recording = sample(name)
    provider = recording.one(PROVIDER).inputs["autoScalingGroupProvider"]

    assert recording.one(GROUP).inputs["protectFromScaleIn"] is protects
    assert (provider["managedTerminationProtection"] == "ENABLED") is protects


@pytest.mark.parametrize("name", [name for name in SAMPLES if "fargate" not in name and name != "instances by cpu"])
def test_d4_a_group_that_ecs_scales_has_no_policy_of_ours(name: str):
    recording = sample(name)

    assert recording.one(PROVIDER).inputs["autoScalingGroupProvider"]["managedScaling"]["status"] == "ENABLED"
    assert not recording.has("aws:autoscaling/policy:Policy")


def test_d4_instances_by_cpu_switch_managed_scaling_off():
    recording = sample("instances by cpu")

    scaling = recording.one(PROVIDER).inputs["autoScalingGroupProvider"]["managedScaling"]

    assert scaling["status"] == "DISABLED"


@pytest.mark.parametrize(
    ("direction", "adjustment", "operator", "threshold"),
    [
        ("out", {"scalingAdjustment": 1.0, "metricIntervalLowerBound": "0"}, "GreaterThanThreshold", 75.0),
        ("in", {"scalingAdjustment": -1.0, "metricIntervalUpperBound": "0"}, "LessThanThreshold", 52.5),
    ],
)
def test_instances_by_cpu_follow_an_alarm_over_15_minutes(
    direction: str, adjustment: dict[str, Any], operator: str, threshold: float
):
    recording = sample("instances by cpu")

    policy = recording.one("aws:autoscaling/policy:Policy", f"shop-cpu-{direction}")
    alarm = recording.one("aws:cloudwatch/metricAlarm:MetricAlarm", f"shop-cpu-{direction}")

    assert policy.inputs["policyType"] == "StepScaling"
    assert policy.inputs["adjustmentType"] == "ChangeInCapacity"
    assert policy.inputs["stepAdjustments"] == [adjustment]
    assert alarm.inputs["comparisonOperator"] == operator
    assert alarm.inputs["threshold"] == threshold
    assert alarm.inputs["period"] * alarm.inputs["evaluationPeriods"] == 15 * 60
    assert alarm.inputs["dimensions"] == {"AutoScalingGroupName": "shop-instances-1a2b3c4"}
    assert alarm.inputs["alarmActions"] == ["arn:aws:autoscaling/policy:::shop-cpu-" + direction]


def test_e8_spot_keeps_an_on_demand_base_and_rebalances():
    inputs = sample("spot with several types").one(GROUP).inputs

    assert inputs["capacityRebalance"] is True
    assert "launchTemplate" not in inputs
    assert inputs["mixedInstancesPolicy"] == {
        "launchTemplate": {
            "launchTemplateSpecification": {"launchTemplateId": "shop-instances-id", "version": "7"},
            "overrides": [{"instanceType": "t3.small"}, {"instanceType": "t3a.small"}],
        },
        "instancesDistribution": {
            "onDemandAllocationStrategy": "prioritized",
            "onDemandBaseCapacity": 2.0,
            "onDemandPercentageAboveBaseCapacity": 0.0,
            "spotAllocationStrategy": "price-capacity-optimized",
        },
    }


def test_several_types_without_spot_are_all_on_demand():
    document = {"services": {"web": WEB}, "compute": {"instance_types": ["t3.small", "t3a.small"]}}

    inputs = declare(document).one(GROUP).inputs

    assert inputs["mixedInstancesPolicy"]["instancesDistribution"]["onDemandPercentageAboveBaseCapacity"] == 100.0
    assert "capacityRebalance" not in inputs


def test_e14_no_warm_pool():
    for name in SAMPLES:
        for group in sample(name).all(GROUP):
            assert "warmPool" not in group.inputs


def test_d3_nothing_on_the_group_can_replace_it():
    """Only a name or its first lifecycle hooks replace a group, and with it the capacity provider in use."""
    for name in SAMPLES:
        for group in sample(name).all(GROUP):
            assert {"name", "namePrefix", "initialLifecycleHooks"}.isdisjoint(group.inputs)


def test_d8_the_strategy_on_ec2_has_an_explicit_weight():
    association = sample(DEFAULT).one(ASSOCIATION).inputs

    assert association == {
        "clusterName": "shop-dev",
        "capacityProviders": ["capacity-shop-1a2b3c4", "FARGATE", "FARGATE_SPOT"],
        "defaultCapacityProviderStrategies": [
            {"capacityProvider": "capacity-shop-1a2b3c4", "base": 0.0, "weight": 1.0}
        ],
    }


@pytest.mark.parametrize(
    ("spot", "strategy"),
    [
        (None, [("FARGATE", 0, 1)]),
        ({"on_demand_base": 2, "on_demand_percentage": 25}, [("FARGATE", 2, 250), ("FARGATE_SPOT", 0, 750)]),
        ({"on_demand_percentage": 0}, [("FARGATE", 1, 1), ("FARGATE_SPOT", 0, 1000)]),
        ({"on_demand_percentage": 100}, [("FARGATE", 1, 1000), ("FARGATE_SPOT", 0, 1)]),
    ],
)
def test_d8_fargate_weights_are_never_zero_and_one_provider_has_the_base(
    spot: dict[str, int] | None, strategy: list[tuple[str, int, int]]
):
    document = {"services": {"web": WEB}, "compute": {"kind": "fargate", "spot": spot}}

    recording = declare(document)

    found = recording.one(ASSOCIATION).inputs["defaultCapacityProviderStrategies"]
    assert [(each["capacityProvider"], each["base"], each["weight"]) for each in found] == strategy
    assert recording.one("aws:ecs/service:Service").inputs["capacityProviderStrategies"] == found
    assert recording.exports["capacity_providers"] == [name for name, _, _ in strategy]


def test_a_fargate_cluster_keeps_both_providers_so_that_spot_can_be_switched_off():
    """PutClusterCapacityProviders refuses to take away a provider that a service still uses."""
    assert sample("fargate").one(ASSOCIATION).inputs["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]


def test_k1_a_stage_that_leaves_its_instances_keeps_them_as_they_were_while_its_services_run_on_fargate():
    before = declare({"services": {"web": WEB}})
    leaving = declare(
        {"services": {"web": WEB}, "compute": {"kind": "fargate"}},
        leaving=sample_stage({"services": {"web": WEB}}, "dev", stack="shop"),
    )

    for token in (GROUP, TEMPLATE, PROVIDER):
        assert leaving.one(token).inputs == before.one(token).inputs
    association = leaving.one(ASSOCIATION).inputs
    assert association["capacityProviders"] == ["capacity-shop-1a2b3c4", "FARGATE", "FARGATE_SPOT"]
    assert [item["capacityProvider"] for item in association["defaultCapacityProviderStrategies"]] == ["FARGATE"]
    service = leaving.one("aws:ecs/service:Service").inputs
    assert [item["capacityProvider"] for item in service["capacityProviderStrategies"]] == ["FARGATE"]
    assert leaving.exports["auto_scaling_group"] == before.exports["auto_scaling_group"]


def test_fargate_makes_no_instances():
    recording = sample("fargate")

    for type_ in (GROUP, TEMPLATE, PROVIDER, "aws:iam/instanceProfile:InstanceProfile"):
        assert not recording.has(type_)
    assert recording.exports["auto_scaling_group"] == ""
    assert recording.exports["ami_id"] == ""

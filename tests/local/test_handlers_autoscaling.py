"""Auto Scaling groups of the local provider, through boto3 against an emulated AWS."""

from __future__ import annotations

import pytest

from tests.fakes.instance_refreshes import AutoScalingWithRefreshes
from tests.fakes.provider_harness import ProviderHarness, moto_endpoint
from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.autoscaling_groups import GroupHandler
from tinystacks.local.provider.autoscaling_policies import PolicyHandler, ScheduleHandler
from tinystacks.local.provider.autoscaling_shapes import seconds
from tinystacks.local.provider.handler import CreatedButFailedError

MANAGED = {"key": "AmazonECSManaged", "value": "", "propagateAtLaunch": True}


@pytest.fixture(scope="module")
def harness():
    with moto_endpoint() as url:
        harness = ProviderHarness(url, timeout_seconds=5.0)
        harness.clients["autoscaling"] = AutoScalingWithRefreshes(harness.client("autoscaling"))
        yield harness


@pytest.fixture(scope="module")
def subnets(harness):
    ec2 = harness.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("abc")
    ]


@pytest.fixture(scope="module")
def template(harness):
    images = harness.client("ec2").describe_images(Owners=["amazon"])["Images"]
    return harness.client("ec2").create_launch_template(
        LaunchTemplateName="shop",
        LaunchTemplateData={"ImageId": images[0]["ImageId"], "InstanceType": "t3.micro"},
    )["LaunchTemplate"]["LaunchTemplateId"]


def inputs(name, subnets, template, **more):
    return {
        "name": name,
        "minSize": 0,
        "maxSize": 4,
        "vpcZoneIdentifiers": list(reversed(subnets)),
        "launchTemplate": {"id": template, "version": "1"},
        "healthCheckGracePeriod": 300,
        "healthCheckType": "EC2",
        "protectFromScaleIn": False,
        "forceDelete": True,
        "waitForCapacityTimeout": "0",
        "capacityRebalance": True,
        "defaultInstanceWarmup": 60,
        "instanceMaintenancePolicy": {"minHealthyPercentage": 100, "maxHealthyPercentage": 150},
        "instanceRefresh": {
            "strategy": "Rolling",
            "preferences": {
                "minHealthyPercentage": 100,
                "maxHealthyPercentage": 150,
                "scaleInProtectedInstances": "Refresh",
                "standbyInstances": "Ignore",
                "instanceWarmup": "60",
                "skipMatching": True,
            },
        },
        "tags": [
            {"key": "tinystacks:stack", "value": "shop", "propagateAtLaunch": True},
            MANAGED,
            {"key": "Name", "value": "shop", "propagateAtLaunch": True},
        ],
        **more,
    }


def test_everything_given_reads_back(harness, subnets, template):
    made = harness.create(GroupHandler(), inputs("whole", subnets, template))
    assert made.id == "whole"
    assert made.state["arn"].endswith(":autoScalingGroupName/whole")
    assert made.state["launchTemplate"]["name"] == "shop"
    assert made.state["desiredCapacity"] == 0
    assert harness.imported(GroupHandler(), "whole")["maxSize"] == 4
    harness.delete(made)


def test_d2_moved_desired_capacity_shows_and_an_update_leaves_it(harness, subnets, template):
    given = inputs("scaled", subnets, template)
    made = harness.create(GroupHandler(), given)
    harness.client("autoscaling").set_desired_capacity(AutoScalingGroupName="scaled", DesiredCapacity=2)
    assert harness.read(made)["desiredCapacity"] == 2
    harness.update(made, {**given, "maxSize": 6})
    assert made.state["desiredCapacity"] == 2
    harness.delete(made)


def test_d6_managed_tag_of_ecs_shows_when_it_is_not_declared(harness, subnets, template):
    given = inputs("tagged", subnets, template, tags=[])
    made = harness.create(GroupHandler(), given)
    autoscaling = harness.client("autoscaling")
    autoscaling.create_or_update_tags(
        Tags=[
            {
                "ResourceId": "tagged", "ResourceType": "auto-scaling-group", "Key": "AmazonECSManaged", "Value": "",
                "PropagateAtLaunch": True,
            }
        ]
    )  # fmt: skip
    assert harness.read(made)["tags"] == [MANAGED]
    made.state = harness.read(made)
    harness.update(made, {**given, "tags": []})
    harness.delete(made)


def test_f2_new_template_version_starts_a_refresh_that_takes_protected_instances(harness, subnets, template):
    autoscaling = harness.client("autoscaling")
    harness.client("ec2").create_launch_template_version(
        LaunchTemplateId=template, LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "t3.small"}
    )
    given = inputs("refreshed", subnets, template)
    made = harness.create(GroupHandler(), given)
    autoscaling.started.clear()
    harness.update(made, {**given, "maxSize": 5})
    assert autoscaling.started == [], "a change of the size starts no refresh"
    harness.update(made, {**given, "maxSize": 5, "launchTemplate": {"id": template, "version": "2"}})
    assert len(autoscaling.started) == 1
    assert autoscaling.started[0]["Preferences"] == {
        "MinHealthyPercentage": 100,
        "MaxHealthyPercentage": 150,
        "ScaleInProtectedInstances": "Refresh",
        "StandbyInstances": "Ignore",
        "InstanceWarmup": 60,
        "SkipMatching": True,
    }
    harness.update(made, given)
    assert autoscaling.cancelled == 1, "a running refresh is cancelled first"
    harness.delete(made)


def test_mixed_instances_with_spot_and_an_on_demand_base(harness, subnets, template):
    given = inputs("mixed", subnets, template)
    del given["launchTemplate"]
    given["mixedInstancesPolicy"] = {
        "launchTemplate": {
            "launchTemplateSpecification": {"launchTemplateId": template, "version": "1"},
            "overrides": [{"instanceType": "t3.micro"}, {"instanceType": "t3a.micro", "weightedCapacity": "2"}],
        },
        "instancesDistribution": {
            "onDemandBaseCapacity": 1,
            "onDemandPercentageAboveBaseCapacity": 0,
            "spotAllocationStrategy": "price-capacity-optimized",
        },
    }
    made = harness.create(GroupHandler(), given)
    assert "launchTemplate" not in made.state
    changed = {**given["mixedInstancesPolicy"], "instancesDistribution": {"onDemandBaseCapacity": 0}}
    harness.update(made, {**given, "mixedInstancesPolicy": changed})
    harness.delete(made)


def test_protected_instances_do_not_stop_a_deletion(harness, subnets, template):
    made = harness.create(GroupHandler(), inputs("protected", subnets, template, minSize=2, protectFromScaleIn=True))
    assert harness.read(made)["desiredCapacity"] == 2
    harness.delete(made)


def test_group_without_force_is_drained_first(harness, subnets, template):
    made = harness.create(GroupHandler(), inputs("drained", subnets, template, minSize=1, forceDelete=False))
    harness.delete(made)


def test_capacity_wait_succeeds_with_instances_in_service(harness, subnets, template):
    made = harness.create(GroupHandler(), inputs("waited", subnets, template, minSize=1, waitForCapacityTimeout="10s"))
    harness.delete(made)


def test_capacity_wait_that_fails_leaves_the_group_in_the_state(harness, subnets, template):
    given = inputs("starved", subnets, template, waitForCapacityTimeout="0.3s", minElbCapacity=1)
    group = harness.client("elbv2").create_target_group(Name="starved", Protocol="HTTP", Port=80, TargetType="ip",
        VpcId=harness.client("ec2").describe_subnets(SubnetIds=subnets[:1])["Subnets"][0]["VpcId"],
    )["TargetGroups"][0]["TargetGroupArn"]  # fmt: skip
    with pytest.raises(CreatedButFailedError, match="capacity satisfied") as raised:
        GroupHandler().create(harness.call(), {**given, "targetGroupArns": [group]})
    assert raised.value.resource_id == "starved"
    GroupHandler().delete(harness.call(), "starved", given)


def test_processes_and_metrics(harness, subnets, template):
    given = inputs("paused", subnets, template, suspendedProcesses=["AZRebalance"])
    made = harness.create(GroupHandler(), given)
    harness.update(made, {**given, "suspendedProcesses": []})
    harness.update(made, {**given, "suspendedProcesses": [], "enabledMetrics": ["GroupInServiceInstances"]})
    harness.delete(made)


def test_unknown_setting_is_refused(harness, subnets, template):
    with pytest.raises(LocalAwsError, match="instanceLifecyclePolicy"):
        GroupHandler().create(harness.call(), inputs("odd", subnets, template, instanceLifecyclePolicy={"a": 1}))


@pytest.mark.parametrize(("text", "expected"), [("0", 0), ("10m", 600), ("1h30m", 5400), ("0.5s", 0.5)])
def test_go_durations(text, expected):
    assert seconds(text) == expected


def test_duration_without_unit_is_refused():
    with pytest.raises(ValueError, match="missing unit"):
        seconds("10")


def test_step_policy(harness, subnets, template):
    group = harness.create(GroupHandler(), inputs("stepped", subnets, template))
    given = {
        "name": "out",
        "autoscalingGroupName": "stepped",
        "policyType": "StepScaling",
        "adjustmentType": "ChangeInCapacity",
        "metricAggregationType": "Average",
        "stepAdjustments": [{"scalingAdjustment": 1, "metricIntervalLowerBound": "0"}],
    }
    policy = harness.create(PolicyHandler(), given)
    harness.update(policy, {**given, "stepAdjustments": [{"scalingAdjustment": 2, "metricIntervalLowerBound": "0"}]})
    assert harness.imported(PolicyHandler(), "stepped/out")["policyType"] == "StepScaling"
    harness.delete(policy)
    harness.delete(group)


def test_schedule_leaves_sizes_of_minus_one(harness, subnets, template):
    group = harness.create(GroupHandler(), inputs("nightly", subnets, template))
    given = {
        "autoscalingGroupName": "nightly",
        "scheduledActionName": "night",
        "recurrence": "0 22 * * *",
        "minSize": 0,
        "maxSize": -1,
        "desiredCapacity": -1,
    }
    schedule = harness.create(ScheduleHandler(), given)
    harness.delete(schedule)
    harness.delete(group)

"""EC2 Auto Scaling and Elastic Load Balancing say no where AWS does."""

import functools

import pytest
from botocore.exceptions import ClientError

from tests.fakes.local_stage import LocalStage, eventually, refusal
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    local = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
    target = LocalTarget(local.start(runtime="simulated", speed=60), "us-east-1")
    yield functools.cache(target.client)
    local.stop()


@pytest.fixture(scope="module")
def stage(client):
    made = LocalStage(client=client, name="held")
    made.make_network()
    made.make_instances(minimum=1, maximum=3)
    made.make_endpoint()
    return made


def test_c1_a_group_with_instances_is_deleted_only_by_force(stage, client):
    code, message = refusal(client("autoscaling").delete_auto_scaling_group, AutoScalingGroupName="held")
    assert code == "ResourceInUse"
    assert message.startswith("You cannot delete an AutoScalingGroup while there are instances")


def test_capacity_outside_the_bounds_is_refusal(stage, client):
    asg = client("autoscaling")
    assert refusal(asg.set_desired_capacity, AutoScalingGroupName="held", DesiredCapacity=4) == (
        "ValidationError",
        "New SetDesiredCapacity value 4 is above max value 3 for the AutoScalingGroup.",
    )
    assert refusal(asg.set_desired_capacity, AutoScalingGroupName="held", DesiredCapacity=0) == (
        "ValidationError",
        "New SetDesiredCapacity value 0 is below min value 1 for the AutoScalingGroup.",
    )
    assert refusal(asg.update_auto_scaling_group, AutoScalingGroupName="held", MinSize=5) == (
        "ValidationError",
        "Max bound, 3, must be greater than or equal to min bound, 5",
    )


def test_b9_a_second_group_of_the_same_name_is_refusal(stage, client):
    code, message = refusal(
        client("autoscaling").create_auto_scaling_group,
        AutoScalingGroupName="held",
        MinSize=0,
        MaxSize=1,
        LaunchTemplate={"LaunchTemplateId": stage.made["template"]},
        VPCZoneIdentifier=stage.subnets[0],
    )
    assert code == "AlreadyExists"
    assert "A group with the name held already exists" in message


def test_h2_an_instance_profile_that_is_not_there_is_refused_and_later_accepted(stage, client):
    ec2, iam = client("ec2"), client("iam")
    template = ec2.create_launch_template(
        LaunchTemplateName="profiled",
        LaunchTemplateData={"ImageId": "ami-1", "InstanceType": "t3.micro", "IamInstanceProfile": {"Name": "late"}},
    )["LaunchTemplate"]["LaunchTemplateId"]
    group = {
        "AutoScalingGroupName": "profiled",
        "MinSize": 0,
        "MaxSize": 1,
        "LaunchTemplate": {"LaunchTemplateId": template},
        "VPCZoneIdentifier": stage.subnets[0],
    }
    code, message = refusal(client("autoscaling").create_auto_scaling_group, **group)
    assert code == "ValidationError"
    assert "Invalid IAM Instance Profile name" in message
    iam.create_instance_profile(InstanceProfileName="late")
    client("autoscaling").create_auto_scaling_group(**group)


def test_a_launch_template_that_is_not_there_is_refusal(stage, client):
    code, message = refusal(
        client("autoscaling").create_auto_scaling_group,
        AutoScalingGroupName="other",
        MinSize=0,
        MaxSize=1,
        LaunchTemplate={"LaunchTemplateId": "lt-0123456789abcdef0"},
        VPCZoneIdentifier=stage.subnets[0],
    )
    assert code == "ValidationError"
    assert "template ID lt-0123456789abcdef0, does not exist" in message


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a" * 33, "cannot be longer than '32' characters"),
        ("-edge", "cannot begin or end with a hyphen(-)"),
        ("internal-web", "cannot begin with 'internal-'"),
        ("under_score", "can only contain characters that are alphanumeric"),
        ("held", "A load balancer with the same name 'held' exists"),
    ],
)
def test_g2_load_balancer_names(stage, client, name, text):
    code, message = refusal(client("elbv2").create_load_balancer, Name=name, Subnets=stage.subnets)
    assert text in message
    assert code == ("DuplicateLoadBalancerName" if name == "held" else "ValidationError")


def test_a_load_balancer_needs_two_zones(stage, client):
    code, message = refusal(client("elbv2").create_load_balancer, Name="narrow", Subnets=stage.subnets[:1])
    assert (code, message) == (
        "ValidationError",
        "At least two subnets in two different Availability Zones must be specified",
    )


def test_a_protected_load_balancer_stays(stage, client):
    elb = client("elbv2")
    arn = elb.create_load_balancer(Name="guarded", Subnets=stage.subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    key = "deletion_protection.enabled"
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": "true"}])
    code, message = refusal(elb.delete_load_balancer, LoadBalancerArn=arn)
    assert code == "OperationNotPermitted"
    assert "deletion protection is enabled" in message
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": "false"}])
    elb.delete_load_balancer(LoadBalancerArn=arn)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"HealthCheckTimeoutSeconds": 121, "HealthCheckIntervalSeconds": 300}, "less than or equal to 120"),
        ({"HealthCheckIntervalSeconds": 301}, "less than or equal to 300"),
        ({"UnhealthyThresholdCount": 11}, "less than or equal to 10"),
        ({"HealthCheckTimeoutSeconds": 10, "HealthCheckIntervalSeconds": 10}, "greater than the timeout"),
    ],
)
def test_l1_health_checks_of_targets_have_bounds(stage, client, given, text):
    """ELB API reference, CreateTargetGroup and ModifyTargetGroup; ALB guide, target-group-health-checks."""
    elb = client("elbv2")
    for call, subject in (
        (elb.modify_target_group, {"TargetGroupArn": stage.made["target_group"]}),
        (elb.create_target_group, {"Name": "l1", "Protocol": "HTTP", "Port": 80, "VpcId": stage.made["vpc"]}),
    ):
        code, message = refusal(call, **subject, **given)
        assert (code, text in message) == ("ValidationError", True), message


def test_l8_slow_start_is_off_or_takes_30_to_900_seconds(stage, client):
    """ELB API reference, TargetGroupAttribute: slow_start.duration_seconds."""
    elb, arn = client("elbv2"), stage.made["target_group"]

    def change(**values):
        keys = {"slow": "slow_start.duration_seconds", "by": "load_balancing.algorithm.type"}
        attributes = [{"Key": keys[name], "Value": value} for name, value in values.items()]
        return {"TargetGroupArn": arn, "Attributes": attributes}

    for wrong in ("10", "29", "901", "-1", "soon"):
        assert refusal(elb.modify_target_group_attributes, **change(slow=wrong))[0] == "ValidationError"
    for right in ("30", "900"):
        elb.modify_target_group_attributes(**change(slow=right))
    outstanding = "least_outstanding_requests"
    assert refusal(elb.modify_target_group_attributes, **change(by=outstanding))[0] == "InvalidConfigurationRequest"
    elb.modify_target_group_attributes(**change(slow="0", by=outstanding))
    elb.modify_target_group_attributes(**change(by="round_robin"))


def test_a_target_group_serves_one_load_balancer(stage, client):
    elb = client("elbv2")
    arn = elb.create_load_balancer(Name="second", Subnets=stage.subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    code, message = refusal(
        elb.create_listener,
        LoadBalancerArn=arn,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": stage.made["target_group"]}],
    )
    assert code == "TargetGroupAssociationLimit"
    assert stage.made["target_group"] in message


def test_g1_a_target_group_that_a_listener_uses_stays(stage, client):
    code, _ = refusal(client("elbv2").delete_target_group, TargetGroupArn=stage.made["target_group"])
    assert code == "ResourceInUse"


def test_b13_a_service_on_a_target_group_that_no_listener_uses_is_refusal(stage, client):
    elb, ecs = client("elbv2"), client("ecs")
    group = elb.create_target_group(Name="idle", Protocol="HTTP", Port=80, VpcId=stage.made["vpc"])
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    code, message = refusal(
        ecs.create_service,
        cluster="held",
        serviceName="idle",
        taskDefinition=stage.register(),
        desiredCount=1,
        loadBalancers=[{"targetGroupArn": arn, "containerName": "web", "containerPort": 8080}],
    )
    assert code == "InvalidParameterException"
    assert message == f"The target group with targetGroupArn {arn} does not have an associated load balancer."


def test_c2_c3_a_cluster_and_a_capacity_provider_in_use_stay(stage, client):
    ecs = client("ecs")
    eventually(lambda: ecs.list_container_instances(cluster="held")["containerInstanceArns"], what="an instance")
    assert refusal(ecs.delete_cluster, cluster="held")[0] == "ClusterContainsContainerInstancesException"
    with pytest.raises(ClientError):
        ecs.delete_capacity_provider(capacityProvider="held-capacity")


def test_f2_f4_an_instance_refresh_replaces_every_instance(stage, client):
    asg = client("autoscaling")
    before = asg.describe_auto_scaling_groups(AutoScalingGroupNames=["held"])["AutoScalingGroups"][0]["Instances"]
    started = asg.start_instance_refresh(
        AutoScalingGroupName="held", Preferences={"InstanceWarmup": 30, "MinHealthyPercentage": 100}
    )
    code, _ = refusal(asg.start_instance_refresh, AutoScalingGroupName="held")
    assert code == "InstanceRefreshInProgress"

    def look():
        found = asg.describe_instance_refreshes(AutoScalingGroupName="held")["InstanceRefreshes"][0]
        assert found["InstanceRefreshId"] == started["InstanceRefreshId"]
        return found if found["Status"] == "Successful" else None

    assert eventually(look, what="a successful refresh")["PercentageComplete"] == 100
    after = asg.describe_auto_scaling_groups(AutoScalingGroupNames=["held"])["AutoScalingGroups"][0]["Instances"]
    assert len(after) == len(before)
    assert not {one["InstanceId"] for one in after} & {one["InstanceId"] for one in before}


def test_d6_an_instance_that_ends_outside_is_replaced_in_its_zone(stage, client):
    asg = client("autoscaling")
    group = asg.describe_auto_scaling_groups(AutoScalingGroupNames=["held"])["AutoScalingGroups"][0]
    gone = group["Instances"][0]["InstanceId"]
    client("ec2").terminate_instances(InstanceIds=[gone])

    def look():
        now = asg.describe_auto_scaling_groups(AutoScalingGroupNames=["held"])["AutoScalingGroups"][0]["Instances"]
        return (len(now) == len(group["Instances"]) and gone not in {one["InstanceId"] for one in now}) or None

    eventually(look, what="a replacement")

"""What a user of an existing network meets: ids that lead nowhere, in AWS's words, and a bound of target groups."""

import functools

import pytest

from tests.fakes.local_stage import refusal

VPC, SUBNET, GROUP, GATEWAY = (f"{kind}-0123456789abcdef0" for kind in ("vpc", "subnet", "sg", "igw"))
NO_VPC = ("InvalidVpcID.NotFound", f"The vpc ID '{VPC}' does not exist")
NO_SUBNET = ("InvalidSubnetID.NotFound", f"The subnet ID '{SUBNET}' does not exist")
NO_GROUP = ("InvalidGroup.NotFound", f"The security group '{GROUP}' does not exist")
NO_GATEWAY = ("InvalidInternetGatewayID.NotFound", f"The internetGateway ID '{GATEWAY}' does not exist")


@pytest.fixture(scope="module")
def subnets(client):
    filters = [{"Name": "default-for-az", "Values": ["true"]}]
    return [one["SubnetId"] for one in client("ec2").describe_subnets(Filters=filters)["Subnets"][:2]]


@pytest.mark.parametrize(
    ("operation", "parameters", "told"),
    [
        ("describe_vpcs", {"VpcIds": [VPC]}, NO_VPC),
        ("create_subnet", {"VpcId": VPC, "CidrBlock": "10.1.0.0/24"}, NO_VPC),
        ("create_security_group", {"VpcId": VPC, "GroupName": "web", "Description": "w"}, NO_VPC),
        ("create_route_table", {"VpcId": VPC}, NO_VPC),
        ("delete_vpc", {"VpcId": VPC}, NO_VPC),
        ("describe_subnets", {"SubnetIds": [SUBNET]}, NO_SUBNET),
        ("describe_security_groups", {"GroupIds": [GROUP]}, NO_GROUP),
        ("delete_security_group", {"GroupId": GROUP}, NO_GROUP),
        ("describe_internet_gateways", {"InternetGatewayIds": [GATEWAY]}, NO_GATEWAY),
    ],
)
def test_ec2_says_which_id_does_not_exist(client, operation, parameters, told):
    """EC2 API reference, errors-overview: InvalidVpcID.NotFound, InvalidSubnetID.NotFound, InvalidGroup.NotFound."""
    assert refusal(getattr(client("ec2"), operation), **parameters) == told


def test_several_ids_are_told_in_one_sentence(client):
    """EC2 API reference, errors-overview."""
    others = [f"{VPC[:-1]}{digit}" for digit in "21"]
    told = refusal(client("ec2").describe_vpcs, VpcIds=others)
    assert told == ("InvalidVpcID.NotFound", f"The vpc IDs '{others[1]}, {others[0]}' do not exist")


def test_a_load_balancer_needs_subnets_and_groups_that_exist(client, subnets):
    """Elastic Load Balancing API reference, CreateLoadBalancer: SubnetNotFound, InvalidSecurityGroup."""
    create = client("elbv2").create_load_balancer
    told = refusal(create, Name="web", Subnets=[subnets[0], SUBNET])
    assert told == ("SubnetNotFound", f"The subnet ID '{SUBNET}' does not exist")
    assert refusal(create, Name="web", Subnets=subnets, SecurityGroups=[GROUP])[0] == "InvalidSecurityGroup"


def test_an_auto_scaling_group_needs_subnets_that_exist(client):
    """EC2 Auto Scaling user guide, ts-as-instancelaunchfailure; API CreateAutoScalingGroup, VPCZoneIdentifier."""
    template = client("ec2").create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData={"ImageId": "ami-1", "InstanceType": "t3.small"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    told = refusal(
        client("autoscaling").create_auto_scaling_group,
        AutoScalingGroupName="web",
        MinSize=0,
        MaxSize=1,
        LaunchTemplate={"LaunchTemplateId": template},
        VPCZoneIdentifier=SUBNET,
    )
    assert told == ("ValidationError", f"The subnet ID '{SUBNET}' does not exist")


@pytest.mark.parametrize("seconds", ["0", "300", "3600"])
def test_a_target_group_takes_a_deregistration_delay_of_up_to_an_hour(client, seconds):
    """Elastic Load Balancing API reference, TargetGroupAttribute: 0 to 3600 seconds."""
    elb = client("elbv2")
    group = elb.create_target_group(Name=f"delay-{seconds}", Protocol="HTTP", Port=80, VpcId=_default_vpc(client))
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    change = functools.partial(elb.modify_target_group_attributes, TargetGroupArn=arn)
    wanted = {"Key": "deregistration_delay.timeout_seconds", "Value": seconds}
    assert wanted in change(Attributes=[wanted])["Attributes"]
    assert wanted in elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    for beyond in ("3601", "-1", "soon"):
        told = refusal(change, Attributes=[{**wanted, "Value": beyond}])
        assert told[0] == "ValidationError"
        assert told[1].startswith(f"'{wanted['Key']}' value '{beyond}' must be between")
    assert wanted in elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]


def _default_vpc(client):
    return client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]

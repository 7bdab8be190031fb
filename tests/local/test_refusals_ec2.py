"""EC2 says no where AWS does: what others hold stays, and quotas are quotas."""

import pytest

from tests.fakes.local_stage import refusal
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget


@pytest.fixture(scope="module")
def status(tmp_path_factory):
    local = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
    yield local.start(runtime="simulated")
    local.stop()


@pytest.fixture
def ec2(status, request):
    """A region of its own for each test: quotas are per region."""
    regions = [
        "us-east-2",
        "us-west-2",
        "eu-west-1",
        "eu-central-1",
        "ap-south-1",
        "eu-north-1",
        "sa-east-1",
        "us-west-1",
    ]
    request.config.stash.setdefault(_COUNT, []).append(1)
    region = regions[len(request.config.stash[_COUNT]) % len(regions)]
    client = LocalTarget(status, region).client("ec2")
    client.region = region
    client.sibling = LocalTarget(status, region).client
    return client


_COUNT = pytest.StashKey()


def network(ec2):
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    zones = [one["ZoneName"] for one in ec2.describe_availability_zones()["AvailabilityZones"][:2]]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate(zones)
    ]
    return vpc, subnets


def test_c7_a_security_group_that_another_one_names_stays(ec2):
    vpc, _ = network(ec2)
    held = ec2.create_security_group(GroupName="held", Description="d", VpcId=vpc)["GroupId"]
    other = ec2.create_security_group(GroupName="other", Description="d", VpcId=vpc)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": held}]}
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[rule])
    error = refusal(ec2.delete_security_group, GroupId=held)
    assert error == ("DependencyViolation", f"resource {held} has a dependent object")
    ec2.revoke_security_group_ingress(GroupId=other, IpPermissions=[rule])
    ec2.delete_security_group(GroupId=held)


def test_c7_a_security_group_and_a_subnet_that_an_interface_has_stay(ec2):
    vpc, (subnet, _) = network(ec2)
    held = ec2.create_security_group(GroupName="held", Description="d", VpcId=vpc)["GroupId"]
    interface = ec2.create_network_interface(SubnetId=subnet, Groups=[held])["NetworkInterface"]["NetworkInterfaceId"]
    assert refusal(ec2.delete_security_group, GroupId=held)[0] == "DependencyViolation"
    error = refusal(ec2.delete_subnet, SubnetId=subnet)
    assert error == ("DependencyViolation", f"The subnet '{subnet}' has dependencies and cannot be deleted.")
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    ec2.delete_security_group(GroupId=held)
    ec2.delete_subnet(SubnetId=subnet)


def test_c7_a_running_instance_holds_its_group_and_subnet(ec2):
    vpc, (subnet, _) = network(ec2)
    held = ec2.create_security_group(GroupName="held", Description="d", VpcId=vpc)["GroupId"]
    instance = ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, SubnetId=subnet, SecurityGroupIds=[held])[
        "Instances"
    ][0]["InstanceId"]
    assert refusal(ec2.delete_security_group, GroupId=held)[0] == "DependencyViolation"
    assert refusal(ec2.delete_subnet, SubnetId=subnet)[0] == "DependencyViolation"
    ec2.terminate_instances(InstanceIds=[instance])
    ec2.delete_security_group(GroupId=held)
    ec2.delete_subnet(SubnetId=subnet)


def test_c7_a_load_balancer_holds_its_group_subnets_and_gateway(ec2):
    vpc, subnets = network(ec2)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    held = ec2.create_security_group(GroupName="held", Description="d", VpcId=vpc)["GroupId"]
    elb = ec2.sibling("elbv2")
    balancer = elb.create_load_balancer(Name="holds", Subnets=subnets, SecurityGroups=[held])
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    assert refusal(ec2.delete_security_group, GroupId=held)[0] == "DependencyViolation"
    assert refusal(ec2.delete_subnet, SubnetId=subnets[0])[0] == "DependencyViolation"
    error = refusal(ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)
    assert error[0] == "DependencyViolation"
    assert "mapped public address" in error[1]
    elb.delete_load_balancer(LoadBalancerArn=arn)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_security_group(GroupId=held)
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)


def test_c7_a_vpc_with_a_gateway_or_a_group_stays(ec2):
    vpc = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="own", Description="d", VpcId=vpc)["GroupId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    expected = ("DependencyViolation", f"The vpc '{vpc}' has dependencies and cannot be deleted.")
    assert refusal(ec2.delete_vpc, VpcId=vpc) == expected
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    assert refusal(ec2.delete_vpc, VpcId=vpc) == expected
    ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc(VpcId=vpc)


def test_the_default_security_group_cannot_be_deleted(ec2):
    vpc, _ = network(ec2)
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    assert refusal(ec2.delete_security_group, GroupId=groups[0]["GroupId"])[0] == "CannotDelete"


def test_e12_five_addresses_and_five_vpcs_per_region(ec2):
    for _ in range(5):
        ec2.allocate_address(Domain="vpc")
    assert refusal(ec2.allocate_address, Domain="vpc") == (
        "AddressLimitExceeded",
        "The maximum number of addresses has been reached.",
    )
    while len(ec2.describe_vpcs()["Vpcs"]) < 5:
        ec2.create_vpc(CidrBlock="10.3.0.0/16")
    assert refusal(ec2.create_vpc, CidrBlock="10.4.0.0/16")[0] == "VpcLimitExceeded"


def test_tags_go_with_what_they_were_on(ec2):
    vpc, subnets = network(ec2)
    group = ec2.create_security_group(GroupName="tagged", Description="d", VpcId=vpc)["GroupId"]
    for resource in (vpc, *subnets, group):
        ec2.create_tags(Resources=[resource], Tags=[{"Key": "tinystacks:stage", "Value": "gone"}])
    filters = [{"Name": "key", "Values": ["tinystacks:stage"]}]
    assert {one["ResourceId"] for one in ec2.describe_tags(Filters=filters)["Tags"]} == {vpc, *subnets, group}
    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=subnets[0])
    assert {one["ResourceId"] for one in ec2.describe_tags(Filters=filters)["Tags"]} == {vpc, subnets[1]}


def test_an_address_that_a_nat_gateway_uses_stays(ec2):
    _, (subnet, _) = network(ec2)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    gateway = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    assert refusal(ec2.release_address, AllocationId=address)[0] == "InvalidIPAddress.InUse"
    assert refusal(ec2.delete_subnet, SubnetId=subnet)[0] == "DependencyViolation"
    ec2.delete_nat_gateway(NatGatewayId=gateway)
    ec2.release_address(AllocationId=address)

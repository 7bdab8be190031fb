"""Network resources of the local provider, through boto3 against an emulated AWS."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.fakes.provider_harness import ProviderHarness, moto_endpoint
from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.ec2_addresses import EipHandler, NatGatewayHandler
from tinystacks.local.provider.ec2_endpoints import FlowLogHandler, VpcEndpointHandler
from tinystacks.local.provider.ec2_internet_gateway import InternetGatewayHandler
from tinystacks.local.provider.ec2_route_association import RouteTableAssociationHandler
from tinystacks.local.provider.ec2_routes import RouteHandler, RouteTableHandler, route_id
from tinystacks.local.provider.ec2_vpc import SubnetHandler, VpcHandler

TAGS = {"Name": "network", "tinystacks:stack": "shop"}


@pytest.fixture(scope="module")
def harness():
    with moto_endpoint() as url:
        yield ProviderHarness(url)


@pytest.fixture(scope="module")
def vpc(harness):
    return harness.create(
        VpcHandler(),
        {
            "cidrBlock": "10.0.0.0/16",
            "enableDnsHostnames": True,
            "enableDnsSupport": True,
            "instanceTenancy": "default",
            "tagsAll": TAGS,
        },
    )


@pytest.fixture(scope="module")
def subnet(harness, vpc):
    return harness.create(
        SubnetHandler(),
        {
            "vpcId": vpc.id,
            "availabilityZone": "us-east-1a",
            "cidrBlock": "10.0.32.0/19",
            "mapPublicIpOnLaunch": True,
            "assignIpv6AddressOnCreation": False,
            "tagsAll": {"Name": "network-public-1", "SubnetType": "Public"},
        },
    )


def test_vpc_brings_acl_route_table_and_default_group(vpc):
    assert vpc.id.startswith("vpc-")
    assert vpc.state["defaultNetworkAclId"].startswith("acl-")
    assert vpc.state["mainRouteTableId"] == vpc.state["defaultRouteTableId"]
    assert vpc.state["defaultSecurityGroupId"].startswith("sg-")
    assert vpc.state["arn"] == f"arn:aws:ec2:us-east-1:123456789012:vpc/{vpc.id}"


def test_vpc_life(harness):
    inputs = {"cidrBlock": "10.9.0.0/16", "enableDnsHostnames": False, "tagsAll": {"a": "1", "b": "2"}}
    made = harness.create(VpcHandler(), inputs)
    assert made.state["enableDnsSupport"] is True
    harness.client("ec2").modify_vpc_attribute(VpcId=made.id, EnableDnsHostnames={"Value": True})
    assert harness.read(made)["enableDnsHostnames"] is True, "an outside change must show"
    harness.update(made, {**inputs, "enableDnsHostnames": True, "tagsAll": {"b": "3", "c": "4"}})
    assert made.state["tagsAll"] == {"b": "3", "c": "4"}
    assert harness.imported(VpcHandler(), made.id)["cidrBlock"] == "10.9.0.0/16"
    harness.delete(made)


def test_unknown_property_is_refused_not_ignored(harness):
    with pytest.raises(LocalAwsError, match="ipv4IpamPoolId"):
        VpcHandler().create(harness.call(), {"cidrBlock": "10.8.0.0/16", "ipv4IpamPoolId": "ipam-1"})


def test_subnet_reads_back_and_shows_drift(harness, vpc):
    inputs = {"vpcId": vpc.id, "availabilityZone": "us-east-1b", "cidrBlock": "10.0.64.0/20", "tagsAll": {}}
    made = harness.create(SubnetHandler(), inputs)
    assert made.state["mapPublicIpOnLaunch"] is False
    harness.client("ec2").modify_subnet_attribute(SubnetId=made.id, MapPublicIpOnLaunch={"Value": True})
    assert harness.read(made)["mapPublicIpOnLaunch"] is True
    made.state = harness.read(made)
    harness.update(made, {**inputs, "mapPublicIpOnLaunch": False})
    assert harness.imported(SubnetHandler(), made.id)["availabilityZone"] == "us-east-1b"
    harness.delete(made)


def test_subnet_outside_the_vpc_fails_with_awss_own_error(harness, vpc):
    with pytest.raises(ClientError, match=r"InvalidSubnet\.Range"):
        SubnetHandler().create(harness.call(), {"vpcId": vpc.id, "cidrBlock": "10.77.0.0/20"})


def test_internet_gateway_detached_elsewhere_shows(harness, vpc):
    made = harness.create(InternetGatewayHandler(), {"vpcId": vpc.id, "tagsAll": TAGS})
    harness.client("ec2").detach_internet_gateway(InternetGatewayId=made.id, VpcId=vpc.id)
    assert "vpcId" not in harness.read(made) or harness.read(made)["vpcId"] == ""
    made.state = harness.read(made)
    harness.update(made, {"vpcId": vpc.id, "tagsAll": TAGS})
    assert harness.imported(InternetGatewayHandler(), made.id)["vpcId"] == vpc.id
    harness.delete(made)


def test_routes_by_resources(harness, vpc):
    gateway = harness.create(InternetGatewayHandler(), {"vpcId": vpc.id, "tagsAll": {}})
    table = harness.create(RouteTableHandler(), {"vpcId": vpc.id, "tagsAll": {"Name": "network-public-1"}})
    inputs = {"routeTableId": table.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway.id}
    route = harness.create(RouteHandler(), inputs)
    assert route.id == f"r-{table.id}1080289494", "id of the real provider for 0.0.0.0/0"
    assert route.state["state"] == "active"
    assert harness.imported(RouteHandler(), f"{table.id}_0.0.0.0/0")["gatewayId"] == gateway.id
    harness.client("ec2").delete_route(RouteTableId=table.id, DestinationCidrBlock="0.0.0.0/0")
    assert harness.read(route) is None
    again = harness.create(RouteHandler(), inputs)
    harness.delete(again)
    harness.delete(table)
    harness.delete(gateway)


def test_inline_routes_are_a_set(harness, vpc):
    gateway = harness.create(InternetGatewayHandler(), {"vpcId": vpc.id, "tagsAll": {}})
    inputs = {
        "vpcId": vpc.id,
        "tagsAll": {},
        "routes": [
            {"cidrBlock": "192.168.0.0/16", "gatewayId": gateway.id},
            {"cidrBlock": "0.0.0.0/0", "gatewayId": gateway.id},
        ],
    }
    table = harness.create(RouteTableHandler(), inputs)
    harness.update(table, {**inputs, "routes": inputs["routes"][1:]})
    assert len(table.state["routes"]) == 1
    harness.delete(table)
    harness.delete(gateway)


def test_association_survives_its_change_of_id(harness, vpc, subnet):
    one = harness.create(RouteTableHandler(), {"vpcId": vpc.id, "tagsAll": {}})
    two = harness.create(RouteTableHandler(), {"vpcId": vpc.id, "tagsAll": {}})
    association = harness.create(
        RouteTableAssociationHandler(),
        {"routeTableId": one.id, "subnetId": subnet.id},
    )
    assert harness.imported(RouteTableAssociationHandler(), f"{subnet.id}/{one.id}")["routeTableId"] == one.id
    harness.update(association, {"routeTableId": two.id, "subnetId": subnet.id})
    assert association.state["routeTableId"] == two.id
    harness.delete(association)
    harness.delete(one)
    harness.delete(two)


def test_route_id_is_a_checksum_of_the_destination():
    assert route_id("rtb-1", "0.0.0.0/0") == "r-rtb-11080289494"


def test_nat_gateway_with_its_address(harness, subnet):
    address = harness.create(EipHandler(), {"domain": "vpc", "tagsAll": {"Name": "network-1"}})
    gateway = harness.create(
        NatGatewayHandler(),
        {
            "subnetId": subnet.id,
            "allocationId": address.id,
            "connectivityType": "public",
            "tagsAll": {"Name": "network-1"},
        },
    )
    assert gateway.state["publicIp"] == address.state["publicIp"]
    assert harness.imported(NatGatewayHandler(), gateway.id)["subnetId"] == subnet.id
    harness.update(gateway, {"subnetId": subnet.id, "tagsAll": {"Name": "other"}})
    harness.delete(gateway)
    harness.delete(address)


def test_nat_gateway_refuses_public_address_on_a_private_one(harness):
    errors = NatGatewayHandler().plan(
        harness.call(), None, {"connectivityType": "private", "allocationId": "eipalloc-1"}
    )
    assert [error.property for error in errors] == ["allocationId"]


def test_eip_names_follow_the_region(harness):
    address = harness.create(EipHandler(), {"tagsAll": {}})
    dashed = address.state["publicIp"].replace(".", "-")
    assert address.state["publicDns"] == f"ec2-{dashed}.compute-1.amazonaws.com"
    harness.update(address, {"tagsAll": {"a": "b"}})
    harness.delete(address)


def test_gateway_endpoint(harness, vpc):
    table = harness.create(RouteTableHandler(), {"vpcId": vpc.id, "tagsAll": {}})
    inputs = {
        "vpcId": vpc.id,
        "serviceName": "com.amazonaws.us-east-1.s3",
        "vpcEndpointType": "Gateway",
        "routeTableIds": [table.id],
        "tagsAll": {"Name": "network"},
    }
    endpoint = harness.create(VpcEndpointHandler(), inputs)
    assert harness.imported(VpcEndpointHandler(), endpoint.id)["serviceName"] == "com.amazonaws.us-east-1.s3"
    assert harness.read(table) == table.state, "an endpoint's route is not one of the table's"
    harness.update(endpoint, {**inputs, "routeTableIds": []})
    harness.delete(endpoint)
    harness.delete(table)


def test_interface_endpoint(harness, vpc, subnet):
    group = harness.client("ec2").create_security_group(GroupName="endpoint", Description="d", VpcId=vpc.id)["GroupId"]
    inputs = {
        "vpcId": vpc.id,
        "serviceName": "com.amazonaws.us-east-1.ecr.dkr",
        "vpcEndpointType": "Interface",
        "privateDnsEnabled": True,
        "subnetIds": [subnet.id],
        "securityGroupIds": [group],
        "tagsAll": {"Name": "network"},
    }
    endpoint = harness.create(VpcEndpointHandler(), inputs)
    assert endpoint.state["state"].lower() == "available"
    harness.delete(endpoint)


def test_flow_log(harness, vpc):
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/tinystacks/shop/flow"
    harness.client("logs").create_log_group(logGroupName="/tinystacks/shop/flow")
    inputs = {
        "vpcId": vpc.id,
        "trafficType": "ALL",
        "logDestinationType": "cloud-watch-logs",
        "logDestination": group,
        "iamRoleArn": "arn:aws:iam::123456789012:role/flow",
        "maxAggregationInterval": 600,
        "tagsAll": {"a": "b"},
    }
    log = harness.create(FlowLogHandler(), inputs)
    assert log.id.startswith("fl-")
    assert harness.imported(FlowLogHandler(), log.id)["vpcId"] == vpc.id
    harness.update(log, {**inputs, "tagsAll": {"a": "c"}})
    harness.delete(log)

"""Security groups and their rules of the local provider, through boto3 against an emulated AWS."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.fakes.provider_harness import ProviderHarness, moto_endpoint
from tinystacks.local.provider.ec2_inline_rules import SingleRule, inline_entries, single_rules
from tinystacks.local.provider.ec2_security_groups import DefaultSecurityGroupHandler, SecurityGroupHandler
from tinystacks.local.provider.ec2_security_rules import (
    SecurityGroupEgressRuleHandler,
    SecurityGroupIngressRuleHandler,
    SecurityGroupRuleHandler,
)


@pytest.fixture(scope="module")
def harness():
    with moto_endpoint() as url:
        yield ProviderHarness(url)


@pytest.fixture(scope="module")
def vpc_id(harness):
    return harness.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


@pytest.fixture
def group(harness, vpc_id, request):
    made = harness.create(
        SecurityGroupHandler(),
        {
            "name": request.node.name[:60],
            "description": "Managed by Pulumi",
            "vpcId": vpc_id,
            "revokeRulesOnDelete": False,
            "tagsAll": {"tinystacks:stack": "shop"},
        },
    )
    yield made
    made.state["revokeRulesOnDelete"] = True
    SecurityGroupHandler().delete(harness.call(), made.id, made.state)


def test_new_group_has_no_way_out(group):
    assert group.state["egress"] == []
    assert group.state["ingress"] == []
    assert group.state["arn"].endswith(f":security-group/{group.id}")


def test_group_tags_and_import(harness, group):
    given = {name: group.state[name] for name in ("name", "description", "vpcId")}
    harness.update(group, {**given, "tagsAll": {"other": "tag"}})
    assert harness.imported(SecurityGroupHandler(), group.id)["tagsAll"] == {"other": "tag"}


def test_e5_separate_rule_lets_the_dynamic_range_in_from_one_group_only(harness, vpc_id, group):
    other = harness.client("ec2").create_security_group(GroupName="lb", Description="d", VpcId=vpc_id)["GroupId"]
    inputs = {
        "securityGroupId": group.id,
        "ipProtocol": "tcp",
        "fromPort": 1024,
        "toPort": 65535,
        "referencedSecurityGroupId": other,
        "description": "load balancer to tasks",
        "tagsAll": {"tinystacks:stack": "shop"},
    }
    rule = harness.create(SecurityGroupIngressRuleHandler(), inputs)
    assert rule.id.startswith("sgr-")
    assert rule.state["securityGroupRuleId"] == rule.id
    harness.update(rule, {**inputs, "fromPort": 32768, "tagsAll": {}})
    assert rule.state["fromPort"] == 32768
    assert harness.imported(SecurityGroupIngressRuleHandler(), rule.id)["referencedSecurityGroupId"] == other
    assert harness.imported(SecurityGroupEgressRuleHandler(), rule.id) is None, "it is no egress rule"
    harness.delete(rule)


def test_egress_rule_for_everything_has_no_ports(harness, group):
    inputs = {"securityGroupId": group.id, "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0", "tagsAll": {}}
    rule = harness.create(SecurityGroupEgressRuleHandler(), inputs)
    assert "fromPort" not in rule.state
    harness.update(rule, {**inputs, "cidrIpv4": "10.0.0.0/8"})
    harness.client("ec2").revoke_security_group_egress(GroupId=group.id, SecurityGroupRuleIds=[rule.id])
    assert harness.read(rule) is None


def test_protocol_number_and_name_are_one(harness, group):
    inputs = {"securityGroupId": group.id, "ipProtocol": "6", "fromPort": 80, "toPort": 80, "cidrIpv4": "0.0.0.0/0"}
    rule = harness.create(SecurityGroupIngressRuleHandler(), {**inputs, "tagsAll": {}})
    assert rule.state["ipProtocol"] == "6"
    harness.delete(rule)


def test_second_identical_rule_is_a_duplicate(harness, group):
    inputs = {
        "securityGroupId": group.id, "ipProtocol": "tcp", "fromPort": 80, "toPort": 80, "cidrIpv4": "0.0.0.0/0",
        "tagsAll": {},
    }  # fmt: skip
    rule = harness.create(SecurityGroupIngressRuleHandler(), inputs)
    with pytest.raises(ClientError, match=r"InvalidPermission\.Duplicate"):
        SecurityGroupIngressRuleHandler().create(harness.call(), inputs)
    harness.delete(rule)


def test_other_kind_of_source_replaces():
    handler = SecurityGroupIngressRuleHandler()
    keys = handler.replace_keys({"cidrIpv4": "0.0.0.0/0"}, {"referencedSecurityGroupId": "sg-1"})
    assert keys == {"cidrIpv4", "referencedSecurityGroupId"}
    assert handler.replace_keys({"cidrIpv4": "0.0.0.0/0"}, {"cidrIpv4": "10.0.0.0/8"}) == frozenset()


def test_inline_rules_keep_their_form_and_strays_show(harness, vpc_id):
    ingress = [
        {"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": ["0.0.0.0/0", "10.0.0.0/8"]},
        {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"], "self": True},
    ]
    egress = [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"], "ipv6CidrBlocks": ["::/0"]}]
    inputs = {"name": "inline", "vpcId": vpc_id, "ingress": ingress, "egress": egress, "tagsAll": {}}
    made = harness.create(SecurityGroupHandler(), inputs)
    harness.client("ec2").authorize_security_group_ingress(
        GroupId=made.id,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "1.2.3.4/32"}]}],
    )
    drifted = harness.read(made)["ingress"]
    assert drifted[:2] == ingress
    assert [entry["fromPort"] for entry in drifted[2:]] == [22]
    made.state = harness.read(made)
    harness.update(made, {**inputs, "ingress": ingress[:1]})
    assert made.state["ingress"] == ingress[:1]
    harness.delete(made)


def test_delete_bears_an_interface_that_goes_away(harness, vpc_id):
    """A security group that something holds is tried again until it is free."""
    ec2 = harness.client("ec2")
    subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    made = harness.create(SecurityGroupHandler(), {"name": "held", "vpcId": vpc_id, "tagsAll": {}})
    interface = ec2.create_network_interface(SubnetId=subnet, Groups=[made.id])["NetworkInterface"]
    ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    harness.delete(made)


def test_default_group_is_adopted_emptied_and_left(harness):
    ec2 = harness.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
    made = harness.create(DefaultSecurityGroupHandler(), {"vpcId": vpc_id, "tagsAll": {"Name": "closed"}})
    assert made.state["name"] == "default"
    assert made.state["ingress"] == []
    assert made.state["egress"] == []
    DefaultSecurityGroupHandler().delete(harness.call(), made.id, made.state)
    assert harness.read(made) is not None


def test_grouped_rule_resource(harness, group):
    inputs = {
        "type": "ingress",
        "securityGroupId": group.id,
        "protocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "cidrBlocks": ["10.1.0.0/16", "10.2.0.0/16"],
        "self": False,
    }
    rule = harness.create(SecurityGroupRuleHandler(), inputs)
    assert rule.id.startswith("sgrule-")
    harness.client("ec2").revoke_security_group_ingress(
        GroupId=group.id,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.1.0.0/16"}]}],
    )
    assert harness.read(rule)["cidrBlocks"] == ["10.2.0.0/16"]


def test_single_rules_of_a_grouped_entry():
    entry = {"protocol": "TCP", "fromPort": 1, "toPort": 2, "cidrBlocks": ["0.0.0.0/0"], "self": True}
    assert single_rules(entry, "sg-1") == [
        SingleRule(protocol="tcp", from_port=1, to_port=2, kind="cidr_ipv4", other="0.0.0.0/0"),
        SingleRule(protocol="tcp", from_port=1, to_port=2, kind="group", other="sg-1"),
    ]


def test_inline_entries_without_anything_known_group_by_ports():
    rules = [
        SingleRule(protocol="tcp", from_port=80, to_port=80, kind="cidr_ipv4", other=cidr)
        for cidr in ("10.0.0.0/8", "0.0.0.0/0")
    ]
    assert inline_entries(rules, [], "sg-1") == [
        {"protocol": "tcp", "fromPort": 80, "toPort": 80, "self": False, "cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]},
    ]

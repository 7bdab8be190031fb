"""Load balancers, target groups, listeners and rules of the local provider, through boto3 against an emulated AWS."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.fakes.provider_harness import ProviderHarness, moto_endpoint
from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.elbv2_actions import action_errors, action_members
from tinystacks.local.provider.elbv2_listeners import ListenerCertificateHandler, ListenerHandler
from tinystacks.local.provider.elbv2_load_balancers import LoadBalancerHandler
from tinystacks.local.provider.elbv2_rules import ListenerRuleHandler
from tinystacks.local.provider.elbv2_target_groups import TargetGroupHandler


@pytest.fixture(scope="module")
def harness():
    with moto_endpoint() as url:
        yield ProviderHarness(url, timeout_seconds=3.0)


@pytest.fixture(scope="module")
def network(harness):
    ec2 = harness.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("abc")
    ]
    groups = [
        ec2.create_security_group(GroupName=f"lb-{number}", Description="d", VpcId=vpc)["GroupId"]
        for number in range(2)
    ]
    return vpc, subnets, groups


def balancer_inputs(name, network, **more):
    _, subnets, groups = network
    return {
        "name": name,
        "loadBalancerType": "application",
        "internal": False,
        "subnets": list(reversed(subnets)),
        "securityGroups": groups[:1],
        "dropInvalidHeaderFields": True,
        "idleTimeout": 60,
        "clientKeepAlive": 3600,
        "enableHttp2": True,
        "enableDeletionProtection": False,
        "enableCrossZoneLoadBalancing": False,
        "dnsRecordClientRoutingPolicy": "any_availability_zone",
        "desyncMitigationMode": "defensive",
        "secondaryIpsAutoAssignedPerSubnet": 0,
        "tagsAll": {"tinystacks:stack": "shop"},
        **more,
    }


def group_inputs(name, network, **more):
    return {
        "name": name,
        "port": 80,
        "protocol": "HTTP",
        "vpcId": network[0],
        "targetType": "instance",
        "deregistrationDelay": 30,
        "slowStart": 0,
        "proxyProtocolV2": False,
        "lambdaMultiValueHeadersEnabled": False,
        "healthCheck": {
            "enabled": True,
            "path": "/ping",
            "interval": 10,
            "timeout": 5,
            "healthyThreshold": 2,
            "unhealthyThreshold": 3,
            "matcher": "200-399",
            "port": "traffic-port",
            "protocol": "HTTP",
        },
        "tagsAll": {"tinystacks:stack": "shop"},
        **more,
    }


@pytest.fixture(scope="module")
def balancer(harness, network):
    return harness.create(LoadBalancerHandler(), balancer_inputs("shop", network))


@pytest.fixture(scope="module")
def group(harness, network):
    return harness.create(TargetGroupHandler(), group_inputs("web", network))


@pytest.fixture(scope="module")
def listener(harness, balancer, group):
    return harness.create(
        ListenerHandler(),
        {
            "loadBalancerArn": balancer.id,
            "port": 80,
            "protocol": "HTTP",
            "defaultActions": [{"type": "forward", "targetGroupArn": group.id}],
            "tagsAll": {"tinystacks:stack": "shop"},
        },
    )


def test_load_balancer_reads_back(balancer, network):
    assert balancer.state["dnsName"]
    assert balancer.state["arnSuffix"].startswith("app/shop/")
    assert balancer.state["vpcId"] == network[0]
    assert [mapping["subnetId"] for mapping in balancer.state["subnetMappings"]]
    assert balancer.state["dropInvalidHeaderFields"] is True


def test_load_balancer_life(harness, network):
    given = balancer_inputs("other", network)
    made = harness.create(LoadBalancerHandler(), given)
    harness.client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=made.id,
        Attributes=[{"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "false"}],
    )
    assert harness.read(made)["dropInvalidHeaderFields"] is False, "an outside change must show"
    made.state = harness.read(made)
    logs = {"enabled": False, "bucket": "logs", "prefix": "lb"}
    harness.update(made, {**given, "idleTimeout": 90, "securityGroups": network[2], "accessLogs": logs, "tagsAll": {}})
    harness.update(made, {**given, "idleTimeout": 90, "subnets": network[1][:2]})
    assert harness.imported(LoadBalancerHandler(), made.id)["idleTimeout"] == 90
    harness.delete(made)


def test_second_load_balancer_of_the_name_is_refused(harness, network, balancer):
    assert balancer.state["name"] == "shop"
    with pytest.raises(LocalAwsError, match="already exists"):
        LoadBalancerHandler().create(harness.call(), balancer_inputs("shop", network))


def test_network_balancer_replaces_for_a_removed_subnet():
    handler = LoadBalancerHandler()
    old = {"loadBalancerType": "network", "subnets": ["a", "b"]}
    assert handler.replace_keys(old, {"loadBalancerType": "network", "subnets": ["a"]}) == {"subnets"}
    assert handler.replace_keys(old, {"loadBalancerType": "network", "subnets": ["a", "b", "c"]}) == frozenset()
    assert handler.replace_keys({"subnets": ["a", "b"]}, {"subnets": ["a"]}) == frozenset()


def test_target_group_life(harness, network, group):
    assert group.state["arnSuffix"].startswith("targetgroup/web/")
    assert group.state["protocolVersion"] == "HTTP1"
    given = group_inputs("sticky", network, targetType="ip", stickiness={"type": "lb_cookie", "enabled": True})
    made = harness.create(TargetGroupHandler(), given)
    assert made.state["stickiness"]["cookieDuration"] == 86400
    harness.client("elbv2").modify_target_group_attributes(
        TargetGroupArn=made.id, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "300"}]
    )
    assert harness.read(made)["deregistrationDelay"] == 300
    made.state = harness.read(made)
    check = {**made.state["healthCheck"], "path": "/health", "interval": 20}
    harness.update(made, {**given, "healthCheck": check, "loadBalancingAlgorithmType": "least_outstanding_requests"})
    assert harness.imported(TargetGroupHandler(), made.id)["healthCheck"]["path"] == "/health"
    harness.delete(made)


def test_g1_target_group_in_use_is_not_deleted_at_once(harness, group, listener):
    assert listener.state["defaultActions"][0]["targetGroupArn"] == group.id
    with pytest.raises(ClientError, match="ResourceInUse"):
        TargetGroupHandler().delete(harness.call(), group.id, group.state)


def test_target_group_plan_errors(harness, network):
    plan = TargetGroupHandler().plan
    given = group_inputs("x", network)
    assert plan(harness.call(), None, given) == []
    missing = plan(harness.call(), None, {"targetType": "ip", "port": 80})
    assert [error.property for error in missing] == ["protocol", "vpcId"]
    tcp = plan(harness.call(), None, {**given, "healthCheck": {"protocol": "TCP", "path": "/"}})
    assert [error.property for error in tcp] == ["healthCheck.path", "healthCheck.protocol"]


def test_listener_keeps_the_shape_of_its_forward(harness, balancer, group, listener):
    assert "forward" not in listener.state["defaultActions"][0]
    given = {
        "loadBalancerArn": balancer.id,
        "port": 8080,
        "protocol": "HTTP",
        "defaultActions": [
            {
                "type": "forward",
                "forward": {
                    "targetGroups": [{"arn": group.id, "weight": 1}],
                    "stickiness": {"enabled": False, "duration": 3600},
                },
            }
        ],
        "tagsAll": {},
    }
    made = harness.create(ListenerHandler(), given)
    assert "targetGroupArn" not in made.state["defaultActions"][0]
    redirect = {"type": "redirect", "redirect": {"statusCode": "HTTP_301", "protocol": "HTTPS", "port": "443"}}
    harness.update(made, {**given, "defaultActions": [redirect], "tagsAll": {"a": "b"}})
    fixed = {"contentType": "text/plain", "messageBody": "no", "statusCode": "404"}
    harness.update(made, {**given, "defaultActions": [{"type": "fixed-response", "fixedResponse": fixed}]})
    assert harness.imported(ListenerHandler(), made.id)["port"] == 8080
    harness.delete(made)


def test_listener_moved_elsewhere_shows(harness, balancer, group):
    given = {
        "loadBalancerArn": balancer.id, "port": 8081, "protocol": "HTTP", "tagsAll": {},
        "defaultActions": [{"type": "forward", "targetGroupArn": group.id}],
    }  # fmt: skip
    made = harness.create(ListenerHandler(), given)
    harness.client("elbv2").modify_listener(ListenerArn=made.id, Port=9090)
    assert harness.read(made)["port"] == 9090
    harness.delete(made)


def test_https_listener_with_a_further_certificate(harness, balancer, group):
    acm = harness.client("acm")
    certificates = [
        acm.request_certificate(DomainName=f"{name}.example.com")["CertificateArn"] for name in ("one", "two")
    ]
    listener = harness.create(
        ListenerHandler(),
        {
            "loadBalancerArn": balancer.id,
            "port": 443,
            "protocol": "HTTPS",
            "certificateArn": certificates[0],
            "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
            "defaultActions": [{"type": "forward", "targetGroupArn": group.id}],
            "routingHttpResponseStrictTransportSecurityHeaderValue": "max-age=31536000",
            "tagsAll": {},
        },
    )
    made = harness.create(
        ListenerCertificateHandler(),
        {"listenerArn": listener.id, "certificateArn": certificates[1]},
    )
    assert made.id == f"{listener.id}_{certificates[1]}"
    assert harness.imported(ListenerCertificateHandler(), made.id)["certificateArn"] == certificates[1]
    harness.delete(made)
    harness.delete(listener)


def test_rule_by_host_and_path(harness, listener, group):
    given = {
        "listenerArn": listener.id,
        "priority": 100,
        "actions": [{"type": "forward", "targetGroupArn": group.id}],
        "conditions": [
            {"pathPattern": {"values": ["/b/*", "/a/*"]}},
            {"hostHeader": {"values": ["shop.example.com"]}},
        ],
        "tagsAll": {"tinystacks:service": "web"},
    }
    rule = harness.create(ListenerRuleHandler(), given)
    harness.update(rule, {**given, "priority": 50, "conditions": rule.state["conditions"][1:]})
    harness.client("elbv2").modify_rule(
        RuleArn=rule.id, Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": ["other.example.com"]}}]
    )
    assert harness.read(rule)["conditions"] == [{"hostHeader": {"values": ["other.example.com"]}}]
    assert harness.imported(ListenerRuleHandler(), rule.id)["listenerArn"] == listener.id
    harness.delete(rule)


def test_g3_rule_without_priority_takes_the_next_one_and_a_taken_one_fails(harness, listener, group):
    given = {
        "listenerArn": listener.id,
        "actions": [{"type": "forward", "targetGroupArn": group.id}],
        "conditions": [{"queryStrings": [{"key": "v", "value": "1"}]}],
        "tagsAll": {},
    }
    first = harness.create(ListenerRuleHandler(), {**given, "priority": 7})
    second = harness.create(ListenerRuleHandler(), given)
    assert second.state["priority"] == 8
    with pytest.raises(ClientError, match="PriorityInUse"):
        ListenerRuleHandler().create(harness.call(), {**given, "priority": 7})
    harness.delete(second)
    harness.delete(first)


def test_rule_condition_of_two_kinds_is_a_plan_error(harness):
    conditions = [{"hostHeader": {"values": ["a"]}, "pathPattern": {"values": ["/"]}}, {}]
    errors = ListenerRuleHandler().plan(harness.call(), None, {"actions": [], "conditions": conditions})
    assert [error.property for error in errors] == ["conditions[0]", "conditions[1]"]


def test_action_errors_name_what_is_missing():
    assert [error.property for error in action_errors("actions", [{"type": "forward"}, {"type": "redirect"}])] == [
        "actions[0]",
        "actions[1].redirect",
    ]
    both = {"type": "forward", "targetGroupArn": "a", "forward": {"targetGroups": [{"arn": "b"}]}}
    assert len(action_errors("actions", [both])) == 1


def test_actions_are_numbered_by_position():
    members = action_members([{"type": "forward", "targetGroupArn": "a"}, {"type": "forward", "targetGroupArn": "b"}])
    assert [member["Order"] for member in members] == [1, 2]

"""The load balancer: listeners, rules, target groups, and who may reach what."""

from __future__ import annotations

import pytest

from tests.programs.recorder import Recorded, Recording
from tests.programs.samples import CERTIFICATE, SAMPLES, WEB, declare, sample

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
RULE = "aws:lb/listenerRule:ListenerRule"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
DEFAULT = "one service on ec2"


def rules_of(recording: Recording, type_: str, group: str) -> list[Recorded]:
    return [rule for rule in recording.all(type_) if rule.inputs["securityGroupId"] == group]


def test_the_load_balancer_as_it_is_by_default():
    assert sample(DEFAULT).one(BALANCER).inputs == {
        "loadBalancerType": "application",
        "internal": False,
        "subnets": ["subnet-public-1", "subnet-public-2", "subnet-public-3"],
        "securityGroups": ["balancer-shop-id"],
        "idleTimeout": 60.0,
        "dropInvalidHeaderFields": True,
        "desyncMitigationMode": "defensive",
        "enableDeletionProtection": False,
    }


def test_the_target_group_as_it_is_by_default():
    assert sample(DEFAULT).one(TARGET_GROUP).inputs == {
        "port": 80.0,
        "protocol": "HTTP",
        "targetType": "instance",
        "vpcId": "vpc-own",
        "deregistrationDelay": 30.0,
        "healthCheck": {
            "enabled": True,
            "protocol": "HTTP",
            "port": "traffic-port",
            "path": "/ping",
            "matcher": "200-399",
            "interval": 10.0,
            "timeout": 5.0,
            "healthyThreshold": 2.0,
            "unhealthyThreshold": 3.0,
        },
        "tags": {"tinystacks:service": "web"},
    }


def test_g1_another_container_port_changes_nothing_on_the_target_group():
    first = declare({"services": {"web": {**WEB, "port": 8080}}}).one(TARGET_GROUP)
    second = declare({"services": {"web": {**WEB, "port": 9090}}}).one(TARGET_GROUP)

    assert first.inputs == second.inputs


@pytest.mark.parametrize(
    ("name", "kind"), [(DEFAULT, "instance"), ("own interfaces on ec2", "ip"), ("host network", "instance")]
)
def test_the_target_type_follows_from_the_network_mode(name: str, kind: str):
    assert sample(name).one(TARGET_GROUP).inputs["targetType"] == kind


def test_b15_the_deregistration_delay_is_30_seconds_and_a_setting():
    asked = declare({"services": {"web": {**WEB, "deregistration_delay": 90}}})

    assert sample(DEFAULT).one(TARGET_GROUP).inputs["deregistrationDelay"] == 30.0
    assert asked.one(TARGET_GROUP).inputs["deregistrationDelay"] == 90.0


@pytest.mark.parametrize("name", SAMPLES)
def test_e6_the_health_check_uses_the_traffic_port(name: str):
    assert all(group.inputs["healthCheck"]["port"] == "traffic-port" for group in sample(name).all(TARGET_GROUP))


def test_no_port_no_load_balancer():
    recording = sample("a worker only")

    for type_ in (BALANCER, LISTENER, TARGET_GROUP, INGRESS):
        assert not recording.has(type_)
    assert recording.exports["endpoint"] == ""
    assert recording.exports["dns_name"] == ""
    assert recording.exports["services"]["worker"]["url"] == ""


def test_one_service_gets_every_request():
    recording = sample(DEFAULT)

    assert recording.one(LISTENER).inputs == {
        "loadBalancerArn": "arn:aws:lb/loadBalancer:::balancer-shop",
        "port": 80.0,
        "protocol": "HTTP",
        "defaultActions": [{"type": "forward", "targetGroupArn": "arn:aws:lb/targetGroup:::shop-web"}],
    }
    assert not recording.has(RULE)
    assert recording.exports["endpoint"] == "http://balancer-1.eu-west-1.elb.amazonaws.com"
    assert recording.exports["dns_name"] == "balancer-1.eu-west-1.elb.amazonaws.com"


def test_several_services_are_told_apart_by_host_and_path():
    recording = sample("several services with routes")

    rules = {rule.name: rule.inputs for rule in recording.all(RULE)}
    assert {name: each["conditions"] for name, each in rules.items()} == {
        "shop-admin-rule-0": [
            {"hostHeader": {"values": ["admin.example.com"]}},
            {"pathPattern": {"values": ["/a", "/b", "/c"]}},
        ],
        "shop-admin-rule-1": [
            {"hostHeader": {"values": ["admin.example.com"]}},
            {"pathPattern": {"values": ["/d"]}},
        ],
        "shop-api-rule-0": [{"pathPattern": {"values": ["/api/*"]}}],
    }
    assert rules["shop-api-rule-0"]["actions"] == [
        {"type": "forward", "targetGroupArn": "arn:aws:lb/targetGroup:::shop-api"}
    ]
    assert recording.one(LISTENER).inputs["defaultActions"][0]["targetGroupArn"].endswith(":shop-web")
    assert recording.exports["services"]["admin"]["url"] == "http://admin.example.com/a"


def test_what_no_rule_matches_is_not_found_when_every_service_has_a_route():
    (action,) = sample("every service behind a route").one(LISTENER).inputs["defaultActions"]

    assert action["type"] == "fixed-response"
    assert action["fixedResponse"]["statusCode"] == "404"


def test_elb_1_with_a_certificate_plain_http_is_redirected():
    recording = sample("https")

    redirect = recording.one(LISTENER, "shop-redirect").inputs
    https = recording.one(LISTENER, "shop-https").inputs

    assert redirect["port"] == 80.0
    assert redirect["defaultActions"] == [
        {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}
    ]
    assert https["port"] == 443.0
    assert https["certificateArn"] == CERTIFICATE
    assert https["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert recording.exports["endpoint"] == "https://shop.example.com"


def test_only_the_allowed_ranges_reach_the_load_balancer():
    recording = sample("internal, logged, allowed to some")

    rules = rules_of(recording, INGRESS, "balancer-shop-id")

    assert recording.one(BALANCER).inputs["internal"] is True
    assert [(rule.inputs.get("cidrIpv4"), rule.inputs.get("cidrIpv6")) for rule in sorted(rules, key=_family)] == [
        ("10.0.0.0/8", None),
        (None, "fd00::/8"),
    ]


def test_https_opens_both_ports_and_nothing_else():
    rules = rules_of(sample("https"), INGRESS, "balancer-shop-id")

    assert sorted(rule.inputs["fromPort"] for rule in rules) == [80.0, 443.0]
    assert all(rule.inputs["fromPort"] == rule.inputs["toPort"] for rule in rules)


def test_e5_instances_take_traffic_only_from_the_load_balancer():
    recording = sample(DEFAULT)

    (rule,) = rules_of(recording, INGRESS, "instances-shop-id")

    assert rule.inputs == {
        "securityGroupId": "instances-shop-id",
        "referencedSecurityGroupId": "balancer-shop-id",
        "ipProtocol": "tcp",
        "fromPort": 1024.0,
        "toPort": 65535.0,
    }


def test_the_load_balancer_reaches_only_the_instances():
    (rule,) = rules_of(sample(DEFAULT), EGRESS, "balancer-shop-id")

    assert rule.inputs["referencedSecurityGroupId"] == "instances-shop-id"
    assert "cidrIpv4" not in rule.inputs


def test_host_mode_opens_the_services_own_port():
    (rule,) = rules_of(sample("host network"), INGRESS, "instances-shop-id")

    assert (rule.inputs["fromPort"], rule.inputs["toPort"]) == (80.0, 80.0)


@pytest.mark.parametrize("name", ["fargate", "own interfaces on ec2"])
def test_tasks_with_interfaces_take_traffic_only_on_their_port(name: str):
    recording = sample(name)

    (rule,) = rules_of(recording, INGRESS, "tasks-shop-web-id")

    assert rule.inputs["referencedSecurityGroupId"] == "balancer-shop-id"
    assert (rule.inputs["fromPort"], rule.inputs["toPort"]) == (8080.0, 8080.0)
    assert rule.urn in recording.one("aws:ecs/service:Service", "shop-web-service").dependencies


def test_a_worker_on_fargate_takes_no_traffic():
    assert not rules_of(sample("fargate"), INGRESS, "tasks-shop-worker-id")


@pytest.mark.parametrize("name", SAMPLES)
def test_services_wait_for_the_rules_that_let_the_load_balancer_in(name: str):
    recording = sample(name)
    opened = {rule.urn for rule in recording.all(INGRESS) if rule.inputs["securityGroupId"] == "instances-shop-id"}

    for service in recording.all("aws:ecs/service:Service"):
        if "loadBalancers" in service.inputs and "networkConfiguration" not in service.inputs:
            assert opened
            assert opened <= service.dependencies


def test_g4_no_setting_changes_a_groups_name_or_description():
    groups = [
        {each.name: each.inputs["description"] for each in sample(name).all("aws:ec2/securityGroup:SecurityGroup")}
        for name in (DEFAULT, "https", "internal, logged, allowed to some", "protected, approved")
    ]

    assert all(each == groups[0] for each in groups)


def _family(rule: Recorded) -> bool:
    return "cidrIpv6" in rule.inputs

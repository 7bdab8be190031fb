"""What the real provider takes for the same value, and how it plans around it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinystacks.local.provider import checking, diffing, state_inputs
from tinystacks.local.provider.checking import CheckContext
from tinystacks.local.provider.comparing import normalised
from tinystacks.local.provider.property_paths import child, covers, element, segments
from tinystacks.local.provider.tables import resource_tables
from tinystacks.local.provider.values import UNKNOWN

TABLES = resource_tables()
CONTEXT = CheckContext(logical_name="thing", region="us-east-1")


def same(rule: str, left: Any, right: Any, **siblings: Any) -> bool:
    return normalised(rule, left, siblings) == normalised(rule, right, siblings)


def policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def containers(*entries: dict[str, Any]) -> str:
    return json.dumps(list(entries))


@pytest.mark.parametrize(
    ("rule", "left", "right"),
    [
        ("policy", policy(Action=["a:b", "c:d"], Resource="*"), policy(Resource=["*"], Action=["c:d", "a:b"])),
        ("policy", policy(Action="*", Principal="*"), policy(Action="*", Principal={"AWS": "*"})),
        (
            "policy",
            policy(Action="*", Principal={"AWS": "123456789012"}),
            policy(Action="*", Principal={"AWS": "arn:aws:iam::123456789012:root"}),
        ),
        ("policy", "", "{}"),
        ("json", '{"a": 1, "b": 2}', '{"b":2,"a":1}'),
        ("case", "http", "HTTP"),
        ("ip_protocol", "6", "TCP"),
        ("ip_protocol", "all", "-1"),
        ("key_id", "arn:aws:kms:us-east-1:123456789012:key/abc", "abc"),
        ("instant", "2030-01-01T00:00:00Z", "2030-01-01T02:00:00+02:00"),
        ("cidr", "2001:db8:0:0::/64", "2001:db8::/64"),
        ("log_group_arn", "arn:aws:logs:us-east-1:1:log-group:x:*", "arn:aws:logs:us-east-1:1:log-group:x"),
        ("dns_name", "WWW.example.com.", "www.example.com"),
        ("none_word", "NONE", None),
        ("placement_field", "host", "instanceId"),
    ],
)
def test_values_that_mean_the_same_are_no_difference(rule: str, left: Any, right: Any):
    assert same(rule, left, right)


@pytest.mark.parametrize(
    ("rule", "left", "right"),
    [
        ("policy", policy(Action="a:b", Resource="*"), policy(Action="a:c", Resource="*")),
        ("policy", policy(Action="a:b", Resource="*"), policy(Action="a:b", NotResource="*")),
        ("json", "[1,2]", "[2,1]"),
        ("ip_protocol", "tcp", "udp"),
        ("key_id", "abc", "abd"),
        ("container_definitions", containers({"name": "a", "image": "x"}), containers({"name": "a", "image": "y"})),
        (
            "container_definitions",
            containers({"name": "a", "command": ["x", "y"]}),
            containers({"name": "a", "command": ["y", "x"]}),
        ),
        ("container_definitions", containers({"name": "a", "essential": False}), containers({"name": "a"})),
    ],
)
def test_values_that_mean_something_else_are_a_difference(rule: str, left: Any, right: Any):
    assert not same(rule, left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"name": "a", "essential": True}, {"name": "a"}),
        ({"name": "a", "environment": []}, {"name": "a"}),
        ({"name": "a", "mountPoints": [], "cpu": 0, "memory": None}, {"Name": "a"}),
        (
            {"name": "a", "portMappings": [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}]},
            {"name": "a", "portMappings": [{"containerPort": 80}]},
        ),
        (
            {"name": "a", "healthCheck": {"command": ["x"], "interval": 30, "retries": 3, "timeout": 5}},
            {"name": "a", "healthCheck": {"command": ["x"]}},
        ),
        (
            {"name": "a", "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"name": "a", "environment": [{"name": "B", "value": "2"}, {"value": "1", "name": "A"}]},
        ),
    ],
)
def test_b11_what_ecs_fills_into_container_definitions_is_no_new_revision(left: dict[str, Any], right: dict[str, Any]):
    assert same("container_definitions", containers(left), containers(right))


def test_container_order_does_not_matter_and_host_ports_follow_the_network_mode():
    one, two = {"name": "a", "image": "x"}, {"name": "b", "image": "y"}
    assert same("container_definitions", containers(one, two), containers(two, one))
    given_port = containers({"name": "a", "portMappings": [{"containerPort": 80, "hostPort": 80}]})
    without = containers({"name": "a", "portMappings": [{"containerPort": 80}]})
    assert same("container_definitions", given_port, without, networkMode="awsvpc")
    assert not same("container_definitions", given_port, without, networkMode="bridge")


@given(st.permutations(["ingress", "egress", "self", "peer"]))
def test_a_set_has_no_order(names: list[str]):
    table = TABLES["aws:ec2/securityGroup:SecurityGroup"]
    rules = [{"fromPort": 1, "toPort": 2, "protocol": "tcp", "description": name, "self": False} for name in names]
    state = {"ingress": sorted(rules, key=lambda rule: str(rule["description"])), "description": "Managed by Pulumi"}
    assert diffing.plan(table, state, {**state, "ingress": rules}).differences == ()


def test_a_list_has_an_order():
    table = TABLES["aws:ecs/service:Service"]
    spread = [{"type": "spread", "field": "instanceId"}, {"type": "binpack", "field": "memory"}]
    plan = diffing.plan(table, {"orderedPlacementStrategies": spread}, {"orderedPlacementStrategies": spread[::-1]})
    assert {difference.path for difference in plan.differences} == {
        "orderedPlacementStrategies[0].type",
        "orderedPlacementStrategies[0].field",
        "orderedPlacementStrategies[1].type",
        "orderedPlacementStrategies[1].field",
    }


def test_an_empty_list_says_none_and_leaving_it_out_says_nothing():
    table = TABLES["aws:ec2/securityGroup:SecurityGroup"]
    state = {"ingress": [{"fromPort": 1, "toPort": 2, "protocol": "tcp"}]}
    assert diffing.plan(table, state, {}).differences == ()
    assert diffing.plan(table, state, {"ingress": []}).changed == {"ingress"}


def test_false_and_zero_are_the_same_as_nothing_where_nothing_was():
    table = TABLES["aws:ec2/launchTemplate:LaunchTemplate"]
    assert diffing.plan(table, {}, {"monitoring": {"enabled": False}, "description": ""}).differences == ()
    assert diffing.plan(table, {}, {"monitoring": {"enabled": True}}).changed == {"monitoring"}


def test_a_block_that_may_not_come_or_go_replaces_but_changes_in_place_inside():
    table = TABLES["aws:ecs/capacityProvider:CapacityProvider"]
    block = {"autoScalingGroupArn": "arn:1", "managedScaling": {"status": "ENABLED", "targetCapacity": 80}}
    other = {**block, "managedScaling": {"status": "ENABLED", "targetCapacity": 90}}
    inside = diffing.plan(table, {"autoScalingGroupProvider": block}, {"autoScalingGroupProvider": other})
    assert [(found.path, found.replace) for found in inside.differences] == [
        ("autoScalingGroupProvider.managedScaling.targetCapacity", False),
    ]
    # D3: another group is another capacity provider.
    moved = diffing.plan(
        table,
        {"autoScalingGroupProvider": block},
        {"autoScalingGroupProvider": {**block, "autoScalingGroupArn": "arn:2"}},
    )
    assert moved.replaces
    assert diffing.plan(table, {"autoScalingGroupProvider": block}, {}).replaces


def test_ignored_paths_may_be_nested_and_hold_wildcards():
    table = TABLES["aws:autoscaling/group:Group"]
    state = {"desiredCapacity": 4, "tags": [{"key": "a", "value": "1", "propagateAtLaunch": True}]}
    news = {"desiredCapacity": 2, "tags": [{"key": "a", "value": "2", "propagateAtLaunch": True}]}
    assert diffing.plan(table, state, news).changed == {"desiredCapacity", "tags"}
    ignored = diffing.plan(table, state, news, ignore_changes=["desiredCapacity", "tags[*]"])
    assert ignored.differences == ()


def test_unknown_tags_make_all_tags_unknown():
    table = TABLES["aws:cloudwatch/logGroup:LogGroup"]
    inputs, failures = checking.check(table, {}, {"tags": {"a": UNKNOWN}}, CONTEXT)
    assert failures == []
    assert inputs["tagsAll"] is UNKNOWN


def test_defaults_stand_aside_for_what_excludes_them():
    table = TABLES["aws:iam/role:Role"]
    inputs, failures = checking.check(table, {}, {"namePrefix": "app-", "assumeRolePolicy": {"Version": "x"}}, CONTEXT)
    assert failures == []
    assert "name" not in inputs
    assert inputs["assumeRolePolicy"] == '{"Version":"x"}'


def test_texts_become_numbers_and_numbers_texts_where_the_schema_wants_them():
    table = TABLES["aws:cloudwatch/logGroup:LogGroup"]
    inputs, _ = checking.check(table, {}, {"retentionInDays": "30", "tags": {"a": 1, "b": True}}, CONTEXT)
    assert inputs["retentionInDays"] == 30
    assert inputs["tags"] == {"a": "1", "b": "true"}


@pytest.mark.parametrize(
    ("token", "news", "path", "reason"),
    [
        ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 31}, "retentionInDays", "to be one of"),
        (
            "aws:cloudwatch/logGroup:LogGroup",
            {"retentionInDay": 30},
            "retentionInDay",
            "did you mean 'retentionInDays'",
        ),
        ("aws:cloudwatch/logGroup:LogGroup", {"name": "a b"}, "name", "it must match"),
        ("aws:cloudwatch/logGroup:LogGroup", {"tags": "a"}, "tags", "expected a map, got a string"),
        ("aws:cloudwatch/logGroup:LogGroup", {"name": "a", "namePrefix": "b"}, "namePrefix", "conflicts with name"),
        ("aws:iam/role:Role", {"assumeRolePolicy": "{"}, "assumeRolePolicy", "contains an invalid JSON"),
        (
            "aws:iam/role:Role",
            {"assumeRolePolicy": "{}", "maxSessionDuration": 60},
            "maxSessionDuration",
            "in the range",
        ),
        (
            "aws:ecs/service:Service",
            {"loadBalancers": [{"containerName": "web"}]},
            "loadBalancers[0].containerPort",
            "Missing required argument",
        ),
        ("aws:ec2/routeTableAssociation:RouteTableAssociation", {"routeTableId": "rtb-1"}, "subnetId", "one of"),
    ],
)
def test_what_is_wrong_is_said_at_its_path(token: str, news: dict[str, Any], path: str, reason: str):
    _, failures = checking.check(TABLES[token], {}, news, CONTEXT)
    assert [failure.property for failure in failures] == [path]
    assert reason in failures[0].reason


def test_a_refresh_takes_up_what_somebody_else_set_and_keeps_the_wording_of_the_rest():
    table = TABLES["aws:iam/rolePolicy:RolePolicy"]
    inputs = {"role": "r", "name": "n", "policy": policy(Action=["a:b"], Resource="*"), "__defaults": ["name"]}
    wording = {"role": "r", "name": "n", "policy": policy(Resource="*", Action="a:b")}
    assert state_inputs.inputs_from_state(table, wording, inputs) == inputs
    changed = {**wording, "policy": policy(Resource="*", Action="c:d")}
    assert state_inputs.inputs_from_state(table, changed, inputs)["policy"] == changed["policy"]


@given(
    st.lists(st.one_of(st.text(min_size=1, max_size=8), st.integers(min_value=0, max_value=9)), min_size=1, max_size=4)
)
def test_paths_are_read_as_they_are_written(parts: list[str | int]):
    path = ""
    for part in parts:
        path = element(path, part) if isinstance(part, int) else child(path, part)
    assert segments(path) == tuple(str(part) for part in parts)
    assert covers(path, child(path, "more"))
    assert not covers(child(path, "more"), path)

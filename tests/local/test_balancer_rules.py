"""Which rule a request meets, and where a redirect leads (ALB user guide: listener-rules, load-balancer-listeners)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinystacks.local.listener_rules import (
    Listener,
    ListenerRule,
    LoadBalancer,
    Request,
    final_action,
    forward_weights,
    in_order,
    redirect_location,
)


def request(**changes):
    return replace(Request(method="GET", host="shop.example.com", path="/img/cat.png"), **changes)


def host(*values):
    return {"Field": "host-header", "HostHeaderConfig": {"Values": list(values)}}


def path(*values):
    return {"Field": "path-pattern", "Values": list(values)}


@pytest.mark.parametrize(
    ("condition", "meets"),
    [
        (host("shop.example.com"), True),
        (host("*.example.com"), True),
        (host("SHOP.example.com"), True),
        (host("example.com"), False),
        (path("/img/*"), True),
        (path("/img/?at.png"), True),
        (path("/IMG/*"), False),
        (path("/img"), False),
        (path("/js/*", "/img/*"), True),
        ({"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}}, True),
        ({"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["get"]}}, False),
        ({"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Kind", "Values": ["Beta*"]}}, True),
        ({"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Other", "Values": ["*"]}}, False),
        ({"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2"}]}}, True),
        ({"Field": "query-string", "QueryStringConfig": {"Values": [{"Value": "2"}]}}, True),
        ({"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "w", "Value": "2"}]}}, False),
        ({"Field": "source-ip", "SourceIpConfig": {"Values": ["127.0.0.0/8"]}}, True),
        ({"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}, False),
        ({"Field": "something-new"}, False),
    ],
)
def test_conditions(condition, meets):
    asked = request(query=(("v", "2"),), headers={"x-kind": "beta-7"})
    assert ListenerRule(priority=1, conditions=(condition,)).meets(asked) is meets


def test_all_conditions_must_hold_and_the_lowest_priority_wins():
    both = ListenerRule(priority=20, conditions=(host("shop.example.com"), path("/img/*")))
    either = ListenerRule(priority=10, conditions=(host("shop.example.com"), path("/js/*")))
    default = ListenerRule(priority=None)
    listener = Listener(arn="l", port=80, protocol="HTTP", rules=in_order([default, both, either]))
    assert [rule.priority for rule in listener.rules] == [10, 20, None]
    assert listener.rule_for(request()) is both
    assert listener.rule_for(request(path="/js/x")) is either
    assert listener.rule_for(request(host="other")) is default


def test_the_main_listener_is_that_of_port_80_then_443_then_the_first():
    def listener(port):
        return Listener(arn=str(port), port=port, protocol="HTTP", rules=())

    def main(*ports):
        found = LoadBalancer(arn="a", name="n", listeners=tuple(map(listener, ports))).main_listener()
        return found and found.port

    assert [main(8080, 443, 80), main(8080, 443), main(8080), main()] == [80, 443, 8080, None]


def test_forward_weights_of_both_forms():
    groups = [{"TargetGroupArn": "a", "Weight": 3}, {"TargetGroupArn": "b", "Weight": 0}, {"TargetGroupArn": "c"}]
    weighted = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    assert forward_weights(weighted) == [("a", 3), ("b", 0), ("c", 1)]
    assert forward_weights({"Type": "forward", "TargetGroupArn": "a"}) == [("a", 1)]
    assert forward_weights({"Type": "redirect"}) == []


def test_the_last_action_answers_authentication_before_it_is_passed():
    forward = {"Type": "forward", "Order": 2, "TargetGroupArn": "a"}
    assert final_action([forward, {"Type": "authenticate-oidc", "Order": 1}]) is forward
    assert final_action([{"Type": "authenticate-oidc"}]) is None


@pytest.mark.parametrize(
    ("config", "location"),
    [
        ({"Protocol": "HTTPS", "Port": "443"}, "https://shop.example.com/img/cat.png?a=1"),
        ({"Protocol": "HTTPS", "Port": "8443", "Query": ""}, "https://shop.example.com:8443/img/cat.png"),
        ({"Host": "new.#{host}", "Path": "/old/#{path}"}, "http://new.shop.example.com/old/img/cat.png?a=1"),
        ({"Path": "/", "Query": "from=#{path}"}, "http://shop.example.com/?from=img/cat.png"),
    ],
)
def test_redirects_fill_what_is_absent_with_the_requests_own(config, location):
    assert redirect_location(config, request(), protocol="HTTP", port=80, query="a=1") == location


@given(st.text(alphabet="ab/*?.", max_size=8), st.text(alphabet="ab/.", max_size=8))
def test_a_pattern_without_wildcards_meets_only_itself_and_a_star_meets_all(pattern, text):
    rule = ListenerRule(priority=1, conditions=(path(pattern or "/"),))
    if not set(pattern) & set("*?"):
        assert rule.meets(request(path=text)) is (text == (pattern or "/"))
    if set(pattern) == {"*"}:
        assert rule.meets(request(path=text))

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs.routing import VALUES_PER_RULE, default_service, listener_rules, route_url
from tinystacks.spec.service import RouteSpec, ServiceSpec


def service(**route: Any) -> ServiceSpec:
    return ServiceSpec.model_validate({"image": "nginx", "port": 80, "route": route or None})


ROUTES = st.dictionaries(
    st.from_regex(r"[a-z]{1,8}", fullmatch=True),
    st.fixed_dictionaries(
        {
            "host": st.lists(st.sampled_from(["a.example.com", "*.example.com", "b.example.com"]), max_size=3),
            "path": st.lists(st.sampled_from(["/", "/*", "/api/*", "/api/v1/*", "/x", "/y", "/z"]), max_size=7),
        }
    ),
    max_size=12,
)


@given(ROUTES)
def test_g3_priorities_are_unique_and_within_the_range(routes: dict[str, dict[str, list[str]]]):
    rules = listener_rules({name: service(**route) for name, route in routes.items()})

    priorities = [rule.priority for rule in rules]
    assert len(priorities) == len(set(priorities))
    assert all(1 <= priority <= 50_000 for priority in priorities)


@given(ROUTES)
def test_no_rule_has_more_values_than_a_listener_takes(routes: dict[str, dict[str, list[str]]]):
    services = {name: service(**route) for name, route in routes.items()}

    rules = listener_rules(services)

    assert all(0 < len(rule.hosts) + len(rule.paths) <= VALUES_PER_RULE for rule in rules)
    for name, each in services.items():
        own = [rule for rule in rules if rule.service == name]
        assert each.route is not None
        assert {host for rule in own for host in rule.hosts} == set(each.route.host)
        assert {path for rule in own for path in rule.paths} == set(each.route.path)


def test_g3_another_service_moves_no_rule():
    before = {"api": service(path=["/api/*"]), "admin": service(host=["admin.example.com"])}

    first = {(rule.service, rule.index): rule.priority for rule in listener_rules(before)}
    second = {
        (rule.service, rule.index): rule.priority
        for rule in listener_rules({"aaa": service(path=["/aaa/*"]), **before, "zzz": service(path=["/zzz/*"])})
    }

    assert first.items() <= second.items()


@pytest.mark.parametrize(
    ("precise", "vague"),
    [
        ({"host": ["a.example.com"]}, {"host": ["*.example.com"]}),
        ({"host": ["*.example.com"]}, {"path": ["/api/*"]}),
        ({"path": ["/api/v1/*"]}, {"path": ["/api/*"]}),
        ({"path": ["/api/*"]}, {"path": ["/*"]}),
        ({"host": ["a.example.com"], "path": ["/api/*"]}, {"host": ["a.example.com"]}),
    ],
)
@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_a_precise_rule_is_asked_before_a_vague_one(
    precise: dict[str, list[str]], vague: dict[str, list[str]], names: tuple[str, str]
):
    first, second = names

    rules = {rule.service: rule for rule in listener_rules({first: service(**precise), second: service(**vague)})}

    assert rules[first].priority < rules[second].priority


def test_the_service_without_a_route_is_the_default():
    assert default_service({"api": service(path=["/api/*"]), "web": service()}) == "web"
    assert default_service({"api": service(path=["/api/*"])}) is None


@pytest.mark.parametrize(
    ("route", "url"),
    [
        (None, "https://shop.example.com"),
        (RouteSpec(path=["/api/*"]), "https://shop.example.com/api"),
        (RouteSpec(host=["*.example.com"]), "https://shop.example.com"),
        (RouteSpec(host=["*.example.com", "api.example.com"]), "https://api.example.com"),
        (RouteSpec(host=["api.example.com"], path=["/v1/*"]), "https://api.example.com/v1"),
    ],
)
def test_a_services_address_follows_from_its_route(route: RouteSpec | None, url: str):
    assert route_url("https://shop.example.com", route) == url

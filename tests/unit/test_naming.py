"""Names: short, stable, unique, and free of what AWS refuses."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinystacks.naming import (
    AUTO_NAME_SUFFIX,
    LOAD_BALANCER_NAME_LIMIT,
    LOGICAL_NAME_LIMIT,
    cluster_name,
    is_of_stage,
    log_group_name,
    logical_name,
    resource_tags,
    shorten,
    tag_values,
)

names = st.from_regex(re.compile(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?", re.ASCII), fullmatch=True)


@settings(deadline=None)
@given(names, names, st.sampled_from(["service", "task-role", "target-group"]))
def test_g2_a_logical_name_leaves_room_for_the_suffix(stack, service, role):
    name = logical_name(stack, service, role)
    assert len(name) + AUTO_NAME_SUFFIX <= LOAD_BALANCER_NAME_LIMIT
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name)


@settings(deadline=None)
@given(names, st.lists(names, min_size=2, max_size=30, unique=True))
def test_different_services_have_different_names(stack, services):
    assert len({logical_name(stack, service, "service") for service in services}) == len(services)


@settings(deadline=None)
@given(names, st.integers(min_value=8, max_value=64))
def test_shortening_twice_is_shortening_once(name, limit):
    short = shorten(name, limit)
    assert len(short) <= limit
    assert shorten(short, limit) == short


def test_short_names_are_kept():
    assert logical_name("shop", "web", "service") == "shop-web-service"


def test_names_are_stable_over_releases():
    assert logical_name("a-rather-long-name-of-stack", "backend", "target-group") == "a-rather-long-name-2812a"


def test_a_limit_without_room_for_a_hash():
    with pytest.raises(ValueError, match="leaves no room"):
        shorten("abcdefghij", 7)


def test_a14_logical_names_carry_no_stage():
    assert "prod" not in logical_name("shop", "web", "service")
    assert cluster_name("shop", "prod") == "shop-prod"
    assert log_group_name("shop", "prod", "web") == "/tinystacks/shop/prod/web"


def test_tags():
    assert resource_tags("shop", "prod") == {"tinystacks:stack": "shop", "tinystacks:stage": "prod"}
    assert resource_tags("shop", "prod", "web")["tinystacks:service"] == "web"


def test_the_limit_is_the_tightest():
    assert LOGICAL_NAME_LIMIT == 24


def test_tags_in_either_spelling_of_aws_tell_whose_something_is():
    upper = [{"Key": "tinystacks:stack", "Value": "shop"}, {"Key": "tinystacks:stage", "Value": "dev"}]
    lower = [{"key": tag["Key"], "value": tag["Value"]} for tag in upper]
    for tags in (upper, lower):
        assert is_of_stage(tag_values([*tags, {"Key": "team", "Value": "a"}]), "shop", "dev")
        assert not is_of_stage(tag_values(tags), "shop", "prod")
        assert not is_of_stage(tag_values(tags[:1]), "shop", "dev")

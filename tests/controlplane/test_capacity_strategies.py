"""Capacity provider strategies. Source: API CapacityProviderStrategyItem; developer guide, asg-capacity-providers."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.world import World
from tinystacks.controlplane.errors import EcsError
from tinystacks.controlplane.strategies import next_provider

ARN = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:{0}:autoScalingGroupName/{0}"


def two_providers(first=2, second=2):
    world = World()
    world.plane.create_cluster()
    for name, count in (("one", first), ("two", second)):
        world.group(arn=ARN.format(name), desired=count, types=("m5.large",))
        world.provider(name, arn=ARN.format(name), managedScaling={"status": "DISABLED"})
    world.run(120)
    return world


def item(name, weight=0, base=0):
    return {"capacityProvider": name, "weight": weight, "base": base}


def placed(service):
    return Counter(one.capacity_provider_name for one in service.deployments[0].tasks.values())


def test_c9_the_base_goes_first_then_the_weights():
    """Source: API CapacityProviderStrategyItem; developer guide, asg-capacity-providers."""
    world = two_providers()
    service = world.service(12, capacity_provider_strategy=[item("one", 1, 2), item("two", 4)])
    world.run(30)
    assert placed(service) == {"one": 4, "two": 8}


def test_c9_weights_alone():
    """Source: API CapacityProviderStrategyItem; developer guide, asg-capacity-providers."""
    world = two_providers()
    service = world.service(10, capacity_provider_strategy=[item("one", 1), item("two", 4)])
    world.run(30)
    assert placed(service) == {"one": 2, "two": 8}


@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=4).filter(any),
    st.integers(0, 10),
    st.integers(1, 60),
)
def test_c9_every_provider_stays_within_one_of_its_share(weights, base, count):
    """Source: API CapacityProviderStrategyItem; developer guide, asg-capacity-providers."""
    names = [f"p{number}" for number in range(len(weights))]
    strategy = [item(name, weight) for name, weight in zip(names, weights, strict=True)]
    strategy[0]["base"] = base
    done: Counter[str] = Counter()
    for _ in range(count + base):
        done[next_provider(strategy, done)] += 1
    done[names[0]] -= base
    for name, weight in zip(names, weights, strict=True):
        assert abs(done[name] - count * weight / sum(weights)) <= len(weights)
        assert weight or not done[name]


def test_p2_c10_tasks_stay_on_their_providers_instances_and_never_spill():
    """Source: API ContainerInstance; developer guide, api_failures_messages, managed-scaling-behavior."""
    world = two_providers(first=1)
    definition = world.definition(container={"memory": 7000})
    service = world.service(3, task_definition=definition, capacity_provider_strategy=[item("one", 1)])
    world.run(60)
    assert placed(service) == {"one": 1}


@pytest.mark.parametrize(
    ("strategy", "text"),
    [
        ([item("one", 0), item("two", 0)], "weight greater than zero"),
        ([item("one", 1, 1), item("two", 1, 1)], "Only one capacity provider"),
        ([item("one", 1), item("one", 2)], "only once"),
        ([item("one", 1001)], "weight must be between"),
        ([item("one", 1, 100_001)], "base must be between"),
        ([item("other", 1)], "not associated with"),
    ],
)
def test_c8_strategies_that_ecs_refuses(strategy, text):
    """Trap D8. Source: API CapacityProviderStrategyItem; developer guide, asg-capacity-providers."""
    world = two_providers()
    with pytest.raises(EcsError, match=text) as caught:
        world.service(1, capacity_provider_strategy=strategy)
    assert caught.value.code == "InvalidParameterException"


def test_c8_group_and_fargate_providers_do_not_mix():
    """Source: API CapacityProviderStrategyItem; developer guide, asg-capacity-providers."""
    world = two_providers()
    world.plane.put_cluster_capacity_providers(
        cluster="default", capacity_providers=["one", "two", "FARGATE"], default_capacity_provider_strategy=[]
    )
    with pytest.raises(EcsError, match="cannot contain both"):
        world.service(1, capacity_provider_strategy=[item("one", 1), item("FARGATE", 1)])


def test_c11_launch_type_and_strategy_exclude_each_other():
    """Source: API CreateService."""
    world = two_providers()
    with pytest.raises(EcsError, match="both a launch type and capacity provider strategy"):
        world.service(1, launch_type="EC2", capacity_provider_strategy=[item("one", 1)])


def test_c11_neither_means_the_clusters_default_and_a_later_default_changes_nothing():
    """Source: API CreateService."""
    world = two_providers()
    service = world.service(1)
    assert [one["capacityProvider"] for one in service.capacity_provider_strategy] == ["two"]
    assert service.launch_type == ""
    world.plane.put_cluster_capacity_providers(
        cluster="default",
        capacity_providers=["one", "two"],
        default_capacity_provider_strategy=[item("one", 1)],
    )
    world.run(60)
    assert placed(service) == {"two": 1}


def test_d14_b17_changing_the_strategy_needs_a_forced_deployment():
    """Source: developer guide, asg-capacity-providers (trap B17)."""
    world = two_providers()
    service = world.service(2, capacity_provider_strategy=[item("one", 1)])
    world.steady(service)
    with pytest.raises(EcsError, match="you must force a new deployment"):
        world.plane.update_service(service="web", capacity_provider_strategy=[item("two", 1)])
    world.plane.update_service(service="web", capacity_provider_strategy=[item("two", 1)], force_new_deployment=True)
    world.run(1)
    world.steady(service)
    assert placed(service) == {"two": 2}


def test_fargate_providers_need_no_instances():
    """Source: developer guide, fargate-capacity-providers."""
    world = World()
    world.plane.create_cluster(capacity_providers=["FARGATE", "FARGATE_SPOT"])
    definition = world.definition(requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512")
    service = world.service(
        4,
        task_definition=definition,
        capacity_provider_strategy=[item("FARGATE", 1), item("FARGATE_SPOT", 1)],
        network_configuration={"awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b"]}},
    )
    world.steady(service)
    assert placed(service) == {"FARGATE": 2, "FARGATE_SPOT": 2}
    assert {one.launch_type for one in world.running(service)} == {"FARGATE"}

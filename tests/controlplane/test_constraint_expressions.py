"""The cluster query language. Source: Amazon ECS developer guide, cluster-query-language."""

from __future__ import annotations

import pytest

from tests.fakes.world import World
from tinystacks.controlplane.errors import EcsError
from tinystacks.controlplane.expressions import compiled


@pytest.fixture(scope="module")
def instance():
    world = World()
    world.instances(1, "t3.micro")
    found = world.container_instances()[0]
    world.plane.put_attributes(
        attributes=[
            {"name": "stack", "value": "prod", "targetId": found.arn},
            {"name": "flag", "targetId": found.arn},
        ]
    )
    world.service(2, name="databases")
    world.run(30)
    return found


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("attribute:ecs.instance-type == t3.micro", True),
        ("attribute:ecs.instance-type equals t3.micro", True),
        ("attribute:ecs.instance-type != t3.micro", False),
        ("attribute:ecs.instance-type not_equals t3.small", True),
        ("attribute:ecs.instance-type =~ t3.*", True),
        ("attribute:ecs.instance-type =~ t3", False),
        ("attribute:ecs.instance-type !~ m5.*", True),
        ("attribute:ecs.instance-type =~ t(3|4g)\\.micro", True),
        ("attribute:ecs.availability-zone in [us-east-1a, us-east-1b]", True),
        ("attribute:ecs.availability-zone in [us-east-1b,us-east-1c]", False),
        ("attribute:ecs.availability-zone !in [us-east-1b]", True),
        ("attribute:ecs.availability-zone not_in ['us-east-1a']", False),
        ("attribute:stack exists", True),
        ("attribute:other exists", False),
        ("attribute:other !exists", True),
        ("attribute:flag exists", True),
        ("agentConnected == true", True),
        ("agentVersion >= 1.9.0", True),
        ("agentVersion < 1.9.0", False),
        ("registeredAt > 2018-06-18", True),
        ("registeredAt < 2018-06-18T13:09:00Z", False),
        ("registeredAt >= 2018-06-18T13:09:00+02:00", True),
        ("runningTasksCount == 2", True),
        ("runningTasksCount > 2", False),
        ("runningTasksCount <= 2", True),
        ("task:group == service:databases", True),
        ("task:group == service:web", False),
        ("not(task:group == service:databases)", False),
        ("!(task:group == service:web)", True),
        ("attribute:stack == prod and attribute:ecs.instance-type == t3.micro", True),
        ("attribute:stack == prod && attribute:ecs.instance-type == m5.large", False),
        ("attribute:stack == test or attribute:stack == prod", True),
        ("attribute:stack == test || (attribute:stack == prod and agentConnected == true)", True),
        ("(attribute:ecs.instance-type =~ t3.*) and attribute:stack == prod", True),
        ("attribute:stack == test and attribute:stack == prod or agentConnected == true", True),
        ("ec2InstanceId in ['i-00000000000000001']", True),
    ],
)
def test_p23_p24_expressions_mean_what_the_guide_says(instance, expression, holds):
    """Source: developer guide, cluster-query-language."""
    assert compiled(expression)(instance) is holds


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "attribute:stack",
        "attribute:stack ==",
        "stack == prod",
        "attribute:stack is prod",
        "(attribute:stack == prod",
        "attribute:stack == prod and",
        "attribute:stack in prod",
        "attribute:stack =~ (",
        "registeredAt > yesterday",
        "attribute:stack == prod attribute:stack == prod",
    ],
)
def test_p23_what_cannot_be_read_is_refused(expression):
    """Source: developer guide, cluster-query-language."""
    with pytest.raises(EcsError) as caught:
        compiled(expression)
    assert caught.value.code == "InvalidParameterException"


def test_p21_expressions_have_at_most_2000_characters():
    """Source: API CreateService, PlacementConstraint; developer guide, task-placement-constraints."""
    with pytest.raises(EcsError, match="2000"):
        compiled("attribute:stack == " + "x" * 2000)


def test_p26_an_instance_has_at_most_ten_custom_attributes():
    """Source: API AttributeLimitExceededException."""
    world = World()
    world.instances(1)
    arn = world.container_instances()[0].arn
    world.plane.put_attributes(attributes=[{"name": f"a{n}", "value": "1", "targetId": arn} for n in range(10)])
    with pytest.raises(EcsError) as caught:
        world.plane.put_attributes(attributes=[{"name": "more", "value": "1", "targetId": arn}])
    assert caught.value.code == "AttributeLimitExceededException"

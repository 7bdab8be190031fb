"""What ECS refuses in single requests: lengths, numbers, characters, names that lead nowhere."""

from __future__ import annotations

import pytest

from tests.fakes.world import World
from tinystacks.controlplane.errors import EcsError
from tinystacks.controlplane.ports import SubnetFacts

MEMBER = {"type": "memberOf", "expression": "attribute:ecs.os-type == linux"}
UNREADABLE = ["attribute:x ==", "", "attribute: == y", "attribute:x > 3", "x" * 2001]


@pytest.fixture
def world():
    made = World()
    made.instances(1)
    return made


def refused(code, call, **request):
    with pytest.raises(EcsError) as caught:
        call(**request)
    assert caught.value.code == code
    return caught.value.message


def awsvpc(world, *subnets, groups=()):
    definition = world.definition(networkMode="awsvpc", family="own")
    network = {"awsvpcConfiguration": {"subnets": list(subnets), "securityGroups": list(groups)}}
    return {"task_definition": definition, "network_configuration": network}


@pytest.mark.parametrize("expression", UNREADABLE)
def test_p23_an_expression_that_cannot_be_read_is_refused_wherever_it_stands(world, expression):
    """DG cluster-query-language; API TaskDefinitionPlacementConstraint."""
    constraints = [{"type": "memberOf", "expression": expression}]
    refused("ClientException", world.definition, placementConstraints=constraints)
    definition = world.definition()
    refused(
        "InvalidParameterException",
        world.plane.run_task,
        task_definition=definition,
        placement_constraints=constraints,
    )
    refused(
        "InvalidParameterException",
        world.plane.create_service,
        service_name="web",
        task_definition=definition,
        desired_count=1,
        placement_constraints=constraints,
    )


def test_p21_ten_constraints_in_task_definition_and_request_together(world):
    """API RegisterTaskDefinition and CreateService, placementConstraints: at most 10 per task."""
    refused("ClientException", world.definition, placementConstraints=[MEMBER] * 11)
    definition = world.definition(placementConstraints=[MEMBER])
    for call, given in (
        (world.plane.run_task, {}),
        (world.plane.create_service, {"service_name": "web", "desired_count": 1}),
    ):
        request = {"task_definition": definition, **given}
        refused("InvalidParameterException", call, **request, placement_constraints=[MEMBER] * 10)
        call(**request, placement_constraints=[MEMBER] * 9)
    refused(
        "InvalidParameterException",
        world.plane.update_service,
        service="web",
        task_definition=world.definition(placementConstraints=[MEMBER] * 2),
    )


@pytest.mark.parametrize(
    ("cpu", "fits"), [("64", False), ("127", False), ("128", True), ("196608", True), ("196609", False)]
)
@pytest.mark.parametrize("compatibilities", [["EC2"], []])
def test_p13_task_cpu_on_ec2_is_128_to_196608(world, cpu, fits, compatibilities):
    """API RegisterTaskDefinition, cpu: between 128 CPU units and 196608 on EC2."""
    given = {"requiresCompatibilities": compatibilities, "cpu": cpu}
    if fits:
        assert world.definition(**given)
    else:
        assert "'cpu'" in refused("ClientException", world.definition, **given)


@pytest.mark.parametrize(
    ("field", "fits"),
    [
        ("instanceId", True),
        ("host", True),
        ("attribute:rack", True),
        ("foo", False),
        ("attribute:", False),
        ("", False),
    ],
)
def test_p15_spread_is_by_attribute_or_instance(world, field, fits):
    """API PlacementStrategy, field: instanceId, host, or an attribute such as attribute:ecs.availability-zone."""
    request = {"task_definition": world.definition(), "placement_strategy": [{"type": "spread", "field": field}]}
    if fits:
        assert world.plane.run_task(**request).tasks
        assert world.plane.create_service(service_name="web", desired_count=1, **request)
    else:
        refused("InvalidParameterException", world.plane.run_task, **request)
        refused("InvalidParameterException", world.plane.create_service, service_name="w", desired_count=1, **request)


@pytest.mark.parametrize("character", ["a", "!", "~"])
def test_a27_client_tokens_of_36_and_64_characters_pass(world, character):
    """API CreateService and RunTask, clientToken; DG ECS_Idempotency."""
    definition = world.definition()
    assert world.plane.run_task(task_definition=definition, client_token=character * 64).tasks
    assert world.plane.create_service(
        service_name="web", desired_count=1, task_definition=definition, client_token=character * 36
    )


@pytest.mark.parametrize("odd", ["a b", "é", "\t"])
def test_a27_longer_client_tokens_and_other_characters_are_refused(world, odd):
    """API CreateService and RunTask, clientToken: characters 33 to 126."""
    request = {"task_definition": world.definition()}
    for token in ("x" * 65, odd):
        refused("InvalidParameterException", world.plane.run_task, **request, client_token=token)
    for token in ("x" * 37, odd):
        refused(
            "InvalidParameterException",
            world.plane.create_service,
            **request,
            service_name="web",
            desired_count=1,
            client_token=token,
        )


def test_a37_sixteen_subnets_and_five_security_groups(world):
    """API AwsVpcConfiguration: at most 16 subnets and 5 security groups."""
    world.surroundings.subnets |= {
        f"subnet-{number}": SubnetFacts(zone="eu-central-1a", vpc_id="vpc-1") for number in range(17)
    }
    subnets, groups = [f"subnet-{number}" for number in range(17)], [f"sg-{number}" for number in range(6)]
    for request in (awsvpc(world, *subnets), awsvpc(world, "subnet-0", groups=groups)):
        refused("InvalidParameterException", world.plane.run_task, **request)
        refused("InvalidParameterException", world.plane.create_service, service_name="w", desired_count=1, **request)
        refused(
            "InvalidParameterException",
            world.plane.start_task,
            container_instances=[world.container_instances()[0].id],
            **request,
        )
    request = awsvpc(world, *subnets[:16], groups=groups[:5])
    assert world.plane.create_service(service_name="web", desired_count=1, **request)


def test_a37_overrides_have_8192_characters_at_most(world):
    """API RunTask, overrides: 8192 characters, JSON formatting included."""
    definition = world.definition()

    def request(length):
        empty = len('{"containerOverrides":[{"name":"app","command":[""]}]}')
        command = ["x" * (length - empty)]
        overrides = {"containerOverrides": [{"name": "app", "command": command}]}
        return {"task_definition": definition, "overrides": overrides}

    assert world.plane.run_task(**request(8192)).tasks
    message = refused("InvalidParameterException", world.plane.run_task, **request(8193))
    assert message == "Container Overrides length must be at most 8192."
    refused(
        "InvalidParameterException",
        world.plane.start_task,
        container_instances=[world.container_instances()[0].id],
        **request(8193),
    )


def test_a17_an_override_for_a_container_that_is_not_there_is_refused(world):
    """API ContainerOverride, name: a container of the task definition."""
    overrides = {"containerOverrides": [{"name": "ghost"}]}
    for call, given in (
        (world.plane.run_task, {}),
        (world.plane.start_task, {"container_instances": [world.container_instances()[0].id]}),
    ):
        message = refused(
            "InvalidParameterException", call, task_definition=world.definition(), overrides=overrides, **given
        )
        assert message == "Override for container named ghost is not a container in the TaskDefinition."


@pytest.mark.parametrize("name", ["my app", " app", "app ", "app!", "a" * 256, "a.b"])
def test_a17_a_container_name_has_letters_digits_hyphens_and_underscores(world, name):
    """API ContainerDefinition, name: up to 255 letters, numbers, underscores and hyphens."""
    message = refused("ClientException", world.definition, container={"name": name})
    assert message == "Container.name contains invalid characters."


@pytest.mark.parametrize("image", ["my image", " web", "web ", "web:1\n", "we b@sha256:1", "web{}"])
def test_a17_an_image_reference_has_no_blanks(world, image):
    """API ContainerDefinition, image: letters, numbers and some signs."""
    message = refused("ClientException", world.definition, container={"image": image})
    assert message == "Container.image contains invalid characters."


def test_p2_subnets_that_do_not_exist_are_refused(world):
    """API AwsVpcConfiguration, subnets; DG api_failures_messages."""
    request = awsvpc(world, "subnet-a", "subnet-none")
    message = refused("InvalidParameterException", world.plane.run_task, **request)
    assert message.startswith(
        "Error retrieving subnet information for [subnet-a, subnet-none]: The subnet ID 'subnet-none' does not exist"
    )
    refused("InvalidParameterException", world.plane.create_service, service_name="w", desired_count=1, **request)


def test_p2_subnets_of_several_vpcs_are_refused_for_services_and_tasks(world):
    """Source: API AwsVpcConfiguration, subnets: all of them from the same VPC."""
    world.surroundings.subnets["subnet-other"] = SubnetFacts(zone="us-east-1b", vpc_id="vpc-2")
    request = awsvpc(world, "subnet-a", "subnet-other")
    assert "must be from the same VPC" in refused("InvalidParameterException", world.service, **request)
    assert "must be from the same VPC" in refused("InvalidParameterException", world.plane.run_task, **request)
    accepted = world.plane.run_task(**awsvpc(world, "subnet-a", "subnet-b"))
    assert (len(accepted.tasks), len(accepted.failures)) == (1, 0)

"""What ECS refuses to create, change and delete. Source: API operations named in each test."""

from __future__ import annotations

import pytest

from tests.fakes.world import GROUP, TARGET_GROUP, World
from tinystacks.controlplane.errors import EcsError
from tinystacks.controlplane.ports import TargetGroupFacts
from tinystacks.controlplane.settings import Settings


def refused(code, call, text=""):
    with pytest.raises(EcsError) as caught:
        call()
    assert caught.value.code == code
    assert text in caught.value.message


def with_provider(**settings):
    world = World(settings=Settings(**settings))
    world.plane.create_cluster()
    world.group(desired=0)
    world.provider()
    return world


def test_a2_an_unknown_cluster():
    """Source: API ClusterNotFoundException."""
    world = World()
    refused("ClusterNotFoundException", lambda: world.service(1), "Cluster not found.")


def test_a3_unknown_draining_and_inactive_services():
    """Source: API UpdateService."""
    world = World()
    world.instances(1)
    refused("ServiceNotFoundException", lambda: world.plane.update_service(service="web", desired_count=1), "not found")
    service = world.service(1)
    world.steady(service)
    world.plane.delete_service(service="web", force=True)
    refused(
        "ServiceNotActiveException",
        lambda: world.plane.update_service(service="web", desired_count=1),
        "Service was not ACTIVE.",
    )
    world.run(60)
    assert service.status == "INACTIVE"
    refused("ServiceNotActiveException", lambda: world.plane.delete_service(service="web"))


def test_a4_a_second_service_of_the_name():
    """Source: API CreateService (trap B9)."""
    world = World()
    world.instances(1)
    service = world.service(1)
    world.steady(service)
    refused("InvalidParameterException", lambda: world.service(1), "Creation of service was not idempotent.")
    world.plane.delete_service(service="web", force=True)
    refused("InvalidParameterException", lambda: world.service(1), "Unable to Start a service that is still Draining.")
    world.run(60)
    assert world.service(1) is not service


def test_a4_a27_the_same_token_and_input_give_the_same_service():
    """Source: developer guide, ECS_Idempotency."""
    world = World()
    world.instances(1)
    definition = world.definition()
    first = world.service(1, task_definition=definition, client_token="one")
    assert world.service(1, task_definition=definition, client_token="one") is first
    refused("InvalidParameterException", lambda: world.service(2, task_definition=definition, client_token="one"))


def test_a5_unknown_and_inactive_task_definitions():
    """Source: API RegisterTaskDefinition (trap B3)."""
    world = World()
    world.instances(1)
    refused("ClientException", lambda: world.service(1, task_definition="nothing:1"), "TaskDefinition not found.")
    definition = world.definition()
    world.plane.deregister_task_definition(task_definition=definition)
    refused("ClientException", lambda: world.service(1, task_definition=definition), "TaskDefinition is inactive")


def test_a6_a_service_above_0_is_deleted_only_by_force():
    """Source: API DeleteService (trap C4)."""
    world = World()
    world.instances(1)
    service = world.service(1)
    world.steady(service)
    refused(
        "InvalidParameterException",
        lambda: world.plane.delete_service(service="web"),
        "The service cannot be stopped while it is scaled above 0.",
    )
    world.plane.update_service(service="web", desired_count=0)
    world.steady(service)
    world.plane.delete_service(service="web")
    world.run(2)
    assert service.status == "INACTIVE"


def test_a29_a_deleted_service_drains_and_stays_visible_for_a_while():
    """Source: API DeleteService."""
    world = World()
    world.instances(1)
    service = world.service(2)
    world.steady(service)
    world.plane.delete_service(service="web", force=True)
    assert service.status == "DRAINING"
    world.run(60)
    assert service.status == "INACTIVE"
    assert ("default", "web") in world.plane.state.services
    world.run(2 * 3600)
    assert ("default", "web") not in world.plane.state.services


def test_a7_awsvpc_and_network_configuration_belong_together():
    """Source: API CreateService."""
    world = World()
    world.instances(1)
    awsvpc = world.definition(family="vpc", networkMode="awsvpc")
    network = {"awsvpcConfiguration": {"subnets": ["subnet-a"]}}
    refused("InvalidParameterException", lambda: world.service(1, task_definition=awsvpc), "must be provided")
    refused("InvalidParameterException", lambda: world.service(1, network_configuration=network), "not valid")
    public = {"awsvpcConfiguration": {"subnets": ["subnet-a"], "assignPublicIp": "ENABLED"}}
    refused(
        "InvalidParameterException",
        lambda: world.service(1, task_definition=awsvpc, network_configuration=public),
        "Assign public IP",
    )


def test_a9_run_task_without_any_instance():
    """Source: API RunTask."""
    world = World()
    world.plane.create_cluster()
    refused(
        "InvalidParameterException",
        lambda: world.plane.run_task(task_definition=world.definition(), launch_type="EC2"),
        "No Container Instances were found in your cluster.",
    )


def test_a14_a_cluster_with_instances_services_or_tasks_stays():
    """Source: API DeleteCluster (trap C3)."""
    world = World()
    world.instances(1)
    refused(
        "ClusterContainsContainerInstancesException",
        lambda: world.plane.delete_cluster(cluster="default"),
        "while Container Instances are active or draining.",
    )
    service = world.service(1)
    world.steady(service)
    world.terminate(world.container_instances()[0].ec2_instance_id)
    refused(
        "ClusterContainsServicesException",
        lambda: world.plane.delete_cluster(cluster="default"),
        "while Services are active.",
    )
    world.plane.delete_service(service="web", force=True)
    world.run(10)
    assert world.plane.delete_cluster(cluster="default").status == "INACTIVE"
    refused("ClusterNotFoundException", lambda: world.plane.delete_cluster(cluster="default"))


def test_a15_a_provider_in_use_is_not_removed_from_its_cluster():
    """Source: API PutClusterCapacityProviders (trap C2)."""
    world = with_provider()
    world.service(0)

    def remove():
        return world.plane.put_cluster_capacity_providers(
            cluster="default", capacity_providers=[], default_capacity_provider_strategy=[]
        )

    refused("ResourceInUseException", remove, "The specified capacity provider is in use and cannot be removed.")
    world.plane.delete_service(service="web")
    world.run(5)
    assert remove().capacity_providers == []


def test_a15_c29_a_busy_cluster_cannot_be_changed():
    """Source: API UpdateInProgressException."""
    world = with_provider(attachment_seconds=60)
    cluster = world.plane.state.clusters["default"]
    assert cluster.attachments_status == "UPDATE_IN_PROGRESS"

    def change():
        return world.plane.put_cluster_capacity_providers(
            cluster="default", capacity_providers=["capacity"], default_capacity_provider_strategy=[]
        )

    refused("UpdateInProgressException", change)
    world.run(61)
    assert cluster.attachments_status == "UPDATE_COMPLETE"
    assert {one.type for one in cluster.attachments} == {"as_policy", "managed_draining"}
    change()


def test_a16_a_provider_of_a_cluster_is_not_deleted():
    """Source: API DeleteCapacityProvider (trap C2)."""
    world = with_provider()
    delete = lambda: world.plane.delete_capacity_provider(capacity_provider="capacity")  # noqa: E731 - said thrice
    refused("ClientException", delete, "in use and cannot be removed")
    world.plane.put_cluster_capacity_providers(
        cluster="default", capacity_providers=[], default_capacity_provider_strategy=[]
    )
    assert delete().status == "INACTIVE"
    refused("ClientException", delete)
    refused(
        "InvalidParameterException",
        lambda: world.plane.delete_capacity_provider(capacity_provider="FARGATE"),
    )


def test_a22_target_groups_that_do_not_fit():
    """Source: API CreateService (trap B13)."""
    world = World()
    world.instances(1)
    balancer = world.balancer()
    world.surroundings.target_groups[TARGET_GROUP] = TargetGroupFacts(target_type="instance", has_load_balancer=False)
    refused(
        "InvalidParameterException",
        lambda: world.service(1, load_balancers=balancer),
        "does not have an associated load balancer",
    )
    world.surroundings.target_groups[TARGET_GROUP] = TargetGroupFacts(target_type="ip", has_load_balancer=True)
    refused("InvalidParameterException", lambda: world.service(1, load_balancers=balancer), "target type ip")
    refused(
        "InvalidParameterException",
        lambda: world.service(1, load_balancers=[{**balancer[0], "containerName": "other"}]),
        "does not exist in the task definition",
    )
    refused(
        "InvalidParameterException",
        lambda: world.service(1, load_balancers=[{**balancer[0], "containerPort": 1}]),
        "did not have a container port",
    )


def test_a23_an_active_cluster_is_given_unchanged():
    """Source: no AWS document; inferred."""
    world = World()
    first = world.plane.create_cluster(tags=[{"key": "a", "value": "b"}])
    assert world.plane.create_cluster(tags=[]) is first
    assert first.tags == {"a": "b"}


def test_a26_termination_protection_needs_the_groups_own():
    """Source: API AutoScalingGroupProvider (trap D12)."""
    world = World()
    world.plane.create_cluster()
    world.group()
    provider = {
        "autoScalingGroupArn": GROUP,
        "managedScaling": {"status": "ENABLED"},
        "managedTerminationProtection": "ENABLED",
    }
    refused(
        "ClientException",
        lambda: world.plane.create_capacity_provider(name="x", auto_scaling_group_provider=provider),
        "must have instance protection from scale in enabled",
    )
    provider["managedScaling"] = {"status": "DISABLED"}
    refused(
        "ClientException",
        lambda: world.plane.create_capacity_provider(name="x", auto_scaling_group_provider=provider),
        "managed scaling must be enabled",
    )


@pytest.mark.parametrize("name", ["aws-x", "ecsthing", "FargateLike", "x" * 256])
def test_c7_names_of_providers(name):
    """Source: API CreateCapacityProvider (trap D19)."""
    world = World()
    provider = {"autoScalingGroupArn": GROUP}
    refused(
        "ClientException",
        lambda: world.plane.create_capacity_provider(name=name, auto_scaling_group_provider=provider),
    )


def test_c7_a_second_provider_of_the_name_or_group():
    """Source: API CreateCapacityProvider."""
    world = with_provider()
    provider = {"autoScalingGroupArn": GROUP}
    for name, text in (("capacity", "already exists"), ("other", "already being used")):
        refused(
            "ClientException",
            lambda name=name: world.plane.create_capacity_provider(name=name, auto_scaling_group_provider=provider),
            text,
        )


def test_a27_run_task_tokens():
    """Source: developer guide, ECS_Idempotency."""
    world = World()
    world.instances(1)
    definition = world.definition()
    first = world.plane.run_task(task_definition=definition, client_token="t")
    assert world.plane.run_task(task_definition=definition, client_token="t") is first
    refused("ConflictException", lambda: world.plane.run_task(task_definition=definition, client_token="t", count=2))


def test_a10_run_task_takes_no_tags_of_a_service():
    """Source: API RunTask."""
    world = World()
    world.instances(1)
    refused(
        "InvalidParameterException",
        lambda: world.plane.run_task(task_definition=world.definition(), propagate_tags="SERVICE"),
    )


def test_a34_a35_tags_and_names():
    """Source: API CreateService; developer guide, ecs-using-tags."""
    world = World()
    world.instances(1)
    refused(
        "InvalidParameterException", lambda: world.service(1, name="a b", task_definition=world.definition()), "name"
    )
    service = world.service(
        1, tags=[{"key": "team", "value": "x"}], propagate_tags="SERVICE", enable_ecs_managed_tags=True
    )
    world.steady(service)
    assert world.running(service)[0].tags == {
        "aws:ecs:clusterName": "default",
        "aws:ecs:serviceName": "web",
        "team": "x",
    }
    world.plane.tag_resource(resource_arn=service.arn, tags=[{"key": "more", "value": "y"}])
    world.plane.untag_resource(resource_arn=service.arn, tag_keys=["team"])
    assert world.plane.tags_of(service.arn) == {"more": "y"}
    refused(
        "InvalidParameterException",
        lambda: world.plane.tag_resource(resource_arn=service.arn, tags=[{"key": "aws:x", "value": "y"}]),
    )


def test_a31_the_order_of_a_teardown_works():
    """Traps C1 to C4. Source: API DeleteCluster; ECS API reference; API DeleteCapacityProvider."""
    world = with_provider()
    service = world.service(2)
    world.steady(service)
    world.plane.update_service(service="web", desired_count=0)
    world.steady(service)
    world.plane.delete_service(service="web")
    world.run(10)
    world.plane.put_cluster_capacity_providers(
        cluster="default", capacity_providers=[], default_capacity_provider_strategy=[]
    )
    world.plane.delete_capacity_provider(capacity_provider="capacity")
    for instance in world.container_instances():
        world.terminate(instance.ec2_instance_id)
    assert world.plane.delete_cluster(cluster="default").status == "INACTIVE"

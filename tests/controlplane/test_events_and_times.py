"""What a service and its tasks tell: events, times, counts; and the defaults that the rules leave to choose."""

from __future__ import annotations

import pytest

from tests.fakes.world import START, World
from tinystacks.controlplane import effects as fx
from tinystacks.controlplane.errors import EcsError
from tinystacks.controlplane.settings import Settings
from tinystacks.local.task_orders import container_orders

CRASH = {"start": 1, "pull_error": "CannotPullContainerError: no"}
SUBNETS = {"awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b"]}}


def test_p31_events_name_things_in_round_brackets():
    """Source: no AWS document; as users of AWS report it."""
    world = World()
    world.instances(1, "t3.micro")
    service = world.service(1, task_definition=world.definition(container={"memory": 4000}))
    world.run(60)
    [text] = world.messages(service)
    [instance] = world.container_instances()
    assert text.startswith("(service web) was unable to place a task because no container instance met all of its")
    assert f"The closest matching (container-instance {instance.id}) has insufficient memory available." in text


def test_p32_a_provider_that_ecs_does_not_scale_and_that_has_no_instances():
    """Source: developer guide, service-event-messages-list."""
    world = World()
    world.plane.create_cluster()
    world.group(maximum=3)
    world.provider(managedScaling={"status": "DISABLED"})
    service = world.service(1)
    world.run(60)
    [text] = world.messages(service)
    assert text == (
        "(service web) was unable to reach steady state. "
        "Reason: No Container Instances were found in your capacity provider."
    )


@pytest.mark.parametrize(("counts", "most"), [(True, 4), (False, 6)])
def test_d3_a_stopping_task_fills_the_maximum_while_it_holds_its_instance(counts, most):
    """Source: API DeploymentConfiguration; developer guide, update-service-parameters."""
    world = World(settings=Settings(stopping_tasks_count_against_maximum=counts))
    world.instances(3)
    world.behave("good", stop=200)
    service = world.service(2)
    world.steady(service)
    world.plane.update_service(service="web", force_new_deployment=True)
    seen = 0
    for _ in range(120):
        world.run(5)
        alive = [one for one in world.plane.state.tasks.values() if one.last_status not in {"STOPPED", "PROVISIONING"}]
        seen = max(seen, len(alive))
    assert seen <= most
    assert service.is_steady


def test_d23_failed_tasks_count_those_of_the_deployment_that_never_ran():
    """Source: API Deployment."""
    world = World()
    world.instances(2)
    service = world.service(1)
    world.steady(service)
    world.behave("ends", exits_after=1)
    world.plane.update_service(service="web", task_definition=world.definition("ends"))
    world.run(60)
    ended = [one for one in world.plane.state.tasks.values() if one.stop_code == "EssentialContainerExited"]
    assert len(ended) > 2
    assert (service.deployments[0].rollout_state, service.deployments[0].failed_tasks) == ("IN_PROGRESS", 0)
    world.behave("bad", **CRASH)
    world.plane.update_service(service="web", task_definition=world.definition("bad"))
    dead = []
    for _ in range(30):
        world.run(1)
        newest = service.deployments[0]
        dead = [
            one
            for one in world.plane.state.tasks.values()
            if one.deployment is newest and one.stop_code == "TaskFailedToStart"
        ]
        assert newest.failed_tasks == len(dead)
    assert len(dead) > 2


def service_events(world, kind="ECS Deployment State Change"):
    details = [one.detail for one in world.done if isinstance(one, fx.EmitEvent) and one.detail_type == kind]
    return [(one["eventType"], one["eventName"], one.get("deploymentId", ""), one.get("reason", "")) for one in details]


def test_d43_a44_events_for_eventbridge():
    """Source: developer guide, ecs_service_deployment_events; developer guide, ecs_service_events."""
    world = World()
    world.instances(2)
    service = world.service(2)
    world.steady(service)
    identity = service.deployments[0].id
    assert [one[:3] for one in service_events(world)] == [
        ("INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS", identity),
        ("INFO", "SERVICE_DEPLOYMENT_COMPLETED", identity),
    ]
    assert [one[:2] for one in service_events(world, "ECS Service Action")] == [("INFO", "SERVICE_STEADY_STATE")]
    states = [
        one.detail["lastStatus"] for one in world.done if isinstance(one, fx.EmitEvent) and "Task" in one.detail_type
    ]
    assert states == ["RUNNING", "RUNNING"]


def test_d43_a_deployment_that_fails_is_an_error_with_its_reason():
    """Source: developer guide, ecs_service_deployment_events."""
    world = World()
    world.instances(2)
    world.behave("bad", **CRASH)
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    service = world.service(2, deployment_configuration=breaker)
    world.steady(service)
    world.done.clear()
    world.plane.update_service(service="web", task_definition=world.definition("bad"))
    bad = service.deployments[0].id
    world.run_until(lambda: service.is_steady and len(service.deployments) == 1)
    told = service_events(world)
    assert [one[:3] for one in told if one[2] == bad] == [
        ("INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS", bad),
        ("ERROR", "SERVICE_DEPLOYMENT_FAILED", bad),
    ]
    (reason,) = [one[3] for one in told if one[1] == "SERVICE_DEPLOYMENT_FAILED"]
    assert reason == "ECS deployment circuit breaker: tasks failed to start."
    assert told[-1][1] == "SERVICE_DEPLOYMENT_COMPLETED"
    assert told[-1][2] != bad


def test_t5_the_times_of_a_task_are_in_order():
    """Source: API Task."""
    world = World()
    world.instances(1)
    service = world.service(1, load_balancers=world.balancer())
    world.steady(service)
    [task] = world.running(service)
    world.plane.update_service(service="web", desired_count=0)
    world.run(300)
    told = [task.created_at, task.started_at, task.stopping_at, task.execution_stopped_at, task.stopped_at]
    times = [one for one in told if one is not None]
    assert len(times) == len(told)
    assert times == sorted(times)


def test_t15_each_end_has_its_stop_code():
    """Source: API TaskStopCode."""
    world = World()
    world.instances(2)
    world.behave("bad", **CRASH)
    world.behave("ends", exits_after=5, exit_code=0)
    ran = {}
    for image in ("bad", "ends", "good"):
        ran[image] = world.plane.run_task(task_definition=world.definition(image, family=image)).tasks[0]
    world.run(30)
    world.plane.stop_task(task=ran["good"].id)
    world.run(60)
    codes = {image: task.stop_code for image, task in ran.items()}
    assert codes == {"bad": "TaskFailedToStart", "ends": "EssentialContainerExited", "good": "UserInitiated"}


def test_t29_without_room_a_managed_provider_has_a_task_wait_and_a_launch_type_fails_it():
    """Source: AWS blog, deep-dive-on-amazon-ecs-cluster-auto-scaling; API RunTask."""
    world = World()
    world.instances(1, "t3.micro")
    big = world.definition(container={"memory": 3000}, family="big")
    failed = world.plane.run_task(task_definition=big, launch_type="EC2")
    assert [one.reason for one in failed.failures] == ["RESOURCE:MEMORY"]
    world.group(maximum=3, types=("t3.medium",))
    world.provider()
    waiting = world.plane.run_task(task_definition=big)
    assert (waiting.failures, [one.last_status for one in waiting.tasks]) == ([], ["PROVISIONING"])


def test_t31_default_times_are_within_what_is_known():
    """Source: no AWS document; inferred."""
    known = Settings()
    assert 30 <= known.boot_seconds <= 60
    assert 5 <= known.eni_seconds <= 15
    assert 15 <= known.fargate_provisioning_seconds <= 60
    assert 600 <= known.provisioning_wait_seconds <= 1800


def test_l12_a_target_is_registered_by_instance_and_host_port_once_its_container_runs():
    """Source: API CreateService; ECS service quotas."""
    world = World()
    world.instances(1)
    service = world.service(1, load_balancers=world.balancer())
    world.steady(service)
    [task] = world.running(service)
    kinds = [type(one) for one in world.done if isinstance(one, (fx.StartContainers, fx.RegisterTarget))]
    assert kinds == [fx.StartContainers, fx.RegisterTarget]
    [registered] = [one for one in world.done if isinstance(one, fx.RegisterTarget)]
    assert registered.target_id == world.container_instances()[0].ec2_instance_id
    assert registered.port == task.containers["app"].host_ports[8080]


@pytest.mark.parametrize("dies", [True, False])
def test_l13_a_target_leaves_when_its_task_stops_and_only_a_live_task_waits_for_it(dies):
    """Source: developer guide, update-service-parameters."""
    world = World()
    world.instances(1)
    service = world.service(1, load_balancers=world.balancer())
    world.steady(service)
    [task] = world.running(service)
    if dies:
        world.plane.container_stopped(task.id, "app", 1)
    else:
        world.plane.stop_task(task=task.id)
    world.run(1)
    assert [one.task_id for one in world.done if isinstance(one, fx.DeregisterTarget)] == [task.id]
    assert (task.last_status == "DEACTIVATING") is not dies


def test_z7_rebalancing_starts_after_two_looks_a_minute_apart():
    """Source: no AWS document; a choice of the model."""
    world = World()
    world.instances(1, zones=("us-east-1a",))
    service = world.service(4, availability_zone_rebalancing="ENABLED")
    world.steady(service)
    world.instances(1, zones=("us-east-1b",))
    registered = world.container_instances()[-1].registered_at - START
    first_look = registered // 60 * 60 + 60

    def said():
        return [one for one in service.events if "is not AZ balanced" in one.message]

    world.run_until(lambda: bool(said()))
    assert said()[0].created_at - START == first_look + 60


def test_a25_a_service_moves_from_instances_to_fargate_by_strategy_and_a_forced_deployment():
    """Source: API UpdateService; developer guide, asg-capacity-providers."""
    world = World()
    world.instances(2)
    definition = world.definition(
        networkMode="awsvpc", requiresCompatibilities=["EC2", "FARGATE"], cpu="256", memory="512", family="both"
    )
    service = world.service(2, task_definition=definition, network_configuration=SUBNETS, launch_type="EC2")
    world.steady(service)
    world.plane.put_cluster_capacity_providers(
        cluster="default", capacity_providers=["FARGATE"], default_capacity_provider_strategy=[]
    )
    world.plane.update_service(
        service="web",
        capacity_provider_strategy=[{"capacityProvider": "FARGATE", "weight": 1}],
        force_new_deployment=True,
    )
    world.run(900)
    assert service.is_steady
    assert {one.launch_type for one in world.running(service)} == {"FARGATE"}


def test_a37_run_task_starts_one_to_ten_and_start_task_takes_one_to_ten_instances():
    """API RunTask, count; API StartTask, containerInstances; API CreateService, limits of one call."""
    world = World()
    world.instances(11)
    definition, instances = world.definition(), [one.id for one in world.container_instances()]
    assert len(world.plane.run_task(task_definition=definition).tasks) == 1
    assert len(world.plane.run_task(task_definition=definition, count=10).tasks) == 10
    assert len(world.plane.start_task(task_definition=definition, container_instances=instances[:10]).tasks) == 10
    for count in (-1, 0, 11):
        with pytest.raises(EcsError, match="between 1 and 10"):
            world.plane.run_task(task_definition=definition, count=count)
    for named in ([], instances):
        with pytest.raises(EcsError, match="1 to 10"):
            world.plane.start_task(task_definition=definition, container_instances=named)


@pytest.mark.parametrize(("count", "container"), [(0, {}), (1, {"versionConsistency": "disabled"})])
def test_d17_tags_stay_tags_for_a_deployment_without_tasks_and_where_that_is_asked_for(count, container):
    """Source: developer guide, deployment-type-ecs."""
    world = World()
    world.instances(2)
    service = world.service(count, task_definition=world.definition(container=container))
    world.run(60)
    world.plane.update_service(service="web", desired_count=1)
    world.steady(service)
    [first] = world.running(service)
    world.plane.container_started(first.id, "app", {8080: 40000}, "made", "sha256:1")
    assert service.deployments[0].revision.container_images == [{"containerName": "app", "image": "good"}]
    assert container_orders(first, ["app"])[0].image_digest == ""


def test_d17_a_revision_shows_the_digests_of_its_first_task_and_the_others_use_them():
    """Source: developer guide, deployment-type-ecs."""
    world = World()
    world.instances(2)
    service = world.service(2)
    world.steady(service)
    first, second = world.running(service)
    for task, digest in ((first, "sha256:1"), (second, "sha256:2")):
        world.plane.container_started(task.id, "app", {8080: 40000}, "made", digest)
    assert service.deployments[0].revision.container_images == [
        {"containerName": "app", "image": "good", "imageDigest": "sha256:1"}
    ]
    assert container_orders(second, ["app"])[0].image_digest == "sha256:1"
    world.plane.update_service(service="web", force_new_deployment=True)
    world.steady(service)
    assert [container_orders(one, ["app"])[0].image_digest for one in world.running(service)] == ["", ""]

"""Life of a task. Sources: Amazon ECS developer guide, task-lifecycle-explanation; API Task, ContainerDefinition."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.world import World
from tinystacks.controlplane import effects as fx
from tinystacks.controlplane.errors import EcsError
from tinystacks.controlplane.settings import Settings


def lone(world, definition, **given):
    result = world.plane.run_task(task_definition=definition, **given)
    assert not result.failures
    return result.tasks[0]


def ready(**settings):
    world = World(settings=Settings(**settings))
    world.instances(1)
    return world


def containers(world, *given):
    defaults = {"image": "good", "memory": 64}
    return world.plane.register_task_definition(
        family="many", containerDefinitions=[{**defaults, **one} for one in given]
    ).arn


def test_t1_t3_a_bridge_task_goes_from_pending_to_running():
    """Source: developer guide, task-lifecycle-explanation; API ListTasks."""
    world = ready()
    task = lone(world, world.definition())
    assert (task.last_status, task.desired_status) == ("PENDING", "RUNNING")
    world.run(3)
    assert task.last_status == "RUNNING"
    assert task.started_at is not None


def test_t2_t4_an_awsvpc_task_is_provisioned_and_deprovisioned():
    """Source: developer guide, task-lifecycle-explanation; API ListTasks; developer guide,
    load-balancer-connection-draining.
    """
    world = ready()
    network = {"awsvpcConfiguration": {"subnets": ["subnet-a"]}}
    task = lone(world, world.definition(networkMode="awsvpc"), network_configuration=network)
    assert task.last_status == "PROVISIONING"
    assert task.private_ip
    world.run(20)
    assert task.last_status == "RUNNING"
    world.plane.stop_task(task=task.id)
    world.run(2)
    assert task.last_status == "DEPROVISIONING"
    world.run(10)
    assert task.last_status == "STOPPED"


def test_t2_an_awsvpc_task_with_a_target_group_passes_activating():
    """Source: developer guide, task-lifecycle-explanation; API ListTasks."""
    world = World()
    world.plane.create_cluster()
    definition = world.definition(requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512")
    balancer = world.balancer()
    world.surroundings.target_groups.clear()
    service = world.service(
        1,
        task_definition=definition,
        launch_type="FARGATE",
        load_balancers=balancer,
        network_configuration={"awsvpcConfiguration": {"subnets": ["subnet-a"]}},
    )
    world.run(1)
    task = next(iter(service.deployments[0].tasks.values()))
    seen = [task.last_status]
    for _ in range(60):
        world.run(1)
        if task.last_status != seen[-1]:
            seen.append(task.last_status)
    assert seen == ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING"]


@pytest.mark.parametrize("condition", ["START", "COMPLETE", "SUCCESS", "HEALTHY"])
def test_t6_a_container_waits_for_its_dependency(condition):
    """Source: API ContainerDependency."""
    world = ready()
    first: dict[str, Any] = {"name": "first", "essential": False}
    if condition == "HEALTHY":
        first["healthCheck"] = {"command": ["CMD", "true"]}
    second = {"name": "second", "dependsOn": [{"containerName": "first", "condition": condition}]}
    task = lone(world, containers(world, first, second))
    world.run(2.5)
    begun = [one.containers for one in world.done if isinstance(one, fx.StartContainers)]
    assert begun[0] == ("first",)
    if condition in {"COMPLETE", "SUCCESS"}:
        assert len(begun) == 1
        world.plane.container_stopped(task.id, "first", 0)
    world.run(10)
    begun = [one.containers for one in world.done if isinstance(one, fx.StartContainers)]
    assert begun[1] == ("second",)
    assert task.last_status == "RUNNING"


def test_t6_success_needs_exit_code_0():
    """Source: API ContainerDependency."""
    world = ready()
    first = {"name": "first", "essential": False}
    second = {"name": "second", "dependsOn": [{"containerName": "first", "condition": "SUCCESS"}]}
    task = lone(world, containers(world, first, second))
    world.run(3)
    world.plane.container_stopped(task.id, "first", 2)
    world.run(5)
    assert task.stop_code == "TaskFailedToStart"


def test_t7_a_dependency_that_is_not_ready_in_time_ends_the_task():
    """Source: API ContainerDefinition, startTimeout."""
    world = ready()
    world.behave("good", health="UNHEALTHY")
    first = {"name": "first", "startTimeout": 60, "healthCheck": {"command": ["CMD", "false"]}}
    second = {"name": "second", "dependsOn": [{"containerName": "first", "condition": "HEALTHY"}]}
    task = lone(world, containers(world, first, second))
    world.run(55)
    assert task.last_status == "PENDING"
    world.run(15)
    assert (task.last_status, task.stop_code) == ("STOPPED", "TaskFailedToStart")


def test_t6_t25_containers_stop_in_the_reverse_order():
    """Source: API ContainerDependency."""
    world = ready()
    first = {"name": "first"}
    second = {"name": "second", "stopTimeout": 7, "dependsOn": [{"containerName": "first", "condition": "START"}]}
    task = lone(world, containers(world, first, second))
    world.run(6)
    world.plane.stop_task(task=task.id)
    world.run(5)
    stops = [one for one in world.done if isinstance(one, fx.StopContainers)]
    assert [(one.containers, one.timeout_seconds) for one in stops] == [(("second",), 7), (("first",), 30)]
    assert task.last_status == "STOPPED"


def test_t8_a_task_runs_when_all_containers_have_started():
    """Source: ECS agent."""
    world = ready()
    task = lone(world, containers(world, {"name": "a"}, {"name": "b"}))
    world.plane.step(world.plane.now)
    world.plane.container_started(task.id, "a")
    assert task.last_status == "PENDING"
    world.plane.container_started(task.id, "b")
    assert task.last_status == "RUNNING"


@pytest.mark.parametrize("code", [0, 1, 137])
def test_t9_the_end_of_an_essential_container_stops_the_task(code):
    """Source: API ContainerDefinition, essential."""
    world = ready()
    task = lone(world, containers(world, {"name": "app"}, {"name": "side", "essential": False}))
    world.run(5)
    world.plane.container_stopped(task.id, "app", code)
    world.run(5)
    assert task.last_status == "STOPPED"
    assert (task.stop_code, task.stopped_reason) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert task.containers["app"].exit_code == code


def test_t9_the_end_of_another_container_changes_nothing():
    """Source: API ContainerDefinition, essential."""
    world = ready()
    task = lone(world, containers(world, {"name": "app"}, {"name": "side", "essential": False}))
    world.run(5)
    world.plane.container_stopped(task.id, "side", 1)
    world.run(5)
    assert task.last_status == "RUNNING"


def test_t9_another_container_that_cannot_start_leaves_the_task_running():
    """Source: API ContainerDefinition, essential; ECS agent, task_manager.go."""
    world = ready()
    world.behave("bad", pull_error="CannotPullContainerError: not found")
    task = lone(world, containers(world, {"name": "app"}, {"name": "side", "image": "bad", "essential": False}))
    world.run(10)
    side = task.containers["side"]
    assert (task.last_status, side.last_status) == ("RUNNING", "STOPPED")
    assert side.reason == "CannotPullContainerError: not found"


@pytest.mark.parametrize("condition", ["START", "COMPLETE", "SUCCESS", "HEALTHY"])
def test_t7_who_waits_for_a_container_that_cannot_start_ends_the_task(condition):
    """Source: ECS agent, dependencygraph/graph.go (a dependency that will never start cannot be resolved)."""
    world = ready()
    world.behave("bad", pull_error="CannotPullContainerError: not found")
    first: dict[str, Any] = {"name": "first", "image": "bad", "essential": False}
    if condition == "HEALTHY":
        first["healthCheck"] = {"command": ["CMD", "true"]}
    second = {"name": "second", "dependsOn": [{"containerName": "first", "condition": condition}]}
    task = lone(world, containers(world, first, second))
    world.run(10)
    assert (task.last_status, task.stop_code) == ("STOPPED", "TaskFailedToStart")
    assert task.stopped_reason.startswith("TaskDependencyError: ")
    assert task.containers["first"].reason == "CannotPullContainerError: not found"
    assert task.containers["second"].started_at is None


def test_t23_what_a_task_itself_needs_fails_it_whichever_container_names_it():
    """Source: developer guide, resource-initialization-error."""
    world = ready()
    failed = "ResourceInitializationError: unable to pull secrets or registry auth: not found"
    world.behave("bad", pull_error=failed)
    task = lone(world, containers(world, {"name": "app"}, {"name": "side", "image": "bad", "essential": False}))
    world.run(10)
    assert (task.last_status, task.stop_code, task.stopped_reason) == ("STOPPED", "TaskFailedToStart", failed)


def test_t9_a_container_that_is_removed_by_hand_had_started():
    """Source: API TaskStopCode; ECS agent, errors.go."""
    world = ready()
    gone = "CannotInspectContainerError: No such container"
    both = containers(world, {"name": "app"}, {"name": "side", "essential": False})
    kept, lost = lone(world, both), lone(world, both)
    world.run(5)
    world.plane.container_stopped(kept.id, "side", None, gone)
    world.plane.container_stopped(lost.id, "app", None, gone)
    world.run(5)
    assert kept.last_status == "RUNNING"
    assert (lost.last_status, lost.stop_code) == ("STOPPED", "EssentialContainerExited")
    assert lost.containers["app"].reason == gone


def test_t10_a_restart_policy_restarts_the_container_inside_the_task():
    """Source: API ContainerRestartPolicy."""
    world = ready()
    policy = {"enabled": True, "restartAttemptPeriod": 60, "ignoredExitCodes": [0]}
    task = lone(world, containers(world, {"name": "app", "restartPolicy": policy}))
    world.run(100)
    world.plane.container_stopped(task.id, "app", 1)
    world.run(5)
    assert task.last_status == "RUNNING"
    assert task.containers["app"].restart_count == 1
    world.plane.container_stopped(task.id, "app", 1)
    world.run(5)
    assert task.last_status == "STOPPED"


def test_t10_ignored_exit_codes_end_the_task():
    """Source: API ContainerRestartPolicy."""
    world = ready()
    policy = {"enabled": True, "restartAttemptPeriod": 60, "ignoredExitCodes": [0]}
    task = lone(world, containers(world, {"name": "app", "restartPolicy": policy}))
    world.run(100)
    world.plane.container_stopped(task.id, "app", 0)
    world.run(5)
    assert task.last_status == "STOPPED"


def test_t12_task_health_is_that_of_its_essential_containers():
    """Source: API HealthCheck."""
    world = ready()
    check = {"healthCheck": {"command": ["CMD", "true"]}}
    world.behave("good", health_after=10_000)
    task = lone(
        world,
        containers(world, {"name": "a", **check}, {"name": "b", **check}, {"name": "c", "essential": False, **check}),
    )
    world.run(5)
    assert task.health_status == "UNKNOWN"
    world.plane.container_health(task.id, "a", "HEALTHY")
    assert task.health_status == "UNKNOWN"
    world.plane.container_health(task.id, "b", "HEALTHY")
    world.plane.container_health(task.id, "c", "UNHEALTHY")
    assert task.health_status == "HEALTHY"
    world.plane.container_health(task.id, "b", "UNHEALTHY")
    assert task.health_status == "UNHEALTHY"


def test_t12_lone_tasks_are_never_stopped_for_their_health():
    """Source: API HealthCheck."""
    world = ready()
    world.behave("good", health="UNHEALTHY")
    task = lone(world, containers(world, {"name": "a", "healthCheck": {"command": ["CMD", "false"]}}))
    world.run(600)
    assert (task.last_status, task.health_status) == ("RUNNING", "UNHEALTHY")


def test_t13_a_service_replaces_a_task_that_fails_its_container_check():
    """Source: no AWS document; as users of AWS report it."""
    world = ready()
    check = {"healthCheck": {"command": ["CMD", "true"]}}
    service = world.service(1, task_definition=world.definition(container=check))
    world.steady(service)
    task = world.running(service)[0]
    world.plane.container_health(task.id, "app", "UNHEALTHY")
    world.run(30)
    assert task.stopped_reason == "Task failed container health checks"
    assert task.stop_code == "ServiceSchedulerInitiated"
    assert len(service.deployments[0].healthy) == 1


def test_t16_the_reason_of_a_scale_in():
    """Source: developer guide of 2023, stopped-task-errors."""
    world = ready()
    service = world.service(1)
    world.steady(service)
    task = world.running(service)[0]
    world.plane.update_service(service="web", desired_count=0)
    world.run(5)
    assert task.stopped_reason == f"Scaling activity initiated by (deployment {service.deployments[0].id})"
    assert task.stop_code == "ServiceSchedulerInitiated"


@pytest.mark.parametrize(("given", "reason"), [("", "Task stopped by user"), ("because", "because")])
def test_t17_stop_task_keeps_the_given_reason(given, reason):
    """Source: API StopTask."""
    world = ready()
    task = lone(world, world.definition())
    world.run(5)
    world.plane.stop_task(task=task.id, reason=given)
    world.run(5)
    assert (task.last_status, task.stop_code, task.stopped_reason) == ("STOPPED", "UserInitiated", reason)


def test_t18_the_end_of_the_instance_ends_its_tasks_and_the_service_replaces_them():
    """Source: developer guide of 2023, stopped-task-errors."""
    world = World()
    world.instances(2)
    service = world.service(2)
    world.steady(service)
    task = world.running(service)[0]
    assert task.container_instance is not None
    identity = task.container_instance.ec2_instance_id
    world.terminate(identity)
    world.run(60)
    assert task.last_status == "STOPPED"
    assert (task.stop_code, task.stopped_reason) == ("TerminationNotice", f"Host EC2 (instance {identity}) terminated.")
    assert service.running_count == 2
    assert len(world.container_instances()) == 1


def test_t21_a_failed_pull_is_the_stopped_reason():
    """Source: developer guide, stopped-task-error-codes."""
    world = ready()
    world.behave("bad", pull_error="CannotPullContainerError: not found")
    task = lone(world, world.definition("bad"))
    world.run(5)
    assert task.last_status == "STOPPED"
    assert (task.stop_code, task.stopped_reason) == ("TaskFailedToStart", "CannotPullContainerError: not found")
    assert task.containers["app"].reason == "CannotPullContainerError: not found"
    assert task.containers["app"].exit_code is None


def test_t22_an_out_of_memory_kill_keeps_reason_and_code():
    """Source: ECS agent, errors."""
    world = ready()
    task = lone(world, world.definition())
    world.run(5)
    reason = "OutOfMemoryError: Container killed due to memory usage"
    world.plane.container_stopped(task.id, "app", 137, reason)
    world.run(1)
    assert (task.containers["app"].reason, task.containers["app"].exit_code) == (reason, 137)
    assert task.stop_code == "EssentialContainerExited"


def test_t27_a_disconnected_agent_keeps_the_status_of_its_tasks():
    """Source: API ContainerInstance, agentConnected."""
    world = ready()
    task = lone(world, world.definition())
    world.run(5)
    assert task.container_instance is not None
    world.plane.agent_connection(task.container_instance.ec2_instance_id, connected=False)
    world.run(600)
    assert task.last_status == "RUNNING"
    assert task.connectivity == "DISCONNECTED"


def test_t28_p28_run_task_may_succeed_in_part():
    """Source: API RunTask, failures; developer guide, api_failures_messages."""
    world = World()
    world.instances(1, "t3.micro")
    result = world.plane.run_task(task_definition=world.definition(container={"memory": 400}), count=4)
    assert len(result.tasks) == 2
    assert [one.reason for one in result.failures] == ["RESOURCE:MEMORY", "RESOURCE:MEMORY"]
    assert result.failures[0].arn == world.container_instances()[0].arn


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"container": {"cpu": 9999}}, "RESOURCE:CPU"),
        ({"container": {"memory": 99999}}, "RESOURCE:MEMORY"),
        ({"container": {"portMappings": [{"containerPort": 1, "hostPort": 22}]}}, "RESOURCE:PORTS"),
        (
            {"placementConstraints": [{"type": "memberOf", "expression": "attribute:gpu exists"}]},
            "MemberOf placement constraint unsatisfied",
        ),
    ],
)
def test_p28_reasons_of_failures(given, reason):
    """Source: developer guide, api_failures_messages."""
    world = ready()
    result = world.plane.run_task(task_definition=world.definition(**given))
    assert [one.reason for one in result.failures] == [reason]


def test_p11_an_instance_without_a_required_attribute_fails_with_attribute():
    """Source: developer guide, service-event-messages-list."""
    world = ready()
    instance = world.container_instances()[0]
    name = "com.amazonaws.ecs.capability.logging-driver.awslogs"
    world.plane.delete_attributes(attributes=[{"name": name, "targetId": instance.arn}])
    definition = world.definition(container={"logConfiguration": {"logDriver": "awslogs"}})
    assert [one.reason for one in world.plane.run_task(task_definition=definition).failures] == ["ATTRIBUTE"]


def test_t30_stopped_tasks_stay_visible_for_an_hour():
    """Source: API DescribeTasks."""
    world = ready()
    task = lone(world, world.definition())
    world.run(5)
    world.plane.stop_task(task=task.id)
    world.run(3500)
    assert task.id in world.plane.state.tasks
    world.run(200)
    assert task.id not in world.plane.state.tasks


def test_a8_stopping_a_stopped_task_succeeds_and_an_unknown_one_does_not():
    """Source: no AWS document; inferred."""
    world = ready()
    task = lone(world, world.definition())
    world.run(5)
    world.plane.stop_task(task=task.id, reason="first")
    world.run(5)
    assert world.plane.stop_task(task=task.arn, reason="second").stopped_reason == "first"
    with pytest.raises(EcsError, match="The referenced task was not found"):
        world.plane.stop_task(task="0" * 32)


def test_t32_start_task_places_on_the_named_instances_only():
    """Source: API StartTask."""
    world = World()
    world.instances(2)
    chosen = world.container_instances()[1]
    result = world.plane.start_task(task_definition=world.definition(), container_instances=[chosen.arn, "0" * 32])
    assert result.tasks[0].container_instance is chosen
    assert [one.reason for one in result.failures] == ["MISSING"]

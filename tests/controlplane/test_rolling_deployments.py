"""Rolling deployments. Sources: Amazon ECS developer guide, deployment-type-ecs; API DeploymentConfiguration."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.fakes.world import World
from tinystacks.controlplane import bounds
from tinystacks.controlplane import effects as fx
from tinystacks.controlplane.errors import EcsError
from tinystacks.controlplane.settings import Settings


def started(count=2, instances=3, image="good", **given):
    world = World()
    world.instances(instances)
    service = world.service(count, image, **given)
    world.steady(service)
    return world, service


def percents(lower, upper):
    return {"minimumHealthyPercent": lower, "maximumPercent": upper}


def plain(messages):
    """Events without ids."""
    text = [re.sub(r"task [0-9a-f]{32}", "task T", one) for one in messages]
    return [re.sub(r"ecs-svc/[0-9]{19}", "ecs-svc/N", one).removeprefix("(service web) ") for one in text]


def follow(world, service, seconds):
    """Give (healthy, all) second by second."""
    seen = []
    for _ in range(seconds):
        world.run(1)
        healthy = sum(len(one.healthy) for one in service.deployments)
        total = sum(len(one.tasks) for one in service.deployments) + len(service.stopping)
        seen.append((healthy, total))
    return seen


def test_d1_a_read_shows_every_default():
    """Source: API DeploymentConfiguration."""
    _, service = started()
    assert service.deployment_configuration == {
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "deploymentCircuitBreaker": {
            "enable": False,
            "rollback": False,
            "resetOnHealthyTask": True,
            "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
        },
        "alarms": {"alarmNames": [], "rollback": False, "enable": False},
    }


@pytest.mark.parametrize(
    ("count", "low", "high", "expected"),
    [(3, 50, 125, (2, 3)), (1, 100, 200, (1, 2)), (4, 50, 100, (2, 4)), (10, 75, 150, (8, 15)), (1, 50, 150, (1, 1))],
)
def test_d2_lower_rounds_up_and_upper_rounds_down(count, low, high, expected):
    """Source: developer guide, deployment-type-ecs (trap B8)."""
    _, service = started(count, deployment_configuration=percents(low, high))
    assert (bounds.lower(service), bounds.upper(service)) == expected


@pytest.mark.parametrize(("low", "high"), [(100, 200), (100, 150), (50, 150), (50, 100), (75, 125)])
def test_d4_the_bounds_hold_all_along_and_the_new_revision_ends_alone(low, high):
    """Source: developer guide, deployment-type-ecs."""
    world, service = started(4, deployment_configuration=percents(low, high))
    world.plane.update_service(service="web", task_definition=world.definition("v2"))
    seen = follow(world, service, 400)
    assert min(healthy for healthy, _ in seen) >= bounds.lower(service)
    assert max(total for _, total in seen) <= bounds.upper(service)
    assert {one.task_definition.revision for one in world.running(service)} == {2}
    assert service.is_steady


@pytest.mark.parametrize(("count", "low", "high"), [(2, 100, 100), (3, 100, 125), (2, 75, 100)])
def test_d5_bounds_that_allow_nothing_stall_the_deployment_and_say_so(count, low, high):
    """Source: developer guide, service-event-messages-list (trap B8)."""
    world, service = started(count, deployment_configuration=percents(low, high))
    world.plane.update_service(service="web", task_definition=world.definition("v2"))
    world.run(600)
    assert service.primary is not None
    assert service.primary.rollout_state == "IN_PROGRESS"
    assert len(service.primary.tasks) == 0
    assert service.events[0].message == (
        "(service web) was unable to stop or start tasks during a deployment because of the service deployment "
        "configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
    )


def test_d6_without_headroom_the_old_stop_first():
    """Source: developer guide, container-instance-draining."""
    world, service = started(4, deployment_configuration=percents(50, 100))
    world.plane.update_service(service="web", task_definition=world.definition("v2"))
    world.run(1)
    new, old = service.deployments
    assert (len(new.tasks), len(old.tasks)) == (0, 2)


def test_d6_one_task_at_0_and_100_percent_leaves_a_gap():
    """Source: developer guide, deployment-type-ecs."""
    world, service = started(1, deployment_configuration=percents(0, 100))
    world.plane.update_service(service="web", task_definition=world.definition("v2"))
    assert 0 in {healthy for healthy, _ in follow(world, service, 60)}


def test_d7_without_any_check_a_task_is_healthy_after_40_seconds_in_running():
    """Source: API DeploymentConfiguration, minimumHealthyPercent."""
    world = World()
    world.instances(1)
    service = world.service(1)
    world.run_until(lambda: service.running_count == 1)
    assert 39 <= world.steady(service) <= 41


def test_d7_a_container_health_check_decides():
    """Source: API DeploymentConfiguration."""
    world = World()
    world.instances(1)
    world.behave("good", health_after=12)
    check = {"healthCheck": {"command": ["CMD", "true"]}}
    service = world.service(1, task_definition=world.definition(container=check))
    world.run_until(lambda: service.running_count == 1)
    assert 11 <= world.steady(service) <= 13


def test_d7_a_balancer_and_a_container_check_must_both_be_good():
    """Source: API DeploymentConfiguration."""
    world = World()
    world.instances(1)
    world.behave("good", health_after=30, target_after=5)
    check = {"healthCheck": {"command": ["CMD", "true"]}}
    service = world.service(1, task_definition=world.definition(container=check), load_balancers=world.balancer())
    world.run_until(lambda: service.running_count == 1)
    assert world.steady(service) >= 29


def test_d8_an_unhealthy_task_is_replaced_before_it_stops():
    """Source: developer guide, deployment-type-ecs."""
    world, service = started_with_balancer(2)
    bad = world.running(service)[0]
    make_unhealthy(world, bad)
    seen = follow(world, service, 60)
    assert max(total for _, total in seen) >= 3
    assert bad.last_status == "STOPPED"
    assert len(service.deployments[0].healthy) == 2


def test_d8_without_room_unhealthy_tasks_stop_one_at_a_time():
    """Source: developer guide, deployment-type-ecs."""
    world, service = started_with_balancer(3, deployment_configuration=percents(50, 100))
    for task in world.running(service):
        make_unhealthy(world, task)
    world.run(1)
    assert len(service.stopping) == 1
    seen = follow(world, service, 300)
    assert max(total for _, total in seen) == 3
    assert service.is_steady


def started_with_balancer(count, **given):
    world = World()
    world.instances(3)
    service = world.service(count, load_balancers=world.balancer(), **given)
    world.steady(service)
    return world, service


def make_unhealthy(world, task):
    target = task.targets[0]
    world.plane.target_health(
        target.target_group_arn,
        target.target_id,
        target.port,
        "unhealthy",
        "Target.ResponseCodeMismatch",
        "Health checks failed with these codes: [503]",
    )


def test_d9_t14_the_events_of_an_unhealthy_target():
    """Source: no AWS document; texts as the service writes them."""
    world, service = started_with_balancer(1)
    bad = world.running(service)[0]
    make_unhealthy(world, bad)
    world.run(60)
    messages = plain(world.messages(service))
    arn = bad.targets[0].target_group_arn
    assert "has started 1 tasks: (task T). Amazon ECS replaced 1 tasks due to an unhealthy status." in messages
    assert (
        f"(task T) (port {bad.targets[0].port}) is unhealthy in (target-group {arn}) due to "
        "(reason Health checks failed with these codes: [503])." in messages
    )
    assert bad.stopped_reason == f"Task failed ELB health checks in (target-group {arn})"
    assert bad.stop_code == "ServiceSchedulerInitiated"


def test_d10_deregister_drain_then_stop_signal():
    """Source: developer guide, update-service-parameters and load-balancer-connection-draining."""
    world, service = started_with_balancer(1)
    task = world.running(service)[0]
    world.plane.update_service(service="web", desired_count=0)
    world.run(5)
    assert task.last_status == "DEACTIVATING"
    assert [type(one).__name__ for one in world.done if getattr(one, "task_id", "") == task.id] == [
        "StartContainers",
        "RegisterTarget",
        "DeregisterTarget",
    ]
    world.run(world.deregistration_delay)
    assert task.last_status == "STOPPED"
    assert isinstance([one for one in world.done if getattr(one, "task_id", "") == task.id][-1], fx.StopContainers)


def test_d11_a_dead_task_is_replaced_at_once():
    """Source: developer guide, ecs_services."""
    world, service = started(2)
    world.plane.container_stopped(world.running(service)[0].id, "app", 1)
    world.run(1)
    assert service.running_count + service.pending_count == 2


def test_d8_d11_a_dead_task_of_the_old_revision_comes_back_while_the_new_one_cannot_start():
    """Source: developer guide, deployment-type-ecs."""
    world, service = started(2)
    world.behave("stuck", start=10_000)
    world.plane.update_service(service="web", task_definition=world.definition("stuck"))
    world.run(5)
    old = service.deployments[1]
    world.plane.container_stopped(next(iter(old.tasks)), "app", 1)
    world.run(60)
    assert len(old.healthy) == 2


def test_d12_events_in_order_and_in_ecs_words():
    """Source: no AWS document; texts as the service writes them."""
    world, service = started_with_balancer(2)
    service.events.clear()
    world.plane.update_service(service="web", task_definition=world.definition("v2"))
    world.run(1)
    world.steady(service)
    arn = service.load_balancers[0]["targetGroupArn"]
    assert plain(world.messages(service)) == [
        "has started 2 tasks: (task T) (task T).",
        f"registered 2 targets in (target-group {arn})",
        "has begun draining connections on 2 tasks.",
        f"deregistered 2 targets in (target-group {arn})",
        "has stopped 2 running tasks: (task T) (task T).",
        "(deployment ecs-svc/N) deployment completed.",
        "has reached a steady state.",
    ]


def test_d13_the_steady_state_event_comes_again_every_six_hours():
    """Source: developer guide, service-event-messages-list."""
    world, service = started()
    world.run(13 * 3600)
    assert plain(world.messages(service)).count("has reached a steady state.") == 3


@pytest.mark.parametrize(
    "change",
    [
        {"desired_count": 3},
        {"deployment_configuration": percents(50, 150)},
        {"placement_strategy": [{"type": "random"}]},
        {"placement_constraints": [{"type": "distinctInstance"}]},
        {"health_check_grace_period_seconds": 60},
        {"enable_execute_command": True},
        {"availability_zone_rebalancing": "ENABLED"},
        {"propagate_tags": "SERVICE"},
    ],
)
def test_d14_these_changes_begin_no_deployment(change):
    """Source: API UpdateService."""
    world, service = started()
    world.plane.update_service(service="web", **change)
    assert len(service.service_deployments) == 1
    assert service.deployments[0].rollout_state == "COMPLETED"


@pytest.mark.parametrize("member", ["force_new_deployment", "load_balancers", "platform_version"])
def test_d14_d15_these_changes_begin_one(member):
    """Source: API UpdateService."""
    world, service = started()
    values = {"force_new_deployment": True, "load_balancers": world.balancer(), "platform_version": "1.4.0"}
    before = service.deployments[0]
    change: Any = {member: values[member]}
    world.plane.update_service(service="web", **change)
    assert len(service.service_deployments) == 2
    assert service.deployments[0].id != before.id
    assert service.deployments[0].revision.task_definition is before.revision.task_definition


def test_d16_the_exec_flag_reaches_only_later_tasks():
    """Source: API UpdateService (trap I1)."""
    world, service = started(1)
    old = world.running(service)[0]
    world.plane.update_service(service="web", enable_execute_command=True)
    world.plane.update_service(service="web", desired_count=2)
    world.steady(service)
    new = next(one for one in world.running(service) if one is not old)
    assert (old.enable_execute_command, new.enable_execute_command) == (False, True)
    assert new.containers["app"].managed_agents[0]["lastStatus"] == "RUNNING"


def test_d18_a_newer_update_takes_over():
    """Source: developer guide, service-deployment."""
    world, service = started(2)
    world.plane.update_service(service="web", task_definition=world.definition("v2"))
    world.run(3)
    world.plane.update_service(service="web", task_definition=world.definition("v3"))
    world.run(1)
    assert [one.status for one in service.deployments] == ["PRIMARY", "ACTIVE", "ACTIVE"]
    assert service.service_deployments[1].status == "STOPPED"
    world.steady(service)
    assert {one.task_definition.revision for one in world.running(service)} == {3}
    assert service.service_deployments[0].status == "SUCCESSFUL"


def test_d19_d25_a33_ids_have_ecs_forms():
    """Source: API Task, startedBy; developer guide, stop-service-deployment."""
    world, service = started(1)
    task = world.running(service)[0]
    assert re.fullmatch(r"ecs-svc/[0-9]{19}", service.deployments[0].id)
    assert task.started_by == service.deployments[0].id
    assert task.group == "service:web"
    assert re.fullmatch(r"arn:aws:ecs:us-east-1:123456789012:task/default/[0-9a-f]{32}", task.arn)
    record = service.service_deployments[0]
    assert re.fullmatch(r"arn:.*:service-deployment/default/web/[A-Za-z0-9_-]{21}", record.arn)
    assert re.fullmatch(r"arn:.*:service-revision/default/web/[0-9]{19}", record.target.arn)


def test_d20_a_replaced_deployment_drops_out_of_the_list():
    """Source: API Deployment, status."""
    world, service = started(2)
    old = service.deployments[0]
    world.plane.update_service(service="web", task_definition=world.definition("v2"))
    world.run(10)
    assert [one.status for one in service.deployments] == ["PRIMARY", "ACTIVE"]
    world.steady(service)
    assert [one.status for one in service.deployments] == ["PRIMARY"]
    assert old.status == "INACTIVE"


def test_d21_d22_rollout_states_and_reasons():
    """Source: developer guide, ecs_service_deployment_events."""
    world, service = started(2)
    world.plane.update_service(service="web", task_definition=world.definition("v2"))
    new = service.deployments[0]
    assert (new.rollout_state, new.rollout_state_reason) == ("IN_PROGRESS", f"ECS deployment {new.id} in progress.")
    world.steady(service)
    assert (new.rollout_state, new.rollout_state_reason) == ("COMPLETED", f"ECS deployment {new.id} completed.")


def test_d22_completed_waits_for_the_old_tasks_to_be_gone():
    """Source: developer guide, early-success-criteria (trap B15)."""
    world, service = started_with_balancer(1)
    world.deregistration_delay = 300
    world.plane.update_service(service="web", task_definition=world.definition("v2"))
    world.run(200)
    assert service.deployments[0].rollout_state == "IN_PROGRESS"
    world.run(150)
    assert service.deployments[0].rollout_state == "COMPLETED"


def test_d22_completed_stays_completed_when_tasks_die_later():
    """Source: no AWS document; inferred."""
    world, service = started(2)
    world.plane.container_stopped(world.running(service)[0].id, "app", 1)
    world.run(10)
    assert service.deployments[0].rollout_state == "COMPLETED"
    assert not service.is_steady


def test_d38_the_bake_time_keeps_a_deployment_in_progress():
    """Source: developer guide, deployment-alarm-failure."""
    world = World()
    world.instances(2)
    service = world.service(2, deployment_configuration={"bakeTimeInMinutes": 5})
    world.run(300)
    assert service.deployments[0].rollout_state == "IN_PROGRESS"
    world.run(100)
    assert service.deployments[0].rollout_state == "COMPLETED"


def test_d41_the_grace_period_hides_bad_checks_but_not_good_ones():
    """Source: API CreateService, healthCheckGracePeriodSeconds (trap B10)."""
    world = World()
    world.behave("good", target="unhealthy")
    world.instances(1)
    service = world.service(1, load_balancers=world.balancer(), health_check_grace_period_seconds=120)
    world.run(110)
    assert len(service.deployments[0].tasks) == 1
    assert service.running_count == 1
    world.run(30)
    assert "is unhealthy in (target-group" in " ".join(world.messages(service))


def test_d45_a_daemon_runs_once_on_every_instance():
    """Source: API CreateService, schedulingStrategy."""
    world = World()
    world.instances(2)
    service = world.plane.create_service(
        service_name="agent", task_definition=world.definition(family="agent"), scheduling_strategy="DAEMON"
    )
    world.run(60)
    assert service.running_count == 2
    world.instances(1)
    world.run(60)
    assert service.running_count == 3
    world.plane.update_service(service="agent", task_definition=world.definition("v2", family="agent"))
    world.run(120)
    assert {one.task_definition.revision for one in world.running(service)} == {2}
    assert service.is_steady


def test_the_exact_needs_of_other_deployment_types_are_refused():
    """Blue/green and external controllers are not modelled, and said so (A24)."""
    world = World()
    world.instances(1)
    with pytest.raises(EcsError) as caught:
        world.service(1, deployment_configuration={"strategy": "BLUE_GREEN"})
    assert caught.value.code == "UnsupportedFeatureException"


EARLY = {"enable": True, "healthyPercent": 50, "sourceServiceRevisionCleanup": "DEFERRED"}


@pytest.mark.parametrize(("cleanup", "early"), [("DEFERRED", True), ("BLOCKING", False)])
def test_d39_early_success_completes_with_enough_healthy_tasks(cleanup, early):
    """Source: developer guide, early-success-criteria."""
    configuration = {
        "minimumHealthyPercent": 50,
        "maximumPercent": 150,
        "earlySuccessCriteria": {**EARLY, "sourceServiceRevisionCleanup": cleanup},
    }
    world, service = started_with_balancer(4, deployment_configuration=configuration)
    world.deregistration_delay = 200
    world.plane.update_service(service="web", task_definition=world.definition("v2"))
    world.run(60)
    assert (service.deployments[0].rollout_state == "COMPLETED") is early
    assert len(service.deployments) == 2
    world.steady(service)
    assert {one.task_definition.revision for one in world.running(service)} == {2}


def test_d39_the_percentage_stays_above_the_minimum():
    """Source: developer guide, early-success-criteria."""
    with pytest.raises(EcsError, match="healthyPercent must be between"):
        started(2, deployment_configuration={"earlySuccessCriteria": EARLY})


@pytest.mark.parametrize("rate", [30, 500])
def test_p18_p35_a_slow_rollout_leaves_the_zones_nearly_even(rate):
    """Old tasks leave all zones alike, so that what was placed beside them is even at the end (trap D11).

    Source: developer guide, update-service-parameters, task-placement-strategies.
    """
    world = World(settings=Settings(launches_per_minute=rate))
    world.instances(12)
    service = world.service(90)
    world.steady(service)
    world.plane.update_service(service="web", task_definition=world.definition("v2"))
    world.run(1)
    world.steady(service)
    counts = world.zones_of(service).values()
    assert max(counts) - min(counts) <= 2

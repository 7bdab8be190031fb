"""The circuit breaker, rollback and alarms. Source: Amazon ECS developer guide, deployment-circuit-breaker."""

from __future__ import annotations

import pytest

from tests.fakes.world import World
from tinystacks.controlplane import circuit_breaker
from tinystacks.controlplane.errors import EcsError
from tinystacks.controlplane.settings import Settings

BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
NO_ROLLBACK = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
PATIENT = {
    "deploymentCircuitBreaker": {
        "enable": True,
        "rollback": True,
        "thresholdConfiguration": {"type": "COUNT", "value": 10},
    }
}
PULL = "CannotPullContainerError: pull image manifest has been retried 1 time(s): not found"


def good_service(count=2, configuration=None, settings=None, **given):
    world = World(settings=settings)
    world.instances(3)
    world.behave("bad", pull_error=PULL)
    world.behave("crash", exits_after=5)
    world.behave("sick", target="unhealthy")
    service = world.service(count, deployment_configuration=configuration or BREAKER, **given)
    world.steady(service)
    return world, service


def deploy(world, image, **given):
    return world.plane.update_service(service="web", task_definition=world.definition(image), **given)


@pytest.mark.parametrize(
    ("desired", "threshold"), [(1, 3), (6, 3), (7, 4), (25, 13), (26, 13), (400, 200), (800, 200), (0, 3)]
)
def test_d27_breaker_threshold_is_half_of_desired_between_3_and_200(desired, threshold):
    """Source: developer guide, deployment-circuit-breaker."""
    _, service = good_service(1)
    service.desired_count = desired
    assert circuit_breaker.threshold(service) == threshold


@pytest.mark.parametrize(
    ("configuration", "desired", "threshold"),
    [
        ({"type": "COUNT", "value": 7}, 100, 7),
        ({"type": "UNBOUNDED_PERCENT", "value": 50}, 2, 1),
        ({"type": "UNBOUNDED_PERCENT", "value": 50}, 1000, 500),
        ({"type": "BOUNDED_PERCENT", "value": 10}, 100, 10),
    ],
)
def test_d27_other_thresholds(configuration, desired, threshold):
    """Source: API ThresholdConfiguration."""
    _, service = good_service(
        1, {"deploymentCircuitBreaker": {"enable": True, "rollback": True, "thresholdConfiguration": configuration}}
    )
    service.desired_count = desired
    assert circuit_breaker.threshold(service) == threshold


def test_d27_the_threshold_follows_the_desired_count_of_the_moment():
    """Source: developer guide, deployment-circuit-breaker."""
    world, service = good_service(2)
    deploy(world, "bad", desired_count=20)
    world.run(1)
    assert service.service_deployments[0].breaker_threshold == 10


def test_d28_d32_d33_failed_starts_roll_back_to_the_last_completed_deployment():
    """Source: developer guide, deployment-circuit-breaker."""
    world, service = good_service(1)
    good = service.deployments[0]
    deploy(world, "bad")
    bad = service.deployments[0]
    world.run_until(lambda: service.deployments[0] is good, beat=0.25)
    assert bad.failed_tasks == 3
    assert bad.rollout_state == "FAILED"
    assert bad.rollout_state_reason == "ECS deployment circuit breaker: tasks failed to start."
    assert good.status == "PRIMARY"
    assert good.rollout_state_reason == f"ECS deployment circuit breaker: rolling back to deploymentId {good.id}."
    world.steady(service)
    assert service.task_definition.revision == 1
    assert len(service.deployments) == 1


def test_d24_d26_d35_the_records_and_events_of_a_rollback():
    """Source: developer guide, service-deployment."""
    world, service = good_service(1)
    good = service.deployments[0]
    deploy(world, "bad")
    bad = service.deployments[0]
    record = service.service_deployments[0]
    assert (record.status, record.breaker_status) == ("IN_PROGRESS", "MONITORING")
    world.run_until(lambda: record.status == "ROLLBACK_IN_PROGRESS", beat=0.25)
    assert record.breaker_status == "TRIGGERED"
    world.steady(service)
    assert record.status == "ROLLBACK_SUCCESSFUL"
    assert record.status_reason == (
        "Service deployment rolled back because the circuit breaker threshold was exceeded."
    )
    assert record.breaker_failure_count == record.breaker_threshold == 3
    messages = world.messages(service)
    failed = messages.index(f"(service web) (deployment {bad.id}) deployment failed: tasks failed to start.")
    assert messages[failed + 1] == f"(service web) rolling back to deployment {good.id}."


def test_d28_tasks_replaced_for_failed_balancer_checks_count():
    """Source: developer guide, deployment-circuit-breaker."""
    world = World()
    world.instances(3)
    world.behave("sick", target="unhealthy")
    service = world.service(1, deployment_configuration=BREAKER, load_balancers=world.balancer())
    world.steady(service)
    good = service.deployments[0]
    deploy(world, "sick")
    world.run_until(lambda: service.deployments[0] is good, limit=1200)
    world.steady(service)
    assert service.task_definition.revision == 1


def test_d29_a_healthy_task_sets_the_count_to_0():
    """Source: API DeploymentCircuitBreaker, resetOnHealthyTask."""
    world, service = good_service(1, PATIENT)
    deploy(world, "bad")
    world.run_until(lambda: service.deployments[0].failed_tasks == 2)
    world.behave("bad", pull_error="")
    world.steady(service)
    assert service.service_deployments[0].status == "SUCCESSFUL"
    assert service.deployments[0].failed_tasks == 0


def test_d29_without_the_reset_failures_add_up():
    """Source: API DeploymentCircuitBreaker, resetOnHealthyTask."""
    configuration = {"deploymentCircuitBreaker": {**PATIENT["deploymentCircuitBreaker"], "resetOnHealthyTask": False}}
    world, service = good_service(1, configuration)
    deploy(world, "bad")
    world.run_until(lambda: service.deployments[0].failed_tasks == 2)
    world.behave("bad", pull_error="")
    world.run_until(lambda: len(service.deployments[0].healthy) == 1)
    assert service.deployments[0].failed_tasks == 3


@pytest.mark.parametrize("counts", [False, True])
def test_d30_a_crash_after_running_counts_only_by_the_setting(counts):
    """A crash loop that reaches RUNNING can run for ever; AWS's documents leave it open.

    Source: developer guide, service-throttle-logic.
    """
    world, service = good_service(1, settings=Settings(breaker_counts_exits_after_running=counts))
    deploy(world, "crash")
    world.run(600)
    assert (service.task_definition.revision == 1) is counts


def test_d31_a_placement_without_room_counts_as_a_failed_launch():
    """Source: developer guide, service-event-messages-list (trap B5)."""
    world, service = good_service(1)
    definition = world.definition("v2", container={"memory": 99999})
    world.plane.update_service(service="web", task_definition=definition)
    world.run(300)
    assert service.task_definition.revision == 1
    assert service.service_deployments[0].status == "ROLLBACK_SUCCESSFUL"


def test_d32_a_first_deployment_has_nothing_to_return_to():
    """It stalls until an update comes (trap B5). Source: developer guide, deployment-circuit-breaker."""
    world = World()
    world.instances(1)
    world.behave("bad", pull_error=PULL)
    service = world.service(1, "bad", deployment_configuration=BREAKER)
    world.run(600)
    assert service.deployments[0].rollout_state == "FAILED"
    assert service.pending_count == 0
    deploy(world, "good")
    world.steady(service)
    assert service.running_count == 1


def test_d32_two_bad_deployments_in_a_row_stall():
    """The target of a running rollback cannot be a target again until it is COMPLETED.

    Source: developer guide, deployment-circuit-breaker.
    """
    world, service = good_service(2, {**BREAKER, "minimumHealthyPercent": 50, "maximumPercent": 100})
    good = service.deployments[0]
    deploy(world, "bad")
    world.run_until(lambda: service.deployments[0] is good)
    deploy(world, "bad")
    world.run(600)
    assert service.deployments[0].rollout_state == "FAILED"
    assert service.service_deployments[0].status == "STOPPED"


def test_d34_without_rollback_the_old_tasks_stay():
    """Source: developer guide, deployment-circuit-breaker."""
    world, service = good_service(2, NO_ROLLBACK)
    deploy(world, "bad")
    world.run(600)
    new, old = service.deployments
    assert new.rollout_state == "FAILED"
    assert len(old.healthy) == 2
    assert len(new.tasks) == 0
    assert service.service_deployments[0].status == "STOPPED"


def test_without_the_breaker_a_bad_deployment_goes_on_for_ever():
    """Source: developer guide, service-throttle-logic (trap B4)."""
    world, service = good_service(1, {"minimumHealthyPercent": 100})
    deploy(world, "bad")
    world.run(3 * 3600)
    assert service.deployments[0].rollout_state == "IN_PROGRESS"
    assert len(service.deployments[1].healthy) == 1


def test_d37_an_alarm_fails_the_deployment():
    """Source: developer guide, deployment-alarm-failure."""
    alarms = {"alarms": {"alarmNames": ["errors"], "enable": True, "rollback": True}}
    world, service = good_service(2, alarms)
    deploy(world, "v2")
    world.run(20)
    world.plane.alarm("errors", "ALARM")
    world.steady(service)
    assert service.task_definition.revision == 1
    assert service.service_deployments[0].triggered_alarms == ["errors"]
    assert service.service_deployments[0].status == "ROLLBACK_SUCCESSFUL"


def test_d37_an_alarm_that_rings_before_is_ignored():
    """Source: developer guide, deployment-alarm-failure."""
    alarms = {"alarms": {"alarmNames": ["errors"], "enable": True, "rollback": True}}
    world, service = good_service(2, alarms)
    world.plane.alarm("errors", "ALARM")
    deploy(world, "v2")
    world.steady(service)
    assert service.task_definition.revision == 2


def test_d37_d38_an_alarm_in_the_bake_time_still_rolls_back():
    """Source: developer guide, deployment-alarm-failure."""
    alarms = {"alarms": {"alarmNames": ["errors"], "enable": True, "rollback": True}}
    world, service = good_service(2, alarms)
    good = service.deployments[0]
    deploy(world, "v2")
    world.run_until(lambda: len(service.deployments) == 1)
    world.run(60)
    world.plane.alarm("errors", "ALARM")
    world.steady(service)
    assert service.deployments[0] is good
    assert service.task_definition.revision == 1


def test_d40_stopping_a_service_deployment_rolls_back_even_without_the_breaker():
    """Source: developer guide, stop-service-deployment."""
    world, service = good_service(2, {"minimumHealthyPercent": 100})
    deploy(world, "v2")
    world.run(5)
    record = service.service_deployments[0]
    world.plane.stop_service_deployment(service_deployment_arn=record.arn)
    assert record.status == "ROLLBACK_IN_PROGRESS"
    world.steady(service)
    assert record.status == "ROLLBACK_SUCCESSFUL"
    assert service.task_definition.revision == 1


def test_d40_a21_finished_and_unknown_service_deployments():
    """Source: API StopServiceDeployment."""
    world, service = good_service(1)
    with pytest.raises(EcsError) as caught:
        world.plane.stop_service_deployment(service_deployment_arn=service.service_deployments[0].arn)
    assert caught.value.code == "ConflictException"
    with pytest.raises(EcsError) as caught:
        world.plane.stop_service_deployment(service_deployment_arn="arn:aws:ecs:us-east-1:1:service-deployment/a/b/c")
    assert caught.value.code == "ServiceDeploymentNotFoundException"

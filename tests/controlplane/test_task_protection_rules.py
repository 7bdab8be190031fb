"""Scale-in protection of tasks. Source: developer guide, task-scale-in-protection; API UpdateTaskProtection."""

from __future__ import annotations

import pytest

from tests.fakes.world import World
from tinystacks.controlplane.errors import EcsError


def protected(count=2, first=1, **given):
    world = World()
    world.instances(3)
    service = world.service(count)
    world.steady(service)
    tasks = world.running(service)[:first]
    result = world.plane.update_task_protection(
        cluster="default", tasks=[one.arn for one in tasks], protection_enabled=True, **given
    )
    return world, service, tasks, result


def test_d36_a_protected_task_survives_a_deployment_which_waits():
    """Source: developer guide, task-scale-in-protection."""
    world, service, (task,), _ = protected()
    world.plane.update_service(service="web", task_definition=world.definition("v2"))
    world.run(1800)
    assert task.last_status == "RUNNING"
    assert service.deployments[0].rollout_state == "IN_PROGRESS"
    world.run(2 * 3600)
    assert task.last_status == "STOPPED"
    assert service.deployments[0].rollout_state == "COMPLETED"


def test_d36_scale_in_takes_others_first_and_says_when_it_cannot():
    """Source: developer guide, task-scale-in-protection."""
    world, service, tasks, _ = protected(3, 2)
    world.plane.update_service(service="web", desired_count=1)
    world.run(60)
    assert {one.id for one in world.running(service)} == {one.id for one in tasks}
    assert (
        f"(service web) was unable to reach steady state because (taskSet {service.deployments[0].id}) was unable to "
        "scale in due to (reason 2 tasks under protection)" in world.messages(service)
    )


def test_d36_it_ends_after_two_hours_by_default():
    """Source: developer guide, task-scale-in-protection."""
    world, _, (task,), _ = protected()
    world.plane.update_service(service="web", desired_count=0)
    world.run(7100)
    assert task.last_status == "RUNNING"
    world.run(200)
    assert task.last_status == "STOPPED"


def test_d36_more_than_desired_is_blocked():
    """Source: developer guide, task-scale-in-protection."""
    world, service, _, result = protected(2, 2)
    assert not result.failures
    world.plane.update_service(service="web", desired_count=1)
    world.run(30)
    again = world.plane.update_task_protection(
        cluster="default", tasks=[world.running(service)[0].arn], protection_enabled=True
    )
    assert [one.reason for one in again.failures] == ["DEPLOYMENT_BLOCKED"]


def test_a13_lone_and_unknown_tasks():
    """Source: API UpdateTaskProtection."""
    world = World()
    world.instances(1)
    task = world.plane.run_task(task_definition=world.definition()).tasks[0]
    result = world.plane.update_task_protection(cluster="default", tasks=[task.arn, "0" * 32], protection_enabled=True)
    assert [one.reason for one in result.failures] == ["TASK_NOT_VALID", "MISSING"]


@pytest.mark.parametrize("minutes", [0, 2881])
def test_d36_less_than_a_minute_and_more_than_two_days_are_refused(minutes):
    """Source: developer guide, task-scale-in-protection; API UpdateTaskProtection, expiresInMinutes."""
    with pytest.raises(EcsError) as caught:
        protected(expires_in_minutes=minutes)
    assert caught.value.code == "InvalidParameterException"


@pytest.mark.parametrize("minutes", [1, 2880])
def test_d36_it_lasts_as_long_as_was_asked(minutes):
    """Source: developer guide, task-scale-in-protection; API UpdateTaskProtection, expiresInMinutes."""
    world, _, (task,), _ = protected(expires_in_minutes=minutes)
    world.plane.update_service(service="web", desired_count=0)
    world.run(minutes * 60 - 5)
    assert task.desired_status == "RUNNING"
    world.run(60)
    assert task.desired_status == "STOPPED"

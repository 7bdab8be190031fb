"""Pause hooks of rolling deployments (rule D42).

Sources: Amazon ECS developer guide, pause-lifecycle-hooks, continue-service-deployment and deployment-lifecycle-hooks;
API DeploymentLifecycleHook. Which stages a rolling deployment passes, and when, no AWS document says: inferred from
the stages' texts, with the older revision for blue and the newest for green.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.world import World
from tinystacks.controlplane import effects as fx
from tinystacks.controlplane.errors import EcsError

MINUTE, DAY = 60, 24 * 3600
ARN = "arn:aws:ecs:us-east-1:123456789012:service-deployment/default/web/unknown"


def pause(*stages: str, **timeout: Any) -> dict[str, Any]:
    hook: dict[str, Any] = {"targetType": "PAUSE", "lifecycleStages": list(stages)}
    return hook | ({"timeoutConfiguration": timeout} if timeout else {})


def hooks(*given: dict[str, Any], **configuration: Any) -> dict[str, Any]:
    return {"lifecycleHooks": list(given), **configuration}


def updated(*given: dict[str, Any], count: int = 2, image: str = "v2", **configuration: Any):
    """A steady service whose update comes to hooks."""
    world = World()
    world.instances(3)
    service = world.service(count)
    world.steady(service)
    world.plane.update_service(
        service="web",
        task_definition=world.definition(image),
        deployment_configuration=hooks(*given, **configuration),
    )
    world.run(1)
    return world, service


def record(service):
    return service.service_deployments[0]


def statuses(service):
    return [(one.stage, one.status) for one in record(service).lifecycle_hooks]


def running(world, service):
    """Running tasks per image."""
    images = [one.task_definition.containers[0]["image"] for one in world.running(service)]
    return {image: images.count(image) for image in set(images)}


def go_on(world, service, action="CONTINUE", number=-1):
    hook = record(service).lifecycle_hooks[number]
    world.plane.continue_service_deployment(
        service_deployment_arn=record(service).arn, hook_id=hook.hook_id, action=action
    )


def hook_events(world):
    return [one for one in world.done if isinstance(one, fx.EmitEvent) and one.detail_type == "ECS Hook State Change"]


@pytest.mark.parametrize("lower", [50, 100])
def test_d42_nothing_of_the_new_revision_starts_before_the_scale_up_is_continued(lower):
    """Source: API DeploymentLifecycleHook, PRE_SCALE_UP: the green service revision has not started."""
    world, service = updated(pause("PRE_SCALE_UP"), minimumHealthyPercent=lower)
    before = {one.id for one in world.running(service)}
    world.run(3600)
    assert {one.id for one in world.running(service)} == before
    assert running(world, service) == {"good": 2}
    assert (record(service).status, record(service).lifecycle_stage) == ("IN_PROGRESS", "PRE_SCALE_UP")
    assert statuses(service) == [("PRE_SCALE_UP", "AWAITING_ACTION")]
    go_on(world, service)
    world.steady(service)
    assert running(world, service) == {"v2": 2}
    assert (record(service).status, record(service).lifecycle_stage) == ("SUCCESSFUL", "CLEAN_UP")
    assert statuses(service) == [("PRE_SCALE_UP", "SUCCEEDED")]
    world.run(2 * DAY)
    assert statuses(service) == [("PRE_SCALE_UP", "SUCCEEDED")]


def test_d42_while_it_is_paused_before_the_scale_up_the_old_revision_is_kept_at_the_desired_count():
    """Source: API DeploymentLifecycleHook; DG ecs_services: the desired count is kept. Inferred for a paused one."""
    world, service = updated(pause("PRE_SCALE_UP"))
    for task in world.running(service):
        world.plane.container_stopped(task.id, "app", 1)
    world.run(2)
    assert len(service.deployments) == 2
    world.run(120)
    assert running(world, service) == {"good": 2}
    world.plane.update_service(service="web", desired_count=4)
    world.run(120)
    assert running(world, service) == {"good": 4}
    world.plane.update_service(service="web", desired_count=1)
    world.run(120)
    assert running(world, service) == {"good": 1}
    go_on(world, service)
    world.steady(service)
    assert running(world, service) == {"v2": 1}


def test_d42_an_old_revision_that_cannot_start_for_a_while_is_not_given_up_while_it_is_paused():
    """Source: DG service-throttle-logic: ECS tries again; inferred for a paused deployment."""
    world, service = updated(pause("PRE_SCALE_UP"))
    world.behave("good", pull_error="CannotPullContainerError: no way to the registry")
    for task in world.running(service):
        world.plane.container_stopped(task.id, "app", 1)
    world.run(1200)
    assert running(world, service) == {}
    world.behave("good", pull_error="")
    world.run(3600)
    assert running(world, service) == {"good": 2}


def test_d42_a_first_deployment_pauses_too():
    """Source: DG pause-lifecycle-hooks, which makes no difference between first and later deployments."""
    world = World()
    world.instances(3)
    service = world.service(2, deployment_configuration=hooks(pause("PRE_SCALE_UP")))
    world.run(600)
    assert running(world, service) == {}
    go_on(world, service)
    world.steady(service)
    assert running(world, service) == {"good": 2}


@pytest.mark.parametrize("stage", ["POST_SCALE_UP", "PRE_PRODUCTION_TRAFFIC_SHIFT"])
def test_d42_with_the_new_revision_up_no_more_of_the_old_tasks_stop(stage):
    """Source: API DeploymentLifecycleHook: the green revision has started, production traffic has not shifted."""
    world, service = updated(pause(stage))
    world.run(3600)
    assert running(world, service) == {"good": 2, "v2": 2}
    assert record(service).lifecycle_stage == stage
    assert service.deployments[0].rollout_state == "IN_PROGRESS"
    go_on(world, service)
    world.steady(service)
    assert running(world, service) == {"v2": 2}


def test_d42_a_dead_task_is_replaced_while_the_deployment_is_paused():
    """Source: DG ecs_services: a task that stops is replaced; inferred for a paused deployment."""
    world, service = updated(pause("POST_SCALE_UP"))
    world.run(600)
    new = next(one for one in world.running(service) if one.task_definition.revision == 2)
    world.plane.container_stopped(new.id, "app", 1)
    world.run(120)
    assert running(world, service) == {"good": 2, "v2": 2}


def test_d42_the_bake_time_begins_after_the_hook_behind_the_shift():
    """Source: API ServiceDeployment, the order of lifecycleStage."""
    world, service = updated(pause("POST_PRODUCTION_TRAFFIC_SHIFT"), bakeTimeInMinutes=10)
    world.run(3600)
    assert running(world, service) == {"v2": 2}
    assert (record(service).status, record(service).lifecycle_stage) == ("IN_PROGRESS", "POST_PRODUCTION_TRAFFIC_SHIFT")
    go_on(world, service)
    world.run(9 * MINUTE)
    assert (record(service).status, record(service).lifecycle_stage) == ("IN_PROGRESS", "BAKE_TIME")
    world.run(2 * MINUTE)
    assert record(service).status == "SUCCESSFUL"


def test_d42_a_hook_pauses_at_each_of_its_stages_with_a_new_id():
    """Source: DG continue-service-deployment, next steps: it pauses again at later stages."""
    world, service = updated(pause("PRE_SCALE_UP", "POST_PRODUCTION_TRAFFIC_SHIFT"))
    go_on(world, service)
    world.run(600)
    assert statuses(service) == [("PRE_SCALE_UP", "SUCCEEDED"), ("POST_PRODUCTION_TRAFFIC_SHIFT", "AWAITING_ACTION")]
    first, second = record(service).lifecycle_hooks
    assert first.hook_id != second.hook_id
    assert first.hook_id.startswith("ecs-pause-")


def test_d42_several_hooks_of_a_stage_all_have_to_be_continued():
    """Source: DG pause-lifecycle-hooks, "Multiple hooks at the same stage"."""
    world, service = updated(pause("PRE_SCALE_UP"), pause("PRE_SCALE_UP"))
    go_on(world, service, number=1)
    world.run(600)
    assert running(world, service) == {"good": 2}
    go_on(world, service, number=0)
    world.steady(service)
    assert running(world, service) == {"v2": 2}


def test_d42_one_rollback_of_several_hooks_sends_the_deployment_back():
    """Source: DG pause-lifecycle-hooks, "Multiple hooks at the same stage"."""
    world, service = updated(pause("POST_SCALE_UP"), pause("POST_SCALE_UP"))
    world.run(600)
    go_on(world, service, "ROLLBACK", number=0)
    assert record(service).status == "ROLLBACK_REQUESTED"
    world.steady(service)
    assert running(world, service) == {"good": 2}
    assert record(service).status == "ROLLBACK_SUCCESSFUL"
    assert "POST_SCALE_UP was answered with ROLLBACK" in record(service).status_reason
    assert {status for _, status in statuses(service)} == {"FAILED"}


def test_d42_the_way_back_is_not_paused():
    """Source: DG deployment-lifecycle-hooks, note: no pause hook at the stages that a rollback passes."""
    world, service = updated(pause("PRE_SCALE_UP", "POST_SCALE_UP", "POST_PRODUCTION_TRAFFIC_SHIFT"))
    go_on(world, service)
    world.run(300)
    go_on(world, service, "ROLLBACK")
    world.steady(service)
    assert record(service).status == "ROLLBACK_SUCCESSFUL"
    assert len(record(service).lifecycle_hooks) == 2


def test_d42_without_a_completed_deployment_a_rollback_ends_it():
    """Source: API ContinueServiceDeployment; DG deployment-circuit-breaker for nothing to go back to."""
    world = World()
    world.instances(3)
    service = world.service(2, deployment_configuration=hooks(pause("PRE_SCALE_UP")))
    world.run(5)
    go_on(world, service, "ROLLBACK")
    world.run(600)
    assert record(service).status == "STOPPED"
    assert service.deployments[0].rollout_state == "FAILED"
    assert running(world, service) == {}


@pytest.mark.parametrize(
    ("action", "image", "status"), [("ROLLBACK", "good", "ROLLBACK_SUCCESSFUL"), ("CONTINUE", "v2", "SUCCESSFUL")]
)
def test_d42_a_hook_that_nobody_answers_does_its_timeout_action(action, image, status):
    """Source: API DeploymentLifecycleHookTimeoutConfiguration."""
    world, service = updated(pause("PRE_SCALE_UP", timeoutInMinutes=10, action=action))
    world.run(9 * MINUTE)
    assert statuses(service) == [("PRE_SCALE_UP", "AWAITING_ACTION")]
    world.run(2 * MINUTE)
    assert statuses(service) == [("PRE_SCALE_UP", "TIMED_OUT")]
    world.steady(service)
    assert running(world, service) == {image: 2}
    assert record(service).status == status


def test_d42_by_default_a_hook_waits_24_hours_and_rolls_back():
    """Source: API DeploymentLifecycleHookTimeoutConfiguration: defaults 1440 minutes and ROLLBACK."""
    world, service = updated(pause("PRE_SCALE_UP"))
    (hook,) = record(service).lifecycle_hooks
    assert (round(hook.expires_at - world.plane.now), hook.timeout_action) == (DAY, "ROLLBACK")
    world.run(DAY - 5)
    assert record(service).status == "IN_PROGRESS"
    world.run(10)
    world.steady(service)
    assert record(service).status == "ROLLBACK_SUCCESSFUL"
    assert record(service).status_reason.endswith("the lifecycle hook at PRE_SCALE_UP timed out.")


def test_d42_a_deployment_is_paused_for_30_days_at_most():
    """The 30 days are in AWS's samples; no AWS document says what happens then: that it goes back is inferred."""
    longest = {"timeoutInMinutes": 20160, "action": "CONTINUE"}
    world, service = updated(
        pause("PRE_SCALE_UP", **longest), pause("POST_SCALE_UP", "POST_PRODUCTION_TRAFFIC_SHIFT", **longest)
    )
    world.run(29 * DAY)
    last = record(service).lifecycle_hooks[-1]
    assert (last.stage, last.status) == ("POST_PRODUCTION_TRAFFIC_SHIFT", "AWAITING_ACTION")
    assert last.expires_at - record(service).created_at == 30 * DAY
    world.run(DAY)
    world.steady(service)
    assert record(service).status == "ROLLBACK_SUCCESSFUL"


def test_d42_d40_a_paused_deployment_can_be_stopped():
    """Source: API StopServiceDeployment."""
    world, service = updated(pause("POST_SCALE_UP"))
    world.run(300)
    world.plane.stop_service_deployment(service_deployment_arn=record(service).arn)
    assert statuses(service) == [("POST_SCALE_UP", "FAILED")]
    world.steady(service)
    assert running(world, service) == {"good": 2}
    world.run(2 * DAY)
    assert record(service).status == "ROLLBACK_SUCCESSFUL"


def test_d42_d18_an_update_replaces_a_paused_deployment():
    """Source: DG service-deployment; that the new one passes hooks of its own is inferred."""
    world, service = updated(pause("PRE_SCALE_UP"))
    world.plane.update_service(service="web", task_definition=world.definition("v3"))
    world.run(300)
    newest, replaced = service.service_deployments[:2]
    assert (replaced.status, [one.status for one in replaced.lifecycle_hooks]) == ("STOPPED", ["FAILED"])
    assert (newest.status, newest.lifecycle_stage) == ("IN_PROGRESS", "PRE_SCALE_UP")
    assert running(world, service) == {"good": 2}
    go_on(world, service)
    world.steady(service)
    assert running(world, service) == {"v3": 2}


def test_d42_an_update_without_hooks_replaces_a_paused_deployment_at_once():
    """Source: API UpdateService, deploymentConfiguration."""
    world, service = updated(pause("PRE_SCALE_UP"))
    world.plane.update_service(
        service="web", task_definition=world.definition("v3"), deployment_configuration={"lifecycleHooks": []}
    )
    world.steady(service)
    assert running(world, service) == {"v3": 2}
    assert record(service).lifecycle_stage == ""
    world.run(2 * DAY)
    assert running(world, service) == {"v3": 2}


def test_d42_hooks_that_are_added_reach_only_later_deployments():
    """Source: API UpdateService: deploymentConfiguration begins no deployment; the rest is inferred."""
    world, service = updated()
    world.plane.update_service(service="web", deployment_configuration=hooks(pause("POST_PRODUCTION_TRAFFIC_SHIFT")))
    world.steady(service)
    assert record(service).status == "SUCCESSFUL"


@pytest.mark.parametrize("steady", [True, False])
def test_d42_several_older_revisions_are_reconciled_first(steady):
    """Source: API DeploymentLifecycleHook, RECONCILE_SERVICE: more than 1 service revision in an ACTIVE state."""
    world = World()
    world.instances(3)
    service = world.service(4)
    world.steady(service)
    world.plane.update_service(service="web", task_definition=world.definition("v2"))
    world.run(20)
    if steady:
        world.steady(service)
    hook = hooks(pause("RECONCILE_SERVICE"))
    world.plane.update_service(service="web", task_definition=world.definition("v3"), deployment_configuration=hook)
    world.run(200)
    assert statuses(service) == ([] if steady else [("RECONCILE_SERVICE", "AWAITING_ACTION")])
    if not steady:
        assert "v3" not in running(world, service)
        go_on(world, service)
    world.steady(service)
    assert running(world, service) == {"v3": 4}


def test_d42_the_circuit_breaker_goes_on_while_a_hook_waits():
    """Source: AWS's announcement of pause hooks (no AWS document says more): the breaker works beside them."""
    breaker = {"enable": True, "rollback": True}
    world, service = updated(pause("PRE_SCALE_UP", "POST_SCALE_UP"), image="bad", deploymentCircuitBreaker=breaker)
    world.behave("bad", pull_error="CannotPullContainerError: no such image")
    go_on(world, service)
    world.steady(service)
    assert record(service).status == "ROLLBACK_SUCCESSFUL"
    assert record(service).breaker_status == "TRIGGERED"


def test_d42_an_alarm_sends_a_paused_deployment_back():
    """Source: DG deployment-alarm-failure; for a paused one, AWS's announcement of pause hooks."""
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    world, service = updated(pause("POST_SCALE_UP"), alarms=alarms)
    world.run(300)
    world.plane.alarm("errors", "ALARM")
    world.steady(service)
    assert record(service).status == "ROLLBACK_SUCCESSFUL"
    assert statuses(service) == [("POST_SCALE_UP", "FAILED")]


def test_d42_d39_early_success_comes_after_the_hooks():
    """Source: DG early-success-criteria; beside hooks, inferred."""
    early = {"enable": True, "healthyPercent": 100, "sourceServiceRevisionCleanup": "DEFERRED"}
    world, service = updated(pause("POST_SCALE_UP"), earlySuccessCriteria=early)
    world.run(600)
    assert record(service).status == "IN_PROGRESS"
    go_on(world, service)
    world.steady(service)
    assert record(service).status == "SUCCESSFUL"


def test_d42_every_change_of_a_hook_is_an_event():
    """Source: DG ecs_hook_state_change_events."""
    world, service = updated(pause("PRE_SCALE_UP"), pause("POST_SCALE_UP", timeoutInMinutes=30))
    go_on(world, service)
    world.run(3600)
    events = hook_events(world)
    assert [one.detail["eventName"] for one in events] == [
        "HOOK_AWAITING_ACTION",
        "HOOK_SUCCEEDED",
        "HOOK_AWAITING_ACTION",
        "HOOK_TIMED_OUT",
    ]
    first = record(service).lifecycle_hooks[0]
    assert events[0].resources == (record(service).arn,)
    assert events[0].detail == {
        "eventType": "INFO",
        "eventName": "HOOK_AWAITING_ACTION",
        "hookId": first.hook_id,
        "hookType": "PAUSE",
        "expiresAt": first.expires_at,
        "lifecycleStage": "PRE_SCALE_UP",
        "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/default",
        "serviceArn": service.arn,
        "serviceDeploymentArn": record(service).arn,
        "updatedAt": first.expires_at - DAY,
    }


def test_d42_a_deleted_service_waits_for_no_answer():
    """Source: API DeleteService; that its hook takes no answer is inferred."""
    world, service = updated(pause("PRE_SCALE_UP"))
    world.plane.delete_service(service="web", force=True)
    with pytest.raises(EcsError, match="only one that is IN_PROGRESS continues"):
        go_on(world, service)
    world.run(2 * DAY)
    assert service.status == "INACTIVE"


def test_d42_wrong_answers_are_refused():
    """Source: API ContinueServiceDeployment, errors; which of them a hook that waits no more gets is inferred."""
    world, service = updated(pause("PRE_SCALE_UP"), pause("PRE_SCALE_UP"))
    one, other = record(service).lifecycle_hooks

    def code(arn, hook_id):
        with pytest.raises(EcsError) as caught:
            world.plane.continue_service_deployment(service_deployment_arn=arn, hook_id=hook_id)
        return caught.value.code

    assert code(ARN, one.hook_id) == "ServiceDeploymentNotFoundException"
    assert code(record(service).arn, "ecs-pause-x") == "InvalidParameterException"
    go_on(world, service, number=0)
    assert code(record(service).arn, one.hook_id) == "InvalidParameterException"
    go_on(world, service, number=1)
    world.steady(service)
    assert code(record(service).arn, other.hook_id) == "InvalidParameterException"


@pytest.mark.parametrize(
    ("hook", "code", "words"),
    [
        ({"hookTargetArn": "x", "lifecycleStages": ["PRE_SCALE_UP"]}, "UnsupportedFeatureException", "AWS_LAMBDA"),
        ({"targetType": "AWS_LAMBDA"}, "UnsupportedFeatureException", "AWS_LAMBDA"),
        (pause(), "InvalidParameterException", "at least one lifecycle stage"),
        (pause("PRODUCTION_TRAFFIC_SHIFT"), "InvalidParameterException", "PRODUCTION_TRAFFIC_SHIFT"),
        (pause("TEST_TRAFFIC_SHIFT"), "InvalidParameterException", "TEST_TRAFFIC_SHIFT"),
        (pause("POST_TEST_TRAFFIC_SHIFT"), "UnsupportedFeatureException", "no test traffic"),
        (pause("PRE_SCALE_UP") | {"roleArn": "x"}, "InvalidParameterException", "roleArn"),
    ],
)
def test_d42_wrong_hooks_are_refused(hook, code, words):
    """Source: DG pause-lifecycle-hooks, "Constraints"; that rolling has no test traffic is inferred."""
    world = World()
    world.instances(1)
    with pytest.raises(EcsError, match=words) as caught:
        world.service(1, deployment_configuration=hooks(hook))
    assert caught.value.code == code


def test_d42_there_are_ten_pause_hooks_at_most_and_none_for_daemons():
    """Source: DG pause-lifecycle-hooks, "Constraints"; daemons are not modelled with hooks (no AWS document)."""
    world = World()
    world.instances(1)
    with pytest.raises(EcsError, match="At most 10"):
        world.service(1, deployment_configuration=hooks(*[pause("PRE_SCALE_UP")] * 11))
    with pytest.raises(EcsError, match="DAEMON") as caught:
        world.plane.create_service(
            service_name="web",
            task_definition=world.definition(),
            scheduling_strategy="DAEMON",
            deployment_configuration=hooks(pause("PRE_SCALE_UP")),
        )
    assert caught.value.code == "UnsupportedFeatureException"

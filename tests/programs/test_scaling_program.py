"""Application Auto Scaling of services."""

from __future__ import annotations

from typing import Any

import pytest

from programs.scaling import elastic, request_label
from tests.programs.samples import WEB, declare, sample
from tinystacks.spec.service import TasksSpec

TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"
SCHEDULED = "aws:appautoscaling/scheduledAction:ScheduledAction"
SERVICE = "aws:ecs/service:Service"
DEFAULT = "one service on ec2"
RICH = "everything about one service"


def test_the_target_is_the_services_desired_count():
    assert sample(DEFAULT).one(TARGET).inputs == {
        "serviceNamespace": "ecs",
        "scalableDimension": "ecs:service:DesiredCount",
        "resourceId": "service/shop-dev/shop-web-service-1a2b3c4",
        "minCapacity": 2.0,
        "maxCapacity": 5.0,
        "tags": {"tinystacks:service": "web"},
    }


def test_d9_a_replaced_service_takes_its_target_and_policies_with_it():
    recording = sample(RICH)
    service, target = recording.one(SERVICE), recording.one(TARGET)

    assert target.replace_with == (service.urn,)
    assert target.delete_before_replace
    for each in recording.all(POLICY) + recording.all(SCHEDULED):
        assert each.replace_with == (target.urn,)


def test_d10_policies_and_schedules_take_their_ids_from_the_target():
    recording = sample(RICH)
    target = recording.one(TARGET)

    for each in recording.all(POLICY) + recording.all(SCHEDULED):
        assert target.urn in each.dependencies
        assert each.inputs["resourceId"] == target.inputs["resourceId"]
        assert each.inputs["scalableDimension"] == target.inputs["scalableDimension"]


def test_d14_d18_one_policy_by_default_that_is_quick_out_and_slow_in():
    recording = sample(DEFAULT)

    policy = recording.one(POLICY)

    assert policy.inputs["policyType"] == "TargetTrackingScaling"
    assert policy.inputs["targetTrackingScalingPolicyConfiguration"] == {
        "targetValue": 75.0,
        "scaleOutCooldown": 60.0,
        "scaleInCooldown": 300.0,
        "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
    }
    assert recording.exports["services"]["web"]["scaling_policies"] == ["shop-web-by-cpu-1a2b3c4"]


def test_d16_requests_are_counted_on_the_services_own_target_group():
    policy = sample(RICH).one(POLICY, "shop-web-by-requests")

    assert policy.inputs["targetTrackingScalingPolicyConfiguration"]["predefinedMetricSpecification"] == {
        "predefinedMetricType": "ALBRequestCountPerTarget",
        "resourceLabel": "app/balancer/50dc6c495c0c9188/targetgroup/shop-web/943f017f100becff",
    }


def test_d16_the_policy_comes_after_the_listener():
    recording = sample(RICH)

    policy = recording.one(POLICY, "shop-web-by-requests")

    assert recording.depends(policy, on=recording.one("aws:lb/listener:Listener"))


def test_d16_the_label_joins_both_suffixes():
    assert request_label("app/a/1", "targetgroup/b/2") == "app/a/1/targetgroup/b/2"


def test_each_target_that_is_set_has_its_policy():
    names = {policy.name for policy in sample(RICH).all(POLICY)}

    assert names == {"shop-web-by-cpu", "shop-web-by-memory", "shop-web-by-requests"}


def test_schedules_move_the_limits():
    recording = sample(RICH)

    morning = recording.one(SCHEDULED, "shop-web-at-morning").inputs
    evening = recording.one(SCHEDULED, "shop-web-at-evening").inputs

    assert morning["schedule"] == "cron(0 8 ? * MON-FRI *)"
    assert morning["timezone"] == "Europe/Berlin"
    assert morning["scalableTargetAction"] == {"minCapacity": 2.0}
    assert evening["scalableTargetAction"] == {"minCapacity": 1.0, "maxCapacity": 2.0}


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        (3, False),
        ({"min": 1, "max": 2}, True),
        ({"min": 2, "max": 2, "schedule": {"night": {"when": "rate(1 day)", "min": 1}}}, True),
        ({"min": 2, "max": 2, "schedule": {"night": {"when": "rate(1 day)", "min": 0, "max": 0}}}, False),
    ],
)
def test_tracking_is_for_numbers_that_have_room(tasks: Any, expected: bool):  # noqa: FBT001 - a table
    assert elastic(TasksSpec.model_validate(tasks)) is expected


def test_a_worker_is_not_scaled_by_requests():
    document = {"services": {"worker": {**WEB, "port": None, "tasks": {"min": 1, "max": 3}}}}

    recording = declare(document)

    assert [policy.name for policy in recording.all(POLICY)] == ["shop-worker-by-cpu"]

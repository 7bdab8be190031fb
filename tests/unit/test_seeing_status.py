from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.fakes.aws_clients import AnsweringClient, AwsClients, refusal, unreachable
from tests.fakes.seen_stage import (
    ACCOUNT,
    TARGET_GROUP,
    WHEN,
    ecs_answers,
    instance_answer,
    outputs,
    service_answer,
    task_answer,
)
from tinystacks.errors import AwsError, CredentialsError
from tinystacks.operations.model import StageStatus
from tinystacks.operations.stage_reads import Operations
from tinystacks.operations.watching import Watch

CLUSTER_SERVICE = "service/shop-dev/shop-web-1a2b3c4"


def _scaling(
    *, minimum: int = 2, disable_scale_in: bool = False, suspended: bool = False, activities: Any = ()
) -> AnsweringClient:
    target = {
        "ResourceId": CLUSTER_SERVICE,
        "MinCapacity": minimum,
        "MaxCapacity": 9,
        "SuspendedState": {"DynamicScalingInSuspended": suspended},
    }
    policy = {
        "PolicyName": "by-cpu",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 75.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            "ScaleInCooldown": 300,
            "DisableScaleIn": disable_scale_in,
        },
    }
    return AnsweringClient(
        {
            "describe_scalable_targets": {"ScalableTargets": [target]},
            "describe_scaling_policies": {"ScalingPolicies": [policy]},
            "describe_scaling_activities": {"ScalingActivities": list(activities)},
        }
    )


def _alarms(low: str) -> AnsweringClient:
    alarm = {
        "AlarmName": f"TargetTracking-{CLUSTER_SERVICE}-AlarmLow-1",
        "StateValue": low,
        "Dimensions": [{"Name": "ServiceName", "Value": "shop-web-1a2b3c4"}],
    }
    return AnsweringClient({"describe_alarms": {"MetricAlarms": [alarm]}})


def _status(
    *,
    service: dict[str, Any] | None = None,
    tasks: list[dict[str, Any]] | None = None,
    instances: int = 2,
    **clients: Any,
) -> StageStatus:
    ecs = AnsweringClient(
        ecs_answers(
            [service or service_answer(desired=4)],
            [task_answer(1)] if tasks is None else tasks,
            [instance_answer(number + 1) for number in range(instances)],
        )
    )
    named = {name.replace("_", "-"): client for name, client in clients.items()}
    return Operations(outputs(), AwsClients({"ecs": ecs, **named})).status()


def _holds(status: StageStatus) -> list[str]:
    return [hold.code for hold in status.holds if hold.service == "web"]


def test_d15_no_scale_in_during_a_deployment() -> None:
    deploying = service_answer(desired=4)
    deploying["deployments"][0]["rolloutState"] = "IN_PROGRESS"
    assert "deployment-in-progress" in _holds(_status(service=deploying, application_autoscaling=_scaling()))


def test_d15_no_scale_in_on_missing_data() -> None:
    status = _status(application_autoscaling=_scaling(), cloudwatch=_alarms("INSUFFICIENT_DATA"))
    assert _holds(status) == ["missing-data"]
    assert "1 of 1" in status.holds[0].message


def test_d15_no_scale_in_while_the_metric_is_not_low() -> None:
    assert _holds(_status(application_autoscaling=_scaling(), cloudwatch=_alarms("OK"))) == ["in-use"]


def test_s6_the_cooldown_of_the_last_scaling_is_told() -> None:
    now = datetime.now(WHEN.tzinfo)
    done = {"StartTime": now - timedelta(seconds=100), "StatusCode": "Successful", "Description": "out"}
    status = _status(application_autoscaling=_scaling(activities=[done]), cloudwatch=_alarms("ALARM"))
    assert _holds(status) == ["cooldown"]


def test_s16_and_s11_suspended_and_disabled_scale_in_are_told() -> None:
    status = _status(application_autoscaling=_scaling(suspended=True, disable_scale_in=True))
    assert _holds(status) == ["suspended", "disabled"]


def test_a_service_at_its_least_has_nothing_to_explain() -> None:
    assert _holds(_status(application_autoscaling=_scaling(minimum=4), cloudwatch=_alarms("OK"))) == []


def test_s19_why_scaling_did_nothing_is_told() -> None:
    idle = {
        "StartTime": WHEN,
        "StatusCode": "Failed",
        "Description": "Attempting to scale due to alarm triggered",
        "NotScaledReasons": [{"Code": "AutoScalingAnticipatedFlapping"}],
    }
    status = _status(application_autoscaling=_scaling(activities=[idle]), cloudwatch=_alarms("ALARM"))
    assert _holds(status) == ["not-scaled"]
    assert status.activities[0].not_scaled == ("AutoScalingAnticipatedFlapping",)


def _group(**changes: Any) -> AnsweringClient:
    group = {"MinSize": 1, "MaxSize": 6, "DesiredCapacity": 2, "Instances": [], **changes}
    return AnsweringClient({"describe_auto_scaling_groups": {"AutoScalingGroups": [group]}})


def test_c19_instances_that_run_tasks_do_not_go() -> None:
    status = _status(autoscaling=_group())
    assert [hold.code for hold in status.holds if not hold.service] == ["not-managed", "in-use"]
    assert status.group is not None
    assert (status.group.minimum, status.group.maximum, status.group.desired) == (1, 6, 2)


def test_b2_a_revision_that_ecs_went_back_to_is_told() -> None:
    (skew,) = _status(service=service_answer(revision=2)).skew
    assert skew.moved_on
    assert (skew.recorded, skew.live) == ("shop-dev-web:3", "shop-dev-web:2")


def test_tasks_of_two_revisions_are_told() -> None:
    older = task_answer(2, taskDefinitionArn=f"{ACCOUNT}:task-definition/shop-dev-web:2")
    (skew,) = _status(tasks=[task_answer(1), older]).skew
    assert skew.mixed
    assert skew.revisions == {"shop-dev-web:3": 1, "shop-dev-web:2": 1}


def test_tasks_that_are_piled_up_are_told() -> None:
    """Three tasks on one of two instances, none on the other."""
    (skew,) = _status(tasks=[task_answer(number, instance=1) for number in range(3)]).skew
    assert skew.uneven
    assert skew.zones == {"eu-west-1a": 3, "eu-west-1b": 0}
    (even,) = _status(tasks=[task_answer(number, instance=1 + number % 2) for number in range(3)]).skew
    assert not even.uneven


def test_only_the_stage_s_own_alarms_are_told() -> None:
    def alarm(name: str, value: str) -> dict[str, Any]:
        return {"AlarmName": name, "StateValue": "ALARM", "Dimensions": [{"Name": "X", "Value": value}]}

    alarms = [alarm("shop-web-5xx", TARGET_GROUP.rpartition(":")[2]), alarm("shop-prod", "shop-prod-web")]
    cloudwatch = AnsweringClient({"describe_alarms": {"MetricAlarms": alarms}})
    assert [(one.name, one.service) for one in _status(cloudwatch=cloudwatch).alarms] == [("shop-web-5xx", "web")]


def test_calls_do_not_grow_with_tasks_beyond_pages() -> None:
    def calls(tasks: int) -> dict[str, int]:
        services = ("autoscaling", "application-autoscaling", "cloudwatch", "elbv2")
        named = {name: AnsweringClient() for name in services}
        named["ecs"] = AnsweringClient(
            ecs_answers([service_answer()], [task_answer(number) for number in range(tasks)], [instance_answer(1)])
        )
        Operations(outputs(), AwsClients(dict(named))).status()
        return {f"{name}.{call}": count for name, client in named.items() for call, count in client.calls.items()}

    few, many, more = calls(1), calls(100), calls(450)
    assert few == many
    assert more == few | {"ecs.describe_tasks": 5}
    assert sum(few.values()) <= 13


def test_what_aws_refuses_besides_services_and_tasks_is_left_out_and_named() -> None:
    cloudwatch = AnsweringClient({"describe_alarms": refusal("AccessDeniedException", "DescribeAlarms")})
    status = _status(cloudwatch=cloudwatch, elbv2=AnsweringClient({"describe_target_health": unreachable()}))
    assert [service.name for service in status.services] == ["web"]
    assert len(status.not_read) == 2
    assert any("DescribeAlarms" in words for words in status.not_read)


def test_expired_credentials_are_never_left_out() -> None:
    cloudwatch = AnsweringClient({"describe_alarms": refusal("ExpiredTokenException", "DescribeAlarms")})
    with pytest.raises(CredentialsError):
        _status(cloudwatch=cloudwatch)


def test_throttling_that_does_not_end_says_what_to_do() -> None:
    answers = ecs_answers([], [], [])
    ecs = AnsweringClient({**answers, "describe_services": refusal("ThrottlingException", "DescribeServices")})
    with pytest.raises(AwsError) as refused:
        Operations(outputs(), AwsClients({"ecs": ecs})).status()
    assert refused.value.code == "ThrottlingException"
    assert "in a minute" in refused.value.hint


def test_answers_with_missing_fields_are_no_reason_to_stop() -> None:
    """Every list that was asked for is there and holds one item without any field; all else is left out."""
    empty: dict[str, Any] = {
        "describe_services": {
            "services": [{}, {"serviceName": "shop-web-1a2b3c4", "deployments": [{}], "events": [{}]}]
        },
        "list_tasks": {"taskArns": ["arn"]},
        "describe_tasks": {"tasks": [{}, {"containers": [{}], "attachments": [{}]}]},
        "list_container_instances": {"containerInstanceArns": ["arn"]},
        "describe_container_instances": {"containerInstances": [{}]},
        "describe_capacity_providers": {"capacityProviders": [{}]},
    }
    others = {
        "application-autoscaling": AnsweringClient(
            {
                "describe_scalable_targets": {"ScalableTargets": [{}, {"ResourceId": CLUSTER_SERVICE}]},
                "describe_scaling_policies": {"ScalingPolicies": [{}]},
                "describe_scaling_activities": {"ScalingActivities": [{}, {"StartTime": WHEN}]},
            }
        ),
        "autoscaling": AnsweringClient(
            {
                "describe_auto_scaling_groups": {"AutoScalingGroups": [{}]},
                "describe_scaling_activities": {"Activities": [{}]},
            }
        ),
        "cloudwatch": AnsweringClient({"describe_alarms": {"MetricAlarms": [{}]}}),
        "elbv2": AnsweringClient({"describe_target_health": {"TargetHealthDescriptions": [{}]}}),
    }
    operations = Operations(outputs(), AwsClients({"ecs": AnsweringClient(empty), **others}))
    status = operations.status()
    assert status.not_read == ()
    assert [service.name for service in status.services] == ["web"]
    assert len(status.tasks) == 2
    assert operations.tasks(stopped=True)


ASKED_FOR = {
    "describe_services": "services",
    "list_tasks": "taskArns",
    "describe_tasks": "tasks",
    "list_container_instances": "containerInstanceArns",
    "describe_container_instances": "containerInstances",
}


@pytest.mark.parametrize(("operation", "key"), ASKED_FOR.items())
def test_an_answer_without_the_list_that_was_asked_for_is_no_empty_stage(operation: str, key: str) -> None:
    """ECS API reference, such as ListTasks, "Response Syntax": the list is there, and empty where there is nothing.

    What is no answer of ECS at all, such as the page of a proxy, is read by botocore as an answer without any field.
    """
    answers = ecs_answers([service_answer()], [task_answer(1)], [instance_answer(1)])
    answers[operation] = {"message": "<html>"}
    with pytest.raises(AwsError, match=f"lacks '{key}'") as told:
        Operations(outputs(), AwsClients({"ecs": AnsweringClient(answers)})).status()
    assert "between this machine and AWS" in told.value.hint


def test_a_service_that_ecs_neither_describes_nor_counts_as_a_failure_is_not_said_to_be_missing() -> None:
    """ECS API reference, DescribeServices: a service that there is not is among the `failures` of the answer."""
    answers = {**ecs_answers([], [], []), "describe_services": {"services": [], "failures": []}}
    with pytest.raises(AwsError, match="lacks 'shop-web-1a2b3c4'"):
        Operations(outputs(), AwsClients({"ecs": AnsweringClient(answers)})).status()


def test_a_watch_keeps_the_last_picture_and_says_since_when() -> None:
    answers: list[Any] = ["first", AwsError("gone"), AwsError("gone"), "second"]
    looks = iter([StageStatus(**_plain(name)) if isinstance(name, str) else name for name in answers])
    turns = iter([True, True, True, False])
    minutes = iter(WHEN + timedelta(minutes=number) for number in range(9))

    def read() -> StageStatus:
        found = next(looks)
        if isinstance(found, AwsError):
            raise found
        return found

    watch = Watch(read, wait=lambda _seconds: next(turns), clock=lambda: next(minutes))
    pictures = list(watch.pictures())
    assert [picture.status.stage for picture in pictures] == ["first", "first", "first", "second"]
    assert [picture.trouble is None for picture in pictures] == [True, False, False, True]
    assert pictures[2].seen_at == WHEN, "the time of what is shown, not of the failed look"


def test_a_watch_that_gets_no_answer_says_for_how_long_and_goes_on_with_the_answer() -> None:
    answered = threading.Event()
    looks = iter(["first", "second"])

    def read() -> StageStatus:
        stage = next(looks)
        if stage == "second":
            answered.wait()
        return StageStatus(**_plain(stage))

    pictures = Watch(read, wait=lambda _seconds: True, clock=lambda: WHEN, patience=0.01).pictures()
    assert next(pictures).silent_seconds == 0
    silent = [next(pictures), next(pictures)]
    answered.set()
    assert [one.status.stage for one in silent] == ["first", "first"]
    assert 0 < silent[0].silent_seconds < silent[1].silent_seconds
    fresh = next(one for one in pictures if not one.silent_seconds)
    assert fresh.status.stage == "second"


def _plain(stage: str) -> dict[str, Any]:
    empty = dict.fromkeys(("services", "tasks", "instances", "targets"), ())
    return {"stack": "shop", "stage": stage, "region": "eu-west-1", "endpoint": "", "release": 1, **empty}


def test_a_watch_that_cannot_look_at_all_says_so() -> None:
    def read() -> StageStatus:
        raise AwsError("gone")

    with pytest.raises(AwsError):
        next(iter(Watch(read, wait=lambda _seconds: False).pictures()))

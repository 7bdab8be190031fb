"""Application Auto Scaling for ECS services, by boto3 over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.ecs_server import EcsServer, codes

if TYPE_CHECKING:
    from collections.abc import Iterator

RESOURCE = "service/main/web"
PLACE = {"ServiceNamespace": "ecs", "ResourceId": RESOURCE, "ScalableDimension": "ecs:service:DesiredCount"}
TRACKING = {
    "TargetValue": 50.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
    "ScaleInCooldown": 300,
    "ScaleOutCooldown": 60,
}


@pytest.fixture
def server() -> Iterator[EcsServer]:
    with EcsServer() as running:
        running.prepare()
        ecs = running.client("ecs")
        for name in ("web", "api"):
            ecs.create_service(cluster="main", serviceName=name, taskDefinition="web", desiredCount=1)
        running.advance(120)
        yield running


@pytest.fixture
def scaling(server: EcsServer) -> Any:
    return server.client("application-autoscaling")


def register(scaling: Any, resource: str = RESOURCE, **members: Any) -> str:
    request = {**PLACE, "ResourceId": resource, "MinCapacity": 1, "MaxCapacity": 4, **members}
    return scaling.register_scalable_target(**request)["ScalableTargetARN"]


def test_s1_a_target_reads_back_with_role_and_suspended_state(scaling: Any) -> None:
    """Source: Application Auto Scaling API, RegisterScalableTarget."""
    arn = register(scaling)
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert target["ScalableTargetARN"] == arn
    assert (target["ResourceId"], target["MinCapacity"], target["MaxCapacity"]) == (RESOURCE, 1, 4)
    assert target["RoleARN"].endswith("/AWSServiceRoleForApplicationAutoScaling_ECSService")
    assert target["SuspendedState"] == {
        "DynamicScalingInSuspended": False,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": False,
    }
    assert register(scaling, MinCapacity=2) == arn
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[RESOURCE])["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 4)
    assert scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"] == []
    assert (
        scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=["service/a/b"])["ScalableTargets"] == []
    )


def test_s1_registering_moves_the_desired_count_into_the_bounds_with_an_activity(
    server: EcsServer, scaling: Any
) -> None:
    """Source: Application Auto Scaling API, RegisterScalableTarget."""
    register(scaling, MinCapacity=3)
    server.advance(120)
    service = server.client("ecs").describe_services(cluster="main", services=["web"])["services"][0]
    assert service["desiredCount"] == 3
    activity = scaling.describe_scaling_activities(ServiceNamespace="ecs", ResourceId=RESOURCE)["ScalingActivities"][0]
    assert activity["Description"] == "Setting desired count to 3."
    assert activity["Cause"] == "minimum capacity was set to 3"
    assert activity["StatusCode"] == "Successful"


def test_s24_what_has_no_service_or_no_target_is_refused(scaling: Any) -> None:
    """Source: Application Auto Scaling user guide, API."""
    code, message = codes(
        scaling.register_scalable_target, **{**PLACE, "ResourceId": "service/main/ghost"}, MinCapacity=1, MaxCapacity=2
    )
    assert code == "ValidationException"
    assert "service/main/ghost" in message
    code, message = codes(
        scaling.put_scaling_policy,
        **PLACE,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING,
    )
    assert code == "ObjectNotFoundException"
    assert message == (
        "No scalable target registered for service namespace: ecs, resource ID: service/main/web, "
        "scalable dimension: ecs:service:DesiredCount"
    )
    for call, members in (
        (scaling.deregister_scalable_target, {}),
        (scaling.delete_scaling_policy, {"PolicyName": "cpu"}),
        (scaling.delete_scheduled_action, {"ScheduledActionName": "night"}),
    ):
        assert codes(call, **PLACE, **members)[0] == "ObjectNotFoundException"


def test_s3_a_target_tracking_policy_has_two_alarms_and_is_found(scaling: Any) -> None:
    """Source: Application Auto Scaling API, PutScalingPolicy."""
    register(scaling)
    put = scaling.put_scaling_policy(
        **PLACE,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING,
    )
    assert [alarm["AlarmName"].split("-")[2] for alarm in put["Alarms"]] == ["AlarmHigh", "AlarmLow"]
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["cpu"])["ScalingPolicies"]
    assert policy["PolicyARN"] == put["PolicyARN"]
    assert policy["Alarms"] == put["Alarms"]
    configuration = policy["TargetTrackingScalingPolicyConfiguration"]
    assert configuration["TargetValue"] == 50.0
    assert configuration["PredefinedMetricSpecification"] == TRACKING["PredefinedMetricSpecification"]
    scaling.delete_scaling_policy(**PLACE, PolicyName="cpu")
    assert scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"] == []


def test_s13_a_step_policy_reads_back(scaling: Any) -> None:
    """Source: Application Auto Scaling API, StepAdjustment, StepScalingPolicyConfiguration."""
    register(scaling)
    steps = {
        "AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
        "Cooldown": 60,
    }
    put = scaling.put_scaling_policy(
        **PLACE, PolicyName="steps", PolicyType="StepScaling", StepScalingPolicyConfiguration=steps
    )
    assert put["Alarms"] == []
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=RESOURCE)["ScalingPolicies"]
    assert policy["StepScalingPolicyConfiguration"]["StepAdjustments"] == steps["StepAdjustments"]


def test_s15_a_scheduled_action_reads_back_and_acts(server: EcsServer, scaling: Any) -> None:
    """Source: Application Auto Scaling user guide, application-auto-scaling-scheduled-scaling."""
    register(scaling)
    with server.planes.locked("us-east-1") as plane:
        begin = datetime.fromtimestamp(plane.now + 600, UTC)
    scaling.put_scheduled_action(
        **PLACE,
        ScheduledActionName="peak",
        Schedule=f"at({begin:%Y-%m-%dT%H:%M:%S})",
        ScalableTargetAction={"MinCapacity": 2, "MaxCapacity": 6},
    )
    (action,) = scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]
    assert (action["ScheduledActionName"], action["Timezone"]) == ("peak", "UTC")
    assert action["ScalableTargetAction"] == {"MinCapacity": 2, "MaxCapacity": 6}
    server.advance(700)
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 6)
    scaling.put_scheduled_action(**PLACE, ScheduledActionName="daily", Schedule="cron(0 6 * * ? *)")
    scaling.delete_scheduled_action(**PLACE, ScheduledActionName="daily")


def test_s23_deregistering_takes_policies_along(scaling: Any) -> None:
    """Source: Application Auto Scaling API, DeregisterScalableTarget."""
    register(scaling)
    scaling.put_scaling_policy(
        **PLACE,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING,
    )
    scaling.deregister_scalable_target(**PLACE)
    assert scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"] == []
    assert scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"] == []


def test_lists_are_paged(scaling: Any) -> None:
    register(scaling)
    register(scaling, "service/main/api")
    pages = list(
        scaling.get_paginator("describe_scalable_targets").paginate(
            ServiceNamespace="ecs", PaginationConfig={"PageSize": 1}
        )
    )
    assert [page["ScalableTargets"][0]["ResourceId"] for page in pages] == ["service/main/api", RESOURCE]
    refused = codes(scaling.describe_scalable_targets, ServiceNamespace="ecs", NextToken="nonsense")
    assert refused == ("InvalidNextTokenException", "The next token supplied was invalid.")
    assert codes(scaling.describe_scalable_targets, ServiceNamespace="ecs", MaxResults=51)[0] == "ValidationException"


def test_tags_of_a_target_are_put_listed_and_removed(scaling: Any) -> None:
    arn = register(scaling, Tags={"stage": "dev"})
    scaling.tag_resource(ResourceARN=arn, Tags={"owner": "me"})
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"stage": "dev", "owner": "me"}
    scaling.untag_resource(ResourceARN=arn, TagKeys=["stage"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"owner": "me"}
    too_many = {f"k{number}": "v" for number in range(50)}
    assert codes(scaling.tag_resource, ResourceARN=arn, Tags=too_many)[0] == "TooManyTagsException"
    elsewhere = arn[:-4] + "0000"
    assert codes(scaling.list_tags_for_resource, ResourceARN=elsewhere)[0] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    "change",
    [
        {"ScalableDimension": "ecs:service:RunningCount"},
        {"ServiceNamespace": "dynamodb", "ScalableDimension": "dynamodb:table:ReadCapacityUnits"},
        {"ServiceNamespace": "nowhere"},
        {"MinCapacity": 5},
        {"MinCapacity": -1},
        {"ResourceId": "main/web"},
    ],
)
def test_bad_targets_are_validation_exceptions(scaling: Any, change: dict[str, Any]) -> None:
    request = {**PLACE, "MinCapacity": 1, "MaxCapacity": 4, **change}
    assert codes(scaling.register_scalable_target, **request)[0] == "ValidationException"

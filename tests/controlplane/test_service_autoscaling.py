"""Scaling of services. Source: Application Auto Scaling user guide; ECS developer guide, service-auto-scaling."""

from __future__ import annotations

import pytest

from tests.fakes.world import START, TARGET_GROUP, World
from tinystacks.controlplane import effects as fx
from tinystacks.controlplane.errors import EcsError

RESOURCE = "service/default/web"
CPU = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}
MEMORY = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageMemoryUtilization"}}


class Scaled:
    """A service with a target, and a load that each minute gives a datapoint."""

    def __init__(self, count=2, minimum=1, maximum=10, world=None, **given):
        self.world = world or World()
        self.world.instances(6)
        self.service = self.world.service(count, **given)
        self.world.steady(self.service)
        self.plane = self.world.plane
        self.target = self.plane.register_scalable_target(
            service_namespace="ecs",
            resource_id=RESOURCE,
            scalable_dimension="ecs:service:DesiredCount",
            min_capacity=minimum,
            max_capacity=maximum,
        )

    def track(self, value=75.0, metric=CPU, name="cpu", **given):
        return self.plane.put_scaling_policy(
            policy_name=name,
            service_namespace="ecs",
            resource_id=RESOURCE,
            scalable_dimension="ecs:service:DesiredCount",
            policy_type="TargetTrackingScaling",
            target_tracking_scaling_policy_configuration={"TargetValue": value, **metric, **given},
        )

    def step(self, *steps, name="steps", kind="ChangeInCapacity", **given):
        return self.plane.put_scaling_policy(
            policy_name=name,
            resource_id=RESOURCE,
            policy_type="StepScaling",
            step_scaling_policy_configuration={"AdjustmentType": kind, "StepAdjustments": list(steps), **given},
        )

    def minutes(self, count, value, metric="CPUUtilization"):
        """Let minutes pass, each with one datapoint, and give the desired counts."""
        seen = []
        for _ in range(count):
            if value is not None:
                dimensions = {"ClusterName": "default", "ServiceName": "web"}
                if metric == "RequestCountPerTarget":
                    dimensions = {"TargetGroup": TARGET_GROUP.rpartition(":")[2]}
                self.plane.metric(metric, dimensions, value, self.plane.now)
            self.world.run(60)
            seen.append(self.service.desired_count)
        return seen


def test_s1_registration_moves_a_count_outside_inside():
    """Source: Application Auto Scaling API, RegisterScalableTarget."""
    scaled = Scaled(count=2, minimum=4, maximum=6)
    assert scaled.service.desired_count == 4
    assert scaled.target.activities[0].description == "Setting desired count to 4."
    assert scaled.target.activities[0].cause == "minimum capacity was set to 4"
    scaled.plane.register_scalable_target(resource_id=RESOURCE, min_capacity=1, max_capacity=3)
    assert scaled.service.desired_count == 3
    assert scaled.target.activities[0].cause == "maximum capacity was set to 3"


def test_s3_the_alarms_of_a_policy():
    """Source: Application Auto Scaling API, PutScalingPolicy."""
    scaled = Scaled()
    policy = scaled.track(75)
    high, low = policy.alarms
    assert high.name.startswith("TargetTracking-service/default/web-AlarmHigh-")
    assert low.name.startswith("TargetTracking-service/default/web-AlarmLow-")
    assert (high.bound, high.datapoints) == (75, 3)
    assert (low.bound, low.datapoints) == (67.5, 15)
    scaled.world.run(1)
    put = [one.document for one in scaled.world.done if isinstance(one, fx.PutAlarm)]
    assert [one["ComparisonOperator"] for one in put] == ["GreaterThanThreshold", "LessThanThreshold"]
    assert put[0]["Dimensions"] == [
        {"Name": "ClusterName", "Value": "default"},
        {"Name": "ServiceName", "Value": "web"},
    ]


def test_s3_s4_three_points_above_the_target_scale_out_in_proportion():
    """Source: Application Auto Scaling API, PutScalingPolicy; developer guide, service-auto-scaling; Application Auto
    Scaling user guide, target-tracking-scaling-policy-overview.
    """
    scaled = Scaled(count=2)
    scaled.track(75)
    counts = scaled.minutes(6, 140)
    assert counts.index(4) in {2, 3}
    assert counts[:2] == [2, 2]
    assert max(counts) == 4


def test_s3_a_single_peak_does_nothing():
    """Source: Application Auto Scaling API, PutScalingPolicy."""
    scaled = Scaled(count=2)
    scaled.track(75)
    counts = scaled.minutes(2, 200) + scaled.minutes(5, 70)
    assert set(counts) == {2}


def test_s4_the_running_count_is_the_base_not_the_desired_one():
    """Source: developer guide, service-auto-scaling; Application Auto Scaling user guide,
    target-tracking-scaling-policy-overview.
    """
    scaled = Scaled(count=2)
    scaled.track(50)
    scaled.world.behave("good", start=10_000)
    scaled.plane.update_service(service="web", desired_count=3)
    counts = scaled.minutes(5, 100)
    assert max(counts) == 4


def test_s5_s22_scale_in_after_fifteen_points_and_gradually():
    """Source: Application Auto Scaling user guide, target-tracking-scaling-policy-overview; Application Auto Scaling
    API, PutScalingPolicy.
    """
    scaled = Scaled(count=8)
    scaled.track(75)
    counts = scaled.minutes(16, 5)
    assert counts[:13] == [8] * 13
    assert counts[-1] == 4


def test_s5_not_when_one_task_less_would_pass_the_target():
    """Source: Application Auto Scaling user guide, target-tracking-scaling-policy-overview."""
    scaled = Scaled(count=2)
    scaled.track(75)
    assert set(scaled.minutes(40, 60)) == {2}


def test_s6_the_scale_out_cooldown_lets_only_a_larger_step_through():
    """Source: Application Auto Scaling user guide, target-tracking-scaling-policy-overview."""
    scaled = Scaled(count=2)
    scaled.track(75, ScaleOutCooldown=600)
    counts = scaled.minutes(8, 100)
    assert set(counts) == {2, 3}
    assert scaled.minutes(4, 300)[-1] == 8


def test_s6_s7_the_scale_in_cooldown_blocks_further_scale_in():
    """Source: Application Auto Scaling user guide, target-tracking-scaling-policy-overview."""
    scaled = Scaled(count=8)
    scaled.track(75, ScaleInCooldown=600)
    counts = scaled.minutes(17, 5)
    assert counts[-1] == 4
    assert scaled.minutes(5, 5)[-1] == 4
    assert scaled.minutes(8, 5)[-1] == 2


def test_s8_without_data_nothing_happens():
    """Trap D15. Source: developer guide, service-auto-scaling, available-metrics."""
    scaled = Scaled(count=4)
    policy = scaled.track(75)
    assert set(scaled.minutes(40, None)) == {4}
    assert {one.state for one in policy.alarms} == {"INSUFFICIENT_DATA"}


def test_s8_s20_from_zero_one_datapoint_of_demand_starts_a_task():
    """Source: developer guide, service-auto-scaling, available-metrics; Application Auto Scaling API,
    PredefinedMetricSpecification.
    """
    world = World()
    scaled = Scaled(count=1, minimum=0, world=world, load_balancers=world.balancer())
    label = f"app/lb/1/{TARGET_GROUP.rpartition(':')[2]}"
    scaled.track(
        100,
        {
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "ALBRequestCountPerTarget",
                "ResourceLabel": label,
            }
        },
    )
    scaled.plane.update_service(service="web", desired_count=0)
    world.run(120)
    assert scaled.service.running_count == 0
    counts = scaled.minutes(3, 50, "RequestCountPerTarget")
    assert 1 in counts


def test_s9_never_above_the_maximum_or_below_the_minimum():
    """Source: developer guide, service-auto-scaling."""
    scaled = Scaled(count=4, minimum=3, maximum=5)
    scaled.track(75, ScaleOutCooldown=0, ScaleInCooldown=0)
    assert max(scaled.minutes(10, 1000)) == 5
    assert min(scaled.minutes(60, 1)) == 3


def test_s10_no_scale_in_while_a_deployment_runs_but_scale_out():
    """Trap D15. Source: developer guide, service-auto-scaling."""
    scaled = Scaled(count=4)
    scaled.track(75)
    scaled.minutes(12, 5)
    scaled.plane.update_service(
        service="web", force_new_deployment=True, deployment_configuration={"bakeTimeInMinutes": 120}
    )
    assert set(scaled.minutes(20, 5)) == {4}
    reasons = [one.not_scaled_reasons[0]["Code"] for one in scaled.target.activities if one.not_scaled_reasons]
    assert reasons == ["TargetServicePutResourceAsUnscalable"]
    assert scaled.minutes(5, 150)[-1] > 4


def test_s11_out_if_any_policy_wants_it_in_only_if_all():
    """Trap D14. Source: Application Auto Scaling user guide, target-tracking-scaling-policy-overview."""
    scaled = Scaled(count=4)
    scaled.track(75)
    scaled.track(75, MEMORY, "memory")
    for _ in range(30):
        scaled.plane.metric("MemoryUtilization", {"ClusterName": "default", "ServiceName": "web"}, 70, scaled.plane.now)
        scaled.minutes(1, 5)
    assert scaled.service.desired_count == 4
    for _ in range(5):
        scaled.plane.metric(
            "MemoryUtilization", {"ClusterName": "default", "ServiceName": "web"}, 150, scaled.plane.now
        )
        scaled.minutes(1, 5)
    assert scaled.service.desired_count == 8


def test_s11_disable_scale_in_takes_a_policy_out_of_the_vote():
    """Source: Application Auto Scaling user guide, target-tracking-scaling-policy-overview."""
    scaled = Scaled(count=4)
    policy = scaled.track(75, DisableScaleIn=True)
    assert len(policy.alarms) == 1
    assert set(scaled.minutes(40, 5)) == {4}


def test_s12_two_policies_on_one_metric_are_refused():
    """Source: Application Auto Scaling user guide, application-auto-scaling-quotas."""
    scaled = Scaled()
    scaled.track(75)
    with pytest.raises(EcsError) as caught:
        scaled.track(50, name="other")
    assert caught.value.code == "ValidationException"


@pytest.mark.parametrize(
    ("kind", "adjustment", "current", "expected"),
    [
        ("ChangeInCapacity", 2, 4, 6),
        ("ChangeInCapacity", -2, 4, 2),
        ("ExactCapacity", 7, 4, 7),
        ("PercentChangeInCapacity", 50, 5, 7),
        ("PercentChangeInCapacity", 10, 5, 6),
        ("PercentChangeInCapacity", -10, 5, 4),
        ("PercentChangeInCapacity", -50, 5, 3),
    ],
)
def test_s13_s14_step_adjustments(kind, adjustment, current, expected):
    """Source: Application Auto Scaling API, StepAdjustment, StepScalingPolicyConfiguration; Application Auto Scaling
    user guide, application-auto-scaling-step-scaling-policies.
    """
    scaled = Scaled(count=current)
    policy = scaled.step({"MetricIntervalLowerBound": 0, "ScalingAdjustment": adjustment}, kind=kind)
    scaled.plane.alarm("mine", "ALARM", action_arns=[policy.arn], value=80, threshold=75)
    assert scaled.service.desired_count == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(75, 3), (84, 3), (85, 5), (200, 5), (74, 2), (66, 2), (65, 1), (10, 1)]
)
def test_s13_the_breach_chooses_the_step(value, expected):
    """Bounds are relative to the threshold; the lower one belongs to the step above it, the upper one below it.

    Source: Application Auto Scaling API, StepAdjustment, StepScalingPolicyConfiguration.
    """
    scaled = Scaled(count=2)
    policy = scaled.step(
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 3},
        {"MetricIntervalLowerBound": -10, "MetricIntervalUpperBound": 0, "ScalingAdjustment": 0},
        {"MetricIntervalUpperBound": -10, "ScalingAdjustment": -1},
    )
    scaled.plane.alarm("mine", "ALARM", action_arns=[policy.arn], value=value, threshold=75)
    assert scaled.service.desired_count == expected


def test_s13_gaps_and_overlaps_are_refused():
    """Source: Application Auto Scaling API, StepAdjustment, StepScalingPolicyConfiguration."""
    scaled = Scaled()
    with pytest.raises(EcsError, match="overlap or leave gaps"):
        scaled.step(
            {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
            {"MetricIntervalLowerBound": 20, "ScalingAdjustment": 3},
        )


def test_s13_the_cooldown_of_a_step_policy_is_300_seconds():
    """Source: Application Auto Scaling API, StepAdjustment, StepScalingPolicyConfiguration."""
    scaled = Scaled(count=2)
    policy = scaled.step({"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1})
    counts = []
    for _ in range(8):
        scaled.plane.alarm("mine", "ALARM", action_arns=[policy.arn], value=80, threshold=75)
        counts.append(scaled.service.desired_count)
        scaled.world.run(60)
    assert counts == [3, 3, 3, 3, 3, 4, 4, 4]


def test_s15_s17_a_scheduled_action_moves_the_bounds_and_then_the_count():
    """Source: Application Auto Scaling user guide, application-auto-scaling-scheduled-scaling; Application Auto Scaling
    user guide, application-auto-scaling-scaling-activities, scheduled-scaling-additional-cli-commands.
    """
    scaled = Scaled(count=2)
    scaled.plane.put_scheduled_action(
        service_namespace="ecs",
        scheduled_action_name="morning",
        resource_id=RESOURCE,
        schedule="rate(10 minutes)",
        scalable_target_action={"MinCapacity": 4, "MaxCapacity": 20},
    )
    scaled.world.run(660)
    assert (scaled.target.min_capacity, scaled.target.max_capacity) == (4, 20)
    assert scaled.service.desired_count == 4
    texts = [(one.description, one.cause) for one in reversed(scaled.target.activities)]
    assert texts[0] == (
        "Setting min capacity to 4 and max capacity to 20",
        "scheduled action name morning was triggered",
    )
    assert texts[1] == ("Setting desired count to 4.", "minimum capacity was set to 4")


@pytest.mark.parametrize(("key", "value"), [("DynamicScalingOutSuspended", 150), ("DynamicScalingInSuspended", 5)])
def test_s16_suspended_scaling(key, value):
    """Source: Application Auto Scaling user guide, application-auto-scaling-suspend-resume-scaling."""
    scaled = Scaled(count=4)
    scaled.track(75)
    scaled.plane.register_scalable_target(resource_id=RESOURCE, suspended_state={key: True})
    assert set(scaled.minutes(20, value)) == {4}


def test_s16_missed_scheduled_actions_are_not_made_up():
    """Source: Application Auto Scaling user guide, application-auto-scaling-suspend-resume-scaling."""
    scaled = Scaled(count=2)
    scaled.plane.register_scalable_target(resource_id=RESOURCE, suspended_state={"ScheduledScalingSuspended": True})
    scaled.plane.put_scheduled_action(
        scheduled_action_name="once",
        resource_id=RESOURCE,
        schedule="rate(1 day)",
        scalable_target_action={"MinCapacity": 5},
    )
    scaled.world.run(25 * 3600)
    scaled.plane.register_scalable_target(resource_id=RESOURCE, suspended_state={"ScheduledScalingSuspended": False})
    scaled.world.run(3600)
    assert scaled.service.desired_count == 2


def test_s17_s18_an_activity_is_successful_once_that_many_run():
    """Source: Application Auto Scaling user guide, application-auto-scaling-scaling-activities,
    scheduled-scaling-additional-cli-commands.
    """
    scaled = Scaled(count=2)
    policy = scaled.track(75)
    scaled.minutes(4, 140)
    scaled.world.run(120)
    activity = scaled.target.activities[0]
    assert activity.description == "Setting desired count to 4."
    assert activity.cause == f"monitor alarm {policy.alarms[0].name} in state ALARM triggered policy cpu"
    assert activity.status_code == "Successful"
    assert activity.status_message == ("Successfully set desired count to 4. Change successfully fulfilled by ecs.")


def test_s19_why_nothing_was_scaled():
    """Source: Application Auto Scaling user guide, application-auto-scaling-scaling-activities."""
    scaled = Scaled(count=2, maximum=2, minimum=2)
    scaled.track(75)
    scaled.minutes(6, 200)
    activity = scaled.target.activities[0]
    assert activity.status_code == "Failed"
    assert activity.description == "Attempting to scale due to alarm triggered"
    assert activity.not_scaled_reasons == [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 2, "CurrentCapacity": 2}]


@pytest.mark.parametrize("label", ["nonsense", "app/lb/1/targetgroup/other/1"])
def test_s20_resource_labels_must_name_an_attached_target_group(label):
    """Trap D16. Source: Application Auto Scaling API, PredefinedMetricSpecification."""
    world = World()
    scaled = Scaled(world=world, load_balancers=world.balancer())
    kind = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}
    with pytest.raises(EcsError) as caught:
        scaled.track(100, {"PredefinedMetricSpecification": kind})
    assert caught.value.code == "ValidationException"


def test_s23_deregistration_and_the_end_of_the_service_take_all_along():
    """Trap D9. Source: Application Auto Scaling API, DeregisterScalableTarget."""
    scaled = Scaled()
    scaled.track(75)
    scaled.plane.deregister_scalable_target(resource_id=RESOURCE)
    scaled.world.run(1)
    assert sum(isinstance(one, fx.DeleteAlarm) for one in scaled.world.done) == 2
    scaled.plane.register_scalable_target(resource_id=RESOURCE, min_capacity=1, max_capacity=2)
    scaled.plane.delete_service(service="web", force=True)
    assert scaled.plane.state.targets == {}


def test_s24_what_does_not_exist():
    """Trap D10. Source: Application Auto Scaling user guide, API."""
    world = World()
    world.instances(1)
    world.service(1)
    with pytest.raises(EcsError) as caught:
        world.plane.put_scaling_policy(policy_name="x", resource_id=RESOURCE, policy_type="TargetTrackingScaling")
    assert caught.value.code == "ObjectNotFoundException"
    assert caught.value.message == (
        "No scalable target registered for service namespace: ecs, resource ID: service/default/web, "
        "scalable dimension: ecs:service:DesiredCount"
    )
    with pytest.raises(EcsError, match="ECS service doesn't exist: service/default/none"):
        world.plane.register_scalable_target(resource_id="service/default/none", min_capacity=1, max_capacity=2)


def test_s25_an_update_overrides_the_count_until_the_next_alarm():
    """Trap D1. Source: developer guide, service-auto-scaling."""
    scaled = Scaled(count=2)
    scaled.track(75)
    scaled.minutes(4, 140)
    assert scaled.service.desired_count == 4
    scaled.plane.update_service(service="web", desired_count=2)
    assert scaled.service.desired_count == 2


def test_every_time_is_simulated():
    """The target begins at the plane's time, not at the machine's."""
    assert Scaled().target.created_at > START


def test_s2_s3_a_high_resolution_policy_looks_every_20_seconds():
    """Source: Application Auto Scaling API, PredefinedMetricSpecification; developer guide,
    target-tracking-faster-auto-scaling; Application Auto Scaling API, PutScalingPolicy.
    """
    scaled = Scaled(count=2)
    kind = "ECSServiceAverageCPUUtilizationHighResolution"
    policy = scaled.track(75, metric={"PredefinedMetricSpecification": {"PredefinedMetricType": kind}})
    assert {one.period for one in policy.alarms} == {20}
    begun = scaled.plane.now
    while scaled.service.desired_count == 2:
        scaled.plane.metric("CPUUtilization", {"ClusterName": "default", "ServiceName": "web"}, 140, scaled.plane.now)
        scaled.world.run(20)
        assert scaled.plane.now - begun < 180
    assert scaled.service.desired_count == 4
    assert scaled.plane.now - begun <= 100

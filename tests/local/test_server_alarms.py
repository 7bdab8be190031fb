"""The user's alarms: how they are judged, and what a group's policy does when one is in ALARM."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.fakes.local_stage import LocalStage, eventually
from tinystacks.local.alarms import AlarmRule, RecentDatapoints, evaluate, metric_key, reason
from tinystacks.local.group_policies import adjustment
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget


def rule(**changes):
    settled = AlarmRule(
        statistic="Average", comparison="GreaterThanThreshold", threshold=75, period=60, periods=3, datapoints=3
    )
    return replace(settled, **changes)


@pytest.mark.parametrize(
    ("windows", "changes", "state"),
    [
        ([[80], [80], [80]], {}, "ALARM"),
        ([[80], [70], [80]], {}, "OK"),
        ([[80, 60], [80], [80]], {}, "OK"),
        ([[80, 60], [80], [80]], {"statistic": "Maximum"}, "ALARM"),
        ([[80], [], [80]], {}, "OK"),
        ([[80], [], [80]], {"missing": "breaching"}, "ALARM"),
        ([[], [], []], {}, "INSUFFICIENT_DATA"),
        ([[], [], []], {"missing": "breaching"}, "ALARM"),
        ([[], [], []], {"missing": "notBreaching"}, "OK"),
        ([[], [], []], {"missing": "ignore"}, "BEFORE"),
    ],
)
def test_evaluation(windows, changes, state):
    assert evaluate(rule(**changes), windows, "BEFORE")[0] == state


@pytest.mark.parametrize(
    ("windows", "changes", "words"),
    [
        (
            [[80], [90], [80]],
            {},
            (
                "3 out of the last 3 datapoints [80.0, 90.0, 80.0] were greater than the threshold (75) "
                "(minimum 3 datapoints for OK -> ALARM transition)."
            ),
        ),
        (
            [[0]],
            {"comparison": "LessThanThreshold", "threshold": 1.0, "datapoints": 1},
            (
                "1 out of the last 1 datapoints [0.0] was less than the threshold (1.0) "
                "(minimum 1 datapoint for OK -> ALARM transition)."
            ),
        ),
        (
            [[80], [70], [80]],
            {},
            (
                "1 out of the last 3 datapoints [70.0] was not greater than the threshold (75) "
                "(minimum 1 datapoint for ALARM -> OK transition)."
            ),
        ),
        (
            [[], [], []],
            {"missing": "breaching"},
            "no datapoints were received for 3 periods and 3 missing datapoints were treated as [Breaching].",
        ),
        (
            [[80], [], []],
            {"missing": "breaching"},
            "1 datapoint was received for 3 periods and 2 missing datapoints were treated as [Breaching].",
        ),
        (
            [[]],
            {"missing": "notBreaching", "datapoints": 1},
            "no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].",
        ),
        ([[], []], {}, "Insufficient Data: 2 datapoints were unknown."),
    ],
)
def test_the_reason_is_worded_as_cloudwatch_does(windows, changes, words):
    judged = rule(**changes)
    told = reason(judged, windows, evaluate(judged, windows, "OK")[0])
    assert told == (words if words.startswith("Insufficient") else f"Threshold Crossed: {words}")


def test_windows_hold_the_values_of_each_period_newest_first():
    points = RecentDatapoints()
    key = metric_key("us-east-1", "N", "M", {"b": "2", "a": "1"})
    for at in (100, 160, 170, 230):
        points.add(key, at, float(at))
    same = metric_key("us-east-1", "N", "M", {"a": "1", "b": "2"})
    assert points.windows(same, now=240, period=60, count=3) == [[230.0], [160.0, 170.0], [100.0]]
    points.add(key, 20_000, 1.0)
    assert points.windows(key, now=20_000, period=60, count=400)[0] == [1.0]
    assert sum(map(len, points.windows(key, now=20_000, period=60, count=400))) == 1


def policy(**changes):
    settings = {"policy_type": "StepScaling", "adjustment_type": "ChangeInCapacity", "min_adjustment_magnitude": None}
    return SimpleNamespace(**settings | {"scaling_adjustment": None, "step_adjustments": []} | changes)


@pytest.mark.parametrize(("over", "change"), [(0, 1), (9.9, 1), (10, 3), (50, 3), (-1, 0)])
def test_s13_steps_include_their_lower_bound_above_the_threshold(over, change):
    """Source: Application Auto Scaling API, StepAdjustment, StepScalingPolicyConfiguration."""
    steps = [
        {"MetricIntervalLowerBound": "0", "MetricIntervalUpperBound": "10", "ScalingAdjustment": "1"},
        {"MetricIntervalLowerBound": "10", "ScalingAdjustment": "3"},
    ]
    assert adjustment(policy(step_adjustments=steps), 4, over) == change


@pytest.mark.parametrize(("capacity", "percent", "change"), [(10, 25, 2), (2, 25, 1), (10, -25, -2), (2, -25, -1)])
def test_s14_percentages_round_as_the_guide_says(capacity, percent, change):
    """Source: Application Auto Scaling user guide, application-auto-scaling-step-scaling-policies."""
    settings = {"policy_type": "SimpleScaling", "adjustment_type": "PercentChangeInCapacity"}
    assert adjustment(policy(scaling_adjustment=percent, **settings), capacity, 1) == change


def test_c35_instances_go_out_when_cpu_is_above_75_percent_for_15_minutes(tmp_path):
    """Rule C35: ECS developer guide, cluster-auto-scaling."""
    local = LocalAws(home=tmp_path, providers=False)
    target = LocalTarget(local.start(speed=200), "us-east-1")
    try:
        stage = LocalStage(client=target.client, name="busy")
        stage.make_network()
        stage.make_instances(minimum=1, maximum=3, managed_scaling="DISABLED")
        stage.make_endpoint()
        asg, cloudwatch = target.client("autoscaling"), target.client("cloudwatch")
        arn = asg.put_scaling_policy(
            AutoScalingGroupName="busy",
            PolicyName="out",
            PolicyType="StepScaling",
            AdjustmentType="ChangeInCapacity",
            StepAdjustments=[{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        )["PolicyARN"]
        cloudwatch.put_metric_alarm(
            AlarmName="cpu-out",
            Namespace="AWS/EC2",
            MetricName="CPUUtilization",
            Dimensions=[{"Name": "AutoScalingGroupName", "Value": "busy"}],
            Statistic="Average",
            Period=300,
            EvaluationPeriods=3,
            Threshold=75,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=[arn],
        )
        stage.make_service(stage.register(simulate="cpu:95", cpu=1900), count=1)

        def look():
            activities = asg.describe_scaling_activities(AutoScalingGroupName="busy")["Activities"]
            return (
                any("alarm cpu-out in state ALARM triggered policy out" in one["Cause"] for one in activities) or None
            )

        eventually(look, what="a scale-out by alarm", seconds=60)
        group = asg.describe_auto_scaling_groups(AutoScalingGroupNames=["busy"])["AutoScalingGroups"][0]
        assert group["DesiredCapacity"] >= 2
        assert len(group["Instances"]) == group["DesiredCapacity"]
    finally:
        local.stop()

"""Log groups and alarms of services."""

from __future__ import annotations

from tests.programs.samples import KEY, TOPIC, WEB, declare, sample

ALARM, LOGS = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/logGroup:LogGroup"


def test_j4_logs_expire_and_are_named_for_people():
    assert sample("one service on ec2").one(LOGS, "shop-web-logs").inputs == {
        "name": "/tinystacks/shop/dev/web",
        "retentionInDays": 30.0,
        "tags": {"tinystacks:service": "web"},
    }


def test_logs_take_the_users_key_and_retention():
    logs = sample("everything about one service").one(LOGS, "shop-web-logs").inputs

    assert logs["kmsKeyId"] == KEY
    assert logs["retentionInDays"] == 90.0


def test_every_group_has_a_retention():
    for name in ("one service on ec2", "private behind one nat", "fargate"):
        assert all(group.inputs["retentionInDays"] > 0 for group in sample(name).all(LOGS))


def test_a_service_with_a_port_has_three_alarms():
    recording = sample("one service on ec2")

    alarms = {alarm.name.removeprefix("shop-web-"): alarm.inputs for alarm in recording.all(ALARM)}

    assert {word: (each["metricName"], each["statistic"], each["threshold"]) for word, each in alarms.items()} == {
        "no-tasks": ("CPUUtilization", "SampleCount", 1.0),
        "unhealthy": ("UnHealthyHostCount", "Maximum", 0.0),
        "errors": ("HTTPCode_Target_5XX_Count", "Sum", 10.0),
    }
    assert alarms["unhealthy"]["dimensions"] == {
        "LoadBalancer": "app/balancer/50dc6c495c0c9188",
        "TargetGroup": "targetgroup/shop-web/943f017f100becff",
    }


def test_silence_means_that_no_task_runs():
    alarm = sample("a worker only").one(ALARM).inputs

    assert alarm["treatMissingData"] == "breaching"
    assert alarm["comparisonOperator"] == "LessThanThreshold"
    assert alarm["dimensions"] == {"ClusterName": "shop-dev", "ServiceName": "shop-worker-service-1a2b3c4"}


def test_a_service_that_may_have_no_task_raises_no_alarm_for_it():
    recording = declare({"services": {"web": {**WEB, "tasks": {"min": 0, "max": 2}}}})

    assert "shop-web-no-tasks" not in {alarm.name for alarm in recording.all(ALARM)}


def test_alarms_tell_the_topic_when_they_begin_and_end():
    for alarm in sample("everything about one service").all(ALARM):
        assert alarm.inputs["alarmActions"] == [TOPIC]
        assert alarm.inputs["okActions"] == [TOPIC]


def test_alarms_can_be_switched_off():
    assert not sample("no insights, no alarms, no exec, no rebalancing").has(ALARM)

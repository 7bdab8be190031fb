"""What an Auto Scaling group tells of an instance that ECS's managed scaling let go."""

import functools
import re

import pytest

from tests.fakes.local_stage import LocalStage, eventually
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

TIME = r"At \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture
def client(tmp_path):
    local = LocalAws(home=tmp_path, providers=False)
    yield functools.cache(LocalTarget(local.start(runtime="simulated", speed=600), "us-east-1").client)
    local.stop()


def test_c34_a_managed_scale_in_tells_alarm_policy_and_instance(client):
    """Rule C34: Auto Scaling user guide, as-verify-scaling-activity: the cause of a scale-in by an alarm."""
    stage = LocalStage(client=client)
    stage.make_network()
    stage.make_instances(minimum=1, maximum=3)
    asg = client("autoscaling")
    asg.set_desired_capacity(AutoScalingGroupName="shop", DesiredCapacity=3)

    def ended():
        told = asg.describe_scaling_activities(AutoScalingGroupName="shop")["Activities"]
        return [one for one in told if one["Description"].startswith("Terminating")][:2][::-1] or None

    eventually(
        lambda: len(asg.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]) == 1,
        what="two instances less",
        seconds=60,
    )
    for one, had in zip(eventually(ended, what="activities"), (3, 2), strict=True):
        instance = one["Description"].removeprefix("Terminating EC2 instance: ")
        assert re.fullmatch(
            rf"{TIME} a monitor alarm TargetTracking-shop-AlarmLow-[0-9a-f-]{{36}} in state ALARM triggered policy "
            rf"ECSManagedAutoScalingPolicy-[0-9a-f-]{{36}} changing the desired capacity from {had} to {had - 1}\.  "
            rf"{TIME} an instance was taken out of service in response to a difference between desired and actual "
            rf"capacity, shrinking the capacity from {had} to {had - 1}\.  "
            rf"{TIME} instance {instance} was selected for termination\.",
            one["Cause"],
        ), one["Cause"]

"""A cause that is about room carries EC2's own refusal where the Auto Scaling group got no instance (trap B4)."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tinystacks.deployment.causes import group_causes
from tinystacks.deployment.refused_launches import RefusedLaunches

REFUSAL = "We currently do not have sufficient t3.micro capacity in the Availability Zone you requested (eu-west-1a)."
FULL = {"taskArn": "task/1", "stoppedReason": "TaskFailedToStart: RESOURCE:MEMORY", "containers": []}
PULL = {"taskArn": "task/2", "stoppedReason": "CannotPullContainerError: manifest unknown", "containers": []}
FAILED = {"StatusCode": "Failed", "StatusMessage": REFUSAL}
BEGUN = {"StatusCode": "PreInService", "StatusMessage": ""}


class Scaling:
    def __init__(self, *activities: dict[str, Any], refuses: bool = False) -> None:
        self.activities = activities
        self.refuses = refuses
        self.asked = 0

    def describe_scaling_activities(self, *, AutoScalingGroupName: str, MaxRecords: int) -> dict[str, Any]:
        assert (AutoScalingGroupName, MaxRecords) == ("shop-instances", 20)
        self.asked += 1
        if self.refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeScalingActivities")
        return {"Activities": list(self.activities)}


def explained(scaling: Scaling, *tasks: dict[str, Any], group: str = "shop-instances"):
    launches = RefusedLaunches(group=group, client={"autoscaling": scaling}.__getitem__)
    return launches.explain(group_causes("web", tasks))


def test_what_ec2_refused_last_is_told_with_what_to_do():
    (cause,) = explained(Scaling(BEGUN, FAILED, {"StatusCode": "Successful"}), FULL)
    assert cause.reason == "no-room"
    assert cause.message == f"TaskFailedToStart: RESOURCE:MEMORY; EC2: {REFUSAL}"
    assert "instances.max" not in cause.advice
    assert "`compute.instance_types`" in cause.advice


@pytest.mark.parametrize(
    "scaling",
    [Scaling({"StatusCode": "Successful"}, FAILED), Scaling(), Scaling({}), Scaling(BEGUN), Scaling(refuses=True)],
    ids=["mended since", "none", "empty", "only begun", "not to be read"],
)
def test_without_a_refusal_the_file_is_the_cause(scaling: Scaling):
    (cause,) = explained(scaling, FULL)
    assert cause.message == "TaskFailedToStart: RESOURCE:MEMORY"
    assert "`compute.instances.max`" in cause.advice


def test_causes_of_another_kind_are_left_as_they_are_and_cost_no_call():
    scaling = Scaling(FAILED)
    (cause,) = explained(scaling, PULL)
    assert cause.reason == "image-pull"
    assert "EC2" not in cause.message
    assert explained(scaling, FULL, group="")[0].message == "TaskFailedToStart: RESOURCE:MEMORY"
    assert scaling.asked == 0

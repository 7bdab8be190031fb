"""Why no instance comes to make room: what EC2 told the Auto Scaling group (trap B4).

Source: Amazon EC2 Auto Scaling API reference, DescribeScalingActivities (newest first, unfinished ones before them).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.deployment.causes import NO_ROOM
from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.deployment.service_verdicts import Cause

_ENDED = frozenset({"Successful", "Failed", "Cancelled"})
_ADVICE = (
    "EC2 gives the group no more instances: wait and run `tstack up` again, have the quota raised if it is one, choose "
    "other `compute.instance_types`, or lower `cpu` and `memory` to what the instances have left."
)


class RefusedLaunches:
    """What EC2 answered when the stage's group wanted another instance.

    Args:
        group: name of the Auto Scaling group; empty on Fargate, where nothing is read.
        client: gives a boto3 client by service name.
    """

    def __init__(self, *, group: str, client: Callable[[str], Any]) -> None:
        self._group = group
        self._client = client

    def explain(self, causes: tuple[Cause, ...]) -> tuple[Cause, ...]:
        """Put EC2's refusal into causes that are about room; what cannot be read is left out.

        Args:
            causes: why tasks of a service ended.
        """
        if not self._group or not any(cause.reason == NO_ROOM for cause in causes):
            return causes
        refusal = self._last_refusal()
        if not refusal:
            return causes
        return tuple(
            replace(cause, message=f"{cause.message}; EC2: {refusal}", advice=_ADVICE)
            if cause.reason == NO_ROOM
            else cause
            for cause in causes
        )

    def _last_refusal(self) -> str:
        """Give EC2's words when the last launch or termination that ended was refused."""
        try:
            with aws_errors("autoscaling", "Auto Scaling group"):
                answer = self._client("autoscaling").describe_scaling_activities(
                    AutoScalingGroupName=self._group, MaxRecords=20
                )
        except AwsError:
            return ""
        ended: list[Mapping[str, Any]] = [
            one for one in answer.get("Activities", []) if one.get("StatusCode") in _ENDED
        ]
        return str(ended[0].get("StatusMessage", "")) if ended and ended[0]["StatusCode"] == "Failed" else ""

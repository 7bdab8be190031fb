"""`aws:autoscaling/policy:Policy` and `aws:autoscaling/schedule:Schedule`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from tinystacks.local.provider.api_errors import ignoring
from tinystacks.local.provider.api_shapes import Member, block, blocks, decimal, known_form, renamed, shape

if TYPE_CHECKING:
    from tinystacks.local.provider.handler import Call, Inputs

POLICY = "aws:autoscaling/policy:Policy"
SCHEDULE = "aws:autoscaling/schedule:Schedule"
UNCHANGED_SIZE = -1
"""A size of -1 means "leave it", and is not sent."""
TIME_FORM = "%Y-%m-%dT%H:%M:%SZ"


def _bound(name: str, api: str) -> Member:
    """A step's bound: text in Pulumi, a number in the API."""
    return Member(name=name, api=api, encode=float, decode=lambda value: f"{value:g}")


POLICY_SHAPE = shape(
    POLICY,
    "adjustmentType",
    "cooldown",
    "enabled",
    "estimatedInstanceWarmup",
    "metricAggregationType",
    "minAdjustmentMagnitude",
    "policyType",
    "scalingAdjustment",
    renamed("name", "PolicyName"),
    renamed("autoscalingGroupName", "AutoScalingGroupName"),
    blocks(
        "stepAdjustments",
        shape(
            f"{POLICY}.stepAdjustments",
            "scalingAdjustment",
            _bound("metricIntervalLowerBound", "MetricIntervalLowerBound"),
            _bound("metricIntervalUpperBound", "MetricIntervalUpperBound"),
        ),
    ),
    block(
        "targetTrackingConfiguration",
        shape(
            f"{POLICY}.targetTrackingConfiguration",
            decimal("targetValue"),
            "disableScaleIn",
            block(
                "predefinedMetricSpecification",
                shape(
                    f"{POLICY}.targetTrackingConfiguration.predefinedMetricSpecification",
                    "predefinedMetricType",
                    "resourceLabel",
                ),
            ),
        ),
    ),
)


class PolicyHandler:
    """A scaling policy of an Auto Scaling group; simple, step or target tracking."""

    token: ClassVar[str] = POLICY

    def create(self, call: Call, inputs: Inputs) -> str:
        """PutScalingPolicy; the name is the id."""
        call.clients("autoscaling").put_scaling_policy(**POLICY_SHAPE.to_api(inputs, others={"arn"}))
        return inputs["name"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The policy of that name in its group; on import the id is `group/policy`."""
        group, _, name = resource_id.rpartition("/")
        group = state.get("autoscalingGroupName") or group
        policies = call.clients("autoscaling").describe_policies(
            **({"AutoScalingGroupName": group} if group else {}),
            PolicyNames=[name],
        )["ScalingPolicies"]
        if not policies:
            return None
        # The local AWS leaves the flag out; the API's own default is on.
        answer = {"enabled": True} | POLICY_SHAPE.from_api(policies[0]) | {"arn": policies[0]["PolicyARN"]}
        return known_form(answer, state, unordered={"stepAdjustments"})

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """PutScalingPolicy with everything."""
        del resource_id, old, changed
        self.create(call, new)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeletePolicy; a policy or group that is gone is done."""
        with ignoring("ValidationError"):
            call.clients("autoscaling").delete_policy(
                AutoScalingGroupName=state["autoscalingGroupName"],
                PolicyName=resource_id.rpartition("/")[2],
            )

    def import_id(self, call: Call, given: str) -> str:
        """`group/policy` as the policy's name, when only one policy of the region has it."""
        del call
        return given.rpartition("/")[2]


class ScheduleHandler:
    """A scheduled change of an Auto Scaling group's sizes."""

    token: ClassVar[str] = SCHEDULE

    def create(self, call: Call, inputs: Inputs) -> str:
        """PutScheduledUpdateGroupAction; an unset size is sent as 0, one of -1 is left out."""
        sizes = {"MinSize": "minSize", "MaxSize": "maxSize", "DesiredCapacity": "desiredCapacity"}
        members: dict[str, Any] = {
            api: int(inputs.get(name) or 0)
            for api, name in sizes.items()
            if int(inputs.get(name) or 0) != UNCHANGED_SIZE
        }
        for api, name in (("Recurrence", "recurrence"), ("TimeZone", "timeZone")):
            if inputs.get(name):
                members[api] = inputs[name]
        for api, name in (("StartTime", "startTime"), ("EndTime", "endTime")):
            if inputs.get(name):
                members[api] = datetime.strptime(inputs[name], TIME_FORM).replace(tzinfo=UTC)
        call.clients("autoscaling").put_scheduled_update_group_action(
            AutoScalingGroupName=inputs["autoscalingGroupName"],
            ScheduledActionName=inputs["scheduledActionName"],
            **members,
        )
        return inputs["scheduledActionName"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The action of that name; a size that it leaves alone reads as -1."""
        group = state.get("autoscalingGroupName")
        actions = call.clients("autoscaling").describe_scheduled_actions(
            ScheduledActionNames=[resource_id],
            **({"AutoScalingGroupName": group} if group else {}),
        )["ScheduledUpdateGroupActions"]
        if not actions:
            return None
        action: dict[str, Any] = actions[0]
        answer: Inputs = {
            "arn": action.get("ScheduledActionARN"),
            "autoscalingGroupName": action["AutoScalingGroupName"],
            "scheduledActionName": action["ScheduledActionName"],
            "minSize": action.get("MinSize", UNCHANGED_SIZE),
            "maxSize": action.get("MaxSize", UNCHANGED_SIZE),
            "desiredCapacity": action.get("DesiredCapacity", UNCHANGED_SIZE),
            "recurrence": action.get("Recurrence"),
            "timeZone": action.get("TimeZone"),
            "startTime": _time_text(action.get("StartTime")),
            "endTime": _time_text(action.get("EndTime")),
        }
        return known_form(answer, state)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """PutScheduledUpdateGroupAction with everything."""
        del resource_id, old, changed
        self.create(call, new)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteScheduledAction; an action that is gone is done."""
        with ignoring("ValidationError"):
            call.clients("autoscaling").delete_scheduled_action(
                AutoScalingGroupName=state["autoscalingGroupName"],
                ScheduledActionName=resource_id,
            )

    def import_id(self, call: Call, given: str) -> str:
        """`group/action` as the action's name."""
        del call
        return given.rpartition("/")[2]


def _time_text(value: datetime | None) -> str | None:
    return value.astimezone(UTC).strftime(TIME_FORM) if value else None

"""The operations of Application Auto Scaling, for the namespace `ecs`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from botocore import xform_name

from tinystacks.controlplane.errors import EcsError
from tinystacks.local.appautoscaling_api.shapes import (
    Shape,
    alarm_shapes,
    scalable_target_shape,
    scaling_activity_shape,
    scaling_policy_shape,
    scheduled_action_shape,
)
from tinystacks.local.json_api.errors import ApiError
from tinystacks.local.json_api.paging import Key, Pages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinystacks.controlplane.model import ScalableTarget, ScalingActivity, ScalingPolicy, ScheduledAction
    from tinystacks.controlplane.plane import ControlPlane

Item = TypeVar("Item")

PAGE = 50
"""Default and largest page of every list (API reference of each Describe operation)."""
MOST_TAGS = 50
"""Tags that a scalable target may have (API TooManyTagsException; tagging limits of AWS)."""
_PAGES = Pages(lambda: EcsError("InvalidNextTokenException", "The next token supplied was invalid."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call: its operation, the checked request, and the control plane of its region (locked)."""

    operation: str
    body: Shape
    plane: ControlPlane

    def arguments(self) -> dict[str, Any]:
        """Give the request's members by the names that the plane's commands use."""
        return {xform_name(name): value for name, value in self.body.items()}

    def targets(self) -> list[ScalableTarget]:
        """Give the targets that the request's namespace, dimension and resource leave over."""
        body = self.body
        if body["ServiceNamespace"] != "ecs":
            return []
        wanted: list[str] = body.get("ResourceIds") or [body["ResourceId"]] if _names_resource(body) else []
        return [
            target
            for target in self.plane.state.targets.values()
            if body.get("ScalableDimension") in {None, target.scalable_dimension}
            and (not wanted or target.resource_id in wanted)
        ]

    def page(
        self, items: Iterable[Item], *, key: Callable[[Item], Key], descending: bool = False
    ) -> tuple[list[Item], Shape]:
        """Cut the page that the request asks for; the second result is the `NextToken` member, if there is one."""
        size = self.body.get("MaxResults", PAGE)
        if not 1 <= size <= PAGE:
            raise EcsError("ValidationException", f"Maximum results must be between 1 and {PAGE}")
        page, token = _PAGES.cut(
            items,
            name=self.operation,
            key=key,
            size=size,
            token=self.body.get("NextToken"),
            descending=descending,
        )
        return page, {} if token is None else {"NextToken": token}


Operation = Callable[[Call], Shape]


def _names_resource(body: Shape) -> bool:
    return bool(body.get("ResourceIds") or body.get("ResourceId"))


def _ecs_only(call: Call) -> None:
    """Refuse to make something in another namespace than `ecs`: nothing here would scale it."""
    namespace, dimension = call.body["ServiceNamespace"], call.body["ScalableDimension"]
    if namespace != "ecs" or dimension != "ecs:service:DesiredCount":
        raise EcsError("ValidationException", f"Unsupported service namespace, resource type or dimension: {dimension}")


def _register_target(call: Call) -> Shape:
    _ecs_only(call)
    return {"ScalableTargetARN": call.plane.register_scalable_target(**call.arguments()).arn}


def _deregister_target(call: Call) -> Shape:
    call.plane.deregister_scalable_target(**call.arguments())
    return {}


def _describe_targets(call: Call) -> Shape:
    account = call.plane.state.account_id
    role = (
        f"arn:aws:iam::{account}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
        "AWSServiceRoleForApplicationAutoScaling_ECSService"
    )
    page, token = call.page(call.targets(), key=lambda one: (one.resource_id, one.scalable_dimension))
    return {"ScalableTargets": [scalable_target_shape(target, role_arn=role) for target in page]} | token


def _put_policy(call: Call) -> Shape:
    _ecs_only(call)
    policy = call.plane.put_scaling_policy(**call.arguments())
    return {"PolicyARN": policy.arn, "Alarms": alarm_shapes(policy)}


def _delete_policy(call: Call) -> Shape:
    call.plane.delete_scaling_policy(**call.arguments())
    return {}


def _describe_policies(call: Call) -> Shape:
    names = call.body.get("PolicyNames")
    policies: list[ScalingPolicy] = [
        policy
        for target in call.targets()
        for policy in target.policies.values()
        if not names or policy.name in names or policy.arn in names
    ]
    page, token = call.page(policies, key=lambda one: (one.resource_id, one.name))
    return {"ScalingPolicies": [scaling_policy_shape(policy) for policy in page]} | token


def _put_scheduled_action(call: Call) -> Shape:
    _ecs_only(call)
    call.plane.put_scheduled_action(**call.arguments())
    return {}


def _delete_scheduled_action(call: Call) -> Shape:
    call.plane.delete_scheduled_action(**call.arguments())
    return {}


def _describe_scheduled_actions(call: Call) -> Shape:
    names = call.body.get("ScheduledActionNames")
    actions: list[ScheduledAction] = [
        action
        for target in call.targets()
        for action in target.scheduled_actions.values()
        if not names or action.name in names or action.arn in names
    ]
    page, token = call.page(actions, key=lambda one: (one.resource_id, one.name))
    return {"ScheduledActions": [scheduled_action_shape(action) for action in page]} | token


def _describe_activities(call: Call) -> Shape:
    with_not_scaled = call.body.get("IncludeNotScaledActivities", False)
    activities: list[ScalingActivity] = [
        activity
        for target in call.targets()
        for activity in target.activities
        if with_not_scaled or not activity.not_scaled_reasons
    ]
    page, token = call.page(activities, key=lambda one: (one.start_time, one.id), descending=True)
    return {"ScalingActivities": [scaling_activity_shape(activity) for activity in page]} | token


def _target_by_arn(call: Call) -> ScalableTarget:
    arn = call.body["ResourceARN"]
    for target in call.plane.state.targets.values():
        if target.arn == arn:
            return target
    raise ApiError(
        "ResourceNotFoundException", f"The specified resource doesn't exist: {arn}", fields={"ResourceName": arn}
    )


def _tag(call: Call) -> Shape:
    target = _target_by_arn(call)
    tags: dict[str, str] = call.body["Tags"]
    if len(target.tags | tags) > MOST_TAGS:
        raise ApiError(
            "TooManyTagsException",
            f"The request contains too many tags: at most {MOST_TAGS} per resource.",
            fields={"ResourceName": target.arn},
        )
    if any(key.startswith("aws:") for key in tags):
        raise EcsError("ValidationException", "Tag keys must not begin with aws:")
    target.tags |= tags
    return {}


def _untag(call: Call) -> Shape:
    target = _target_by_arn(call)
    for key in call.body["TagKeys"]:
        target.tags.pop(key, None)
    return {}


def _list_tags(call: Call) -> Shape:
    return {"Tags": dict(_target_by_arn(call).tags)}


OPERATIONS: dict[str, Operation] = {
    "DeleteScalingPolicy": _delete_policy,
    "DeleteScheduledAction": _delete_scheduled_action,
    "DeregisterScalableTarget": _deregister_target,
    "DescribeScalableTargets": _describe_targets,
    "DescribeScalingActivities": _describe_activities,
    "DescribeScalingPolicies": _describe_policies,
    "DescribeScheduledActions": _describe_scheduled_actions,
    "ListTagsForResource": _list_tags,
    "PutScalingPolicy": _put_policy,
    "PutScheduledAction": _put_scheduled_action,
    "RegisterScalableTarget": _register_target,
    "TagResource": _tag,
    "UntagResource": _untag,
}
"""Every operation but GetPredictiveScalingForecast: nothing here is forecast."""

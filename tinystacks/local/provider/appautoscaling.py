"""Application Auto Scaling: `aws:appautoscaling/{target:Target,policy:Policy,scheduledAction:ScheduledAction}`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.api_errors import after_creation, ignoring, is_error
from tinystacks.local.provider.api_shapes import entries, known_form, refuse_unknown
from tinystacks.local.provider.appautoscaling_shapes import (
    POLICY,
    SUSPENDED_STATE,
    TARGET_ACTION,
    policy_members,
    policy_properties,
)
from tinystacks.local.provider.ec2_lookups import one_or_none
from tinystacks.local.provider.ec2_tags import changed_tags
from tinystacks.local.provider.handler import Call, Inputs, polling, tried_until

SERVICE = "application-autoscaling"
GONE_CODE = "ObjectNotFoundException"
PROPAGATION_SECONDS = 120.0
ACTION_RETRY_SECONDS = 300.0
KEY = {"serviceNamespace": "ServiceNamespace", "resourceId": "ResourceId", "scalableDimension": "ScalableDimension"}
"""What names a scalable target."""
IMPORT_FORM = 3
"""Slashes in `namespace/resourceId/dimension` beside those of the resource id itself (`service/cluster/name`)."""


class TargetHandler:
    """A scalable target: the bounds of an ECS service's desired count."""

    token: ClassVar[str] = "aws:appautoscaling/target:Target"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """RegisterScalableTarget, again while role or service is too new; then until it is found."""
        refuse_unknown(self.token, inputs, {*KEY, "minCapacity", "maxCapacity", "roleArn", "suspendedState"})
        client = call.clients(SERVICE)
        tags = {"Tags": inputs["tagsAll"]} if inputs.get("tagsAll") else {}
        tried_until(
            call,
            lambda: client.register_scalable_target(**self._members(inputs), **tags),
            passing=_role_or_service_is_new,
            timeout_seconds=PROPAGATION_SECONDS,
        )
        resource_id: str = inputs["resourceId"]
        with after_creation(resource_id):
            polling(
                call,
                lambda: self._found(call, inputs),
                until=f"Application AutoScaling Target ({resource_id}) to be found",
                timeout_seconds=PROPAGATION_SECONDS,
            )
        return resource_id

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The target of namespace, resource and dimension; on import the id carries all three."""
        key = state if state.get("scalableDimension") else _key_of_ecs_service(resource_id)
        target = self._found(call, key)
        if target is None:
            return None
        answer: Inputs = {
            **{name: target[api] for name, api in KEY.items()},
            "arn": target.get("ScalableTargetARN"),
            "minCapacity": target["MinCapacity"],
            "maxCapacity": target["MaxCapacity"],
            "roleArn": target.get("RoleARN"),
            "suspendedState": SUSPENDED_STATE.from_api(target.get("SuspendedState") or {}),
            "tagsAll": self._tags(call, target),
        }
        return known_form(answer, state)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags; RegisterScalableTarget without tags."""
        del resource_id
        client = call.clients(SERVICE)
        removed, added = changed_tags(old, new)
        if removed:
            client.untag_resource(ResourceARN=old["arn"], TagKeys=removed)
        if added:
            client.tag_resource(ResourceARN=old["arn"], Tags=added)
        if changed & {"minCapacity", "maxCapacity", "roleArn", "suspendedState"}:
            client.register_scalable_target(**self._members(new))

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeregisterScalableTarget, then until it is not found; its policies and actions go with it."""
        with ignoring(GONE_CODE):
            call.clients(SERVICE).deregister_scalable_target(**_key_members(state))
        polling(
            call,
            lambda: True if self._found(call, state) is None else None,
            until=f"Application AutoScaling Target ({resource_id}) to be deregistered",
            timeout_seconds=300,
        )

    def import_id(self, call: Call, given: str) -> str:
        """`ecs/service/cluster/name/ecs:service:DesiredCount` as the resource id."""
        del call
        return _split_import_id(given)["resourceId"]

    def _members(self, inputs: Inputs) -> dict[str, Any]:
        members: dict[str, Any] = {
            **_key_members(inputs),
            "MinCapacity": int(inputs["minCapacity"]),
            "MaxCapacity": int(inputs["maxCapacity"]),
        }
        if inputs.get("roleArn"):
            members["RoleARN"] = inputs["roleArn"]
        if inputs.get("suspendedState"):
            members["SuspendedState"] = SUSPENDED_STATE.to_api(inputs["suspendedState"])
        return members

    def _found(self, call: Call, key: Inputs) -> dict[str, Any] | None:
        targets = call.clients(SERVICE).describe_scalable_targets(
            ServiceNamespace=key["serviceNamespace"],
            ResourceIds=[key["resourceId"]],
            ScalableDimension=key["scalableDimension"],
        )["ScalableTargets"]
        return targets[0] if targets else None

    def _tags(self, call: Call, target: dict[str, Any]) -> dict[str, str]:
        if not target.get("ScalableTargetARN"):
            return {}
        return call.clients(SERVICE).list_tags_for_resource(ResourceARN=target["ScalableTargetARN"])["Tags"]


class PolicyHandler:
    """A scaling policy of a scalable target."""

    token: ClassVar[str] = POLICY

    def create(self, call: Call, inputs: Inputs) -> str:
        """PutScalingPolicy; the name is the id."""
        client = call.clients(SERVICE)
        members = policy_members(inputs)
        tried_until(
            call,
            lambda: client.put_scaling_policy(PolicyName=inputs["name"], **_key_members(inputs), **members),
            passing=lambda error: is_error(error, "FailedResourceAccessException", GONE_CODE),
            timeout_seconds=PROPAGATION_SECONDS,
        )
        return inputs["name"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The policy of that name of its target."""
        client = call.clients(SERVICE)
        key = state if state.get("serviceNamespace") else {"serviceNamespace": "ecs"}
        members: Inputs = {"ServiceNamespace": key["serviceNamespace"], "PolicyNames": [resource_id]}
        members |= {KEY[name]: state[name] for name in ("resourceId", "scalableDimension") if state.get(name)}
        policy = one_or_none(lambda: client.describe_scaling_policies(**members)["ScalingPolicies"], GONE_CODE)
        if policy is None:
            return None
        answer: Inputs = {
            **{name: policy[api] for name, api in KEY.items()},
            **policy_properties(policy),
            "arn": policy["PolicyARN"],
            "alarmArns": [alarm["AlarmARN"] for alarm in entries(policy, "Alarms")],
            "name": policy["PolicyName"],
        }
        return known_form(answer, state, unordered={"stepScalingPolicyConfiguration.stepAdjustments"})

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """PutScalingPolicy with everything."""
        del resource_id, old, changed
        self.create(call, new)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteScalingPolicy; one that went with its target is done."""
        with ignoring(GONE_CODE):
            call.clients(SERVICE).delete_scaling_policy(PolicyName=resource_id, **_key_members(state))

    def import_id(self, call: Call, given: str) -> str:
        """`namespace/resourceId/dimension/name` as the policy's name."""
        del call
        return given.rpartition("/")[2]


class ScheduledActionHandler:
    """A scheduled change of a scalable target's bounds."""

    token: ClassVar[str] = "aws:appautoscaling/scheduledAction:ScheduledAction"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """PutScheduledAction, again while the target is not visible yet."""
        known = {*KEY, "name", "schedule", "timezone", "startTime", "endTime", "scalableTargetAction"}
        refuse_unknown(self.token, inputs, known)
        client = call.clients(SERVICE)
        members = self._members(inputs)
        tried_until(
            call,
            lambda: client.put_scheduled_action(**members),
            passing=lambda error: is_error(error, GONE_CODE),
            timeout_seconds=ACTION_RETRY_SECONDS,
        )
        return f"{inputs['name']}-{inputs['serviceNamespace']}-{inputs['resourceId']}"

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The action of that name of its target."""
        if not state.get("name"):
            raise LocalAwsError(f"{self.token} cannot be imported ({resource_id})")
        client = call.clients(SERVICE)
        members = _key_members(state) | {"ScheduledActionNames": [state["name"]]}
        action = one_or_none(lambda: client.describe_scheduled_actions(**members)["ScheduledActions"], GONE_CODE)
        if action is None:
            return None
        answer: Inputs = {
            **{name: action[api] for name, api in KEY.items()},
            "arn": action["ScheduledActionARN"],
            "name": action["ScheduledActionName"],
            "schedule": action["Schedule"],
            "timezone": action.get("Timezone") or "UTC",
            "startTime": _time_form(action.get("StartTime"), state.get("startTime")),
            "endTime": _time_form(action.get("EndTime"), state.get("endTime")),
            "scalableTargetAction": TARGET_ACTION.from_api(action.get("ScalableTargetAction") or {}),
        }
        return known_form(answer, state)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """PutScheduledAction; a time that is no longer given is not sent, so AWS keeps it."""
        del resource_id, old, changed
        self.create(call, new)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteScheduledAction; one that went with its target is done."""
        del resource_id
        with ignoring(GONE_CODE):
            call.clients(SERVICE).delete_scheduled_action(ScheduledActionName=state["name"], **_key_members(state))

    def _members(self, inputs: Inputs) -> dict[str, Any]:
        members: dict[str, Any] = {
            **_key_members(inputs),
            "ScheduledActionName": inputs["name"],
            "Schedule": inputs["schedule"],
            "ScalableTargetAction": TARGET_ACTION.to_api(inputs["scalableTargetAction"]),
            "Timezone": inputs.get("timezone") or "UTC",
        }
        for name, api in (("startTime", "StartTime"), ("endTime", "EndTime")):
            if inputs.get(name):
                members[api] = datetime.fromisoformat(inputs[name])
        return members


def _key_members(inputs: Inputs) -> dict[str, Any]:
    return {api: inputs[name] for name, api in KEY.items()}


def _split_import_id(given: str) -> Inputs:
    namespace, _, rest = given.partition("/")
    resource_id, _, dimension = rest.rpartition("/")
    if given.count("/") < IMPORT_FORM:
        raise LocalAwsError(f"{given} is not of the form <service-namespace>/<resource-id>/<scalable-dimension>")
    return {"serviceNamespace": namespace, "resourceId": resource_id, "scalableDimension": dimension}


def _key_of_ecs_service(resource_id: str) -> Inputs:
    """With nothing known but the resource id: ECS is the only namespace that the local AWS has."""
    return {
        "serviceNamespace": "ecs",
        "resourceId": resource_id,
        "scalableDimension": "ecs:service:DesiredCount",
    }


def _role_or_service_is_new(error: Exception) -> bool:
    texts = ("Unable to assume IAM role", "ECS service doesn't exist", "ECS service does not exist")
    return any(is_error(error, "ValidationException", text=text) for text in texts)


def _time_form(found: datetime | None, known: str | None) -> str | None:
    """The time as RFC 3339, in the program's own writing when it is the same instant."""
    if found is None:
        return None
    if known and datetime.fromisoformat(known).astimezone(UTC) == found.astimezone(UTC):
        return known
    return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

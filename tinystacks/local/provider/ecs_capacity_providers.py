"""`aws:ecs/capacityProvider:CapacityProvider`."""

from __future__ import annotations

from typing import Any, ClassVar

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.api_errors import ignoring, is_error, passing
from tinystacks.local.provider.api_shapes import block, known_form, refuse_unknown, same_case_shape
from tinystacks.local.provider.ecs_tags import tag_map, tags_member, update_tags
from tinystacks.local.provider.handler import Call, Inputs, PlanError, polling, tried_until

TOKEN = "aws:ecs/capacityProvider:CapacityProvider"  # noqa: S105 - a type token, no secret
UPDATE_WAIT_SECONDS = 600.0
DELETE_WAIT_SECONDS = 1200.0

GROUP_PROVIDER = same_case_shape(
    f"{TOKEN}.autoScalingGroupProvider",
    "autoScalingGroupArn",
    "managedDraining",
    "managedTerminationProtection",
    block(
        "managedScaling",
        same_case_shape(
            f"{TOKEN}.autoScalingGroupProvider.managedScaling",
            "instanceWarmupPeriod",
            "maximumScalingStepSize",
            "minimumScalingStepSize",
            "status",
            "targetCapacity",
        ),
        "managedScaling",
    ),
)


class CapacityProviderHandler:
    """A capacity provider over an Auto Scaling group."""

    token: ClassVar[str] = TOKEN

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateCapacityProvider, which is not waited for."""
        refuse_unknown(self.token, inputs, {"name", "autoScalingGroupProvider"})
        answer = call.clients("ecs").create_capacity_provider(
            name=inputs["name"],
            autoScalingGroupProvider=_group_provider(inputs["autoScalingGroupProvider"]),
            **tags_member(inputs),
        )
        return answer["capacityProvider"]["capacityProviderArn"]

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The capacity provider; an inactive one is gone."""
        provider = self._found(call, resource_id)
        if provider is None:
            return None
        answer: Inputs = {
            "arn": provider["capacityProviderArn"],
            "name": provider["name"],
            "autoScalingGroupProvider": GROUP_PROVIDER.from_api(provider.get("autoScalingGroupProvider") or {}),
            "tagsAll": tag_map(provider.get("tags")),
        }
        return known_form(answer, state)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags; UpdateCapacityProvider with the block without the group's ARN, then until the update is complete."""
        refuse_unknown(self.token, new, {"name", "autoScalingGroupProvider"})
        update_tags(call, resource_id, old, new)
        if "autoScalingGroupProvider" not in changed:
            return
        ecs = call.clients("ecs")
        provider = _group_provider(new["autoScalingGroupProvider"])
        provider.pop("autoScalingGroupArn", None)
        tried_until(
            call,
            lambda: ecs.update_capacity_provider(name=new["name"], autoScalingGroupProvider=provider),
            passing=passing("UpdateInProgressException"),
            timeout_seconds=UPDATE_WAIT_SECONDS,
        )
        polling(
            call,
            lambda: self._updated(call, resource_id),
            until=f"ECS Capacity Provider ({resource_id}) to be updated",
            timeout_seconds=UPDATE_WAIT_SECONDS,
        )

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteCapacityProvider, then until it is gone."""
        del state
        with ignoring("ClientException", text="does not exist"):
            call.clients("ecs").delete_capacity_provider(capacityProvider=resource_id)
        polling(
            call,
            lambda: self._deleted(call, resource_id),
            until=f"ECS Capacity Provider ({resource_id}) to be deleted",
            timeout_seconds=DELETE_WAIT_SECONDS,
        )

    def plan(self, call: Call, old: Inputs | None, new: Inputs) -> list[PlanError]:
        """A group has no cluster; managed instances need one."""
        del call, old
        if new.get("autoScalingGroupProvider") and new.get("cluster"):
            reason = "cluster must not be set when using autoScalingGroupProvider"
            return [PlanError(property="cluster", reason=reason)]
        if new.get("managedInstancesProvider") and not new.get("cluster"):
            reason = "cluster is required when using managedInstancesProvider"
            return [PlanError(property="cluster", reason=reason)]
        return []

    def replace_keys(self, old: Inputs, new: Inputs) -> frozenset[str]:
        """A block that appears or disappears, and another group, make another capacity provider."""
        blocks = ("autoScalingGroupProvider", "managedInstancesProvider")
        keys = {name for name in blocks if bool(old.get(name)) is not bool(new.get(name))}
        return frozenset(keys)

    def _found(self, call: Call, arn: str) -> dict[str, Any] | None:
        answer = call.clients("ecs").describe_capacity_providers(capacityProviders=[arn], include=["TAGS"])
        providers: list[dict[str, Any]] = answer["capacityProviders"]
        return providers[0] if providers and providers[0]["status"] != "INACTIVE" else None

    def _updated(self, call: Call, arn: str) -> bool | None:
        provider = self._found(call, arn) or {}
        if provider.get("updateStatus") == "UPDATE_FAILED":
            raise LocalAwsError(f"ECS Capacity Provider ({arn}): {provider.get('updateStatusReason')}")
        return None if provider.get("updateStatus") == "UPDATE_IN_PROGRESS" else True

    def _deleted(self, call: Call, arn: str) -> bool | None:
        try:
            provider = self._found(call, arn)
        except call.clients("ecs").exceptions.ClientError as error:
            if is_error(error, "ClientException", text="does not exist"):
                return True
            raise
        if provider and provider.get("updateStatus") == "DELETE_FAILED":
            raise LocalAwsError(f"ECS Capacity Provider ({arn}): {provider.get('updateStatusReason')}")
        return True if provider is None else None


def _group_provider(given: Inputs) -> dict[str, Any]:
    """The block for the API: an unset warm-up is sent as 0, other numbers only when they are not 0."""
    members = GROUP_PROVIDER.to_api(given)
    scaling: dict[str, Any] | None = members.get("managedScaling")
    if scaling is not None:
        sizes = ("maximumScalingStepSize", "minimumScalingStepSize", "targetCapacity")
        members["managedScaling"] = {
            "instanceWarmupPeriod": 0,
            **{name: value for name, value in scaling.items() if value or name not in sizes},
        }
    return {name: value for name, value in members.items() if value not in (None, "")}

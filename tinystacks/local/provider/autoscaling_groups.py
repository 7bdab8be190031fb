"""`aws:autoscaling/group:Group`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from tinystacks.local.provider.api_errors import after_creation, ignoring, is_error, passing
from tinystacks.local.provider.api_shapes import entries, known_form
from tinystacks.local.provider.autoscaling_capacity import wait_for_capacity
from tinystacks.local.provider.autoscaling_refresh import refresh_wanted, start_refresh
from tinystacks.local.provider.autoscaling_shapes import (
    GROUP,
    LIFECYCLE_HOOK,
    SETTINGS,
    UNORDERED,
    WARM_POOL,
    group_members,
    seconds,
    tag_members,
)
from tinystacks.local.provider.handler import Call, Inputs, polling, tried_until

if TYPE_CHECKING:
    from collections.abc import Iterable

NOT_CHANGED_BY_THE_LOCAL_AWS = (
    "capacityRebalance",
    "defaultCooldown",
    "defaultInstanceWarmup",
    "desiredCapacityType",
    "availabilityZoneDistribution",
    "instanceMaintenancePolicy",
    "maxInstanceLifetime",
    "placementGroup",
    "serviceLinkedRoleArn",
    "terminationPolicies",
    "context",
)
"""Settings that the local Auto Scaling does not tell, or does not change after creation: the state is what is known."""

CHANGED_BY_UPDATE = frozenset({member.name for member in SETTINGS.members} | {"vpcZoneIdentifiers"})
BATCH = 50
"""Instances per SetInstanceProtection call (API reference)."""
TARGET_GROUP_BATCH = 10
"""Target groups per attach or detach call (API reference)."""


class GroupHandler:
    """An Auto Scaling group."""

    token: ClassVar[str] = GROUP

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateAutoScalingGroup, the capacity wait, then what has calls of its own."""
        autoscaling = call.clients("autoscaling")
        name: str = inputs["name"]
        hooks = entries(inputs, "initialLifecycleHooks")
        members = group_members(inputs)
        if not members.get("DesiredCapacity"):
            members.pop("DesiredCapacity", None)
        sizes = {key: members[key] for key in ("MinSize", "MaxSize", "DesiredCapacity") if key in members}
        if hooks:
            members |= {"MinSize": 0, "MaxSize": 0}
            members.pop("DesiredCapacity", None)
        if inputs.get("targetGroupArns"):
            members["TargetGroupARNs"] = inputs["targetGroupArns"]
        started = datetime.now(UTC)
        tried_until(
            call,
            lambda: autoscaling.create_auto_scaling_group(
                AutoScalingGroupName=name,
                Tags=tag_members(name, entries(inputs, "tags")),
                **members,
            ),
            passing=passing("ValidationError", text="Invalid IAM Instance Profile"),
            timeout_seconds=120,
        )
        with after_creation(name):
            for hook in hooks:
                autoscaling.put_lifecycle_hook(AutoScalingGroupName=name, **LIFECYCLE_HOOK.to_api(hook))
            if hooks:
                autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, **sizes)
            limit = seconds(inputs.get("waitForCapacityTimeout") or "10m")
            if limit:
                wait_for_capacity(call, name, inputs, limit_seconds=limit, since=started)
            self._set_processes(call, name, [], entries(inputs, "suspendedProcesses"))
            self._set_metrics(call, name, [], inputs)
            if inputs.get("warmPool"):
                autoscaling.put_warm_pool(AutoScalingGroupName=name, **_warm_pool_members(inputs["warmPool"]))
        return name

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The group as it is; `desiredCapacity` moves with scaling."""
        group = found_group(call, resource_id)
        if group is None:
            return None
        policies: list[str] = group.get("TerminationPolicies", [])
        answer: Inputs = {
            **SETTINGS.from_api(group),
            "arn": group["AutoScalingGroupARN"],
            "name": group["AutoScalingGroupName"],
            "vpcZoneIdentifiers": [zone for zone in (group.get("VPCZoneIdentifier") or "").split(",") if zone],
            "targetGroupArns": group.get("TargetGroupARNs", []),
            "loadBalancers": group.get("LoadBalancerNames", []),
            "enabledMetrics": [entry["Metric"] for entry in group.get("EnabledMetrics", [])],
            "metricsGranularity": "1Minute",
            "suspendedProcesses": [entry["ProcessName"] for entry in group.get("SuspendedProcesses", [])],
            "predictedCapacity": group.get("PredictedCapacity", 0),
            "warmPoolSize": group.get("WarmPoolSize", 0),
            "warmPool": self._warm_pool(call, resource_id, state),
            "tags": [
                {
                    "key": tag["Key"],
                    "value": tag.get("Value", ""),
                    "propagateAtLaunch": bool(tag.get("PropagateAtLaunch")),
                }
                for tag in group.get("Tags", [])
            ],
        }
        if policies == ["Default"] and "Default" not in entries(state, "terminationPolicies"):
            answer.pop("terminationPolicies", None)
        answer |= {name: state[name] for name in NOT_CHANGED_BY_THE_LOCAL_AWS if state.get(name) is not None}
        return known_form(answer, state, unordered=UNORDERED)

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """One UpdateAutoScalingGroup for the settings; everything else has calls of its own."""
        if changed & CHANGED_BY_UPDATE:
            self._set_settings(call, resource_id, new, changed)
        if "tags" in changed:
            self._set_tags(call, resource_id, entries(old, "tags"), entries(new, "tags"))
        if "targetGroupArns" in changed:
            self._set_target_groups(call, resource_id, entries(old, "targetGroupArns"), entries(new, "targetGroupArns"))
        if refresh_wanted(new, changed):
            start_refresh(call, resource_id, new["instanceRefresh"])
        if "warmPool" in changed:
            self._set_warm_pool(call, resource_id, new)
        if changed & {"minSize", "desiredCapacity", "desiredCapacityType"}:
            limit = seconds(new.get("waitForCapacityTimeout") or "10m")
            if limit:
                wait_for_capacity(call, resource_id, new, limit_seconds=limit, since=datetime.now(UTC), exactly=True)
        if changed & {"enabledMetrics", "metricsGranularity"}:
            self._set_metrics(call, resource_id, entries(old, "enabledMetrics"), new)
        before, after = entries(old, "suspendedProcesses"), entries(new, "suspendedProcesses")
        self._set_processes(call, resource_id, before, after)

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """Drain unless forced, take the protection off, delete, and wait until it is gone."""
        autoscaling = call.clients("autoscaling")
        forced = bool(state.get("forceDelete"))
        if found_group(call, resource_id) is None:
            return
        if state.get("warmPool"):
            with ignoring("ValidationError"):
                autoscaling.delete_warm_pool(
                    AutoScalingGroupName=resource_id,
                    ForceDelete=forced or bool(state.get("forceDeleteWarmPool")),
                )
        with ignoring("ValidationError", text="not found"):
            self._unprotect(call, resource_id)
            if not forced:
                self._drain(call, resource_id)
            tried_until(
                call,
                lambda: autoscaling.delete_auto_scaling_group(AutoScalingGroupName=resource_id, ForceDelete=forced),
                passing=lambda error: is_error(
                    error, "ResourceInUse", "ResourceInUseFault", "ScalingActivityInProgress",
                    "ScalingActivityInProgressFault",
                ),
                timeout_seconds=call.timeout_seconds,
            )  # fmt: skip
        polling(
            call,
            lambda: True if found_group(call, resource_id) is None else None,
            until=f"Auto Scaling Group ({resource_id}) to be deleted",
        )

    def _set_settings(self, call: Call, name: str, new: Inputs, changed: frozenset[str]) -> None:
        members = group_members(new)
        if "desiredCapacity" not in changed:
            # The group scaled since: an update of something else must not put the old count back.
            members.pop("DesiredCapacity", None)
        if "capacityRebalance" in changed:
            members["CapacityRebalance"] = bool(new.get("capacityRebalance"))
        if "terminationPolicies" in changed:
            members["TerminationPolicies"] = new.get("terminationPolicies") or ["Default"]
        call.clients("autoscaling").update_auto_scaling_group(AutoScalingGroupName=name, **members)

    def _unprotect(self, call: Call, name: str) -> None:
        group = found_group(call, name) or {}
        instances: list[dict[str, Any]] = group.get("Instances", [])
        protected = [entry["InstanceId"] for entry in instances if entry.get("ProtectedFromScaleIn")]
        for batch in _batches(protected, BATCH):
            call.clients("autoscaling").set_instance_protection(
                AutoScalingGroupName=name,
                InstanceIds=batch,
                ProtectedFromScaleIn=False,
            )

    def _drain(self, call: Call, name: str) -> None:
        group = found_group(call, name) or {}
        again = {key: group[key] for key in ("LaunchTemplate", "MixedInstancesPolicy") if group.get(key)}
        if "LaunchTemplate" in again:
            again["LaunchTemplate"].pop("LaunchTemplateName", None)
        call.clients("autoscaling").update_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=0,
            MaxSize=0,
            DesiredCapacity=0,
            **again,
        )
        polling(
            call,
            lambda: None if (found_group(call, name) or {}).get("Instances") else True,
            until=f"Auto Scaling Group ({name}) to drain",
        )

    def _warm_pool(self, call: Call, name: str, state: Inputs) -> Inputs | None:
        if not state.get("warmPool"):
            return None
        pool = call.clients("autoscaling").describe_warm_pool(AutoScalingGroupName=name).get("WarmPoolConfiguration")
        return WARM_POOL.from_api(pool) if pool else None

    def _set_warm_pool(self, call: Call, name: str, new: Inputs) -> None:
        autoscaling = call.clients("autoscaling")
        if new.get("warmPool"):
            autoscaling.put_warm_pool(AutoScalingGroupName=name, **_warm_pool_members(new["warmPool"]))
        else:
            autoscaling.delete_warm_pool(AutoScalingGroupName=name, ForceDelete=bool(new.get("forceDeleteWarmPool")))

    def _set_tags(self, call: Call, name: str, before: list[Inputs], after: list[Inputs]) -> None:
        autoscaling = call.clients("autoscaling")
        kept = {tag["key"] for tag in after}
        gone = [tag for tag in before if tag["key"] not in kept]
        if gone:
            autoscaling.delete_tags(Tags=tag_members(name, gone))
        fresh = [tag for tag in after if tag not in before]
        if fresh:
            autoscaling.create_or_update_tags(Tags=tag_members(name, fresh))

    def _set_target_groups(self, call: Call, name: str, before: list[str], after: list[str]) -> None:
        autoscaling = call.clients("autoscaling")
        for batch in _batches(sorted(set(before) - set(after)), TARGET_GROUP_BATCH):
            autoscaling.detach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=batch)
        for batch in _batches(sorted(set(after) - set(before)), TARGET_GROUP_BATCH):
            autoscaling.attach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=batch)

    def _set_metrics(self, call: Call, name: str, before: list[str], new: Inputs) -> None:
        autoscaling = call.clients("autoscaling")
        after = entries(new, "enabledMetrics")
        gone = sorted(set(before) - set(after))
        if gone:
            autoscaling.disable_metrics_collection(AutoScalingGroupName=name, Metrics=gone)
        if after:
            granularity = new.get("metricsGranularity") or "1Minute"
            autoscaling.enable_metrics_collection(AutoScalingGroupName=name, Metrics=after, Granularity=granularity)

    def _set_processes(self, call: Call, name: str, before: list[str], after: list[str]) -> None:
        autoscaling = call.clients("autoscaling")
        resumed = sorted(set(before) - set(after))
        if resumed:
            autoscaling.resume_processes(AutoScalingGroupName=name, ScalingProcesses=resumed)
        suspended = sorted(set(after) - set(before))
        if suspended:
            autoscaling.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=suspended)


def found_group(call: Call, name: str) -> dict[str, Any] | None:
    """The group of that name, or None."""
    answer = call.clients("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    groups: list[dict[str, Any]] = answer["AutoScalingGroups"]
    return groups[0] if groups else None


def _warm_pool_members(pool: Inputs) -> dict[str, Any]:
    members = WARM_POOL.to_api(pool)
    if members.get("MaxGroupPreparedCapacity") == -1:
        members.pop("MaxGroupPreparedCapacity")
    return members


def _batches(values: Iterable[str], size: int) -> list[list[str]]:
    every = list(values)
    return [every[start : start + size] for start in range(0, len(every), size)]

"""Instance refresh: StartInstanceRefresh, DescribeInstanceRefreshes, CancelInstanceRefresh.

Source: EC2 Auto Scaling API reference (StartInstanceRefresh, RefreshPreferences, InstanceRefresh) and user guide, page
understand-instance-refresh-default-values. Instances are replaced in batches, so that never fewer than the minimum
healthy percentage stay; with 100 % or more a replacement is launched before an old one goes.
"""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tinystacks.local.call import RefusalError
from tinystacks.local.documents import structure
from tinystacks.local.groups import ZonedGroup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.call import AwsCall
    from tinystacks.local.clock import SpeededClock
    from tinystacks.local.emulation import Emulation

_RUNNING = frozenset({"Pending", "InProgress", "Cancelling"})
_DEFAULTS = {
    "MinHealthyPercentage": 90,
    "MaxHealthyPercentage": 100,
    "SkipMatching": False,
    "AutoRollback": False,
    "ScaleInProtectedInstances": "Ignore",
    "StandbyInstances": "Ignore",
}
_FULL = 100


@dataclass(slots=True, kw_only=True)
class _Refresh:
    id: str
    group_name: str
    preferences: dict[str, Any]
    desired_configuration: Mapping[str, Any] | None
    old: set[str]
    total: int
    status: str = "Pending"
    reason: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    warm_at: float = 0.0

    @property
    def percentage(self) -> int:
        return _FULL if not self.total else _FULL * (self.total - len(self.old)) // self.total


class InstanceRefreshes:
    """Every refresh of every group.

    Args:
        emulation: moto.
        clock: simulated time; warm-up takes it.
    """

    def __init__(self, emulation: Emulation, clock: SpeededClock) -> None:
        self._emulation = emulation
        self._clock = clock
        self._refreshes: dict[str, list[_Refresh]] = {}

    def start(self, call: AwsCall) -> dict[str, Any]:
        """StartInstanceRefresh."""
        group = self._group(call)
        name = str(group.name)
        if self._running(call.region, name) is not None:
            raise RefusalError(
                "InstanceRefreshInProgress",
                "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.",
            )
        preferences = {**_DEFAULTS, **structure(call.parameters, "Preferences")}
        preferences.setdefault("InstanceWarmup", group.health_check_grace_period or 0)
        old = {one.instance_id for one in group.staying()}
        if preferences["SkipMatching"]:
            old -= {one.instance_id for one in group.staying() if group.is_current(one)}
        if preferences["ScaleInProtectedInstances"] == "Ignore":
            old -= {one.instance_id for one in group.staying() if one.protected_from_scale_in}
        refresh = _Refresh(
            id=str(uuid.uuid4()),
            group_name=name,
            preferences=preferences,
            desired_configuration=call.parameters.get("DesiredConfiguration"),
            old=old,
            total=len(old),
        )
        self._refreshes.setdefault(call.region, []).insert(0, refresh)
        return {"InstanceRefreshId": refresh.id}

    def describe(self, call: AwsCall) -> dict[str, Any]:
        """DescribeInstanceRefreshes: newest first."""
        name = str(self._group(call).name)
        wanted = set(call.given("InstanceRefreshIds"))
        found = [
            one
            for one in self._refreshes.get(call.region, [])
            if one.group_name == name and (not wanted or one.id in wanted)
        ]
        return {"InstanceRefreshes": [_document(one) for one in found]}

    def cancel(self, call: AwsCall) -> dict[str, Any]:
        """CancelInstanceRefresh."""
        running = self._running(call.region, str(self._group(call).name))
        if running is None:
            raise RefusalError(
                "ActiveInstanceRefreshNotFound",
                "No in progress or pending Instance Refresh found for Auto Scaling group",
            )
        running.status, running.ended = "Cancelled", datetime.now(UTC)
        running.reason = "Cancelled due to user request."
        return {"InstanceRefreshId": running.id}

    def step(self, region: str, now: float) -> None:
        """Move the refreshes of a region on."""
        for refresh in self._refreshes.get(region, []):
            if refresh.status in _RUNNING:
                with self._emulation.lock:
                    group = self._emulation.autoscaling(region).autoscaling_groups.get(refresh.group_name)
                    if isinstance(group, ZonedGroup):
                        _step(refresh, group, now)
                    else:
                        refresh.status, refresh.ended = "Failed", datetime.now(UTC)
                        refresh.reason = "The Auto Scaling group was deleted."

    def _group(self, call: AwsCall) -> ZonedGroup:
        name = str(call.parameters.get("AutoScalingGroupName"))
        group = self._emulation.autoscaling(call.region).autoscaling_groups.get(name)
        if not isinstance(group, ZonedGroup):
            raise RefusalError(
                "ValidationError", f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"
            )
        return group

    def _running(self, region: str, name: str) -> _Refresh | None:
        found = [one for one in self._refreshes.get(region, []) if one.group_name == name and one.status in _RUNNING]
        return found[0] if found else None


def _step(refresh: _Refresh, group: ZonedGroup, now: float) -> None:
    refresh.status = "InProgress"
    members = {one.instance_id: one for one in group.instance_states}
    refresh.old &= members.keys()
    leaving = [one for one in group.leaving() if one.instance_id in refresh.old]
    if leaving or now < refresh.warm_at:
        return
    waiting = [members[one] for one in sorted(refresh.old)]
    if not waiting:
        refresh.status, refresh.ended = "Successful", datetime.now(UTC)
        return
    desired = max(1, group.desired_capacity or 0)
    minimum = int(refresh.preferences["MinHealthyPercentage"])
    room = math.floor(desired * (_FULL - min(minimum, _FULL)) / _FULL)
    batch = waiting[: max(1, room)]
    cause = f"an instance refresh replaced {len(batch)} of {desired} instances."
    for state in batch:
        if state.protected_from_scale_in and refresh.preferences["ScaleInProtectedInstances"] == "Wait":
            continue
        state.protected_from_scale_in = False
        group.begin_termination(state, cause)
    group.maintain()
    refresh.warm_at = now + float(refresh.preferences["InstanceWarmup"] or 0)


def _document(refresh: _Refresh) -> dict[str, Any]:
    return {
        "InstanceRefreshId": refresh.id,
        "AutoScalingGroupName": refresh.group_name,
        "Status": refresh.status,
        "StatusReason": refresh.reason or None,
        "StartTime": refresh.started,
        "EndTime": refresh.ended,
        "PercentageComplete": refresh.percentage,
        "InstancesToUpdate": len(refresh.old),
        "Preferences": refresh.preferences,
        "DesiredConfiguration": refresh.desired_configuration,
    }

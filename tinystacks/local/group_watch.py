"""Tells the control planes what Auto Scaling groups there are, and does to groups what the planes ask for."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tinystacks.local.emulation import cluster_of_user_data
from tinystacks.local.groups import WAITING, ZonedGroup, zoned_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.controlplane.plane import ControlPlane
    from tinystacks.local.emulation import Emulation
    from tinystacks.local.planes import PlaneRegistry

_MANAGED_TAG = "AmazonECSManaged"
ASSOCIATION_SECONDS = 10.0
"""Real seconds that the boot of a group's instances waits for a capacity provider of the group.

An instance counts to the provider only when it registers after the association (rule C3). On AWS it boots for a minute,
and the client that makes group, provider and association needs seconds. Here the boot is quick and the client is not.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    instance_id: str
    zone: str
    instance_type: str
    subnet_id: str
    vpc_id: str
    ami_id: str
    cluster: str | None
    reserved_memory: int
    leaving: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    arn: str
    name: str
    minimum: int
    maximum: int
    desired: int
    new_instances_protected: bool
    instance_types: tuple[str, ...]
    members: tuple[_Member, ...] = field(default=(), compare=False)


class GroupWatch:
    """Compares the groups of a region with what its plane was told, and tells the difference.

    Args:
        emulation: moto.
        planes: the control planes.
    """

    def __init__(self, emulation: Emulation, planes: PlaneRegistry) -> None:
        self._emulation = emulation
        self._planes = planes
        self._guard = threading.Lock()
        self._seen: dict[str, dict[str, _Seen]] = {}
        self._members: dict[str, dict[str, _Member]] = {}
        self._waiting_since: dict[str, dict[str, float]] = {}

    def maintain(self, region: str) -> None:
        """Let every group replace what it lost."""
        with self._emulation.lock:
            for group in self._groups(region):
                group.maintain()

    def observe(self, region: str) -> None:
        """Tell the region's plane what changed since the last time."""
        with self._guard:
            with self._emulation.lock:
                groups = {group.arn: _look(group) for group in self._groups(region)}
            known = self._seen.get(region, {})
            members = {one.instance_id: (arn, one) for arn, group in groups.items() for one in group.members}
            before = self._members.get(region, {})
            if groups == known and {key: one for key, (_, one) in members.items()} == before:
                return
            with self._planes.locked(region) as plane:
                for instance_id in self._waiting_for_a_provider(plane, members, before):
                    del members[instance_id]
                _tell(plane, known, groups, before, members)
            self._seen[region] = groups
            self._members[region] = {key: one for key, (_, one) in members.items()}

    def _waiting_for_a_provider(
        self, plane: ControlPlane, members: dict[str, tuple[str, _Member]], before: dict[str, _Member]
    ) -> list[str]:
        """Name new instances whose group no cluster has a capacity provider of yet."""
        state = plane.state
        names = {name for cluster in state.clusters.values() for name in cluster.capacity_providers}
        associated = {state.capacity_providers[name].auto_scaling_group_arn for name in names}
        new = [
            instance_id
            for instance_id, (arn, member) in members.items()
            if instance_id not in before and member.cluster is not None and arn not in associated
        ]
        now = time.monotonic()
        known = self._waiting_since.get(state.region, {})
        since = {instance_id: known.get(instance_id, now) for instance_id in new}
        self._waiting_since[state.region] = since
        return [instance_id for instance_id in new if now - since[instance_id] < ASSOCIATION_SECONDS]

    def note_drained_groups(self, plane: ControlPlane) -> None:
        """Keep which groups drain first; the caller holds the plane's lock, and moto's is not taken."""
        drained = {
            provider.auto_scaling_group_arn
            for provider in plane.state.capacity_providers.values()
            if provider.auto_scaling_group_arn
            and provider.status == "ACTIVE"
            and provider.managed_draining == "ENABLED"
        }
        region = plane.state.region
        elsewhere = {arn for arn in ZonedGroup.drained_groups if arn.split(":")[3] != region}
        if drained | elsewhere != ZonedGroup.drained_groups:
            ZonedGroup.drained_groups = drained | elsewhere

    def tag_managed_group(self, region: str, group_arn: str) -> None:
        """Put ECS's own tag on a group that it scales (ECS developer guide, cluster-auto-scaling)."""
        with self._emulation.lock:
            for group in self._groups(region):
                if group.arn == group_arn and all(tag["Key"] != _MANAGED_TAG for tag in group.tags):
                    tag = {
                        "ResourceId": group.name,
                        "ResourceType": "auto-scaling-group",
                        "Key": _MANAGED_TAG,
                        "Value": "",
                        "PropagateAtLaunch": True,
                    }
                    group.autoscaling_backend.create_or_update_tags([tag])  # pyright: ignore[reportArgumentType] - moto's type leaves out that PropagateAtLaunch is a boolean

    def set_desired(self, region: str, group_arn: str, desired: int, cause: str) -> None:
        """Raise the desired capacity of a group, within its bounds."""
        with self._emulation.lock:
            for group in self._groups(region):
                if group.arn == group_arn:
                    group.cause = cause
                    group.set_desired_capacity(max(group.min_size or 0, min(desired, group.max_size or 0)))

    def terminate(self, region: str, instance_id: str, *, decrement: bool, cause: str) -> None:
        """Let an instance that ECS chose go at once; ECS has drained it."""
        with self._emulation.lock:
            for group in self._groups(region):
                state = group.find(instance_id)
                if state is not None:
                    before = group.desired_capacity or 0
                    if decrement:
                        group.desired_capacity = max(group.min_size or 0, before - 1)
                    group.cause = f"{cause} changing the desired capacity from {before} to {group.desired_capacity}."
                    group.note_scale_in(state)
                    group.cause = ""
                    group.finish_termination(state)
                    group.maintain()

    def lose(self, region: str, instance_id: str, reason: str) -> None:
        """An instance's host is gone: nothing drains, the group replaces it."""
        with self._emulation.lock:
            for group in self._groups(region):
                state = group.find(instance_id)
                if state is not None:
                    group.note_termination(state, reason)
                    group.finish_termination(state)
                    group.maintain()

    def set_full_zones(self, region: str, zones: frozenset[str]) -> None:
        """EC2 launches nothing in these zones of a region, and something again in all others."""
        with self._emulation.lock:
            elsewhere = {zone for zone in ZonedGroup.full_zones if not zone.startswith(region)}
            ZonedGroup.full_zones = zones | elsewhere

    def balance_zones(self, region: str) -> None:
        """Have every group spread over its zones again, one of which has come back (rule C32)."""
        with self._emulation.lock:
            for group in self._groups(region):
                group.unbalanced = True

    def spot_instances(self, region: str) -> set[str]:
        """Ids of the Spot instances of a region's groups."""
        with self._emulation.lock:
            return {
                state.instance_id
                for group in self._groups(region)
                for state in group.staying()
                if state.instance.lifecycle == "spot"
            }

    def complete(self, region: str, instance_id: str) -> None:
        """Complete the termination hook of an instance."""
        with self._emulation.lock:
            for group in self._groups(region):
                state = group.find(instance_id)
                if state is not None and state.lifecycle_state == WAITING:
                    group.finish_termination(state)

    def protect(self, region: str, group_arn: str, instance_ids: Sequence[str], *, protected: bool) -> None:
        """Set or lift scale-in protection."""
        with self._emulation.lock:
            for group in self._groups(region):
                if group.arn == group_arn:
                    for state in group.instance_states:
                        if state.instance_id in instance_ids:
                            state.protected_from_scale_in = protected

    def _groups(self, region: str) -> list[ZonedGroup]:
        return zoned_groups(list(self._emulation.autoscaling(region).autoscaling_groups.values()))


def _look(group: ZonedGroup) -> _Seen:
    cluster = cluster_of_user_data(group.user_data_text())
    return _Seen(
        arn=group.arn,
        name=group.name,
        minimum=group.min_size or 0,
        maximum=group.max_size or 0,
        desired=group.desired_capacity or 0,
        new_instances_protected=bool(group.new_instances_protected_from_scale_in),
        instance_types=group.possible_instance_types(),
        members=tuple(
            _Member(
                instance_id=state.instance_id,
                zone=str(state.availability_zone or ""),
                instance_type=str(state.instance_type),
                subnet_id=str(state.instance.subnet_id or ""),
                vpc_id=str(state.instance.vpc_id or ""),
                ami_id=str(state.instance.image_id or ""),
                cluster=getattr(state.instance, "ecs_cluster", cluster),
                reserved_memory=getattr(state.instance, "ecs_reserved_memory", 0),
                leaving=state.lifecycle_state == WAITING,
            )
            for state in group.instance_states
            if state.instance.state == "running"
        ),
    )


def _tell(
    plane: ControlPlane,
    known: dict[str, _Seen],
    groups: dict[str, _Seen],
    before: dict[str, _Member],
    members: dict[str, tuple[str, _Member]],
) -> None:
    for arn, group in groups.items():
        if known.get(arn) != group:
            plane.group_observed(
                arn,
                name=group.name,
                minimum=group.minimum,
                maximum=group.maximum,
                desired=group.desired,
                new_instances_protected=group.new_instances_protected,
                instance_types=group.instance_types,
            )
    for instance_id in before.keys() - members.keys():
        plane.instance_terminated(instance_id)
    for instance_id, (arn, member) in members.items():
        old = before.get(instance_id)
        if old is None:
            plane.instance_launched(
                arn,
                instance_id,
                zone=member.zone,
                instance_type=member.instance_type,
                subnet_id=member.subnet_id,
                vpc_id=member.vpc_id,
                ami_id=member.ami_id,
                cluster=member.cluster,
                reserved_memory=member.reserved_memory,
            )
        if member.leaving and (old is None or not old.leaving):
            plane.instance_terminating(instance_id)
    for arn in known.keys() - groups.keys():
        plane.group_deleted(arn)

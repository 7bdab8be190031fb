"""Auto Scaling groups that launch and terminate as AWS's do, where moto puts every instance into one subnet.

Sources: EC2 Auto Scaling user guide, pages auto-scaling-benefits (zones), ec2-auto-scaling-termination-policies,
lifecycle-hooks, as-verify-scaling-activity (texts of activities).
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from moto.autoscaling.models import FakeAutoScalingGroup, InstanceState

from tinystacks.local.documents import members, structure
from tinystacks.local.emulation import cluster_of_user_data, reserved_memory_of_user_data
from tinystacks.local.group_activities import Activities, now_text
from tinystacks.local.group_places import can_be_balanced, next_place, refusal
from tinystacks.local.instance_profiles import give_profile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moto.ec2.models.launch_templates import LaunchTemplateVersion

WAITING = "Terminating:Wait"
"""Lifecycle state of an instance whose termination hook has not been completed."""
REFUSED_AGAIN_SECONDS = 30.0
"""Real seconds between two activities that say that nothing can be launched, or terminated."""
_PROTECTED = "Could not scale to desired capacity because all remaining instances are protected from scale-in."


class ZonedGroup(FakeAutoScalingGroup):
    """A group that spreads over zones, scales in by the default policy and lets ECS drain instances first.

    Attributes:
        full_zones: zones in which EC2 has no capacity now.
        drained_groups: ARNs of groups whose capacity provider has managed draining; the scheduler keeps it.
        activities: its scaling activities.
        cause: what asked for the next change of the desired capacity, as it stands in the activity's cause.
        unbalanced: a zone came back: launch there first, then terminate elsewhere, until the zones are even.
        deleting: it is being force-deleted: nothing is waited for any more.
    """

    full_zones: ClassVar[frozenset[str]] = frozenset()
    drained_groups: ClassVar[set[str]] = set()

    def __init__(self, **settings: Any) -> None:
        self.activities = Activities()
        self.cause = ""
        self.unbalanced = False
        self.refused_at = 0.0
        self.deleting = False
        self.instance_states: list[InstanceState] = []
        self.desired_capacity: int | None = 0
        super().__init__(**settings)

    def staying(self) -> list[InstanceState]:
        """Instances that count for the capacity: those not being terminated."""
        return [one for one in self.instance_states if not one.lifecycle_state.startswith("Terminating")]

    def leaving(self) -> list[InstanceState]:
        """Instances whose termination waits for ECS to drain them."""
        return [one for one in self.instance_states if one.lifecycle_state == WAITING]

    def set_desired_capacity(self, new_capacity: int | None) -> None:
        """Launch or terminate until the group has as many instances."""
        before = self.desired_capacity or 0
        self.desired_capacity = self.min_size if new_capacity is None else new_capacity
        if not self.cause and self.desired_capacity != before:
            self.cause = (
                "a user request update of AutoScalingGroup constraints to "
                f"min: {self.min_size}, max: {self.max_size}, desired: {self.desired_capacity} "
                f"changing the desired capacity from {before} to {self.desired_capacity}."
            )
        self.maintain()
        self.cause = ""
        if self.name in self.autoscaling_backend.autoscaling_groups:
            self.autoscaling_backend.update_attached_elbs(self.name)
            self.autoscaling_backend.update_attached_target_groups(self.name)

    def maintain(self) -> None:
        """Replace what is unhealthy or gone, launch what is missing, terminate what is too much."""
        suspended: set[str] = {one["ProcessName"] for one in self.suspended_processes}
        for state in self.staying():
            if state.health_status == "Unhealthy" and "ReplaceUnhealthy" not in suspended:
                self.begin_termination(state, "an instance was taken out of service in response to a health check.")
        missing = self._wanted_instances() - len(self.staying())
        if missing > 0 and "Launch" not in suspended:
            self.replace_autoscaling_group_instances(missing, self.get_propagated_tags())
        elif missing < 0 and "Terminate" not in suspended:
            self._scale_in(-missing)
        elif self.unbalanced and not suspended & {"Launch", "Terminate", "AZRebalance"}:
            self._balance()

    def begin_termination(self, state: InstanceState, reason: str) -> None:
        """Terminate an instance, after ECS has drained it where managed draining is on."""
        self.note_termination(state, reason)
        if self.arn in self.drained_groups and not self.deleting:
            state.lifecycle_state = WAITING
            self.activities.wait_for_hook(state.instance_id)
        else:
            self.finish_termination(state)

    def note_termination(self, state: InstanceState, reason: str = "") -> None:
        """Write the activity of a termination."""
        self.activities.write_termination(self.name, self.arn, state.instance_id, [self.cause, reason])

    def note_scale_in(self, state: InstanceState) -> None:
        """Write the activity of a termination that ECS's scale-in chose (rule C34)."""
        self.note_termination(state, self._shrinking(state))

    def finish_termination(self, state: InstanceState) -> None:
        """Let an instance go for good."""
        self.instance_states = [one for one in self.instance_states if one is not state]
        self.activities.end(state.instance_id)
        if state.instance.state != "terminated":
            self.ec2_backend.terminate_instances([state.instance_id])
            self.autoscaling_backend.elbv2_backend.notify_terminate_instances([state.instance_id])

    def find(self, instance_id: str) -> InstanceState | None:
        """The member with this instance id."""
        return next((one for one in self.instance_states if one.instance_id == instance_id), None)

    def is_current(self, state: InstanceState) -> bool:
        """Whether an instance was launched from the launch template version that the group has now."""
        version = self._template_version()
        current = None if version is None else version.number
        return getattr(state.instance, "launched_from_version", None) == current

    def user_data_text(self) -> str | None:
        """The user data of its present launch template version, base64."""
        user_data: Any = self.user_data
        return None if user_data is None else str(user_data)

    def possible_instance_types(self) -> tuple[str, ...]:
        """Types that it may launch, in order of preference."""
        overrides = self._overrides()
        types = tuple(str(one["InstanceType"]) for one in overrides if one.get("InstanceType"))
        return types or ((str(self.instance_type),) if self.instance_type else ())

    def replace_autoscaling_group_instances(self, count_needed: int, propagated_tags: dict[str, str]) -> None:
        """Launch instances, each in the zone that has the fewest.

        Args:
            count_needed: how many.
            propagated_tags: tags of the group that its instances get.
        """
        had = len(self.staying())
        for number in range(count_needed):
            place = next_place(self)
            if place is None:
                self._refuse_launch()
                return
            state = InstanceState(
                self._launch_one(propagated_tags, *place),
                protected_from_scale_in=self.new_instances_protected_from_scale_in,
                autoscaling_group=self,
            )
            self.instance_states.append(state)
            self._write(
                f"Launching a new EC2 instance: {state.instance_id}",
                "an instance was started in response to a difference between desired and actual capacity, "
                f"increasing the capacity from {had + number} to {had + number + 1}.",
            )

    def _launch_one(self, propagated_tags: dict[str, str], subnet_id: str | None, zone: str) -> Any:
        version = self._template_version()
        data: dict[str, Any] = version.data if version is not None else {}
        interfaces = members(data, "NetworkInterfaces")
        interface: dict[str, Any] = interfaces[0] if interfaces else {}
        groups = members(data, "SecurityGroupIds") or members(interface, "Groups")
        groups = groups or members(interface, "SecurityGroupId")
        public = interface.get("AssociatePublicIpAddress")
        tags = {"aws:autoscaling:groupName": self.name, **self.instance_tags, **propagated_tags}
        is_spot = self._next_is_spot()
        settings: dict[str, Any] = {
            "instance_type": self._next_type(is_spot=is_spot),
            "tags": {"instance": tags},
            "placement": zone,
            "subnet_id": subnet_id,
            "region_name": self.region,
            "is_instance_type_default": False,
            "launch_config": self.launch_config,
            "associate_public_ip": None if public is None else str(public).lower() == "true",
            "metadata_options": structure(data, "MetadataOptions"),
        }
        if version is not None:
            settings["launch_template"] = {"LaunchTemplateId": version.template.id, "Version": str(version.number)}
            settings["security_group_ids"] = groups
        if is_spot:
            settings["instance_market_options"] = {"MarketType": "spot"}
        names = [] if version is not None else list(self.security_groups or [])
        reservation = self.ec2_backend.run_instances(self.image_id, 1, self.user_data, names, **settings)
        instance: Any = reservation.instances[0]
        instance.autoscaling_group = self
        instance.launched_from_version = None if version is None else version.number
        give_profile(self.ec2_backend, instance.id, structure(data, "IamInstanceProfile"))
        instance.ecs_cluster = cluster_of_user_data(self.user_data_text())
        instance.ecs_reserved_memory = reserved_memory_of_user_data(self.user_data_text())
        return instance

    def _template_version(self) -> LaunchTemplateVersion | None:
        if self.ec2_launch_template is None:
            return None
        return self.ec2_launch_template.get_version(self.launch_template_version)

    def _refuse_launch(self) -> None:
        """Write that EC2 has no capacity, now and then as long as that lasts."""
        self._write_failure(
            "Launching a new EC2 instance",
            "an instance was started in response to a difference between desired and actual capacity.",
            refusal(self, self._next_type(is_spot=False)),
        )

    def _write_failure(self, description: str, reason: str, failure: str) -> None:
        if time.monotonic() - self.refused_at < REFUSED_AGAIN_SECONDS:
            return
        self.refused_at = time.monotonic()
        self._write(description, reason, failure=failure)

    def _balance(self) -> None:
        """Launch one in the poorest zone; the next look terminates one in the richest (rule C32)."""
        if self.leaving():
            return
        self.unbalanced = can_be_balanced(self)
        if self.unbalanced:
            self.cause = "invoked rebalancing of Availability Zones."
            self.replace_autoscaling_group_instances(1, self.get_propagated_tags())
            self.cause = ""

    def _overrides(self) -> list[dict[str, Any]]:
        policy: dict[str, Any] = self.mixed_instances_policy or {}
        return members(structure(policy, "LaunchTemplate"), "Overrides")

    def _next_is_spot(self) -> bool:
        """Whether the mixed instances policy wants Spot for the next one: base first, then by percentage."""
        if not self.mixed_instances_policy:
            return False
        distribution = structure(self.mixed_instances_policy, "InstancesDistribution")
        base = int(distribution.get("OnDemandBaseCapacity") or 0)
        percentage = distribution.get("OnDemandPercentageAboveBaseCapacity")
        share = 100 if percentage is None else int(percentage)
        staying = self.staying()
        on_demand = sum(1 for one in staying if one.instance.lifecycle != "spot")
        above = max(0, len(staying) + 1 - base)
        return on_demand >= base + -(-above * share // 100)

    def _next_type(self, *, is_spot: bool) -> str:
        """On-Demand takes the first type; Spot takes turns, as price-capacity-optimized does with many pools."""
        types = self.possible_instance_types()
        if not types:
            return "t3.micro"
        used = Counter(one.instance_type for one in self.staying())
        return min(types, key=lambda one: used[one]) if is_spot else types[0]

    def _wanted_instances(self) -> int:
        weights = [str(one.get("WeightedCapacity") or "1") for one in self._overrides()]
        weight = int(weights[0]) if weights and weights[0].isdigit() else 1
        return -(-(self.desired_capacity or 0) // max(1, weight))

    def _scale_in(self, count: int) -> None:
        for _ in range(count):
            state = self._next_to_go()
            if state is None:
                self._write_failure(_PROTECTED, "", _PROTECTED)
                return
            self.begin_termination(state, self._shrinking(state))

    def _shrinking(self, state: InstanceState) -> str:
        have = len(self.staying())
        return (
            "an instance was taken out of service in response to a difference between desired and actual capacity, "
            f"shrinking the capacity from {have} to {have - 1}."
            f"  At {now_text()} instance {state.instance_id} was selected for termination."
        )

    def _next_to_go(self) -> InstanceState | None:
        """Zone with most instances having an unprotected one, then outdated configuration, then the oldest."""
        staying = self.staying()
        free = [one for one in staying if not one.protected_from_scale_in]
        if not free:
            return None
        per_zone = Counter(one.availability_zone for one in staying)
        return min(free, key=lambda one: (-per_zone[one.availability_zone], self.is_current(one), staying.index(one)))

    def _write(self, description: str, reason: str, *, failure: str = "") -> None:
        self.activities.write(self.name, self.arn, description, [self.cause, reason], failure=failure)


def zoned_groups(groups: Iterable[FakeAutoScalingGroup]) -> list[ZonedGroup]:
    """Those that were made by this module, which are all once `install` has run."""
    return [group for group in groups if isinstance(group, ZonedGroup)]


def install() -> None:
    """Let moto make groups of this kind from now on, in this process."""
    import moto.autoscaling.models as models  # noqa: PLC0415, PLR0402 - the module itself is changed

    models.FakeAutoScalingGroup = ZonedGroup

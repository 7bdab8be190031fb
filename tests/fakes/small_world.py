"""A world around one control plane in which everything works at once: containers start, targets turn healthy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tinystacks.controlplane.effects import (
    CompleteInstanceDraining,
    DeregisterTarget,
    RegisterTarget,
    SetGroupDesiredCapacity,
    StartContainers,
    StopContainers,
    TerminateInstance,
)
from tinystacks.controlplane.ports import InstanceTypeFacts, SubnetFacts, TargetGroupFacts

if TYPE_CHECKING:
    from tinystacks.controlplane.effects import Effect
    from tinystacks.controlplane.plane import ControlPlane

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")


class SmallSurroundings:
    """Instance types of one size, subnets `subnet-a` to `subnet-c`, any target group behind a listener."""

    def instance_type(self, name: str) -> InstanceTypeFacts:
        del name
        return InstanceTypeFacts(vcpu=2, memory_mib=4096, max_enis=3)

    def subnet(self, subnet_id: str) -> SubnetFacts | None:
        zone = {f"subnet-{zone[-1]}": zone for zone in ZONES}.get(subnet_id)
        return SubnetFacts(zone=zone, vpc_id="vpc-1") if zone else None

    def target_group(self, arn: str) -> TargetGroupFacts | None:
        return TargetGroupFacts(
            target_type="ip" if "/ip-" in arn else "instance", has_load_balancer="/lone-" not in arn
        )


@dataclass(slots=True, kw_only=True)
class SmallWorld:
    """Carries out a plane's effects.

    Attributes:
        failing_images: containers of these images end with exit code 1 as soon as they are started.
    """

    plane: ControlPlane
    cluster: str = "main"
    failing_images: set[str] = field(default_factory=set[str])
    launched: int = 0
    next_port: int = 32768

    def launch(self, group_arn: str, count: int) -> None:
        """Launch instances, one zone after the other."""
        for _ in range(count):
            self.launched += 1
            zone = ZONES[self.launched % len(ZONES)]
            self.plane.instance_launched(
                group_arn,
                f"i-{self.launched:017x}",
                zone=zone,
                instance_type="t3.medium",
                subnet_id=f"subnet-{zone[-1]}",
                vpc_id="vpc-1",
                cluster=self.cluster,
            )

    def advance(self, seconds: float, *, tick: float = 1) -> None:
        """Let time pass in ticks."""
        end = self.plane.now + seconds
        while self.plane.now < end:
            for effect in self.plane.step(min(end, self.plane.now + tick)):
                self._carry_out(effect)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case StartContainers():
                for name in effect.containers:
                    self._start(effect.task_id, name)
            case StopContainers():
                for name in effect.containers:
                    self.plane.container_stopped(effect.task_id, name, 0)
            case RegisterTarget():
                self.plane.target_health(effect.target_group_arn, effect.target_id, effect.port, "healthy")
            case DeregisterTarget():
                self.plane.target_health(effect.target_group_arn, effect.target_id, effect.port, "unused")
            case SetGroupDesiredCapacity():
                group = self.plane.state.groups[effect.auto_scaling_group_arn]
                self.launch(effect.auto_scaling_group_arn, effect.desired - len(group.instances))
            case TerminateInstance() | CompleteInstanceDraining():
                self.plane.instance_terminated(effect.instance_id)
            case _:
                pass

    def _start(self, task_id: str, name: str) -> None:
        container = self.plane.state.tasks[task_id].containers[name]
        if container.definition["image"] in self.failing_images:
            self.plane.container_stopped(task_id, name, 1)
            return
        ports: dict[int, int] = {}
        for mapping in container.definition.get("portMappings", []):
            self.next_port += 1
            ports[mapping["containerPort"]] = mapping.get("hostPort") or self.next_port
        self.plane.container_started(task_id, name, ports, runtime_id=f"{task_id}-{name}")

"""A tiny world around a control plane: it carries out effects after fixed delays, as the images say they behave."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tinystacks.controlplane import effects as fx
from tinystacks.controlplane.plane import ControlPlane
from tinystacks.controlplane.ports import InstanceTypeFacts, SubnetFacts, TargetGroupFacts
from tinystacks.controlplane.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.controlplane.model import ContainerInstance, Service, Task

ACCOUNT = "123456789012"
REGION = "us-east-1"
GROUP = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:1:autoScalingGroupName/group"
TARGET_GROUP = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/web/0123456789abcdef"
ZONES: tuple[str, ...] = ("us-east-1a", "us-east-1b", "us-east-1c")
START = 1_800_000_000.0

TYPES = {
    "t3.micro": InstanceTypeFacts(vcpu=2, memory_mib=1024, max_enis=2),
    "t3.small": InstanceTypeFacts(vcpu=2, memory_mib=2048, max_enis=3),
    "m5.large": InstanceTypeFacts(vcpu=2, memory_mib=8192, max_enis=3),
    "m5.xlarge": InstanceTypeFacts(vcpu=4, memory_mib=16384, max_enis=4),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How containers of an image behave; times in seconds."""

    start: float = 2
    pull_error: str = ""
    exits_after: float | None = None
    exit_code: int = 1
    stop: float = 1
    target: str = "healthy"
    target_after: float = 5
    health: str = "HEALTHY"
    health_after: float = 5


@dataclass
class Surroundings:
    """Facts of the world."""

    subnets: dict[str, SubnetFacts] = field(default_factory=dict)
    target_groups: dict[str, TargetGroupFacts] = field(default_factory=dict)

    def instance_type(self, name: str) -> InstanceTypeFacts:
        return TYPES[name]

    def subnet(self, subnet_id: str) -> SubnetFacts | None:
        return self.subnets.get(subnet_id)

    def target_group(self, arn: str) -> TargetGroupFacts | None:
        return self.target_groups.get(arn)


class World:
    """Drives one plane; `done` keeps every effect in order, or the newest ones only."""

    def __init__(self, *, settings: Settings | None = None, seed: int = 1, kept: int | None = None) -> None:
        self.surroundings = Surroundings(
            subnets={f"subnet-{zone[-1]}": SubnetFacts(zone=zone, vpc_id="vpc-1") for zone in ZONES}
        )
        self.plane = ControlPlane(ACCOUNT, REGION, self.surroundings, settings, seed, now=START)
        self.images: dict[str, Behaviour] = {}
        self.done: deque[Any] = deque(maxlen=kept)
        self.deregistration_delay = 30.0
        self.serves_groups = True
        self.launch_delay = 10.0
        self._plans: list[tuple[float, int, Callable[[], object]]] = []
        self._planned = 0
        self._next_port = 32768
        self._launched = 0
        self._groups: dict[str, dict[str, Any]] = {}

    # ---- time

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.plane.now + seconds
        while True:
            self._carry_out(self.plane.step(self.plane.now))
            times = [end]
            due = self.plane.next_due()
            if due is not None:
                times.append(due)
            if self._plans:
                times.append(self._plans[0][0])
            now = min(times)
            self._carry_out(self.plane.step(now))
            while self._plans and self._plans[0][0] <= now:
                heapq.heappop(self._plans)[2]()
            if now >= end:
                self._carry_out(self.plane.step(end))
                if not (self._plans and self._plans[0][0] <= end):
                    return

    def run_until(self, condition: Callable[[], bool], limit: float = 3600, beat: float = 1) -> float:
        """Let time pass until something holds; give the seconds it took."""
        begun = self.plane.now
        while not condition():
            assert self.plane.now - begun < limit, "the condition did not come to hold"
            self.run(beat)
        return self.plane.now - begun

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        """Plan something."""
        self._planned += 1
        heapq.heappush(self._plans, (self.plane.now + seconds, self._planned, action))

    # ---- set-up

    def group(
        self,
        *,
        minimum: int = 0,
        maximum: int = 100,
        desired: int = 0,
        types: tuple[str, ...] = ("t3.micro",),
        cluster: str = "default",
        protected: bool = False,
        arn: str = GROUP,
    ) -> str:
        """Make an Auto Scaling group whose instances join a cluster."""
        self._groups[arn] = {
            "minimum": minimum,
            "maximum": maximum,
            "desired": 0,
            "types": types,
            "cluster": cluster,
            "protected": protected,
        }
        self._set_desired(arn, desired)
        return arn

    def provider(self, name: str = "capacity", *, arn: str = GROUP, cluster: str = "default", **given: Any) -> str:
        """Make a capacity provider of a group and give it to a cluster as the default."""
        given = {"managedScaling": {"status": "ENABLED", "targetCapacity": 100}, **given}
        self.plane.create_capacity_provider(
            name=name, auto_scaling_group_provider={"autoScalingGroupArn": arn, **given}
        )
        existing = self.plane.state.clusters[cluster].capacity_providers
        self.plane.put_cluster_capacity_providers(
            cluster=cluster,
            capacity_providers=[*existing, name],
            default_capacity_provider_strategy=[{"capacityProvider": name, "weight": 1, "base": 1}],
        )
        return name

    def instances(self, count: int, instance_type: str = "m5.large", *, zones: tuple[str, ...] = ZONES) -> None:
        """Add running instances to the default cluster, spread over zones, and wait for their agents."""
        if "default" not in self.plane.state.clusters:
            self.plane.create_cluster()
        for number in range(count):
            self.launch("", zones[number % len(zones)], instance_type, "default")
        self.run(self.plane.state.settings.boot_seconds + 1)

    def launch(self, group: str, zone: str, instance_type: str, cluster: str) -> str:
        """Boot an instance."""
        self._launched += 1
        identity = f"i-{self._launched:017x}"
        self.plane.instance_launched(
            group,
            identity,
            zone=zone,
            instance_type=instance_type,
            subnet_id=f"subnet-{zone[-1]}",
            vpc_id="vpc-1",
            cluster=cluster,
        )
        return identity

    def definition(self, image: str = "good", family: str = "web", **given: Any) -> str:
        """Register a revision with one container on a dynamic port."""
        container: dict[str, Any] = {
            "name": "app",
            "image": image,
            "cpu": 128,
            "memory": 128,
            "portMappings": [{"containerPort": 8080}],
        }
        container |= given.pop("container", {})
        document: dict[str, Any] = {"family": family, "containerDefinitions": [container], **given}
        return self.plane.register_task_definition(**document).arn

    def balancer(self) -> list[dict[str, Any]]:
        """A load balancer for the service, with its target group known to the world."""
        self.surroundings.target_groups[TARGET_GROUP] = TargetGroupFacts(target_type="instance", has_load_balancer=True)
        return [{"targetGroupArn": TARGET_GROUP, "containerName": "app", "containerPort": 8080}]

    def service(self, count: int = 2, image: str = "good", name: str = "web", **given: Any) -> Service:
        """Create a service."""
        if "task_definition" not in given:
            given["task_definition"] = self.definition(image, family=name)
        given.setdefault("availability_zone_rebalancing", "DISABLED")
        return self.plane.create_service(service_name=name, desired_count=count, **given)

    def steady(self, service: Service, limit: float = 3600) -> float:
        """Wait until a service is steady."""
        return self.run_until(lambda: service.is_steady, limit)

    def messages(self, service: Service) -> list[str]:
        """The service's events, oldest first."""
        return [one.message for one in reversed(service.events)]

    def behave(self, image: str, **given: Any) -> None:
        """Say how containers of an image behave."""
        self.images[image] = replace(self.images.get(image, Behaviour()), **given)

    def running(self, service: Service) -> list[Task]:
        """The tasks of a service that run and are wanted."""
        return [
            one
            for deployment in service.deployments
            for one in deployment.tasks.values()
            if one.last_status == "RUNNING"
        ]

    def zones_of(self, service: Service) -> dict[str, int]:
        """Tasks per zone."""
        counts: dict[str, int] = dict.fromkeys(ZONES, 0)
        for deployment in service.deployments:
            for task in deployment.tasks.values():
                counts[task.zone] += 1
        return counts

    def container_instances(self) -> list[ContainerInstance]:
        """The instances of the default cluster."""
        return list(self.plane.state.clusters["default"].container_instances.values())

    # ---- effects

    def _carry_out(self, effects: list[Any]) -> None:
        for effect in effects:
            self.done.append(effect)
            match effect:
                case fx.StartContainers():
                    self._start(effect)
                case fx.StopContainers():
                    self._stop(effect)
                case fx.RegisterTarget():
                    self._register(effect)
                case fx.DeregisterTarget():
                    self.later(self.deregistration_delay, lambda one=effect: self._say_target(one, "unused"))
                case fx.SetGroupDesiredCapacity():
                    self._set_desired(effect.auto_scaling_group_arn, effect.desired)
                case fx.TerminateInstance():
                    self._terminate(effect.instance_id, decrement=effect.decrement)
                case fx.CompleteInstanceDraining():
                    self._terminate(effect.instance_id, decrement=False)
                case _:
                    pass

    def behaviour(self, task_id: str) -> Behaviour:
        task = self.plane.state.tasks[task_id]
        return self.images.get(task.task_definition.containers[0]["image"], Behaviour())

    def _start(self, effect: fx.StartContainers) -> None:
        behaviour = self.behaviour(effect.task_id)
        task = self.plane.state.tasks[effect.task_id]
        for name in effect.containers:
            pull_error = self.images.get(task.containers[name].definition["image"], Behaviour()).pull_error
            if pull_error:
                self.later(
                    behaviour.start,
                    lambda name=name, said=pull_error: self.plane.pull_failed(effect.task_id, name, said),
                )
                continue
            self.later(behaviour.start, lambda name=name: self._started(effect.task_id, name, behaviour))

    def _started(self, task_id: str, name: str, behaviour: Behaviour) -> None:
        task = self.plane.state.tasks[task_id]
        ports: dict[int, int] = {}
        for mapping in task.containers[name].definition.get("portMappings") or []:
            self._next_port += 1
            ports[mapping["containerPort"]] = mapping.get("hostPort") or self._next_port
        self.plane.container_started(task_id, name, ports)
        if behaviour.exits_after is not None:
            self.later(behaviour.exits_after, lambda: self.plane.container_stopped(task_id, name, behaviour.exit_code))
        if task.containers[name].has_health_check:
            self.later(behaviour.health_after, lambda: self.plane.container_health(task_id, name, behaviour.health))

    def _stop(self, effect: fx.StopContainers) -> None:
        behaviour = self.behaviour(effect.task_id)
        for name in effect.containers:
            self.later(behaviour.stop, lambda name=name: self.plane.container_stopped(effect.task_id, name, 143))

    def _register(self, effect: fx.RegisterTarget) -> None:
        behaviour = self.behaviour(effect.task_id)
        word = behaviour.target
        self.later(behaviour.target_after, lambda: self._say_target(effect, word))

    def _say_target(self, effect: fx.RegisterTarget | fx.DeregisterTarget, word: str) -> None:
        texts = {"unhealthy": ("Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]")}
        reason, description = texts.get(word, ("", ""))
        self.plane.target_health(effect.target_group_arn, effect.target_id, effect.port, word, reason, description)

    def _set_desired(self, arn: str, desired: int) -> None:
        group = self._groups[arn]
        grown = desired - group["desired"]
        group["desired"] = desired
        self._tell_group(arn)
        for number in range(max(0, grown)):
            zone = ZONES[(self._launched + number) % len(ZONES)]
            self.later(self.launch_delay, lambda zone=zone: self.launch(arn, zone, group["types"][0], group["cluster"]))

    def _tell_group(self, arn: str) -> None:
        group = self._groups[arn]
        self.plane.group_observed(
            arn,
            name="group",
            minimum=group["minimum"],
            maximum=group["maximum"],
            desired=group["desired"],
            new_instances_protected=group["protected"],
            instance_types=group["types"],
        )

    def _terminate(self, instance_id: str, *, decrement: bool) -> None:
        ec2 = self.plane.state.ec2_instances.get(instance_id)
        if ec2 is not None and decrement:
            self._groups[ec2.group_arn]["desired"] -= 1
            self._tell_group(ec2.group_arn)
        self.plane.instance_terminated(instance_id)

    def terminate(self, instance_id: str) -> None:
        """An instance is lost."""
        self._terminate(instance_id, decrement=False)

"""Everything one control plane knows, its agenda, and the numbers it draws."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tinystacks.controlplane.errors import EcsError, client_error, invalid_parameter

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tinystacks.controlplane.effects import Effect
    from tinystacks.controlplane.identities import Identities
    from tinystacks.controlplane.model import (
        AutoScalingGroup,
        CapacityProvider,
        Cluster,
        ContainerInstance,
        Ec2Instance,
        ScalableTarget,
        Service,
        Target,
        Task,
        TaskDefinition,
    )
    from tinystacks.controlplane.ports import Surroundings
    from tinystacks.controlplane.settings import Settings


@dataclass(slots=True, kw_only=True)
class State:
    """State of one region.

    Attributes:
        services: by (cluster name, service name); INACTIVE ones stay for a while.
        tasks: by task id; stopped ones stay for a while.
        task_definitions: by family, revisions in order (index = revision - 1; None when deleted).
        targets: scalable targets by resource id.
        registered: the task behind each (target group, target id, port).
        addresses: id of the task that last got a private address.
        full_zones: zones in which Fargate has no capacity now (P33).
        dirty: services that the scheduler must look at, in the order in which they changed.
        agenda: heap of (time, number, action); the number keeps the order of equal times.
    """

    account_id: str
    region: str
    surroundings: Surroundings
    settings: Settings
    identities: Identities
    random: random.Random
    now: float = 0
    partition: str = "aws"
    clusters: dict[str, Cluster] = field(default_factory=dict[str, "Cluster"])
    capacity_providers: dict[str, CapacityProvider] = field(default_factory=dict[str, "CapacityProvider"])
    groups: dict[str, AutoScalingGroup] = field(default_factory=dict[str, "AutoScalingGroup"])
    ec2_instances: dict[str, Ec2Instance] = field(default_factory=dict[str, "Ec2Instance"])
    task_definitions: dict[str, list[TaskDefinition | None]] = field(
        default_factory=dict[str, "list[TaskDefinition | None]"]
    )
    services: dict[tuple[str, str], Service] = field(default_factory=dict[tuple[str, str], "Service"])
    tasks: dict[str, Task] = field(default_factory=dict[str, "Task"])
    targets: dict[str, ScalableTarget] = field(default_factory=dict[str, "ScalableTarget"])
    dirty: dict[tuple[str, str], Service] = field(default_factory=dict[tuple[str, str], "Service"])
    placers: dict[Any, Any] = field(default_factory=dict[Any, Any])
    agenda: list[tuple[float, int, Callable[[], None]]] = field(
        default_factory=list["tuple[float, int, Callable[[], None]]"]
    )
    effects: list[Effect] = field(default_factory=list["Effect"])
    tokens: dict[tuple[str, str], tuple[float, Any, Any]] = field(
        default_factory=dict[tuple[str, str], tuple[float, Any, Any]]
    )
    registered: dict[tuple[str, str, int], tuple[Task, Target]] = field(
        default_factory=dict[tuple[str, str, int], "tuple[Task, Target]"]
    )
    addresses: dict[str, str] = field(default_factory=dict[str, str])
    full_zones: frozenset[str] = frozenset()
    alarm_states: dict[str, str] = field(default_factory=dict[str, str])
    numbered: int = 0

    def emit(self, effect: Effect) -> None:
        """Ask the outside for something; `ControlPlane.step` hands it out."""
        self.effects.append(effect)

    def at(self, time: float, action: Callable[[], None]) -> None:
        """Do something at a time (seconds since the epoch), or at the next step when it has passed."""
        self.numbered += 1
        heapq.heappush(self.agenda, (time, self.numbered, action))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after a while."""
        self.at(self.now + seconds, action)

    def touch(self, service: Service | None) -> None:
        """Have the scheduler look at a service."""
        if service is not None:
            self.dirty[service.cluster, service.name] = service

    def forget_task(self, task: Task) -> None:
        """Drop a stopped task that was visible long enough."""
        self.tasks.pop(task.id, None)
        if self.addresses.get(task.private_ip) == task.id:
            del self.addresses[task.private_ip]

    def forget_token(self, cluster: str, token: str) -> None:
        """Drop a client token whose time is over."""
        self.tokens.pop((cluster, token), None)

    def cluster(self, reference: str | None) -> Cluster:
        """Find an ACTIVE cluster by name or ARN; None means `default` (A2)."""
        name = (reference or "default").rpartition("/")[2]
        cluster = self.clusters.get(name)
        if cluster is None or cluster.status != "ACTIVE":
            raise EcsError("ClusterNotFoundException", "Cluster not found.")
        return cluster

    def service(self, cluster: Cluster, reference: str) -> Service:
        """Find a service by name or ARN (A3)."""
        service = self.services.get((cluster.name, reference.rpartition("/")[2]))
        if service is None:
            raise EcsError("ServiceNotFoundException", "Service not found.")
        return service

    def task(self, cluster: Cluster, reference: str) -> Task:
        """Find a task by id or ARN (A8)."""
        task = self.tasks.get(reference.rpartition("/")[2])
        if task is None or task.cluster != cluster.name:
            raise invalid_parameter("The referenced task was not found.")
        return task

    def container_instance(self, cluster: Cluster, reference: str) -> ContainerInstance:
        """Find a container instance by id or ARN."""
        identity = reference.rpartition("/")[2]
        found = cluster.container_instances.get(self.identities.arn(f"container-instance/{cluster.name}/{identity}"))
        if found is None:
            raise invalid_parameter("The referenced container instance was not found.")
        return found

    def find_task_definition(self, reference: str) -> TaskDefinition | None:
        """Find a task definition by ARN, family:revision, or family (its newest ACTIVE revision)."""
        family, colon, revision = reference.rpartition("/")[2].partition(":")
        revisions = self.task_definitions.get(family, [])
        if not colon:
            return next((one for one in reversed(revisions) if one is not None and one.status == "ACTIVE"), None)
        if not revision.isdigit() or not 0 < int(revision) <= len(revisions):
            return None
        return revisions[int(revision) - 1]

    def active_task_definition(self, reference: str) -> TaskDefinition:
        """Find a task definition that may be used for something new (A5)."""
        found = self.find_task_definition(reference)
        if found is None:
            raise client_error("TaskDefinition not found.")
        if found.status != "ACTIVE":
            raise client_error("TaskDefinition is inactive")
        return found

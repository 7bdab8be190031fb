"""State of clusters, capacity providers, Auto Scaling groups and container instances, in the words of the ECS API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinystacks.controlplane.task_model import Task
    from tinystacks.controlplane.types import Document


@dataclass(slots=True, kw_only=True)
class Attachment:
    """An attachment of a cluster: the scaling policy (`as_policy`) or managed draining of a capacity provider."""

    id: str
    type: str
    status: str
    details: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(slots=True, kw_only=True)
class Cluster:
    """A cluster; `status` is ACTIVE or INACTIVE.

    Attributes:
        provisioning: ids of tasks that wait for capacity, oldest first.
        attachments_until: end of UPDATE_IN_PROGRESS of the attachments.
    """

    name: str
    arn: str
    status: str = "ACTIVE"
    capacity_providers: list[str] = field(default_factory=list[str])
    default_capacity_provider_strategy: list[Document] = field(default_factory=list["Document"])
    settings: list[Document] = field(default_factory=list["Document"])
    configuration: Document | None = None
    service_connect_defaults: Document | None = None
    tags: dict[str, str] = field(default_factory=dict[str, str])
    attachments: list[Attachment] = field(default_factory=list[Attachment])
    attachments_until: float = 0
    container_instances: dict[str, ContainerInstance] = field(default_factory=dict[str, "ContainerInstance"])
    tasks: dict[str, Task] = field(default_factory=dict[str, "Task"])
    provisioning: dict[str, Task] = field(default_factory=dict[str, "Task"])
    changes: list[str] = field(default_factory=list[str])

    @property
    def attachments_status(self) -> str:
        """The worst status of the attachments, or an empty string when there are none."""
        return self.attachments[0].status if self.attachments else ""


@dataclass(slots=True, kw_only=True)
class CapacityProvider:
    """A capacity provider; `kind` is EC2_AUTOSCALING, FARGATE or FARGATE_SPOT."""

    name: str
    arn: str
    kind: str = "EC2_AUTOSCALING"
    status: str = "ACTIVE"
    update_status: str = "CREATE_COMPLETE"
    update_status_reason: str = ""
    auto_scaling_group_arn: str = ""
    managed_scaling_status: str = "DISABLED"
    target_capacity: int = 100
    minimum_scaling_step_size: int = 1
    maximum_scaling_step_size: int = 10000
    instance_warmup_period: int = 300
    managed_termination_protection: str = "DISABLED"
    managed_draining: str = "ENABLED"
    tags: dict[str, str] = field(default_factory=dict[str, str])
    created_at: float = 0
    scaling_policy_name: str = ""
    high_datapoints: int = 0
    low_datapoints: int = 0
    last_scale_out_at: float = float("-inf")

    @property
    def is_fargate(self) -> bool:
        """Whether tasks under it need no container instance."""
        return self.kind != "EC2_AUTOSCALING"

    @property
    def is_managed(self) -> bool:
        """Whether ECS scales its group."""
        return self.managed_scaling_status == "ENABLED" and not self.is_fargate


@dataclass(slots=True, kw_only=True)
class AutoScalingGroup:
    """What is known of an Auto Scaling group from observations."""

    arn: str
    name: str = ""
    minimum: int = 0
    maximum: int = 0
    desired: int = 0
    new_instances_protected: bool = False
    instance_types: tuple[str, ...] = ()
    instances: dict[str, Ec2Instance] = field(default_factory=dict[str, "Ec2Instance"])


@dataclass(slots=True, kw_only=True)
class Ec2Instance:
    """An EC2 instance, registered or not.

    Attributes:
        reserved_memory: MiB that its agent keeps from tasks (P3).
        terminating: its group has begun to terminate it, or ECS has chosen it for scale-in.
        released: the effect that lets it go was given.
        scale_in_cause: why ECS chose it for scale-in: TerminateInstance then, not CompleteInstanceDraining; else empty.
    """

    id: str
    group_arn: str
    zone: str
    instance_type: str
    subnet_id: str = ""
    vpc_id: str = ""
    ami_id: str = ""
    cluster: str | None = None
    reserved_memory: int = 0
    launched_at: float = 0
    protected: bool = False
    terminating: bool = False
    terminating_since: float = 0
    scale_in_cause: str = ""
    released: bool = False
    container_instance: ContainerInstance | None = None


@dataclass(slots=True, kw_only=True)
class Ledger:
    """Used resources of an instance; `ports` holds (protocol, port)."""

    cpu: int = 0
    memory: int = 0
    enis: int = 0
    ports: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])


@dataclass(slots=True, kw_only=True)
class ContainerInstance:
    """A container instance.

    Attributes:
        cpu: registered CPU units.
        memory: registered memory in MiB.
        max_task_enis: interfaces for awsvpc tasks (the primary one excluded).
        attributes: name to value; value None for an attribute without one.
        tasks: tasks with desiredStatus RUNNING.
        groups: how many of `tasks` are of each group.
        stopping: tasks with desiredStatus STOPPED that still hold the instance.
        scheduled: resources in the scheduler's view.
        held: resources in the agent's view (stopping tasks included).
        start_queue: tasks that wait until the agent has room.
    """

    arn: str
    id: str
    cluster: str
    ec2_instance_id: str
    zone: str
    instance_type: str
    cpu: int
    memory: int
    max_task_enis: int
    status: str = "ACTIVE"
    status_reason: str = ""
    agent_connected: bool = True
    agent_version: str = "1.102.0"
    capacity_provider_name: str = ""
    registered_at: float = 0
    attributes: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    tags: dict[str, str] = field(default_factory=dict[str, str])
    version: int = 1
    subnet_id: str = ""
    vpc_id: str = ""
    tasks: dict[str, Task] = field(default_factory=dict[str, "Task"])
    groups: dict[str, int] = field(default_factory=dict[str, int])
    stopping: dict[str, Task] = field(default_factory=dict[str, "Task"])
    scheduled: Ledger = field(default_factory=Ledger)
    held: Ledger = field(default_factory=Ledger)
    start_queue: dict[str, Task] = field(default_factory=dict[str, "Task"])

    @property
    def remaining_cpu(self) -> int:
        """CPU units free for the scheduler."""
        return self.cpu - self.scheduled.cpu

    @property
    def remaining_memory(self) -> int:
        """MiB free for the scheduler."""
        return self.memory - self.scheduled.memory

    @property
    def running_tasks_count(self) -> int:
        """Tasks with desiredStatus RUNNING (API ContainerInstance)."""
        return len(self.tasks)

    @property
    def pending_tasks_count(self) -> int:
        """Tasks in PENDING."""
        return sum(1 for task in self.tasks.values() if task.last_status == "PENDING")

"""State of task definitions, tasks and containers, in the words of the ECS API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinystacks.controlplane.capacity_model import ContainerInstance
    from tinystacks.controlplane.service_model import Deployment, Service
    from tinystacks.controlplane.types import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPort:
    """A port that a task reserves on its instance."""

    protocol: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a task asks of an instance: CPU units, MiB, host ports, interfaces."""

    cpu: int
    memory: int
    ports: tuple[HostPort, ...] = ()
    enis: int = 0


@dataclass(slots=True, kw_only=True)
class TaskDefinition:
    """A registered revision.

    Attributes:
        document: the registration in the API's own form, defaults filled in (`containerDefinitions`, `cpu`, …).
        needs: what one task of it asks for.
    """

    family: str
    revision: int
    arn: str
    document: Document
    needs: Needs
    status: str = "ACTIVE"
    tags: dict[str, str] = field(default_factory=dict[str, str])
    registered_at: float = 0
    deregistered_at: float | None = None

    @property
    def network_mode(self) -> str:
        """`bridge`, `host`, `awsvpc` or `none`."""
        return self.document.get("networkMode") or "bridge"

    @property
    def containers(self) -> list[Document]:
        """The container definitions."""
        return self.document["containerDefinitions"]

    def container(self, name: str) -> Document | None:
        """Give a container definition by name."""
        return next((one for one in self.containers if one["name"] == name), None)


@dataclass(slots=True, kw_only=True)
class Container:
    """A container of a task; `last_status` is PENDING, RUNNING or STOPPED.

    Attributes:
        definition: its container definition.
        ordered: the start was asked of the outside.
        stop_ordered: the stop was asked of the outside.
        host_ports: host port per container port, as bound.
    """

    name: str
    arn: str
    definition: Document
    last_status: str = "PENDING"
    health_status: str = "UNKNOWN"
    exit_code: int | None = None
    reason: str = ""
    runtime_id: str = ""
    image_digest: str = ""
    host_ports: dict[int, int] = field(default_factory=dict[int, int])
    ordered: bool = False
    stop_ordered: bool = False
    started_at: float | None = None
    restart_count: int = 0
    managed_agents: list[Document] = field(default_factory=list["Document"])

    @property
    def is_essential(self) -> bool:
        """Whether its end stops the task."""
        return bool(self.definition.get("essential", True))

    @property
    def has_health_check(self) -> bool:
        """Whether the definition has a health check."""
        return bool(self.definition.get("healthCheck"))


@dataclass(slots=True, kw_only=True)
class Target:
    """A port of a task in a target group; `state` as elbv2 DescribeTargetHealth names it."""

    target_group_arn: str
    target_id: str
    port: int
    container_name: str
    container_port: int
    state: str = "initial"
    reason: str = ""
    description: str = ""
    registered: bool = True


@dataclass(slots=True, kw_only=True)
class Task:
    """A task.

    Attributes:
        id: 32 hexadecimal digits, the end of the ARN.
        group: `service:<name>` or `family:<family>` or as given.
        tally: how the scheduler counts it now (see `tally.py`).
        holds_resources: the agent has booked it on the instance.
        died: it ended by itself, thus its targets are deregistered without waiting.
        batch: number of the service's launch that made it.
        was_running: it reached RUNNING at some time.
    """

    id: str
    arn: str
    cluster: str
    task_definition: TaskDefinition
    group: str
    needs: Needs
    launch_type: str = "EC2"
    last_status: str = "PROVISIONING"
    desired_status: str = "RUNNING"
    health_status: str = "UNKNOWN"
    connectivity: str = "CONNECTED"
    service: Service | None = None
    deployment: Deployment | None = None
    started_by: str = ""
    capacity_provider_name: str = ""
    container_instance: ContainerInstance | None = None
    zone: str = ""
    subnet_id: str = ""
    private_ip: str = ""
    eni_id: str = ""
    platform_version: str = ""
    containers: dict[str, Container] = field(default_factory=dict[str, Container])
    targets: list[Target] = field(default_factory=list[Target])
    overrides: Document = field(default_factory=dict[str, object])
    placement_constraints: list[Document] = field(default_factory=list["Document"])
    placement_strategy: list[Document] = field(default_factory=list["Document"])
    network_configuration: Document | None = None
    enable_execute_command: bool = False
    tags: dict[str, str] = field(default_factory=dict[str, str])
    created_at: float = 0
    pull_started_at: float | None = None
    pull_stopped_at: float | None = None
    started_at: float | None = None
    stopping_at: float | None = None
    execution_stopped_at: float | None = None
    stopped_at: float | None = None
    stop_code: str = ""
    stopped_reason: str = ""
    version: int = 1
    protected_until: float | None = None
    provisioning_since: float | None = None
    tally: str = ""
    batch: int = 0
    was_running: bool = False
    died: bool = False
    holds_resources: bool = False
    replaced_unhealthy: bool = False

    @property
    def had_place(self) -> bool:
        """Whether it was placed on an instance or on Fargate."""
        return self.container_instance is not None or bool(self.eni_id)

"""State of services, deployments, service deployments and revisions, in the words of the ECS API."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tinystacks.controlplane.counted import CountedKeys

if TYPE_CHECKING:
    from tinystacks.controlplane.task_model import Task, TaskDefinition
    from tinystacks.controlplane.types import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEvent:
    """One line of a service's events."""

    id: str
    created_at: float
    message: str


@dataclass(slots=True, kw_only=True)
class ServiceRevision:
    """What one deployment rolls out; unchanging but for the resolved images."""

    arn: str
    task_definition: TaskDefinition
    created_at: float
    launch_type: str = ""
    capacity_provider_strategy: list[Document] = field(default_factory=list["Document"])
    platform_version: str = ""
    network_configuration: Document | None = None
    load_balancers: list[Document] = field(default_factory=list["Document"])
    service_registries: list[Document] = field(default_factory=list["Document"])
    service_connect_configuration: Document | None = None
    volume_configurations: list[Document] = field(default_factory=list["Document"])
    vpc_lattice_configurations: list[Document] = field(default_factory=list["Document"])
    guard_duty_enabled: bool = False
    container_images: list[Document] = field(default_factory=list["Document"])
    resolves_tags: bool = True


@dataclass(slots=True, kw_only=True)
class Deployment:
    """An entry of `Service.deployments` (API Deployment, which lists the values of `status` and `rollout_state`).

    Attributes:
        desired_count: tasks that the scheduler wants of it now.
        failed_tasks: the circuit breaker's count.
        tasks: its tasks with desiredStatus RUNNING; the next four split them.
        placed: per zone, the instances (or, on Fargate, the zone itself) with the number of its tasks.
        on_instance: its tasks under each of those keys.
        leaving: its tasks on DRAINING instances.
        stopping: its tasks with desiredStatus STOPPED that have not stopped yet.
        healthy_since: when all of it became healthy and older tasks were gone (bake time runs from there).
        service_deployment: the service deployment that made it (None after the service was rolled back to it).
    """

    id: str
    revision: ServiceRevision
    status: str = "PRIMARY"
    rollout_state: str = "IN_PROGRESS"
    rollout_state_reason: str = ""
    created_at: float = 0
    updated_at: float = 0
    desired_count: int = 0
    failed_tasks: int = 0
    had_running_task: bool = False
    healthy_since: float | None = None
    alarms_ignored: bool = False
    service_deployment: ServiceDeployment | None = None
    tasks: dict[str, Task] = field(default_factory=dict[str, "Task"])
    pending: dict[str, Task] = field(default_factory=dict[str, "Task"])
    settling: dict[str, Task] = field(default_factory=dict[str, "Task"])
    healthy: dict[str, Task] = field(default_factory=dict[str, "Task"])
    unhealthy: dict[str, Task] = field(default_factory=dict[str, "Task"])
    placed: dict[str, CountedKeys] = field(default_factory=dict[str, CountedKeys])
    on_instance: dict[str, dict[str, Task]] = field(default_factory=dict[str, "dict[str, Task]"])
    leaving: dict[str, Task] = field(default_factory=dict[str, "Task"])
    stopping: dict[str, Task] = field(default_factory=dict[str, "Task"])

    @property
    def running_count(self) -> int:
        """Tasks in RUNNING."""
        return len(self.tasks) - len(self.pending)

    @property
    def pending_count(self) -> int:
        """Tasks that are wanted and not yet RUNNING."""
        return len(self.pending)


@dataclass(slots=True, kw_only=True)
class LifecycleHook:
    """A pause hook that a service deployment came to (API DeploymentLifecycleHookDetail).

    Attributes:
        stage: the lifecycle stage that it holds.
        expires_at: when its time is over.
        timeout_action: CONTINUE or ROLLBACK: what is done then.
        status: AWAITING_ACTION, SUCCEEDED, FAILED or TIMED_OUT.
    """

    hook_id: str
    stage: str
    expires_at: float
    timeout_action: str
    status: str = "AWAITING_ACTION"

    @property
    def refuses(self) -> bool:
        """Whether it sends the deployment back."""
        return self.status == "FAILED" or (self.status == "TIMED_OUT" and self.timeout_action == "ROLLBACK")


@dataclass(slots=True, kw_only=True)
class ServiceDeployment:
    """The record of one deployment of a service (API ServiceDeployment).

    Attributes:
        status: PENDING, IN_PROGRESS, SUCCESSFUL, STOP_REQUESTED, STOPPED, ROLLBACK_REQUESTED, ROLLBACK_IN_PROGRESS,
            ROLLBACK_SUCCESSFUL or ROLLBACK_FAILED.
        source: revisions that it replaces, with their task counts at its start.
        deployment: the entry of the service that it drives now (the rollback's target after a rollback began).
        breaker_status: DISABLED, MONITORING, TRIGGERED or MONITORING_COMPLETE.
        finished_counts: requested, running and pending tasks at its end.
        first_stage: where its lifecycle stages begin; empty for a deployment without hooks, which shows no stage.
        lifecycle_stage: the stage it is in.
        lifecycle_hooks: the hooks that it came to, in order.
    """

    arn: str
    service_arn: str
    cluster_arn: str
    target: ServiceRevision
    source: list[tuple[ServiceRevision, int, int]] = field(default_factory=list[tuple[ServiceRevision, int, int]])
    deployment: Deployment | None = None
    status: str = "PENDING"
    status_reason: str = ""
    created_at: float = 0
    started_at: float | None = None
    finished_at: float | None = None
    stopped_at: float | None = None
    updated_at: float = 0
    deployment_configuration: Document = field(default_factory=dict[str, object])
    rollback_started_at: float | None = None
    rollback_reason: str = ""
    rollback_revision: ServiceRevision | None = None
    breaker_status: str = "DISABLED"
    breaker_failure_count: int = 0
    breaker_threshold: int = 0
    alarm_status: str = "DISABLED"
    triggered_alarms: list[str] = field(default_factory=list[str])
    finished_counts: tuple[int, int, int] | None = None
    finished_source_counts: list[tuple[ServiceRevision, int, int]] | None = None
    first_stage: str = ""
    lifecycle_stage: str = ""
    lifecycle_hooks: list[LifecycleHook] = field(default_factory=list[LifecycleHook])

    @property
    def is_finished(self) -> bool:
        """Whether it cannot change any more."""
        return self.status in {"SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"}


@dataclass(slots=True, kw_only=True)
class Service:
    """A service; `status` ACTIVE, DRAINING or INACTIVE. Nested settings are in the API's own form.

    Attributes:
        deployments: newest first; the first is PRIMARY.
        service_deployments: newest first.
        revisions: by ARN.
        stopping: tasks with desiredStatus STOPPED that have not stopped yet.
        zone_counts: tasks with desiredStatus RUNNING per zone.
        provider_counts: the same per capacity provider.
        last_completed: the deployment that a rollback would return to.
        start_failures: launches in a row whose tasks never ran (re-spawn throttle).
        rebalance_tasks: tasks started above the desired count to balance zones, until they are healthy.
        notes: ids gathered since the last pass for the events about targets and stops.
        throttled_until: no task starts before this time.
    """

    name: str
    arn: str
    cluster: str
    task_definition: TaskDefinition
    status: str = "ACTIVE"
    desired_count: int = 0
    scheduling_strategy: str = "REPLICA"
    deployment_controller: str = "ECS"
    launch_type: str = ""
    capacity_provider_strategy: list[Document] = field(default_factory=list["Document"])
    platform_version: str = ""
    deployment_configuration: Document = field(default_factory=dict[str, object])
    load_balancers: list[Document] = field(default_factory=list["Document"])
    service_registries: list[Document] = field(default_factory=list["Document"])
    network_configuration: Document | None = None
    placement_constraints: list[Document] = field(default_factory=list["Document"])
    placement_strategy: list[Document] = field(default_factory=list["Document"])
    health_check_grace_period_seconds: int = 0
    enable_execute_command: bool = False
    enable_ecs_managed_tags: bool = False
    propagate_tags: str = "NONE"
    role_arn: str = ""
    service_connect_configuration: Document | None = None
    volume_configurations: list[Document] = field(default_factory=list["Document"])
    vpc_lattice_configurations: list[Document] = field(default_factory=list["Document"])
    availability_zone_rebalancing: str = "DISABLED"
    tags: dict[str, str] = field(default_factory=dict[str, str])
    client_token: str = ""
    created_by: str = ""
    created_at: float = 0
    request: Document = field(default_factory=dict[str, object])
    deployments: list[Deployment] = field(default_factory=list[Deployment])
    service_deployments: list[ServiceDeployment] = field(default_factory=list[ServiceDeployment])
    revisions: dict[str, ServiceRevision] = field(default_factory=dict[str, ServiceRevision])
    events: list[ServiceEvent] = field(default_factory=list[ServiceEvent])
    said: dict[str, tuple[str, float]] = field(default_factory=dict[str, tuple[str, float]])
    stopping: dict[str, Task] = field(default_factory=dict[str, "Task"])
    zone_counts: Counter[str] = field(default_factory=Counter[str])
    provider_counts: Counter[str] = field(default_factory=Counter[str])
    last_completed: Deployment | None = None
    batch: int = 0
    start_failures: int = 0
    last_failed_batch: int = 0
    throttled_until: float = 0
    launch_room: float = 0
    launch_room_at: float = 0
    placement_blocked_until: float = 0
    next_pass_at: float = 0
    is_steady: bool = False
    steady_said_at: float = float("-inf")
    rebalance_looks: int = 0
    rebalancing: bool = False
    rebalance_tasks: dict[str, Task] = field(default_factory=dict[str, "Task"])
    notes: dict[str, list[str]] = field(default_factory=dict[str, "list[str]"])

    @property
    def group(self) -> str:
        """The group of its tasks."""
        return f"service:{self.name}"

    @property
    def primary(self) -> Deployment | None:
        """The newest deployment."""
        return self.deployments[0] if self.deployments else None

    @property
    def running_count(self) -> int:
        """Tasks in RUNNING, of all deployments."""
        return sum(deployment.running_count for deployment in self.deployments)

    @property
    def pending_count(self) -> int:
        """Tasks that are wanted and not yet RUNNING, of all deployments."""
        return sum(deployment.pending_count for deployment in self.deployments)

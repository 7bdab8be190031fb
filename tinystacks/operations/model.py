"""What reads of a stage give: plain frozen data, ready for tables and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tinystacks.operations.scaling_model import (
        AlarmStatus,
        InstanceGroup,
        ScaleInHold,
        ScalingActivity,
        ServiceScaling,
    )

_UNEVEN = 2
"""One task more or less is unavoidable; from two on, moving one would make it more even."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentStatus:
    """One deployment of a service, as DescribeServices lists it.

    Attributes:
        id: `ecs-svc/…`.
        status: `PRIMARY`, `ACTIVE` or `INACTIVE`.
        task_definition: `family:revision`.
        desired: tasks that it wants.
        running: tasks that run.
        pending: tasks on their way.
        failed: tasks that did not start, in a row.
        rollout_state: `IN_PROGRESS`, `COMPLETED` or `FAILED`.
        reason: ECS's words for the rollout state.
    """

    id: str
    status: str
    task_definition: str
    desired: int
    running: int
    pending: int
    failed: int
    rollout_state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """One service as ECS sees it now.

    Attributes:
        name: name in the file.
        service_name: name of the ECS service.
        status: `ACTIVE`, `DRAINING`, `INACTIVE` or `MISSING`.
        desired: tasks wanted.
        running: tasks that run.
        pending: tasks on their way.
        task_definition: `family:revision` of the primary deployment.
        rollout_state: of the primary deployment.
        deployments: all of them, the primary first.
        events: the newest messages of the service, newest first, with their time.
    """

    name: str
    service_name: str
    status: str
    desired: int
    running: int
    pending: int
    task_definition: str
    rollout_state: str
    deployments: tuple[DeploymentStatus, ...]
    events: tuple[tuple[datetime, str], ...]

    @property
    def steady(self) -> bool:
        """Whether exactly what is wanted runs, from one completed deployment."""
        return (
            self.status == "ACTIVE"
            and self.running == self.desired
            and self.pending == 0
            and len(self.deployments) == 1
            and self.rollout_state == "COMPLETED"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerStatus:
    """One container of a task.

    Attributes:
        name: name in the task definition.
        status: last status, such as `RUNNING`.
        health: `HEALTHY`, `UNHEALTHY` or `UNKNOWN`.
        exit_code: of a container that ended.
        reason: ECS's words when something went wrong.
        ports: `host:container/protocol` of each published port.
        image: image reference.
        image_digest: digest that was pulled, where known.
    """

    name: str
    status: str
    health: str
    exit_code: int | None
    reason: str
    ports: tuple[str, ...]
    image: str
    image_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStatus:
    """One task.

    Attributes:
        id: the last part of the ARN.
        arn: the whole ARN.
        service: name of the service in the file; empty for a task of its own.
        status: last status, such as `RUNNING`.
        desired_status: `RUNNING` or `STOPPED`.
        health: `HEALTHY`, `UNHEALTHY` or `UNKNOWN`.
        zone: Availability Zone.
        instance_id: EC2 instance; empty on Fargate.
        task_definition: `family:revision`.
        created_at: when ECS took it on.
        started_at: when it reached RUNNING.
        stopped_at: when it stopped.
        stop_code: ECS's code of why it stopped.
        stopped_reason: ECS's words for it.
        exec_enabled: whether a shell may be opened in it.
        capacity_provider: what gave it its place; empty when none did.
        launch_type: `EC2` or `FARGATE`.
        cpu: CPU units that it reserves, as ECS writes it; empty when only its containers say.
        memory: MiB that it reserves, as ECS writes it; empty when only its containers say.
        address: private IPv4 address of its own; empty in bridge mode.
        containers: its containers.
    """

    id: str
    arn: str
    service: str
    status: str
    desired_status: str
    health: str
    zone: str
    instance_id: str
    task_definition: str
    created_at: datetime | None = None
    started_at: datetime | None
    stopped_at: datetime | None
    stop_code: str
    stopped_reason: str
    exec_enabled: bool
    capacity_provider: str = ""
    launch_type: str = ""
    cpu: str = ""
    memory: str = ""
    address: str = ""
    containers: tuple[ContainerStatus, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStatus:
    """One container instance.

    Attributes:
        id: EC2 instance id.
        zone: Availability Zone.
        type: instance type.
        status: `ACTIVE`, `DRAINING`, ….
        agent_connected: whether its ECS agent is heard.
        capacity_provider: name of the provider it counts to; empty when it counts to none.
        free_cpu: CPU units that no task has reserved.
        free_memory: MiB that no task has reserved.
        total_cpu: CPU units it registered.
        total_memory: MiB it registered.
        running_tasks: tasks on it.
    """

    id: str
    zone: str
    type: str
    status: str
    agent_connected: bool
    capacity_provider: str
    free_cpu: int
    free_memory: int
    total_cpu: int
    total_memory: int
    running_tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStatus:
    """One target of a service's target group.

    Attributes:
        service: name of the service in the file.
        target: instance id or address, and port.
        health: `healthy`, `unhealthy`, `initial`, `draining`, `unused` or `unavailable`.
        reason: the load balancer's words.
    """

    service: str
    target: str
    health: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSkew:
    """One service.

    Attributes:
        service: name in the file.
        recorded: revision that the last `up` made, `family:revision`.
        live: revision that ECS keeps running.
        revisions: tasks by revision.
        zones: tasks by zone; zones with instances and no task too.
        instances: tasks by instance; those without a task too.
        zone_skew: most tasks in a zone less fewest.
        instance_skew: most tasks on an instance less fewest.
    """

    service: str
    recorded: str
    live: str
    revisions: Mapping[str, int]
    zones: Mapping[str, int]
    instances: Mapping[str, int]
    zone_skew: int
    instance_skew: int

    @property
    def moved_on(self) -> bool:
        """Whether ECS runs another revision than the last `up` made, as after a rollback by ECS (trap B2)."""
        return bool(self.recorded and self.live) and self.recorded != self.live

    @property
    def mixed(self) -> bool:
        """Whether tasks of several revisions run."""
        return len(self.revisions) > 1

    @property
    def uneven(self) -> bool:
        """Whether tasks are piled up."""
        return self.zone_skew >= _UNEVEN or self.instance_skew >= _UNEVEN


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStatus:
    """A stage as it runs now.

    Attributes:
        stack: name of the stack.
        stage: name of the stage.
        region: AWS region.
        endpoint: URL; empty without ports.
        release: number of the release that was deployed last; 0 when unknown.
        services: in the order of the file.
        tasks: running and starting tasks.
        instances: container instances; none on Fargate.
        targets: the load balancer's targets.
        alarms: CloudWatch alarms of its services and of its scaling.
        scaling: how the number of tasks of each service is governed, those that are scaled only.
        group: the Auto Scaling group of the instances; none on Fargate.
        activities: the last scaling activities of tasks and instances, newest first.
        holds: why tasks or instances that could be fewer are not (trap D15).
        skew: what runs against what should run, and how evenly it is spread.
        not_read: what AWS refused to tell, in words.
        local_changes: whether the file says something else than what was deployed; none when that is not known.
    """

    stack: str
    stage: str
    region: str
    endpoint: str
    release: int
    services: tuple[ServiceStatus, ...]
    tasks: tuple[TaskStatus, ...]
    instances: tuple[InstanceStatus, ...]
    targets: tuple[TargetStatus, ...]
    alarms: tuple[AlarmStatus, ...] = ()
    scaling: tuple[ServiceScaling, ...] = ()
    group: InstanceGroup | None = None
    activities: tuple[ScalingActivity, ...] = ()
    holds: tuple[ScaleInHold, ...] = ()
    skew: tuple[ServiceSkew, ...] = ()
    not_read: tuple[str, ...] = ()
    local_changes: bool | None = None

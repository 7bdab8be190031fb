"""What the control plane asks the outside to do, as data.

`ControlPlane.step` returns effects in the order in which they must be carried out. The outside answers with
observations (methods of the plane): every `StartContainers` ends in `container_started`, `container_stopped` or
`pull_failed`; every `StopContainers` in one `container_stopped` per named container, also for a container that never
started (exit code None).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tinystacks.controlplane.types import Document  # noqa: TC001 - dataclass fields are resolved at run time


@dataclass(frozen=True, slots=True, kw_only=True)
class StartContainers:
    """Pull, create and start these containers of a task, on its instance (or Fargate).

    A task with `dependsOn` gets several of these, each when the conditions of the named containers hold.
    """

    task_id: str
    containers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopContainers:
    """Send the stop signal to these containers; kill those alive after `timeout_seconds` (simulated)."""

    task_id: str
    containers: tuple[str, ...]
    timeout_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterTarget:
    """Register a task's port: target id is the EC2 instance id (bridge, host) or the task's address (awsvpc)."""

    target_group_arn: str
    target_id: str
    port: int
    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeregisterTarget:
    """Deregister a task's port; the outside reports `target_health(state="unused")` after the deregistration delay."""

    target_group_arn: str
    target_id: str
    port: int
    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetGroupDesiredCapacity:
    """Raise the desired capacity of an Auto Scaling group (scale-in comes as `TerminateInstance`)."""

    auto_scaling_group_arn: str
    desired: int
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminateInstance:
    """Terminate one instance of a group that ECS scales in; it is drained already when managed draining is on.

    Attributes:
        cause: what asked for it, as it begins the activity's cause; the group's numbers follow (C34).
    """

    instance_id: str
    decrement: bool
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectInstances:
    """Set or lift the scale-in protection of instances (managed termination protection)."""

    auto_scaling_group_arn: str
    instance_ids: tuple[str, ...]
    protected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteInstanceDraining:
    """The group may go on terminating this instance: its tasks are gone, or 48 hours have passed.

    Answers `instance_terminating`: the termination was begun outside (scale-in by a user, instance refresh).
    """

    instance_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishMetric:
    """Write one datapoint to CloudWatch."""

    namespace: str
    name: str
    dimensions: Document
    value: float
    unit: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PutAlarm:
    """Create or replace an alarm that a target tracking policy owns, in the form of CloudWatch's PutMetricAlarm."""

    name: str
    document: Document = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAlarmState:
    """Show a policy's alarm in this state (`OK`, `ALARM`, `INSUFFICIENT_DATA`); the plane itself acts on it."""

    name: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAlarm:
    """Delete an alarm that a policy owned."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmitEvent:
    """Hand an EventBridge event (`ECS Deployment State Change`, `ECS Task State Change`, …) to whoever listens."""

    detail_type: str
    resources: tuple[str, ...]
    detail: Document


Effect = (
    StartContainers
    | StopContainers
    | RegisterTarget
    | DeregisterTarget
    | SetGroupDesiredCapacity
    | TerminateInstance
    | ProtectInstances
    | CompleteInstanceDraining
    | PublishMetric
    | PutAlarm
    | SetAlarmState
    | DeleteAlarm
    | EmitEvent
)

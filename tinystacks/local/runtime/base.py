"""What the scheduler needs of whatever runs containers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerOrder:
    """One container to start.

    Attributes:
        name: of the container definition.
        definition: container definition in the API's form, overrides applied.
        arn: of the container.
        image_digest: `sha256:…` that the image's tag meant to the first task of the deployment; empty when the tag
            itself counts.
    """

    name: str
    definition: Mapping[str, Any]
    arn: str = ""
    image_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOrder:
    """A task whose containers shall start.

    Attributes:
        task_id: 32 hexadecimal digits.
        network_mode: `bridge`, `host`, `awsvpc` or `none`.
        address: what a target group knows the task by: EC2 instance id, or private address under awsvpc.
        document: the task definition in the API's form.
    """

    task_id: str
    task_arn: str
    cluster: str
    region: str
    service: str
    family: str
    revision: int
    zone: str
    instance_id: str
    address: str
    network_mode: str
    document: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskUsage:
    """What a task uses now: CPU units (1024 are one vCPU) and MiB."""

    cpu_units: float
    memory_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PullStarted:
    """The image of a container is being had (T5)."""

    task_id: str
    container: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullStopped:
    """The image of a container is there, or cannot be had (T5)."""

    task_id: str
    container: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A container runs.

    Attributes:
        host_ports: host port per container port, as ECS tells it (`networkBindings`).
        addresses: where each container port really listens on this machine.
        runtime_id: the runtime's own name of it.
        image_digest: `sha256:…` of the image, empty when unknown.
    """

    task_id: str
    container: str
    host_ports: Mapping[int, int]
    addresses: Mapping[int, tuple[str, int]]
    runtime_id: str
    image_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """A container ended, or never started (exit code None)."""

    task_id: str
    container: str
    exit_code: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullFailed:
    """An image could not be had; `message` is the container's reason, prefix included."""

    task_id: str
    container: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A container's own health check has a verdict: `HEALTHY`, `UNHEALTHY` or `UNKNOWN`."""

    task_id: str
    container: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line that a container wrote."""

    task_id: str
    container: str
    text: str


RuntimeEvent = PullStarted | PullStopped | Started | Stopped | PullFailed | Health | LogLine


class Runtime(Protocol):
    """Runs containers.

    Orders return at once; outcomes come as events. Every container that was ordered ends in exactly one `Stopped` or
    `PullFailed`, at the latest when it is told to stop.
    """

    name: str

    def start(self, task: TaskOrder, containers: tuple[ContainerOrder, ...]) -> None:
        """Start containers of a task."""
        ...

    def stop(self, task_id: str, containers: tuple[str, ...], timeout_seconds: float) -> None:
        """Ask containers to end, and kill those alive after `timeout_seconds` (simulated)."""
        ...

    def kill(self, task_id: str, containers: tuple[str, ...]) -> None:
        """End containers with SIGKILL, as if somebody had done so on the instance; the end comes as an event."""
        ...

    def instance_gone(self, task_ids: tuple[str, ...]) -> None:
        """End everything of tasks whose instance is gone, without events."""
        ...

    def usage(self, task_ids: tuple[str, ...]) -> dict[str, TaskUsage]:
        """What these tasks use now; a task that does not run here is left out."""
        ...

    def close(self) -> None:
        """End everything."""
        ...

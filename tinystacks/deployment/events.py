"""What happens while a stage is changed, as data.

```
Event
├── PhaseStarted         our own phases: preflight, preview, images, engine, waiting, clearing, receipt
├── Notice               one sentence that the user should read; nothing is wrong
├── Warned               one sentence that the user must read; the operation goes on
├── ResourceStarted      the engine begins to create, update, replace or delete a resource
├── ResourceFinished
├── ResourceFailed
├── Diagnostic           a message of the engine, a provider or the program
├── ChangesCounted       the engine's summary
├── ContainerOutput      one line that a build or a one-off task wrote
├── TasksProgress        running, pending and failed tasks of one service's deployment
└── DeploymentEnded      the verdict on one service
```

Events are delivered in order and in the thread that called the operation; a slow callback does not slow the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinystacks.deployment.changes import Changes
    from tinystacks.deployment.service_verdicts import ServiceVerdict


class Phase(StrEnum):
    """Our own steps around the engine's."""

    PREFLIGHT = "preflight"
    PREVIEW = "preview"
    IMAGES = "images"
    RELEASE_TASK = "release_task"
    ENGINE = "engine"
    WAITING = "waiting"
    CLEARING = "clearing"
    RECEIPT = "receipt"


class Action(StrEnum):
    """What is done to a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    KEEP = "keep"
    """It leaves the stage, and stays in the account."""
    SAME = "same"
    READ = "read"
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseStarted(Event):
    """A phase begins; the one before it has ended."""

    phase: Phase
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Event):
    """Something worth saying that needs nobody to act."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Event):
    """Something that may need a person, now or later."""

    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceEvent(Event):
    """Base of what happens to one resource.

    Attributes:
        action: what is done.
        type: the engine's type token, such as `aws:ecs/service:Service`.
        name: logical name, such as `shop-web-service`.
        words: the resource in words of the file, such as ``service `web`: target group``.
        urn: the engine's identity of the resource.
        planned: true in a preview, where nothing is done yet.
    """

    action: Action
    type: str
    name: str
    words: str
    urn: str
    planned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceStarted(ResourceEvent):
    """The engine begins with a resource (in a preview: would begin).

    Attributes:
        changed: names of the properties that differ.
        replaced_for: names of the properties that force a replacement.
    """

    changed: tuple[str, ...] = ()
    replaced_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceFinished(ResourceEvent):
    """The engine is done with a resource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceFailed(ResourceEvent):
    """The engine could not do it; a `Diagnostic` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic(Event):
    """A message about a resource or the whole.

    Attributes:
        severity: `info`, `warning` or `error`.
        message: without colour codes.
        urn: the resource it is about; empty when about the whole.
        words: that resource in words of the file; empty when about the whole.
    """

    severity: str
    message: str
    urn: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesCounted(Event):
    """How many resources were (in a preview: would be) changed."""

    changes: Changes
    planned: bool
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerOutput(Event):
    """One line of something that runs to its end.

    Attributes:
        service: name in the file.
        line: without its line end.
        source: `build`, `release_command` or `task`.
    """

    service: str
    line: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TasksProgress(Event):
    """Where one service's deployment stands.

    Attributes:
        service: name in the file.
        desired: tasks that the deployment shall run.
        running: tasks of this deployment that run.
        pending: tasks of this deployment that are on their way.
        failed: tasks of this deployment that failed in a row, as ECS counts them.
        status: status of the service deployment, such as `IN_PROGRESS`.
        earlier: tasks of earlier deployments that still run.
    """

    service: str
    desired: int
    running: int
    pending: int
    failed: int
    status: str
    earlier: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentEnded(Event):
    """One service's deployment has ended, well or not."""

    verdict: ServiceVerdict


OnEvent = Callable[[Event], None]
"""Receives every event, in order, in the caller's thread."""


def ignore(_event: Event) -> None:
    """Receive events and do nothing."""

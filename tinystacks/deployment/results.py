"""What operations on a stage give back, as data; `to_mapping` gives the JSON that scripts may rely on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tinystacks.deployment.changes import Changes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tinystacks.deployment.changes import PlannedChange
    from tinystacks.deployment.ends import Result
    from tinystacks.deployment.ordered_counts import Rescaled
    from tinystacks.deployment.service_verdicts import Cause, ServiceVerdict
    from tinystacks.outputs import StageOutputs

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Something that still exists after a destroy, and why."""

    type: str
    id: str
    reason: str

    def to_mapping(self) -> dict[str, str]:
        """Give plain data."""
        return {"type": self.type, "id": self.id, "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationResult:
    """Base of what every operation gives back.

    Attributes:
        stack: name of the stack.
        stage: name of the stage.
        result: how it ended.
        changes: numbers of resources.
        endpoint: URL; empty without ports or when nothing is deployed.
        release: number of the release; 0 when none was made.
        causes: why tasks failed.
        kept: what a destroy left, and why.
    """

    stack: str
    stage: str
    result: Result
    changes: Changes = field(default_factory=Changes)
    endpoint: str = ""
    release: int = 0
    causes: tuple[Cause, ...] = ()
    kept: tuple[Kept, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Give the JSON document of this result."""
        return {
            "schema_version": SCHEMA_VERSION,
            "stack": self.stack,
            "stage": self.stage,
            "result": str(self.result),
            "changes": self.changes.to_mapping(),
            "endpoint": self.endpoint,
            "release": self.release,
            "causes": [cause.to_mapping() for cause in self.causes],
            "kept": [kept.to_mapping() for kept in self.kept],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewResult(OperationResult):
    """What `up` would change."""

    planned: tuple[PlannedChange, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Give the JSON document of this result."""
        # A slotted dataclass is a second class object, which breaks the form of super() without arguments.
        return {
            **OperationResult.to_mapping(self),
            "resources": [change.to_mapping() for change in self.planned],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class UpResult(OperationResult):
    """What `up`, or an order to services that run, did.

    Attributes:
        verdicts: how each service's deployment ended.
        outputs: what the stage's program exported.
        rescaled: numbers of tasks that were ordered and that something else, such as autoscaling, has set since.
    """

    verdicts: tuple[ServiceVerdict, ...] = ()
    outputs: StageOutputs | None = None
    rescaled: tuple[Rescaled, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Give the JSON document of this result; `verdicts` and `causes` as a release's own document gives them."""
        return {
            **OperationResult.to_mapping(self),
            "verdicts": [verdict.to_mapping() for verdict in self.verdicts],
            "rescaled": [one.to_mapping() for one in self.rescaled],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshResult(OperationResult):
    """What the state took over from AWS, or would take over.

    Attributes:
        drifted: resources that differ from the state; `delete` means: gone from AWS.
    """

    drifted: tuple[PlannedChange, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Give the JSON document of this result."""
        return {
            **OperationResult.to_mapping(self),
            "resources": [change.to_mapping() for change in self.drifted],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DestroyResult(OperationResult):
    """What a destroy removed and what it kept.

    Attributes:
        removed: resources that the engine deleted, in words of the file.
        deregistered: task definitions whose revisions went after them, in words.
    """

    removed: tuple[str, ...] = ()
    deregistered: tuple[str, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Give the JSON document of this result; `removed` holds both."""
        return {**OperationResult.to_mapping(self), "removed": [*self.removed, *self.deregistered]}


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairResult:
    """What earlier commands left unfinished.

    Attributes:
        stack: name of the stack.
        stage: name of the stage.
        unfinished: operations nobody saw the end of, in words.
        orphans: resources that bear the stage's tags and that no state knows.
        removed: those that were deleted, in words.
        not_read: what AWS refused to tell, in words; there may be more than what is listed.
        whole: whether the stage has all that its last `up` was to make; none where there is nothing of it.
    """

    stack: str
    stage: str
    unfinished: tuple[str, ...] = ()
    orphans: tuple[Kept, ...] = ()
    removed: tuple[str, ...] = ()
    not_read: tuple[str, ...] = ()
    whole: bool | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Give the JSON document of this result."""
        return {
            "schema_version": SCHEMA_VERSION,
            "stack": self.stack,
            "stage": self.stage,
            "whole": self.whole,
            "unfinished": list(self.unfinished),
            "orphans": [orphan.to_mapping() for orphan in self.orphans],
            "removed": list(self.removed),
            "not_read": list(self.not_read),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One past change of a stage.

    Attributes:
        number: the engine's number of the change, from 1; 0 when the engine gave none.
        kind: `update`, `refresh` or `destroy`.
        result: `succeeded`, `failed` or `in-progress`.
        started_at: with time zone.
        ended_at: none while it runs.
        message: given with the change.
        changes: numbers of resources, as the `up` told them; none where they are not known, as of one that failed.
        spec: the stage as it was deployed; empty when unknown.
        release: what else was stored with the change: number, by, commit, images.
        environment: what the engine noted of the machine and the git work tree.
    """

    number: int
    kind: str
    result: str
    started_at: datetime
    ended_at: datetime | None
    message: str
    changes: Changes | None
    spec: Mapping[str, Any]
    release: Mapping[str, Any]
    environment: Mapping[str, str]

"""What operations on a stage give back, as data; `to_mapping` gives the JSON that scripts may rely on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tinystacks.outputs import StageOutputs

SCHEMA_VERSION = 1


class Result(StrEnum):
    """How an operation ended."""

    STEADY = "steady"
    ROLLED_BACK = "rolled_back"
    TIMED_OUT = "timed_out"
    FAILED = "failed"
    UNCHANGED = "unchanged"
    PREVIEWED = "previewed"
    REFRESHED = "refreshed"
    DESTROYED = "destroyed"
    IN_PROGRESS = "in_progress"

    @property
    def good(self) -> bool:
        """Whether the stage is as asked for."""
        return self not in {Result.ROLLED_BACK, Result.TIMED_OUT, Result.FAILED, Result.IN_PROGRESS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Numbers of resources by what is done to them."""

    create: int = 0
    update: int = 0
    replace: int = 0
    delete: int = 0
    same: int = 0

    @property
    def total(self) -> int:
        """Resources that change."""
        return self.create + self.update + self.replace + self.delete

    @classmethod
    def from_engine(cls, counts: Mapping[Any, int]) -> Changes:
        """Read the engine's summary, whose keys are step kinds.

        A replacement is counted by the engine as one `replace`, besides the `create-replacement` and `delete-replaced`
        steps that it consists of.
        """
        plain = {str(getattr(kind, "value", kind)): count for kind, count in counts.items()}
        return cls(
            create=plain.get("create", 0) + plain.get("import", 0),
            update=plain.get("update", 0),
            replace=plain.get("replace", 0) or plain.get("create-replacement", 0),
            delete=plain.get("delete", 0),
            same=plain.get("same", 0),
        )

    def to_mapping(self) -> dict[str, int]:
        """Give plain data."""
        return {key: getattr(self, key) for key in ("create", "update", "replace", "delete", "same")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why tasks of a service did not run, grouped by reason.

    Attributes:
        service: name in the file.
        reason: short stable name, such as `image-pull`, or ECS's own text when it is none of the known ones.
        count: tasks that ended so.
        exit_code: of the essential container; none when no container ran.
        message: ECS's own text of one of them.
        log_tail: last lines that the containers wrote.
        advice: what to do.
        task_ids: some of the tasks, newest first.
    """

    service: str
    reason: str
    count: int
    exit_code: int | None = None
    message: str = ""
    log_tail: tuple[str, ...] = ()
    advice: str = ""
    task_ids: tuple[str, ...] = ()

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Cause:
        """Read plain data, ignoring keys of newer versions."""
        known: dict[str, Any] = {key: data[key] for key in cls.__dataclass_fields__ if key in data}
        for key, value in known.items():
            if isinstance(value, list):
                known[key] = tuple(cast("list[Any]", value))
        return cls(**known)

    def to_mapping(self) -> dict[str, Any]:
        """Give plain data."""
        return {
            "service": self.service,
            "reason": self.reason,
            "count": self.count,
            "exit_code": self.exit_code,
            "message": self.message,
            "log_tail": list(self.log_tail),
            "advice": self.advice,
            "task_ids": list(self.task_ids),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceVerdict:
    """How one service's deployment ended.

    Attributes:
        service: name in the file.
        result: `steady`, `rolled_back`, `timed_out` or `failed`.
        reason: one sentence; empty when steady.
        task_definition: revision that serves now.
        asked_task_definition: revision that was asked for.
        causes: why tasks failed; may be filled for a steady service too, when some failed on the way.
    """

    service: str
    result: Result
    reason: str = ""
    task_definition: str = ""
    asked_task_definition: str = ""
    causes: tuple[Cause, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Give plain data."""
        return {
            "service": self.service,
            "result": str(self.result),
            "reason": self.reason,
            "task_definition": self.task_definition,
            "asked_task_definition": self.asked_task_definition,
            "causes": [cause.to_mapping() for cause in self.causes],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A property that differs.

    Attributes:
        property: path as the engine writes it, such as `settings[0].value`.
        before: value in the state; nothing where it is not there. Secrets are masked.
        after: value that the program asks for, or that AWS has; nothing where it is not there.
    """

    property: str
    before: Any
    after: Any

    def to_mapping(self) -> dict[str, Any]:
        """Give plain data."""
        return {"property": self.property, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChange:
    """One resource of a preview that would change.

    Attributes:
        action: `create`, `update`, `replace` or `delete`.
        type: the engine's type token.
        name: logical name.
        words: the resource in words of the file.
        urn: the engine's identity.
        changed: names of the properties that differ.
        differences: the same with their values, as exactly as the engine tells.
        replaced_for: names of the properties that force a replacement.
        interrupts: whether this would interrupt the stage's service, so that `up` stops before it.
    """

    action: str
    type: str
    name: str
    words: str
    urn: str
    changed: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    replaced_for: tuple[str, ...] = ()
    interrupts: bool = False

    def to_mapping(self) -> dict[str, Any]:
        """Give plain data."""
        return {
            "action": self.action,
            "type": self.type,
            "name": self.name,
            "resource": self.words,
            "changed": list(self.changed),
            "differences": [difference.to_mapping() for difference in self.differences],
            "replaced_for": list(self.replaced_for),
            "interrupts": self.interrupts,
        }


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
    """What `up` did, with the verdict on every service."""

    verdicts: tuple[ServiceVerdict, ...] = ()
    outputs: StageOutputs | None = None


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
    """What a destroy removed (`removed`: words of the file) and what it kept."""

    removed: tuple[str, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Give the JSON document of this result."""
        return {**OperationResult.to_mapping(self), "removed": list(self.removed)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairResult:
    """What earlier commands left unfinished.

    Attributes:
        stack: name of the stack.
        stage: name of the stage.
        unfinished: operations nobody saw the end of, in words.
        orphans: resources that bear the stage's tags and that no state knows.
        removed: those that were deleted, in words.
    """

    stack: str
    stage: str
    unfinished: tuple[str, ...] = ()
    orphans: tuple[Kept, ...] = ()
    removed: tuple[str, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Give the JSON document of this result."""
        return {
            "schema_version": SCHEMA_VERSION,
            "stack": self.stack,
            "stage": self.stage,
            "unfinished": list(self.unfinished),
            "orphans": [orphan.to_mapping() for orphan in self.orphans],
            "removed": list(self.removed),
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
        changes: numbers of resources.
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
    changes: Changes
    spec: Mapping[str, Any]
    release: Mapping[str, Any]
    environment: Mapping[str, str]

"""How the deployment of a service ended, and why, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.deployment.ends import Result


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
        task_ids: the newest of the tasks, 3 at most, newest first.
        target_health: what the load balancer said of an unhealthy target; empty when it said nothing.
    """

    service: str
    reason: str
    count: int
    exit_code: int | None = None
    message: str = ""
    log_tail: tuple[str, ...] = ()
    advice: str = ""
    task_ids: tuple[str, ...] = ()
    target_health: str = ""

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
            "task_ids_complete": len(self.task_ids) == self.count,
            "target_health": self.target_health,
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

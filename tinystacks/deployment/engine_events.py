"""The engine's events as ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.deployment.engine_errors import plain
from tinystacks.deployment.events import (
    Action,
    ChangesCounted,
    Diagnostic,
    Event,
    ResourceFailed,
    ResourceFinished,
    ResourceStarted,
)
from tinystacks.deployment.gate import interrupts
from tinystacks.deployment.results import Changes, PlannedChange
from tinystacks.deployment.wording import urn_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.deployment.wording import Wording

_ACTIONS = {
    "same": Action.SAME,
    "create": Action.CREATE,
    "import": Action.CREATE,
    "update": Action.UPDATE,
    "delete": Action.DELETE,
    "replace": Action.REPLACE,
    "create-replacement": Action.REPLACE,
    "delete-replaced": Action.REPLACE,
    "import-replacement": Action.REPLACE,
    "read": Action.READ,
    "read-replacement": Action.READ,
    "refresh": Action.REFRESH,
    "discard": Action.DELETE,
    "discard-replaced": Action.REPLACE,
    "remove-pending-replace": Action.REPLACE,
}
_PLANNED = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE, Action.REPLACE})
_NO_RESOURCE_OF_THE_FILE = ("pulumi:providers:", "pulumi:pulumi:")


class EventTranslator:
    """Translates the engine's events, keeps what results need, and passes ours on.

    Args:
        wording: of the file.
        emit: receives our events; must only enqueue, since it runs in the engine's event thread (trap A18).
        planning: whether the events are of a preview.

    Attributes:
        planned: resources that change, in the engine's order, one entry each.
        problems: error diagnostics: the resource in words of the file, and the text.
        changes: the engine's own count; none until its summary.
    """

    def __init__(self, wording: Wording, emit: Callable[[Event], None], *, planning: bool) -> None:
        self._wording = wording
        self._emit = emit
        self._planning = planning
        self.planned: dict[str, PlannedChange] = {}
        self.problems: list[tuple[str, str]] = []
        self.changes: Changes | None = None

    def __call__(self, event: Any) -> None:
        """Take one event of the engine."""
        if event.diagnostic_event is not None:
            self._diagnostic(event.diagnostic_event)
        elif event.resource_pre_event is not None:
            self._started(event.resource_pre_event.metadata)
        elif event.res_outputs_event is not None:
            self._ended(event.res_outputs_event.metadata, ResourceFinished)
        elif event.res_op_failed_event is not None:
            self._ended(event.res_op_failed_event.metadata, ResourceFailed)
        elif event.summary_event is not None:
            self.changes = Changes.from_engine(event.summary_event.resource_changes)
            self._emit(
                ChangesCounted(
                    changes=self.changes, planned=self._planning, seconds=event.summary_event.duration_seconds
                )
            )

    def _diagnostic(self, event: Any) -> None:
        if event.severity == "debug" or event.ephemeral:
            return
        words = self._wording.words(event.urn or "")
        severity = "info" if event.severity.startswith("info") else event.severity
        message = plain(event.message).strip()
        if severity == "error" and message not in {
            "update failed",
            "preview failed",
            "refresh failed",
            "destroy failed",
        }:
            self.problems.append((words, message))
        self._emit(Diagnostic(severity=severity, message=message, urn=event.urn or "", words=words))

    def _started(self, step: Any) -> None:
        action = _action(step)
        changed = tuple(step.diffs or ()) or tuple(step.detailed_diff or ())
        forced = tuple(step.keys or ())
        if action in _PLANNED and not step.type.startswith(_NO_RESOURCE_OF_THE_FILE):
            self.planned[step.urn] = PlannedChange(
                action=str(action),
                type=step.type,
                name=urn_name(step.urn),
                words=self._wording.words(step.urn),
                urn=step.urn,
                changed=changed,
                replaced_for=forced,
                interrupts=action is Action.REPLACE and interrupts(step.type),
            )
        if action is not Action.SAME:
            self._emit(
                ResourceStarted(**self._common(step), changed=changed, replaced_for=forced)  # pyright: ignore[reportArgumentType] - the keys are those of ResourceEvent
            )

    def _ended(self, step: Any, kind: type[ResourceFinished | ResourceFailed]) -> None:
        if _action(step) is not Action.SAME:
            self._emit(kind(**self._common(step)))

    def _common(self, step: Any) -> dict[str, Any]:
        return {
            "action": _action(step),
            "type": step.type,
            "name": urn_name(step.urn),
            "words": self._wording.words(step.urn),
            "urn": step.urn,
            "planned": self._planning,
        }


def _action(step: Any) -> Action:
    return _ACTIONS.get(str(getattr(step.op, "value", step.op)), Action.UPDATE)

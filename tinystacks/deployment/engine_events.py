"""The engine's events as ours."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tinystacks.deployment.changes import Changes, PlannedChange
from tinystacks.deployment.differences import differences
from tinystacks.deployment.engine_errors import plain, without_trace
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
_PLANNED = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE, Action.KEEP, Action.REPLACE})
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
        failed_types: type tokens of the resources that failed.
        changes: the engine's own count; none until its summary.
    """

    def __init__(self, wording: Wording, emit: Callable[[Event], None], *, planning: bool) -> None:
        self._wording = wording
        self._emit = emit
        self._planning = planning
        self.planned: dict[str, PlannedChange] = {}
        self._actions: dict[str, Action] = {}
        self.problems: list[tuple[str, str]] = []
        self.failed_types: set[str] = set()
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
            self.failed_types.add(event.res_op_failed_event.metadata.type)
            self._ended(event.res_op_failed_event.metadata, ResourceFailed)
        elif event.summary_event is not None:
            self.changes = self._count()
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
        self._emit(Diagnostic(severity=severity, message=without_trace(message), urn=event.urn or "", words=words))

    def _started(self, step: Any) -> None:
        action = _action(step)
        changed = tuple(step.diffs or ()) or tuple(step.detailed_diff or ())
        forced = tuple(step.keys or ())
        self._note(step, action, changed, forced)
        if action is not Action.SAME:
            self._emit(
                ResourceStarted(**self._common(step), changed=changed, replaced_for=forced)  # pyright: ignore[reportArgumentType] - the keys are those of ResourceEvent
            )

    def _note(
        self,
        step: Any,
        action: Action,
        changed: tuple[str, ...] = (),
        forced: tuple[str, ...] = (),
        *,
        read: bool = False,
    ) -> None:
        """Keep what is done to a resource; a replacement comes as several steps, of which only one names the cause.

        A component only groups others: nothing of it is at AWS, and no line tells of it.
        """
        if step.type.startswith(_NO_RESOURCE_OF_THE_FILE) or not _is_custom(step):
            return
        self._actions[step.urn] = action
        if action not in _PLANNED:
            return
        former = self.planned.get(step.urn)
        self.planned[step.urn] = PlannedChange(
            action=str(action),
            type=step.type,
            name=urn_name(step.urn),
            words=self._wording.words(step.urn),
            urn=step.urn,
            changed=changed or (former.changed if former else ()),
            differences=differences(step, read=read) or (former.differences if former else ()),
            replaced_for=forced or (former.replaced_for if former else ()),
            interrupts=action is Action.REPLACE and interrupts(step.type),
        )

    def _count(self) -> Changes:
        """Count resources; the engine's own count has the stage, its providers and components in it."""
        counts = Counter(
            self.planned[urn].action if urn in self.planned else str(action) for urn, action in self._actions.items()
        )
        return Changes(**{key: counts[key] for key in ("create", "update", "replace", "delete", "same")})

    def _ended(self, step: Any, kind: type[ResourceFinished | ResourceFailed]) -> None:
        if kind is ResourceFinished and self._actions.get(step.urn) in {None, Action.REFRESH}:
            # What a refresh found is known only at its end: the same, an update, or that the resource is gone.
            found = _operation(step) if _is_custom(step) else Action.SAME
            self._note(step, found, tuple(step.diffs or ()) or tuple(step.detailed_diff or ()), read=True)
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


def _is_custom(step: Any) -> bool:
    """Whether a provider manages the resource; the engine calls every refresh of a component an update."""
    state = step.new or step.old
    return bool(state is not None and state.custom)


def _action(step: Any) -> Action:
    """Give what becomes of the resource; what the program asks to retain is only forgotten by the engine."""
    action = _operation(step)
    return Action.KEEP if action is Action.DELETE and step.old is not None and step.old.retain_on_delete else action


def _operation(step: Any) -> Action:
    return _ACTIONS.get(str(getattr(step.op, "value", step.op)), Action.UPDATE)

"""Events of a running operation as lines, and on a terminal as one line that moves.

Every change is one lasting line; what is under way stands in the moving line only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.markup import escape
from rich.status import Status
from rich.text import Text

from tinystacks.deployment import events as on
from tinystacks.rendering.next_commands import Verbatim

if TYPE_CHECKING:
    from types import TracebackType

    from tinystacks.rendering.console import Screen

_SIGNS = {
    on.Action.CREATE: "[green]+[/]",
    on.Action.UPDATE: "[yellow]~[/]",
    on.Action.REPLACE: "[magenta]±[/]",
    on.Action.DELETE: "[red]-[/]",
    on.Action.KEEP: "[dim]=[/]",
}
_AWS = "aws:"
"""Components and providers group resources for the engine; people look for what stands in their account."""
_PAST = {
    on.Action.CREATE: "created",
    on.Action.UPDATE: "updated",
    on.Action.REPLACE: "replaced",
    on.Action.DELETE: "deleted",
    on.Action.KEEP: "kept in the account, no part of the stage any more",
}


class Progress:
    """Receives events and writes them to stderr; use as a context manager and as the callback.

    Args:
        screen: the streams of the command.
        planned: whether changes that are only planned are written too, as in a preview.
    """

    def __init__(self, screen: Screen, *, planned: bool = False) -> None:
        self._console = screen.talk
        self._live = screen.live
        self._planned = planned
        self._under_way: dict[str, str] = {}
        self._told: set[str] = set()
        self._done = 0
        self._tasks: dict[str, str] = {}
        self._status: Status | None = None

    def __enter__(self) -> Self:
        if self._live:
            self._status = Status("", console=self._console)
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def __call__(self, event: on.Event) -> None:
        """Take one event."""
        match event:
            case on.PhaseStarted():
                self._phase(event)
            case on.Notice():
                self._line(f"[cyan]note[/]    {escape(event.message)}")
            case on.Warned():
                advice = f"\n        {escape(event.hint)}" if event.hint else ""
                self._line(f"[bold yellow]warning[/] {escape(event.message)}{advice}")
            case on.ResourceStarted() | on.ResourceFinished() | on.ResourceFailed():
                self._resource(event)
            case on.Diagnostic():
                self._diagnostic(event)
            case on.ContainerOutput():
                self._console.print(Verbatim(Text(f"  {event.service} │ {event.line}", style="dim")))
            case on.TasksProgress():
                self._tasks_progress(event)
            case on.DeploymentEnded():
                self._ended(event)
            case _:
                pass

    def _phase(self, event: on.PhaseStarted) -> None:
        self._under_way.clear()
        self._told.clear()
        self._tasks.clear()
        self._line(f"[bold]{escape(event.message)}[/]")
        self._move(event.message)

    def _resource(self, event: on.ResourceStarted | on.ResourceFinished | on.ResourceFailed) -> None:
        sign = _SIGNS.get(event.action)
        if sign is None or not event.type.startswith(_AWS) or (event.planned and not self._planned):
            return
        if event.planned:
            if isinstance(event, on.ResourceStarted):
                why = f" [dim](because of {', '.join(event.replaced_for)})[/]" if event.replaced_for else ""
                changed = f" [dim]({', '.join(event.changed)})[/]" if event.changed and not why else ""
                self._once(f"  {sign} {escape(event.words)}{why}{changed}")
            return
        if isinstance(event, on.ResourceStarted):
            self._under_way[event.urn] = event.words
        else:
            self._under_way.pop(event.urn, None)
            failed = isinstance(event, on.ResourceFailed)
            self._done += not failed
            text = "[red]failed[/]" if failed else f"[dim]{_PAST[event.action]}[/]"
            self._once(f"  {sign} {escape(event.words)} {text}")
        self._move(f"{self._done} done; {', '.join(list(self._under_way.values())[:2])}")

    def _once(self, line: str) -> None:
        """Write a line that this phase has not written yet; the engine replaces a resource in three steps."""
        if line not in self._told:
            self._told.add(line)
            self._line(line)

    def _diagnostic(self, event: on.Diagnostic) -> None:
        # Why something failed is told once: as the command's error at its end, or with what is done about it before.
        if event.severity != "warning":
            return
        about = f"{escape(event.words)}: " if event.words else ""
        self._line(f"[bold yellow]warning[/] {about}{escape(event.message)}")

    def _tasks_progress(self, event: on.TasksProgress) -> None:
        failed = f", {event.failed} failed" if event.failed else ""
        count, earlier = f"{event.running}/{event.desired} tasks", ""
        if event.earlier:
            count = f"{event.running} of {event.desired} new tasks"
            earlier = f", {event.earlier} earlier {'one still runs' if event.earlier == 1 else 'ones still run'}"
        text = f"{event.service}: {count} running, {event.pending} pending{failed}{earlier}"
        if self._tasks.get(event.service) == text:
            return
        self._tasks[event.service] = text
        if self._status is None:
            self._line(f"  {escape(text)}")
        self._move("; ".join(self._tasks.values()))

    def _ended(self, event: on.DeploymentEnded) -> None:
        verdict = event.verdict
        colour = "green" if verdict.result.good else "red"
        reason = f": {escape(verdict.reason)}" if verdict.reason else ""
        self._line(f"  [{colour}]{escape(verdict.service)} {str(verdict.result).replace('_', ' ')}[/]{reason}")

    def _line(self, text: str) -> None:
        self._console.print(text)

    def _move(self, text: str) -> None:
        if self._status is not None:
            self._status.update(escape(text.rstrip("; ")))

"""Tasks to enter, and what was found out before: as text and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from tinystacks.errors import InterruptedByUserError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from tinystacks.operations.exec_model import AccessCheck, AccessReport, ExecTask
    from tinystacks.rendering.console import Screen

_SIGNS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "failed": "[red]✗[/]", "unknown": "[cyan]?[/]"}
_SHORT_ID = 12


def show_report(console: Console, report: AccessReport) -> None:
    """Write every check, and what to do about those that are not well."""
    console.print(f"Task {report.task.id}, container {escape(report.container)}")
    for check in report.checks:
        console.print(f"{_SIGNS[check.verdict]} [bold]{check.name}[/]  {escape(check.found)}")
        if check.mend:
            console.print(f"    [cyan]→[/] {escape(check.mend)}")


def show_warnings_of(console: Console, checks: Sequence[AccessCheck]) -> None:
    """Write the warnings of checks before a session opens."""
    for check in checks:
        if check.verdict == "warning":
            console.print(f"[yellow]![/] {check.name}: {escape(check.found)}")
            if check.mend:
                console.print(f"    [cyan]→[/] {escape(check.mend)}")


def report_document(report: AccessReport) -> dict[str, Any]:
    """Give the checks as plain data."""
    return {
        "task": report.task.id,
        "service": report.task.service,
        "container": report.container,
        "ready": not report.failed,
        "checks": [asdict(check) for check in report.checks],
    }


def choose_task(screen: Screen, tasks: Sequence[ExecTask]) -> ExecTask:
    """Have one of several tasks chosen; the first where nobody can be asked, and that is said.

    Raises:
        InterruptedByUserError: nothing was chosen.
        UsageError: there is no such number.
    """
    first = tasks[0]
    if len(tasks) == 1:
        return first
    if not screen.interactive:
        of = f" of {first.service}" if first.service else ""
        screen.talk.print(f"Task {first.id}{of}, the first of {len(tasks)} that run; --task names another.")
        return first
    rows = Table.grid(padding=(0, 2))
    for number, task in enumerate(tasks, 1):
        started = task.started_at.astimezone().strftime("%H:%M:%S") if task.started_at else ""
        rows.add_row(str(number), task.id[:_SHORT_ID], task.service, task.zone, started)
    screen.talk.print(rows)
    try:
        answer = screen.talk.input(f"Which task? [1-{len(tasks)}, Enter for 1] ", markup=False).strip()
    except EOFError:
        raise InterruptedByUserError("no task was chosen") from None
    if not answer:
        return first
    if not answer.isdecimal() or not 1 <= int(answer) <= len(tasks):
        raise UsageError(f"there is no task {answer}", hint=f"Type a number from 1 to {len(tasks)}.")
    return tasks[int(answer) - 1]

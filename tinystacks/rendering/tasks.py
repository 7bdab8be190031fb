"""One task with its containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from tinystacks.rendering.fitting import Column, WithNotes, fitted_table
from tinystacks.rendering.stage import coloured

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from tinystacks.operations.model import TaskStatus


def show_task(console: Console, task: TaskStatus) -> None:
    """Write everything about a task."""
    rows = Table.grid(padding=(0, 2))
    rows.add_row("Task", Text(task.id, style="bold"))
    facts = {
        "Service": task.service,
        "Task definition": task.task_definition,
        "Place": ", ".join(part for part in (task.zone, task.instance_id or task.launch_type) if part),
        "Address": task.address,
        "Capacity provider": task.capacity_provider,
        "Reserves": ", ".join(part for part in (_with(task.cpu, "CPU units"), _with(task.memory, "MiB")) if part),
        "Created": _time(task.created_at),
        "Started": _time(task.started_at),
        "Stopped": _time(task.stopped_at),
        "Why": " ".join(part for part in (task.stop_code, task.stopped_reason) if part),
        "Shell": "may be opened" if task.exec_enabled else "not allowed (exec is off)",
    }
    rows.add_row("Status", coloured(task.status))
    rows.add_row("Health", coloured(task.health))
    for name, value in facts.items():
        if value:
            rows.add_row(name, Text(value))
    console.print(rows)
    console.print()
    listed = task.containers
    codes = ["-" if one.exit_code is None else str(one.exit_code) for one in listed]
    columns = [
        Column(header="CONTAINER", cells=[Text(one.name) for one in listed]),
        Column(header="STATUS", cells=[coloured(one.status) for one in listed]),
        Column(header="HEALTH", cells=[coloured(one.health) for one in listed], dull=frozenset({"UNKNOWN"})),
        Column(header="EXIT CODE", cells=[Text(code) for code in codes], dull=frozenset({"-"})),
        Column(header="PORTS", cells=[Text(", ".join(one.ports) or "-") for one in listed], dull=frozenset({"-"})),
        Column(header="IMAGE", cells=[Text(one.image) for one in listed], cut=True),
    ]
    # The same words stand above as the task's reason.
    notes = [one.reason if one.reason not in task.stopped_reason else "" for one in listed]
    console.print(WithNotes(fitted_table(columns, console.width), notes))


def _with(number: str, unit: str) -> str:
    return f"{number} {unit}" if number else ""


def _time(moment: datetime | None) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" if moment else ""

"""One task with its containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from tinystacks.rendering.stage import coloured, plain_table

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
    table = plain_table("CONTAINER", "STATUS", "HEALTH", "EXIT CODE", "PORTS", "IMAGE", "REASON")
    for container in task.containers:
        table.add_row(
            container.name,
            coloured(container.status),
            coloured(container.health),
            "-" if container.exit_code is None else str(container.exit_code),
            ", ".join(container.ports) or "-",
            container.image,
            Text(container.reason or "-"),
        )
    console.print(table)


def _with(number: str, unit: str) -> str:
    return f"{number} {unit}" if number else ""


def _time(moment: datetime | None) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" if moment else ""

"""What is broken in the local AWS, as text."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console


def show_failures(console: Console, failures: Sequence[Mapping[str, Any]]) -> None:
    """Write each failure on a line: its id, what it does, and when it mends itself."""
    rows = Table.grid(padding=(0, 2))
    for one in failures:
        until = one.get("until")
        ends = _end_words(one) if until is None else f"until {datetime.fromisoformat(until).astimezone():%H:%M:%S}"
        rows.add_row(f"[red]✗[/] {escape(str(one['id']))}", escape(str(one["doing"])), f"[dim]{ends}[/]")
    console.print(rows)


def _end_words(failure: Mapping[str, Any]) -> str:
    """Say when something ends that nobody gave a time; what happens once ends as soon as something takes its place."""
    if failure["once"]:
        return "once"
    return {"instance": "until mended or replaced", "spot": "until it is ended"}.get(
        str(failure["kind"]), "until mended"
    )

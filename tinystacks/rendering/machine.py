"""This machine as text: the engine, doctor's findings, the local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from tinystacks.deployment.engine_model import EngineReport
    from tinystacks.doctor.finding import Finding
    from tinystacks.local.status import LocalStatus

_SIGNS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "failed": "[red]✗[/]"}


def show_findings(console: Console, findings: Iterable[Finding]) -> None:
    """Write each check on one line, and how to mend what is not well on the next."""
    for finding in findings:
        console.print(f"{_SIGNS[finding.verdict]} [bold]{escape(finding.name)}[/]  {escape(finding.found)}")
        if finding.mend:
            console.print(f"    [cyan]→[/] {escape(finding.mend)}")


def show_engine(console: Console, report: EngineReport) -> None:
    """Write which engine is used, and what was looked at."""
    if report.engine is not None:
        console.print(f"[bold]{escape(str(report.engine.path))}[/]  version {report.engine.version}")
        console.print(f"taken because: {escape(report.engine.reason)}")
    for entry in report.looked:
        sign = "[green]✓[/]" if entry.taken else "[dim]·[/]"
        console.print(f"  {sign} {escape(entry.place)}: {escape(entry.reason)}")


def local_words(status: LocalStatus) -> str:
    """Say how the local AWS runs containers and time; the choice is never silent."""
    containers = "real" if status.runtime == "docker" else "simulated"
    return f"{containers} containers, time x {status.speed:g}"


def show_local_start(console: Console, status: LocalStatus) -> None:
    """Say that a command had to start the local AWS, and what became of an earlier one."""
    started = f"The local AWS did not run, so an empty one was started ({local_words(status)})."
    for note in filter(None, (status.notice, started)):
        console.print(Text(f"note    {note}", style="cyan"))


def show_local(console: Console, status: LocalStatus) -> None:
    """Write where the local AWS answers and how it runs."""
    if status.notice:
        console.print(f"[cyan]note[/] {escape(status.notice)}")
    rows = Table.grid(padding=(0, 2))
    rows.add_row("Endpoint", status.endpoint_url)
    rows.add_row("Process", str(status.pid))
    rows.add_row("Runtime", status.runtime)
    rows.add_row("Speed", f"{status.speed:g} simulated seconds per second")
    rows.add_row("Started", status.started_at)
    console.print(rows)

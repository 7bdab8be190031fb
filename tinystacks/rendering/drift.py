"""What differs between what was recorded and what is, in words of the file, and how to heal it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from tinystacks.deployment.file_words import file_field
from tinystacks.deployment.wording import Wording
from tinystacks.rendering.differences import show_differences

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from tinystacks.deployment.changes import PlannedChange
    from tinystacks.deployment.results import RefreshResult


def show_drift(console: Console, result: RefreshResult, services: Iterable[str], *, flags: str) -> None:
    """Write what differs.

    Args:
        console: where to.
        result: what a refresh would take over.
        services: names of the file's services.
        flags: stage and options that the next command needs.
    """
    wording = Wording(result.stack, services)
    for change in result.drifted:
        if change.action == "delete":
            console.print(Text("  - ", style="red").append(f"{change.words} is gone", style="none"), soft_wrap=True)
            continue
        console.print(Text("  ~ ", style="yellow").append(change.words, style="none"), soft_wrap=True)
        show_differences(console, change, wording)
    if not result.drifted:
        console.print(f"[green]✓[/] {result.stack}/{result.stage} is as it was recorded.")
        return
    count = len(result.drifted)
    console.print(
        f"{result.stack}/{result.stage}: {count} resource{'s' if count > 1 else ''} changed behind the engine "
        "(recorded → found)."
    )
    console.print(f"Put it back as the file says: `tstack up {flags} --refresh`", soft_wrap=True)


def drifted_fields(change: PlannedChange, wording: Wording) -> list[str]:
    """Give the fields of the file that a resource no longer follows."""
    service = wording.service_of(change.name)
    return list(dict.fromkeys(file_field(change.type, name, service) for name in change.changed))


def drift_document(result: RefreshResult, services: Iterable[str]) -> dict[str, Any]:
    """Give what `tstack drift --json` prints."""
    wording = Wording(result.stack, services)
    resources = [
        {**change.to_mapping(), "action": "gone" if change.action == "delete" else "changed"}
        | {"service": wording.service_of(change.name), "fields": drifted_fields(change, wording)}
        for change in result.drifted
    ]
    return {"stack": result.stack, "stage": result.stage, "drifted": bool(result.drifted), "resources": resources}

"""How an operation ended, as text: counts, causes, what was kept, what to type next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from tinystacks.deployment.changes import Changes
from tinystacks.deployment.ends import Result
from tinystacks.deployment.wording import Wording
from tinystacks.rendering.differences import show_differences

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from tinystacks.deployment.results import DestroyResult, Kept, OperationResult, PreviewResult, RepairResult
    from tinystacks.deployment.service_verdicts import Cause

_SIGNS = {
    "create": "[green]+[/]",
    "update": "[yellow]~[/]",
    "replace": "[magenta]±[/]",
    "delete": "[red]-[/]",
    "keep": "[dim]=[/]",
}
_WORDS = {
    Result.STEADY: "is steady",
    Result.UNCHANGED: "is unchanged",
    Result.ROLLED_BACK: "was rolled back by ECS: the version before is serving",
    Result.TIMED_OUT: "did not become steady in time",
    Result.FAILED: "failed",
    Result.PREVIEWED: "was previewed; nothing was changed",
    Result.REFRESHED: "was refreshed",
    Result.DESTROYED: "is destroyed",
}


def changes_line(changes: Changes) -> str:
    """Give the counts in one line, such as `45 to create, 3 unchanged`."""
    parts = [f"{count} {word}" for word, count in changes.to_mapping().items() if count and word != "same"]
    return ", ".join([*parts, f"{changes.same} unchanged"]) if parts else f"no changes, {changes.same} unchanged"


def show_verdict(console: Console, result: OperationResult) -> None:
    """Write how it ended, and why where it did not end well."""
    colour = "green" if result.result.good else "red"
    sign = "✓" if result.result.good else "✗"
    # Without the engine, as in an order to services that run, there is nothing to count.
    counted = f" [dim]({changes_line(result.changes)})[/]" if result.changes != Changes() else ""
    console.print(f"[bold {colour}]{sign} {result.stack}/{result.stage} {_WORDS[result.result]}[/]{counted}")
    for cause in result.causes:
        show_cause(console, cause)


def show_cause(console: Console, cause: Cause) -> None:
    """Write why tasks of a service ended, with their last lines and what to do."""
    code = f", exit code {cause.exit_code}" if cause.exit_code is not None else ""
    console.print(f"  [bold]{escape(cause.service)}[/]: {cause.count} x {escape(cause.reason)}{code}")
    if cause.message:
        console.print(f"    {escape(cause.message)}")
    for line in cause.log_tail:
        console.print(f"    [dim]│ {escape(line)}[/]")
    if cause.advice:
        console.print(f"    [cyan]→[/] {escape(cause.advice)}")


def show_preview(console: Console, result: PreviewResult, services: Iterable[str] = ()) -> None:
    """Write what `up` would change, in words of the file.

    Args:
        console: where to.
        result: of the preview.
        services: names of the file's services.
    """
    wording = Wording(result.stack, services)
    for change in result.planned:
        if not change.type.startswith("aws:"):
            continue
        why = f" [dim](because of {', '.join(change.replaced_for)})[/]" if change.replaced_for else ""
        stop = " [bold red]interrupts the service[/]" if change.interrupts else ""
        console.print(f"  {_SIGNS.get(change.action, ' ')} {escape(change.words)}{why}{stop}")
        if change.action in {"update", "replace"}:
            show_differences(console, change, wording)
    console.print(f"[bold]{result.stack}/{result.stage}[/]: {changes_line(result.changes)}")


def show_receipt(console: Console, result: DestroyResult) -> None:
    """Write what a destroy removed and what is kept and why."""
    console.print(f"Removed {len(result.removed)} resources.")
    for words in result.deregistered:
        console.print(f"  and {escape(words)}")
    if not result.kept:
        console.print("Nothing that carries the stage's tags is left.")
    for kept in result.kept:
        console.print(f"  kept {escape(kept.type)} {escape(kept.id)}: {escape(kept.reason)}")
    show_verdict(console, result)


def show_orphans(console: Console, orphans: Iterable[Kept]) -> None:
    """Write what is there of a stage and in no state."""
    for orphan in orphans:
        console.print(f"  not in the state: {escape(orphan.type)} {escape(orphan.id)}: {escape(orphan.reason)}")


def show_repair(console: Console, result: RepairResult) -> None:
    """Write what earlier commands left unfinished, and what became of it."""
    for words in result.unfinished:
        console.print(f"  unfinished: {escape(words)}")
    show_orphans(console, result.orphans)
    for words in result.removed:
        console.print(f"  removed: {escape(words)}")
    for words in result.not_read:
        console.print(f"[yellow]not read: {escape(words)}[/]")
    if not (result.unfinished or result.orphans or result.removed or result.not_read):
        console.print("Nothing is left to repair.")
    if result.whole is False:
        console.print(
            f"{result.stack}/{result.stage} is not whole: `tstack up` makes what is missing, `tstack destroy` removes "
            "what there is."
        )

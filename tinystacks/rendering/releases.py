"""Releases as text: the list, one of them, what two have different, and one-off tasks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from tinystacks.deployment.ends import Result
from tinystacks.deployment.events import ContainerOutput
from tinystacks.deployment.revision_choice import Revision, Use
from tinystacks.rendering.next_commands import Verbatim
from tinystacks.rendering.results import show_cause

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from tinystacks.deployment.events import Event, OnEvent
    from tinystacks.deployment.one_off import TaskRun
    from tinystacks.deployment.pruning import PrunePlan, PruneResult
    from tinystacks.deployment.release_diff import Difference
    from tinystacks.deployment.releases import Release
    from tinystacks.deployment.results import UpResult
    from tinystacks.deployment.rollback import RollbackPlan

_COLOURS = {Result.STEADY: "green", Result.IN_PROGRESS: "yellow", "unknown": "dim"}
_CANCELLED = {
    Result.ROLLED_BACK: ("went back to what ran before", ""),
    Result.STEADY: (
        "is steady: the deployment came to its end before it was stopped, and the new version runs",
        "`tstack rollback {typed}` brings back the release before.",
    ),
    Result.TIMED_OUT: (
        "is not back in time; ECS may still be going back to what ran before",
        "`tstack status {typed}` shows how far it is.",
    ),
    Result.FAILED: (
        "could not go back",
        (
            "`tstack status {typed}` shows what runs; `tstack rollback {typed}` brings back the last good release with "
            "all its settings, and where there is none, mend the file and run `tstack up {typed}`."
        ),
    ),
}
_KEPT_FOR = {
    Use.SERVICE: "that a service has in a deployment",
    Use.TASK: "that a task runs",
    Use.SERVICE_DEPLOYMENT: "that ECS deploys or may go back to",
    Use.STATE: "that the state names",
    Use.RELEASE: "of the last {keep} releases",
    Use.LAST_STEADY: "of the last release that became steady",
    Use.UNMARKED: "without the stage's tags",
}
_SHORT_DIGEST = 19
"""`sha256:` and 12 digits."""


def show_releases(console: Console, releases: Sequence[Release]) -> None:
    """Write the list, newest first."""
    if not releases:
        console.print("No releases yet.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("release", "when", "who", "commit", "result", "message"):
        table.add_column(column, overflow="fold")
    for release in releases:
        table.add_row(
            str(release.number),
            _when(release),
            escape(release.by),
            escape(release.commit),
            Text(_result(release), style=_COLOURS.get(release.result, "red")),
            escape(release.message),
        )
    console.print(table)


def show_release(console: Console, release: Release) -> None:
    """Write one release with what it ran and how it ended."""
    colour = _COLOURS.get(release.result, "red")
    console.print(f"[bold]release {release.number}[/] [{colour}]{_result(release)}[/]")
    who = f" by {escape(release.by)}" if release.by else ""
    commit = f", commit {escape(release.commit)}" if release.commit else ""
    console.print(f"{_when(release)}{who}{commit}")
    if release.message:
        console.print(escape(release.message))
    for name, image in sorted(release.images.items()):
        console.print(f"  {escape(name)}: {escape(image)}")
    for verdict in release.verdicts:
        if verdict.reason:
            console.print(f"  {escape(verdict.service)}: {escape(verdict.reason)}")
        for cause in verdict.causes:
            show_cause(console, cause)


def show_differences(console: Console, differences: Iterable[Difference]) -> None:
    """Write what is different, one setting a line, in words of the file."""
    found = list(differences)
    if not found:
        console.print("No difference.")
    for one in found:
        if one.before is None:
            text = f"[green]+[/] {escape(one.field)}: {escape(_value(one.after))}"
        elif one.after is None:
            text = f"[red]-[/] {escape(one.field)}: {escape(_value(one.before))}"
        else:
            text = f"[yellow]~[/] {escape(one.field)}: {escape(_value(one.before))} -> {escape(_value(one.after))}"
        console.print(f"  {text}")


def show_rollback_plan(console: Console, plan: RollbackPlan) -> None:
    """Write what a rollback brings back and changes."""
    target = plan.target
    about = f" ({escape(target.message)})" if target.message else ""
    console.print(
        f"Back from release {plan.current.number} ({_words(plan.current.result)}) to what release {target.number} ran: "
        f"{_when(target)}, {_words(target.result)}{about}"
    )
    show_differences(console, plan.differences)


def show_prune_plan(console: Console, plan: PrunePlan) -> None:
    """Write which revisions would go, and how many stay and why."""
    total = len(plan.doomed) + len(plan.kept)
    console.print(f"{plan.stack}/{plan.stage} has {_revisions(total)}; {len(plan.doomed)} of no use", markup=False)
    for family, numbers in _by_family(plan.doomed).items():
        console.print(f"  - {family}: {_spans(numbers)}", markup=False)
    for use, count in plan.counts.items():
        console.print(f"  = {count} {_KEPT_FOR[use].format(keep=plan.keep)}", markup=False)


def show_pruned(console: Console, result: PruneResult) -> None:
    """Write what a prune did."""
    done, kept = len(result.deregistered), len(result.plan.kept)
    if not done:
        console.print("Nothing to deregister.")
    else:
        console.print(f"Deregistered {done} revision{'' if done == 1 else 's'}; {kept} stay ACTIVE.", markup=False)


def show_cancelled(console: Console, result: UpResult, typed: str) -> None:
    """Write how the way back of a deployment that was stopped ended, and what to type where it is not over or failed.

    Args:
        console: where to.
        result: of `RunningStage.cancel_rollout`.
        typed: stage and options, as the user types them after a command.
    """
    if result.result is Result.UNCHANGED:
        console.print("No deployment is under way.")
        return
    words, advice = _CANCELLED[result.result]
    console.print(f"{result.stack}/{result.stage} {words}.", markup=False)
    for verdict in result.verdicts:
        if verdict.reason and not verdict.result.good and verdict.result is not Result.ROLLED_BACK:
            console.print(f"  {verdict.service}: {verdict.reason}", markup=False)
    if advice:
        console.print(f"  -> {advice.format(typed=typed)}", markup=False)


def show_task_run(console: Console, run: TaskRun) -> None:
    """Write how a one-off task ended."""
    if run.exit_code is None:
        console.print(f"[bold red]✗ task {run.task_id} of {escape(run.service)} did not run[/]: {escape(run.reason)}")
    else:
        colour, sign = ("green", "✓") if run.exit_code == 0 else ("red", "✗")
        console.print(
            f"[bold {colour}]{sign} task {run.task_id} of {escape(run.service)} ended with {run.exit_code}[/]"
        )


class TaskLog:
    """Writes a task's own lines to stdout, and passes everything else on.

    Args:
        others: receives the other events.
        console: for the lines; none to leave them out.
    """

    def __init__(self, others: OnEvent, console: Console | None) -> None:
        self._others = others
        self._console = console

    def __call__(self, event: Event) -> None:
        """Take one event."""
        if not isinstance(event, ContainerOutput):
            self._others(event)
        elif self._console is not None:
            self._console.print(Verbatim(Text(event.line)))


def _when(release: Release) -> str:
    return release.created_at.strftime("%Y-%m-%d %H:%M:%S UTC")


def _words(result: str) -> str:
    return result.replace("_", " ")


def _result(release: Release) -> str:
    return _words(release.result) + (f" ({release.reason})" if release.reason else "")


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    head, at, digest = text.partition("@sha256:")
    return f"{head}@{at.removeprefix('@')}{digest}"[: len(head) + 1 + _SHORT_DIGEST] if at else text


def _revisions(count: int) -> str:
    return f"{count} ACTIVE task definition revision{'' if count == 1 else 's'}"


def _by_family(revisions: Iterable[Revision]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for one in revisions:
        found.setdefault(one.family, []).append(one.number)
    return found


def _spans(numbers: Sequence[int]) -> str:
    """Write growing numbers, neighbours together, such as `1-4, 7`."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)

"""Everything `tstack status` tells, once or as a picture that is drawn anew."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Self

from rich.console import Group
from rich.segment import Segment
from rich.text import Text

from tinystacks.operations.causes_in_short import short_cause
from tinystacks.rendering.stage import (
    coloured,
    ended_words,
    headline,
    instances_table,
    plain_table,
    services_table,
    since,
    tasks_table,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.live import Live
    from rich.table import Table

    from tinystacks.operations.model import ServiceSkew, StageStatus
    from tinystacks.operations.scaling_model import ScalingActivity
    from tinystacks.operations.watching import Picture
    from tinystacks.outputs import StageOutputs
    from tinystacks.rendering.console import Screen


_IDLE = frozenset({"AlreadyAtMinCapacity", "AlreadyAtMaxCapacity", "AlreadyAtDesiredCapacity"})
"""Why scaling did nothing where the table of numbers says as much."""


def show_status(console: Console, status: StageStatus, outputs: StageOutputs) -> None:
    """Write everything that `tstack status` tells."""
    for part in status_parts(status, outputs, width=console.width):
        console.print(part)


class StatusScreen:
    """A picture that is drawn anew where a terminal can do so, else written again; use as a context manager.

    Args:
        screen: the streams of the command.
        outputs: what the stage's program exported.
    """

    def __init__(self, screen: Screen, outputs: StageOutputs) -> None:
        self._console = screen.data
        self._shown = screen.shown
        self._outputs = outputs
        self._whole: RenderableType = ""
        self._live: Live | None = None
        if screen.live and screen.data.is_terminal:
            from rich.live import Live  # noqa: PLC0415 - only what is drawn anew needs it

            self._live = Live(console=screen.data, auto_refresh=False, vertical_overflow="crop")

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._live is not None:
            self._live.update(self._whole)  # what stays may go beyond the window
            self._live.stop()

    def show(self, picture: Picture) -> None:
        """Draw a picture."""
        head = _head(picture)
        if self._live is None and picture.silent_seconds:
            self._console.print(head)  # what was written before still stands there
            return
        parts = status_parts(picture.status, self._outputs, width=self._console.width)
        self._whole = self._shown(Group(head, *parts))
        if self._live is not None:
            self._live.update(FittedToWindow(self._whole), refresh=True)
        else:
            self._console.print(self._whole)


class FittedToWindow:
    """What is drawn anew, cut at the window's lower end, where it says how much is cut.

    Args:
        whole: the picture.
    """

    def __init__(self, whole: RenderableType) -> None:
        self._whole = whole

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Give as many lines as the window has; Rich calls it."""
        lines = console.render_lines(self._whole, options.update(height=None), pad=False)
        more = len(lines) - console.size.height
        for line in lines[: -1 - more] if more > 0 else lines:
            yield from line
            yield Segment.line()
        if more > 0:
            yield Text(f"{more + 1} more lines; enlarge the window", style="bold yellow", end="")


def _head(picture: Picture) -> Text:
    """Say when the picture was seen, and why there is no newer one."""
    moment = f"{picture.seen_at.astimezone():%H:%M:%S}"
    if picture.silent_seconds:
        return Text(f"no answer for {picture.silent_seconds:.0f} s (last picture {moment})", style="bold yellow")
    if picture.trouble is not None:
        return Text(f"not reached since {moment}: {picture.trouble.message}", style="bold yellow")
    return Text(f"at {moment}", style="dim")


def status_parts(status: StageStatus, outputs: StageOutputs, *, width: int) -> Iterator[RenderableType]:
    """Give what `status` tells, part by part.

    Args:
        status: what was read.
        outputs: what the stage's program exported.
        width: of the terminal.
    """
    yield headline(status, outputs)
    yield ""
    yield services_table(status.services, width=width)
    yield ""
    yield tasks_table(status.tasks, width=width)
    yield ""
    if status.instances:
        yield instances_table(status.instances, width=width)
        yield ""
    if status.scaling or status.group:
        yield _scaling_table(status)
        yield ""
    yield from _remarks(status)


def _scaling_table(status: StageStatus) -> Table:
    table = plain_table("SCALING", "NOW", "MIN", "MAX", "BY", "WHY NO FEWER")
    desired = {service.name: service.desired for service in status.services}
    for one in status.scaling:
        policies = [f"{policy.metric} {policy.target or 0:g}" for policy in one.policies]
        held = [hold.message for hold in status.holds if hold.service == one.service]
        now = str(desired.get(one.service, 0))
        table.add_row(one.service, now, str(one.minimum), str(one.maximum), ", ".join(policies), "; ".join(held) or "-")
    if status.group is not None:
        group = status.group
        by = f"room for tasks, {group.target_capacity} % used" if group.managed else "nothing"
        held = [hold.message for hold in status.holds if not hold.service]
        now = str(group.desired)
        table.add_row("instances", now, str(group.minimum), str(group.maximum), by, "; ".join(held) or "-")
    return table


def _remarks(status: StageStatus) -> Iterator[Text]:
    """Give what does not go without saying: all that is not as it should be."""
    for target in status.targets:
        if target.health not in {"healthy", "initial"}:
            yield Text(f"target {target.target} of {target.service} is {target.health}: {target.reason}")
    healthy = sum(target.health == "healthy" for target in status.targets)
    if status.targets:
        yield Text(f"targets: {healthy} of {len(status.targets)} healthy", style="dim")
    for service in status.services:
        if not service.steady and service.events:
            yield Text(f"{service.name}: {service.events[0][1]}", style="yellow")
    yield from ended_words(status.tasks)
    if status.local_changes:
        yield Text("the file says something else than what was deployed: `tstack preview` shows it", style="yellow")
    for skew in status.skew:
        yield from _skew_words(skew, status.release)
    yield from _alarm_words(status)
    telling = [one for one in status.activities if not one.not_scaled or not _IDLE.issuperset(one.not_scaled)]
    for _, repeated in groupby(telling, key=lambda one: replace(one, at=status.activities[0].at)):
        newest, *earlier = repeated
        yield Text(activity_words(newest, times_before=len(earlier)), style="dim")
    yield from (Text(f"not read: {words}", style="yellow") for words in status.not_read)


def activity_words(activity: ScalingActivity, *, times_before: int = 0) -> str:
    """Say what scaling did, or why it did nothing.

    Args:
        activity: the newest.
        times_before: how often the very same was tried just before.
    """
    before = {0: "", 1: " and once before"}.get(times_before, f" and {times_before} times before")
    about = f"{activity.service or 'instances'}, {since(activity.at)} ago{before}"
    if activity.not_scaled:
        return f"not scaled: {about}: {', '.join(activity.not_scaled)}: {short_cause(activity.cause)}"
    done = "" if activity.status == "Successful" else f" ({activity.status}: {activity.message})"
    return f"scaled: {about}: {activity.description.rstrip('.')}{done}: {short_cause(activity.cause)}"


def _alarm_words(status: StageStatus) -> Iterator[Text]:
    watched = [alarm for alarm in status.alarms if not alarm.scaling]
    if watched:
        yield Text(f"alarms: {sum(alarm.state == 'OK' for alarm in watched)} of {len(watched)} OK", style="dim")
    for alarm in watched:
        if alarm.state != "OK":
            text = Text("alarm ").append_text(coloured(alarm.state)).append(f" {alarm.name}")
            yield text.append(f", {since(alarm.since)}: {alarm.reason}")


def _skew_words(skew: ServiceSkew, release: int) -> Iterator[Text]:
    if skew.moved_on:
        after = f" (release {release})" if release else ""
        yield Text(
            f"{skew.service}: ECS runs {skew.live}, the last up made {skew.recorded}{after}: ECS went back, "
            "or somebody changed it. The next `tstack up` takes it over.",
            style="bold yellow",
        )
    if skew.mixed:
        yield Text(f"{skew.service}: revisions side by side: {_counts(skew.revisions)}", style="yellow")
    if skew.uneven:
        where = f"zones {_counts(skew.zones)}; instances {_counts(skew.instances)}"
        yield Text(f"{skew.service}: tasks are piled up: {where}. A forced deployment spreads them.", style="yellow")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(counts.items()))

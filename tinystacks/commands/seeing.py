"""Commands that look at a stage and change nothing: `status`, `tasks`, `logs`, `metrics`, `events`, `drift`.

With `--cluster` (and `--service`) all but `drift` look at services that something else made, without a file.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from tinystacks.commands.drifting import drift
from tinystacks.commands.durations import parse_since
from tinystacks.commands.following import logs, watch_status
from tinystacks.commands.options import Place, on_stage, print_json
from tinystacks.commands.reading import Cluster, Service, open_reads, past_releases
from tinystacks.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (status, tasks, logs, metrics, events, drift):
        app.command()(command)


@on_stage
def status(
    place: Place,
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on looking until Ctrl-C.")] = False,
    cluster: Cluster = None,
    service: Service = None,
) -> None:
    """Show services, tasks, instances, targets, alarms and scaling of a stage."""
    from tinystacks.rendering.documents import status_document
    from tinystacks.rendering.status import show_status

    operations, _ = open_reads(place, cluster, service)
    if watch:
        return watch_status(place, operations)
    found = operations.status()
    if place.as_json:
        return print_json(status_document(found))
    show_status(place.screen.data, found, operations.outputs)
    place.say_broken()
    return None


@on_stage
def tasks(
    place: Place,
    *,
    task: Annotated[str | None, typer.Option("--task", "-t", help="All about one task: its id or the start.")] = None,
    stopped: Annotated[bool, typer.Option("--stopped", help="Those that stopped in the last hour.")] = False,
    cluster: Cluster = None,
    service: Service = None,
) -> None:
    """List the tasks of a stage, or show one with its containers."""
    from tinystacks.rendering.documents import task_document, tasks_document
    from tinystacks.rendering.stage import show_tasks
    from tinystacks.rendering.tasks import show_task

    if place.stage == "show" and task is None:
        raise UsageError(
            "`tasks show` needs the id of a task, or the beginning of it",
            hint="Such as `tstack tasks show 1e3653c20153`; `tstack tasks` lists them.",
        )
    operations, chosen = open_reads(place, cluster, service)
    name = operations.outputs.stage
    if task is not None:
        one = operations.task(task)
        return print_json(task_document(name, one)) if place.as_json else show_task(place.screen.data, one)
    found = operations.tasks(stopped=stopped, service=chosen)
    if place.as_json:
        return print_json(tasks_document(name, found))
    show_tasks(place.screen.data, found)
    return None


@on_stage
def metrics(
    place: Place,
    *,
    since: Annotated[str, typer.Option("--since", help="Such as 30m, 1h or 2d.")] = "1h",
    cluster: Cluster = None,
    service: Service = None,
) -> None:
    """Show CPU, memory, tasks, requests, errors, latency and instances over time."""
    from tinystacks.rendering.metrics import metrics_document, show_metrics

    start = parse_since(since)
    operations, chosen = open_reads(place, cluster, service)
    found = operations.metrics(start, service=chosen)
    if place.as_json:
        return print_json(metrics_document(operations.outputs.stage, found))
    show_metrics(place.screen.data, found)
    return None


@on_stage
def events(
    place: Place,
    *,
    since: Annotated[str, typer.Option("--since", help="Such as 1h, 1d or 2w.")] = "1d",
    cluster: Cluster = None,
    service: Service = None,
) -> None:
    """Show what happened to a stage: releases, ECS, scaling, instances and tasks that stopped, in one time line."""
    from tinystacks.operations.timeline import read_timeline
    from tinystacks.rendering.events import show_timeline, timeline_document

    start = parse_since(since)
    operations, chosen = open_reads(place, cluster, service)
    releases = partial(past_releases, place) if cluster is None else tuple
    found = read_timeline(operations, start, service=chosen, releases=releases)
    if place.as_json:
        return print_json(timeline_document(operations.outputs.stage, found))
    show_timeline(place.screen.data, found)
    return None

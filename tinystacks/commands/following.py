"""What goes on until Ctrl-C: `logs --follow` and `status --watch`.

Ctrl-C ends them with exit code 130 and no message, as with `kubectl logs --follow` and `docker logs --follow`.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from tinystacks.commands.durations import parse_since
from tinystacks.commands.options import Place, on_stage, print_json
from tinystacks.commands.reading import Cluster, Service, open_reads
from tinystacks.errors import InterruptedByUserError, UsageError

if TYPE_CHECKING:
    from collections.abc import Generator

    from tinystacks.errors import AwsError
    from tinystacks.operations.log_selection import LogRequest
    from tinystacks.operations.stage_reads import Operations


@on_stage
def logs(
    place: Place,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on until Ctrl-C; --json then is one document a line.")
    ] = False,
    since: Annotated[str | None, typer.Option("--since", help="Such as 90s, 10m, 2h or 1d; 10m by default.")] = None,
    task: Annotated[str | None, typer.Option("--task", "-t", help="Only this task: its id or the start of it.")] = None,
    previous: Annotated[bool, typer.Option("--previous", help="The task that stopped last, from its start.")] = False,
    pattern: Annotated[str, typer.Option("--filter", help="CloudWatch's filter pattern, such as ERROR.")] = "",
    cluster: Cluster = None,
    service: Service = None,
) -> None:
    """Show what the containers of all tasks wrote, in order of time."""
    from tinystacks.operations.log_selection import LogRequest
    from tinystacks.rendering.logs import lines_document, no_lines_words, show_lines

    if follow and previous:
        raise UsageError(
            "--previous shows a task that has ended, which writes no more, so that there is nothing to follow",
            hint="For its lines leave --follow out; for those of the tasks that run leave --previous out.",
        )
    start = parse_since(since) if since else None
    operations, chosen = open_reads(place, cluster, service)
    request = LogRequest(since=start, service=chosen, task=task, previous=previous, pattern=pattern)
    if follow:
        return _follow(place, operations, request)
    lines = operations.logs(request)
    if place.as_json:
        return print_json(lines_document(operations.outputs.stage, lines))
    show_lines(place.screen.data, lines)
    if not lines:
        place.screen.talk.print(no_lines_words(request), markup=False)
    return None


def _follow(place: Place, operations: Operations, request: LogRequest) -> None:
    from tinystacks.operations.log_reads import LogFollower
    from tinystacks.rendering.documents import to_json_line
    from tinystacks.rendering.logs import line_document, show_lines

    def on_trouble(error: AwsError | None) -> None:
        words = f"waiting: {error.message}" if error else "AWS answers again; nothing was lost"
        place.screen.talk.print(words, markup=False, style="yellow")

    follower = LogFollower(operations.log_cursors(request), wait=_wait, on_trouble=on_trouble)
    with _until_interrupted():
        for batch in follower.batches():
            if place.as_json:
                for line in batch:
                    typer.echo(to_json_line(line_document(line)))
            else:
                show_lines(place.screen.data, batch)


def watch_status(place: Place, operations: Operations) -> None:
    """Show the status again and again; what could be seen last stays while AWS cannot be reached."""
    from tinystacks.operations.watching import Watch
    from tinystacks.rendering.documents import status_document, to_json_line
    from tinystacks.rendering.status import StatusScreen

    watch = Watch(operations.status, wait=_wait)
    with _until_interrupted():
        if place.as_json:
            for picture in watch.pictures():
                if picture.trouble is None and not picture.silent_seconds:
                    typer.echo(to_json_line(status_document(picture.status)))
            return
        with StatusScreen(place.screen, operations.outputs) as screen:
            for picture in watch.pictures():
                screen.show(picture)


@contextmanager
def _until_interrupted() -> Generator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(InterruptedByUserError.exit_code) from None


def _wait(seconds: float) -> bool:
    threading.Event().wait(seconds)
    return True

"""What a read looks at: a stage of the file, or with `--cluster` services that something else made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tinystacks.errors import SpecError

if TYPE_CHECKING:
    from tinystacks.commands.options import Place
    from tinystacks.operations.stage_reads import Operations
    from tinystacks.operations.timeline import Happening

Cluster = Annotated[
    str | None,
    typer.Option("--cluster", help="Look at a cluster that something else made; no file is needed."),
]
Service = Annotated[
    str | None, typer.Option("--service", "-s", help="Only this service; with --cluster the name of the ECS service.")
]


def open_reads(place: Place, cluster: str | None, service: str | None) -> tuple[Operations, str | None]:
    """Open what a command looks at.

    Args:
        place: the stage.
        cluster: name of a cluster that something else made.
        service: name of a service, in the file or in that cluster.

    Returns:
        The reads, and the one service that is meant by its name there.
    """
    if cluster is None:
        return place.operations(), service
    operations = place.workspace().elsewhere(cluster, service)
    return operations, next(iter(operations.outputs.services), None) if service else None


def past_releases(place: Place) -> list[Happening]:
    """Give the stage's releases and destroys as things that happened; none where the file has problems.

    Raises:
        TinystacksError: the engine, which keeps them, is missing or refuses.
    """
    from tinystacks.operations.timeline import Happening

    found: list[Happening] = []
    try:
        history = place.workspace().deployment(place.stage).history()
    except SpecError:
        return found  # the reads, which were opened before, have told of it
    for entry in history:
        number = entry.release.get("number")
        result = str(entry.release.get("result") or entry.result).replace("_", " ")
        by, commit = entry.release.get("by"), entry.release.get("commit")
        what = f"release {number} {result}" if number else f"{entry.kind} {result}"
        details = [f"by {by}" if by else "", f"commit {commit}" if commit else "", entry.message]
        words = ", ".join([what, *filter(None, details)])
        bad = result in {"failed", "rolled back", "timed out"}
        found.append(Happening(at=entry.started_at, kind="release", subject="", message=words, bad=bad))
    return found

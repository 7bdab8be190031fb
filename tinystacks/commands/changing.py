"""`tstack preview`, `up`, `destroy`, `repair`, `unlock`: what changes a stage, and what makes it whole again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tinystacks.commands import releases
from tinystacks.commands.options import Place, Runtime, Speed, Yes, on_stage, print_json
from tinystacks.errors import DeploymentFailedError, InterruptedByUserError

if TYPE_CHECKING:
    from tinystacks.deployment.results import UpResult

CHANGES_FOUND = 3


def add_to(main: typer.Typer) -> None:
    """Register the commands."""
    for command in (preview, up, destroy, repair, unlock):
        main.command()(command)


@on_stage
def preview(
    place: Place,
    *,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 3 when something would change.")] = False,
) -> None:
    """Show what `up` would change; changes nothing."""
    from tinystacks.rendering.progress import Progress
    from tinystacks.rendering.results import show_preview

    deployment = place.deployment()
    with Progress(place.screen) as progress, deployment.interrupt.on_signals():
        result = deployment.preview(on_event=progress)
    if place.as_json:
        print_json(result.to_mapping())
    else:
        show_preview(place.screen.data, result, deployment.stage.services)
    if exit_code and result.changes.total:
        raise typer.Exit(CHANGES_FOUND)


@on_stage
def up(
    place: Place,
    *,
    yes: Yes = False,
    approve: Annotated[bool, typer.Option("--approve", help="Approve a stage with `approval: manual`.")] = False,
    message: Annotated[str, typer.Option("--message", "-m", help="Kept with the release.")] = "",
    image: Annotated[
        list[str] | None, typer.Option("--image", help="Deploy this image: SERVICE=REFERENCE; may be repeated.")
    ] = None,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Stop a deployment that is under way, and go back to what ran before.")
    ] = False,
    allow_downtime: Annotated[bool, typer.Option("--allow-downtime", help="Replace a service if it must be.")] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Put back what was changed behind the engine (see `drift`).")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=0, help="With --refresh: how many resources may be gone.")
    ] = None,
    runtime: Runtime = None,
    speed: Speed = None,
) -> None:
    """Create or change a stage, and wait until its services are steady."""
    from tinystacks.deployment.ending import InterruptedWaitError
    from tinystacks.deployment.gate import RemovalError
    from tinystacks.rendering.asking import ask_before_removing_parts, ask_before_up, wants_to_go_back
    from tinystacks.rendering.progress import Progress
    from tinystacks.rendering.results import show_verdict
    from tinystacks.rendering.stage import show_deployed

    place.check_local_only(runtime=runtime, speed=speed)
    if cancel:
        return releases.cancel_rollout(place)
    images = releases.given_images(image)
    deployment = place.deployment(runtime=runtime, speed=speed)
    agreed = yes or place.local
    ask_before_up(place.screen, deployment.stage, yes=yes, approved=approve, local=place.local)

    def change(*, refresh: bool, allow_removal: bool) -> UpResult:
        with Progress(place.screen) as progress, deployment.interrupt.on_signals():
            if refresh:
                deployment.refresh(on_event=progress, limit=limit)
            return deployment.up(
                on_event=progress,
                images=images,
                message=message,
                allow_downtime=allow_downtime,
                allow_removal=allow_removal,
            )

    try:
        try:
            result = change(refresh=refresh, allow_removal=agreed)
        except RemovalError as error:
            ask_before_removing_parts(place.screen, error)
            result = change(refresh=False, allow_removal=True)
    except InterruptedWaitError:
        if not wants_to_go_back(place.screen):
            raise
        releases.cancel_rollout(place)
        raise typer.Exit(InterruptedByUserError.exit_code) from None
    if place.as_json:
        print_json(result.to_mapping())
    else:
        show_verdict(place.screen.talk, result)
        if result.result.good:
            show_deployed(place.screen.data, place.operations(), deployment.target)
    if not result.result.good:
        raise typer.Exit(DeploymentFailedError.exit_code)
    return None


@on_stage
def destroy(
    place: Place,
    *,
    yes: Yes = False,
    purge_images: Annotated[bool, typer.Option("--purge-images", help="Remove images of built services too.")] = False,
) -> None:
    """Remove a stage, and say what is kept and why."""
    from tinystacks.rendering.asking import ask_before_destroy, require_answer
    from tinystacks.rendering.progress import Progress
    from tinystacks.rendering.results import show_receipt

    require_answer(place.screen, "destroy", yes=yes)
    deployment = place.deployment()
    ask_before_destroy(place.screen, deployment.stage, yes=yes)
    with Progress(place.screen) as progress, deployment.interrupt.on_signals():
        result = deployment.destroy(on_event=progress, purge_images=purge_images)
    if place.as_json:
        print_json(result.to_mapping())
    else:
        show_receipt(place.screen.data, result)


@on_stage
def repair(
    place: Place,
    *,
    remove: Annotated[
        bool, typer.Option("--remove", help="Delete what no state knows; else it is only listed.")
    ] = False,
    yes: Yes = False,
) -> None:
    """List what a killed command left unfinished and what of the stage no state knows, and make it whole."""
    from tinystacks.rendering.asking import ask_before_removal, require_answer
    from tinystacks.rendering.progress import Progress
    from tinystacks.rendering.results import show_orphans, show_repair

    if remove:
        require_answer(place.screen, "repair --remove", yes=yes)
    deployment = place.deployment()
    listed = None
    if remove and not yes:
        with Progress(place.screen) as progress, deployment.interrupt.on_signals():
            listed = deployment.repair(on_event=progress).orphans
        if listed:
            show_orphans(place.screen.talk, listed)
            ask_before_removal(place.screen, deployment.stage, len(listed), yes=yes)
    with Progress(place.screen) as progress, deployment.interrupt.on_signals():
        result = deployment.repair(on_event=progress, remove=remove, only=listed)
    if place.as_json:
        print_json(result.to_mapping())
    else:
        show_repair(place.screen.data, result)


@on_stage
def unlock(place: Place, *, yes: Yes = False) -> None:
    """Remove the lock of a command that is gone; refused while it lives on this host."""
    from tinystacks.rendering.asking import ask_before_unlock, require_answer

    require_answer(place.screen, "unlock", yes=yes)
    deployment = place.deployment()
    ask_before_unlock(place.screen, deployment.stage, yes=yes)
    holders = deployment.unlock()
    if place.as_json:
        print_json({"stage": deployment.stage.stage, "unlocked": list(holders)})
    else:
        place.screen.talk.print(f"Unlocked; it was held by {', '.join(holders)}." if holders else "It was not locked.")

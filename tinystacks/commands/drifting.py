"""`tstack drift`: what was changed behind the engine's back."""

from __future__ import annotations

from typing import Annotated

import typer

from tinystacks.commands.options import Place, on_stage, print_json

DRIFTED = 3


@on_stage
def drift(
    place: Place,
    *,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 3 when something differs.")] = False,
) -> None:
    """Show what differs between what was recorded and what is; changes nothing."""
    from tinystacks.rendering.drift import drift_document, show_drift
    from tinystacks.rendering.progress import Progress

    deployment = place.deployment()
    deployment.outputs()  # a stage that does not exist yet has no drift, and says how to make it
    with Progress(place.screen) as progress, deployment.interrupt.on_signals():
        result = deployment.refresh(on_event=progress, dry_run=True)
    services = list(deployment.stage.services)
    if place.as_json:
        print_json(drift_document(result, services))
    else:
        show_drift(place.screen.data, result, services, flags=deployment.typed)
    if exit_code and result.drifted:
        raise typer.Exit(DRIFTED)

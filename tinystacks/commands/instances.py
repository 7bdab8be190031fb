"""`tstack instances`: the machine image of a stage's instances, and its move to another."""

from __future__ import annotations

from typing import Annotated

import typer

from tinystacks.commands.options import Place, Yes, on_stage, print_json
from tinystacks.errors import DeploymentFailedError, UsageError

app = typer.Typer(help="Instances of a stage, and their machine image.", no_args_is_help=True, rich_markup_mode=None)


def add_to(main: typer.Typer) -> None:
    """Register the commands."""
    main.add_typer(app, name="instances")


@app.command("list")
@on_stage
def list_instances(place: Place) -> None:
    """List the instances of a stage with their machine images; `tstack instances [STAGE]` does the same."""
    from tinystacks.rendering.instances import show_machine_images

    deployment = place.workspace().deployment(place.stage)
    found = deployment.instances().images()
    if place.as_json:
        print_json({"stage": deployment.stage.stage, **found.to_mapping()})
    else:
        show_machine_images(place.screen.data, found, deployment.typed)


@app.command("update")
@on_stage
def update(
    place: Place,
    *,
    ami: Annotated[
        str | None, typer.Option("--ami", metavar="ID", help="Machine image; the recommended one by default.")
    ] = None,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Stop an instance refresh that is under way; what was replaced stays.")
    ] = False,
    message: Annotated[str, typer.Option("--message", "-m", help="Kept with the new release.")] = "",
    yes: Yes = False,
) -> None:
    """Pin the stage to a newer machine image and replace its instances, one by one; tasks leave each first."""
    from tinystacks.rendering.asking import ask_before_instances_update, require_answer
    from tinystacks.rendering.instances import show_cancelled_refresh, show_image_plan, show_instances_update
    from tinystacks.rendering.progress import Progress

    if cancel and ami:
        raise UsageError("--cancel stops what is under way, and --ami begins something", hint="Give one of them.")
    if not cancel:
        require_answer(place.screen, "instances update", yes=yes or place.local)
    deployment = place.deployment()
    instances = deployment.instances()
    if cancel:
        with Progress(place.screen) as progress, deployment.interrupt.on_signals():
            result = instances.cancel(progress)
    else:
        plan = instances.plan(ami or "")
        show_image_plan(place.screen.talk, plan)
        if plan.changes and not plan.under_way:
            ask_before_instances_update(place.screen, deployment.stage, yes=yes or place.local)
        with Progress(place.screen) as progress, deployment.interrupt.on_signals():
            result = instances.update(plan, progress, message=message)
    if place.as_json:
        print_json(result.to_mapping())
    elif cancel:
        show_cancelled_refresh(place.screen.talk, result, deployment.typed)
    else:
        show_instances_update(place.screen.talk, result, deployment.typed)
    if not result.result.good:
        raise typer.Exit(DeploymentFailedError.exit_code)

"""The `tstack` command: options in, one call of the SDK, one rendering out.

Manners: at most one positional argument (the stage); data on stdout, the rest on stderr; `--json` everywhere; a
command that destroys asks first, and without a terminal needs `--yes`. Exit codes stand in `tinystacks/errors.py`.

Parts are imported inside the commands that use them, so that `tstack --help` and completion stay quick.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinystacks import errors
from tinystacks.commands import access, engine, instances, local_aws, releases, seeing
from tinystacks.commands.options import Json, Place, Runtime, Speed, Yes, on_stage, open_streams, print_json
from tinystacks.commands.typed_forms import parsed_form
from tinystacks.commands.usage import made_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.deployment.results import UpResult

CHANGES_FOUND = 3

app = typer.Typer(
    name="tstack",
    help="Run containers on Amazon ECS in your own AWS account, or rehearse it all here with --local.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(local_aws.app, name="local")
app.add_typer(engine.app, name="engine")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; the one place where errors become text and exit codes."""
    if arguments is None:
        # Thousands of modules of the AWS SDK are loaded, and nothing of them is garbage: a tenth of the time.
        gc.set_threshold(50_000, 20, 100)
        # The VPC component answers with its 29 resources, and the SDK would ask the engine for each of them again (0.5
        # s). Programs use their ids alone, which the engine gives in their place.
        os.environ.setdefault("PULUMI_DISABLE_RESOURCE_REFERENCES", "true")
    try:
        _run(parsed_form(list(sys.argv[1:] if arguments is None else arguments)))
    except SystemExit as end:
        if arguments is not None or isinstance(end.code, str):
            raise
        # As a process of its own: Python would take another 0.4 s to free, one by one, the objects of the AWS SDK.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code or 0)


def _run(words: list[str]) -> None:
    as_json = "--json" in words
    command = made_command(app, as_json=as_json)
    try:
        command(words)
    except errors.TinystacksError as error:
        _fail(error, as_json=as_json)
    except KeyboardInterrupt:
        _fail(errors.InterruptedByUserError("interrupted"), as_json=as_json)


def _fail(error: errors.TinystacksError, *, as_json: bool) -> None:
    from tinystacks.rendering.documents import error_document
    from tinystacks.rendering.errors import show_error

    if as_json:
        print_json(error_document(error))
    show_error(open_streams().talk, error)
    raise SystemExit(error.exit_code)


def _version(asked: bool) -> None:  # noqa: FBT001 - Typer's form of a callback
    if asked:
        from importlib.metadata import version

        typer.echo(version("tinystacks"))
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Run containers on Amazon ECS in your own AWS account, or rehearse it all here with --local."""


@app.command()
def init(
    *, folder: Annotated[Path, typer.Argument(help="Folder of the application.")] = Path(), as_json: Json = False
) -> None:
    """Write a commented tstack.yaml from what is in the folder."""
    from tinystacks.spec.init import write_starter_file

    path = write_starter_file(folder)
    if as_json:
        return print_json({"file": str(path)})
    open_streams().talk.print(
        f"Wrote {path}.\nNext: tstack up --local (on this machine), or tstack up (in your AWS account)"
    )
    return None


@app.command()
@on_stage
def validate(place: Place) -> None:
    """Check the file: every stage, or the one that is named."""
    from tinystacks.rendering.errors import show_warnings
    from tinystacks.spec.stages import resolve_stages, warnings_of_stages

    workspace = place.workspace()
    stages = [workspace.stage(place.stage)] if place.stage else resolve_stages(workspace.stack)
    warnings = warnings_of_stages(stages)
    if place.as_json:
        names = [stage.stage for stage in stages]
        return print_json({"file": str(workspace.path), "stages": names, "warnings": [str(one) for one in warnings]})
    show_warnings(place.screen.talk, warnings)
    place.screen.talk.print(f"{workspace.path} is valid: {', '.join(stage.full_name for stage in stages)}")
    return None


@app.command()
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


@app.command()
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
            ask_before_removing_parts(place.screen, error, yes=agreed)
            result = change(refresh=False, allow_removal=True)
    except InterruptedWaitError:
        if not wants_to_go_back(place.screen):
            raise
        releases.cancel_rollout(place)
        raise typer.Exit(errors.InterruptedByUserError.exit_code) from None
    if place.as_json:
        print_json(result.to_mapping())
    else:
        show_verdict(place.screen.talk, result)
        if result.result.good:
            show_deployed(place.screen.data, place.operations(), deployment.target)
    if not result.result.good:
        raise typer.Exit(errors.DeploymentFailedError.exit_code)
    return None


@app.command()
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


@app.command()
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


@app.command()
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


seeing.add_to(app)
access.add_to(app)
releases.add_to(app)
instances.add_to(app)


@app.command()
@on_stage
def outputs(place: Place) -> None:
    """Print what a deployed stage exports: endpoint, names, ARNs."""
    from tinystacks.rendering.documents import outputs_document
    from tinystacks.rendering.stage import show_outputs

    found = place.operations().outputs
    if place.as_json:
        print_json(outputs_document(found))
    else:
        show_outputs(place.screen.data, found)


@app.command()
@on_stage
def doctor(place: Place) -> None:
    """Check this machine and the AWS account, and say how to mend what is missing."""
    from tinystacks.rendering.documents import findings_document
    from tinystacks.rendering.machine import show_findings

    findings = place.workspace().examine(place.stage)
    if place.as_json:
        print_json(findings_document(findings))
    else:
        show_findings(place.screen.data, findings)
    if any(finding.verdict == "failed" for finding in findings):
        raise typer.Exit(1)

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
from tinystacks.commands import access, changing, engine, instances, local_aws, releases, seeing
from tinystacks.commands.options import Json, Place, on_stage, open_streams, print_json
from tinystacks.commands.typed_forms import parsed_form
from tinystacks.commands.usage import made_command

if TYPE_CHECKING:
    from collections.abc import Sequence


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


changing.add_to(app)
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

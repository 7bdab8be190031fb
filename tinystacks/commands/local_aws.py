"""`tstack local`: the local AWS, which is what --local talks to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from tinystacks.commands.options import Json, Region, Runtime, Speed, Yes, open_streams, print_json
from tinystacks.errors import LocalAwsError

if TYPE_CHECKING:
    from tinystacks.local.status import LocalStatus

app = typer.Typer(help="The local AWS: what --local talks to.", no_args_is_help=True, rich_markup_mode=None)


@app.command("start")
def start(*, runtime: Runtime = None, speed: Speed = None, as_json: Json = False) -> None:
    """Start the local AWS, if it does not run."""
    from tinystacks.local.process import LocalAws

    _show_local(LocalAws().start(runtime=runtime, speed=speed), as_json=as_json)


@app.command("status")
def status(*, as_json: Json = False) -> None:
    """Say where the local AWS answers; exit 1 when it does not run."""
    _show_local(_running_local_aws(), as_json=as_json)


@app.command("stop")
def stop(*, as_json: Json = False) -> None:
    """Stop the local AWS; what was made in it is gone."""
    from tinystacks.local.process import LocalAws

    stopped = LocalAws().stop()
    if as_json:
        print_json({"stopped": stopped})
    else:
        open_streams().talk.print("The local AWS is stopped." if stopped else "The local AWS does not run.")


@app.command("reset")
def reset(*, yes: Yes = False, as_json: Json = False) -> None:
    """Start the local AWS anew and empty."""
    from tinystacks.local.process import LocalAws
    from tinystacks.rendering.asking import ask_before_reset

    ask_before_reset(open_streams(), yes=yes)
    _show_local(LocalAws().reset(), as_json=as_json)


@app.command("env")
def env(*, region: Region = None, as_json: Json = False) -> None:
    """Print what points any AWS client here: eval "$(tstack local env)"."""
    from tinystacks.local.environment import environment, shell_exports
    from tinystacks.local.status import DEFAULT_REGION

    running = _running_local_aws()
    if as_json:
        print_json({"environment": environment(running, region or DEFAULT_REGION)})
    else:
        typer.echo(shell_exports(running, region or DEFAULT_REGION), nl=False)


def _running_local_aws() -> LocalStatus:
    from tinystacks.local.process import LocalAws

    running = LocalAws().status()
    if running is None:
        raise LocalAwsError("the local AWS does not run", hint="Start it: tstack local start")
    return running


def _show_local(running: LocalStatus, *, as_json: bool) -> None:
    from tinystacks.rendering.documents import local_document
    from tinystacks.rendering.machine import show_local

    if as_json:
        print_json(local_document(running))
    else:
        show_local(open_streams().data, running)

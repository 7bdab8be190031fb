"""`tstack local`: the local AWS, which is what --local talks to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from tinystacks.commands.options import Json, Region, Runtime, Speed, Yes, open_streams, print_json
from tinystacks.errors import LocalAwsError, UsageError

if TYPE_CHECKING:
    from tinystacks.local.status import LocalStatus


_NEGATIVE = re.compile(r"-[\d.]")


def _complete_kind(incomplete: str) -> list[str]:
    from tinystacks.local.failures.model import KINDS

    return [kind for kind in KINDS if kind.startswith(incomplete)]


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


class _SpeedCommand(TyperCommand):
    """Takes a negative number for a wrong speed, not for an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        for given in args:
            if _NEGATIVE.match(given):
                raise _no_speed(given)
        return super().parse_args(ctx, args)


def _no_speed(given: str) -> UsageError:
    from tinystacks.local.clock import MAX_SPEED, MIN_SPEED

    hint = f"Give a number from {MIN_SPEED:g} to {MAX_SPEED:g}."
    return UsageError(f"the speed of the local AWS cannot be {given}", hint=hint)


@app.command("speed", cls=_SpeedCommand)
def set_speed(
    speed: Annotated[str, typer.Argument(metavar="N", help="Simulated seconds per second, 0.1 to 1000.")],
    *,
    as_json: Json = False,
) -> None:
    """Set how fast simulated time runs from now on, such as 60 to see a scale-in of 15 minutes in 15 seconds."""
    from tinystacks.local.process import LocalAws

    try:
        wanted = float(speed)
    except ValueError:
        raise _no_speed(speed) from None
    changed = LocalAws().set_speed(wanted)
    if as_json:
        print_json({"speed": changed.speed})
    else:
        open_streams().talk.print(f"Simulated time runs at {changed.speed:g} seconds per second from now on.")


@app.command("break")
def break_thing(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="task, instance, zone, health, pull, capacity, agent, spot or throttling.",
            autocompletion=_complete_kind,
        ),
    ],
    what: Annotated[str, typer.Argument(metavar="[WHAT]", help="Name or id of the thing; see below.")] = "",
    *,
    lasting: Annotated[str | None, typer.Option("--for", help="Mend it by itself after this simulated time.")] = None,
    every: Annotated[str | None, typer.Option("--every", help="Simulated time between kills; 30s by default.")] = None,
    as_json: Json = False,
) -> None:
    """Make something in the local AWS fail until it is mended.

    task SERVICE or ID: containers are killed, one task after the other. instance [ID]: its host fails. zone NAME: all
    in it fails, and nothing new starts there. health [SERVICE]: health checks fail. pull [SERVICE or IMAGE]: images
    cannot be pulled. capacity [ec2, fargate or ZONE]: nothing new can be had. agent [ID]: disconnected from ECS.
    spot [ID]: interrupted with two minutes' notice. throttling: ECS calls are throttled.
    """
    from tinystacks.commands.timespans import seconds_of
    from tinystacks.local.process import LocalAws
    from tinystacks.rendering.failures import show_failures

    broken = LocalAws().break_(
        kind,
        what,
        for_seconds=None if lasting is None else seconds_of(lasting, "--for"),
        every_seconds=None if every is None else seconds_of(every, "--every"),
    )
    if as_json:
        print_json({"failure": broken})
    else:
        show_failures(open_streams().data, [broken])


@app.command("mend")
def mend(
    what: Annotated[str, typer.Argument(metavar="[WHAT]", help="Id, kind or broken thing; all by default.")] = "all",
    *,
    as_json: Json = False,
) -> None:
    """End what `break` began."""
    from tinystacks.local.process import LocalAws

    mended = LocalAws().mend(what)
    if as_json:
        print_json({"mended": mended})
        return
    talk = open_streams().talk
    for one in mended:
        talk.print(f"Mended: {one['id']} ({one['kind']} {one['what']})".replace(" )", ")"), markup=False)
    if not mended:
        talk.print("Nothing is broken.")


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
    from tinystacks.local.process import LocalAws
    from tinystacks.rendering.documents import local_document
    from tinystacks.rendering.failures import show_failures
    from tinystacks.rendering.machine import show_local

    failures = LocalAws().failures()
    if as_json:
        print_json(local_document(running) | {"failures": failures})
        return
    data = open_streams().data
    show_local(data, running)
    if failures:
        show_failures(data, failures)

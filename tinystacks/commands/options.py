"""What all commands share: their options, the stage they are about, where text goes.

Parts are imported inside the functions that use them, so that `tstack --help` and completion stay quick.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer
from typer.models import ArgumentInfo

from tinystacks.errors import TinystacksError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tinystacks.deployment.deployment import Deployment
    from tinystacks.kept_view import KeptView
    from tinystacks.local.status import LocalStatus
    from tinystacks.operations.stage_reads import Operations
    from tinystacks.rendering.console import Screen
    from tinystacks.rendering.next_commands import NextCommands
    from tinystacks.workspace import Workspace


def complete_stage(context: typer.Context, incomplete: str) -> list[str]:
    """Give the stages of the file for the shell to complete."""
    from tinystacks.errors import SpecError
    from tinystacks.spec.loader import load_stack

    try:
        names = load_stack(context.params.get("file")).stage_names
    except SpecError:
        return []
    return [name for name in names if name.startswith(incomplete)]


StageName = Annotated[
    str | None, typer.Argument(metavar="STAGE", help="The first of the file by default.", autocompletion=complete_stage)
]
File = Annotated[Path | None, typer.Option("--file", "-f", help="The file; tstack.yaml by default.")]
Local = Annotated[bool, typer.Option("--local", help="Use the local AWS on this machine, no account.")]
Profile = Annotated[str | None, typer.Option("--profile", help="AWS profile.")]
Region = Annotated[str | None, typer.Option("--region", help="AWS region.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Runtime = Annotated[Literal["docker", "simulated"] | None, typer.Option("--runtime", help="What runs containers.")]
Speed = Annotated[float | None, typer.Option("--speed", min=0.1, max=1000, help="Simulated seconds per second.")]


@dataclass(frozen=True)
class Place:
    """The stage that a command is about and how to talk about it: the options that all such commands have."""

    stage: StageName = None
    file: File = field(default=None, kw_only=True)
    local: Local = field(default=False, kw_only=True)
    profile: Profile = field(default=None, kw_only=True)
    region: Region = field(default=None, kw_only=True)
    as_json: Json = field(default=False, kw_only=True)

    @cached_property
    def screen(self) -> Screen:
        """The streams of the command."""
        from tinystacks.rendering.console import open_screen

        return open_screen(self.next_commands())

    def next_commands(self, cluster: str | None = None) -> NextCommands:
        """Give what completes the commands that texts name by the options that the user gave."""
        from tinystacks.rendering.next_commands import NextCommands

        named = {"--file": self.file and str(self.file), "--profile": self.profile, "--region": self.region}
        given = [(option, value) for option, value in named.items() if value]
        local = [("--local", None)] if self.local else []
        return NextCommands(stage=self.stage, options=(*given, *local), cluster=cluster)

    def workspace(self, **settings: Any) -> Workspace:
        """Open the file; a local AWS that has to be started is said, since all that was in another one is gone."""
        from tinystacks.workspace import Workspace

        return Workspace(
            self.file,
            local=self.local,
            profile=self.profile,
            region=self.region,
            on_local_start=self._say_start,
            **settings,
        )

    def check_local_only(self, **options: Any) -> None:
        """Refuse options that only the local AWS has, where that is not meant."""
        given = [f"--{name}" for name, value in options.items() if value is not None]
        if given and not self.local:
            from tinystacks.errors import UsageError

            raise UsageError(f"{' and '.join(given)} only fit the local AWS.", hint="Add --local, or leave it out.")

    def deployment(self, **settings: Any) -> Deployment:
        """Open the stage for changes; account, region and stage are said before anything happens."""
        from tinystacks.rendering.errors import show_warnings
        from tinystacks.rendering.stage import show_place
        from tinystacks.spec.stages import stage_warnings

        deployment = self.workspace(**settings).deployment(self.stage)
        show_warnings(self.screen.talk, stage_warnings(deployment.stage))
        show_place(self.screen.talk, deployment.stage, deployment.target)
        self.say_broken()
        return deployment

    def say_broken(self) -> None:
        """Say what `tstack local break` keeps broken: who looks for a fault in the stage would not find it there."""
        if not self.local:
            return
        from tinystacks.errors import LocalAwsError
        from tinystacks.local.process import LocalAws
        from tinystacks.rendering.failures import show_failures

        try:
            failures = LocalAws().failures()
        except LocalAwsError:
            return  # the command's own calls tell what is wrong with it
        if failures:
            self.screen.talk.print("broken on purpose; `tstack local mend` ends it:", style="yellow")
            show_failures(self.screen.talk, failures)

    def operations(self) -> Operations:
        """Open the stage for reads; problems in the file keep nobody from seeing what was deployed."""
        from tinystacks.errors import SpecError

        try:
            return self.workspace().operations(self.stage)
        except SpecError:
            if (kept := self.kept_before()) is None:
                raise
        from tinystacks.operations.stage_reads import Operations

        return Operations(kept.outputs, kept.target.client, release=kept.release)

    def kept_before(self) -> KeptView | None:
        """Give what was deployed before the file got its problems, and say so; nothing where that is not known."""
        from tinystacks.kept_view import kept_before

        kept = kept_before(self.file, self.stage, self.region, local=self.local, profile=self.profile)
        if kept is not None:
            self._say_problems()
        return kept

    def past(self) -> Deployment:
        """Open the stage to read its releases; problems in the file keep nobody from seeing them."""
        from tinystacks.errors import SpecError
        from tinystacks.kept_view import deployment_before

        try:
            return self.workspace().deployment(self.stage)
        except SpecError:
            before = deployment_before(self.file, self.stage, self.region, local=self.local, profile=self.profile)
            if before is None:
                raise
        self._say_problems()
        return before

    def _say_problems(self) -> None:
        from tinystacks.file_names import FILE_NAMES

        name = self.file or FILE_NAMES[0]
        words = f"{name} has problems (`tstack validate` shows them); this shows what was deployed"
        self.screen.talk.print(words, markup=False, style="yellow")

    def _say_start(self, status: LocalStatus) -> None:
        from tinystacks.rendering.machine import show_local_start

        show_local_start(self.screen.talk, status)


def on_stage(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `Place` besides its own."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    shared = list(inspect.signature(Place, eval_str=True).parameters.values())
    names = {one.name for one in fields(Place)}

    @wraps(command)
    def run(**options: Any) -> None:
        place = Place(**{name: options.pop(name) for name in names})
        try:
            command(place, **options)
        except TinystacksError as error:
            completing = replace(place, stage=_stage_name(place, own)).next_commands(options.get("cluster"))
            error.message, error.hint = completing.complete(error.message), completing.complete(error.hint)
            raise

    parameters = [shared[0], *shared[1:], *own]
    run.__dict__["__signature__"] = inspect.Signature(parameters)
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _stage_name(place: Place, own: Sequence[inspect.Parameter]) -> str | None:
    """Give the stage that was typed; where other words may stand in its place, it is not known before they are read."""
    other_words = place.stage == "show" or any(
        isinstance(one, ArgumentInfo) for parameter in own for one in get_args(parameter.annotation)
    )
    return None if other_words else place.stage


def open_streams() -> Screen:
    """Give the streams to write to."""
    from tinystacks.rendering.console import open_screen

    return open_screen()


def print_json(document: Mapping[str, Any]) -> None:
    """Write one JSON document to stdout."""
    from tinystacks.rendering.documents import to_json

    typer.echo(to_json(document))

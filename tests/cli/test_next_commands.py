"""Commands that an answer names can be repeated as they stand: with the stage and the options that the user typed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text
from typer.main import get_command

import cli
from tests.fakes.command_line import CommandLine, a_user
from tinystacks.commands.options import Place, on_stage
from tinystacks.errors import AccessError
from tinystacks.rendering.next_commands import WITHOUT_STAGE, NextCommands, Verbatim

GIVEN = NextCommands(stage="prod", options=(("--file", "my file.yaml"), ("--local", None)))


@pytest.fixture
def user(tmp_path: Path) -> CommandLine:
    return a_user(tmp_path)


@pytest.mark.parametrize(
    ("named", "completed"),
    [
        ("`tstack up`", "`tstack up prod --file 'my file.yaml' --local`"),
        ("`tstack up dev --local`", "`tstack up dev --local --file 'my file.yaml'`"),
        ("`tstack up -f other.yaml`", "`tstack up prod -f other.yaml --local`"),
        ("`tstack logs --since 1d`", "`tstack logs prod --since 1d --file 'my file.yaml' --local`"),
        ("`tstack run web -- ls -l`", "`tstack run web --file 'my file.yaml' --local -- ls -l`"),
        ("`tstack status --cluster shop`", "`tstack status --cluster shop --local`"),
        ("Next:\n  tstack status\n  curl x", "Next:\n  tstack status prod --file 'my file.yaml' --local\n  curl x"),
        ("`tstack up` or `tstack local stop`", "`tstack up prod --file 'my file.yaml' --local` or `tstack local stop`"),
        ("tstack up is a command", "tstack up is a command"),
        ("another version of tstack that", "another version of tstack that"),
        ("`tstack --help`", "`tstack --help`"),
    ],
)
def test_a_command_gets_what_the_user_typed_and_it_lacks(named: str, completed: str) -> None:
    assert GIVEN.complete(named) == completed
    assert GIVEN.complete(completed) == completed


def test_services_that_something_else_made_are_named_again() -> None:
    given = NextCommands(options=(("--profile", "work"),), cluster="shop")
    assert given.complete("`tstack logs --since 1d`") == "`tstack logs --since 1d --cluster shop --profile work`"


def test_exactly_the_commands_that_are_about_a_stage_take_the_options_of_one() -> None:
    commands: dict[str, Any] = get_command(cli.app).commands  # pyright: ignore[reportAttributeAccessIssue]
    place = {"--file", "--local", "--profile", "--region"}
    about_a_stage = {
        name
        for name, command in commands.items()
        for one in getattr(command, "commands", {"": command}).values()
        if place <= {word for option in one.params for word in option.opts}
    }
    assert about_a_stage == {*commands} - WITHOUT_STAGE


def test_whatever_a_command_is_refused_with_names_commands_as_they_are_typed() -> None:
    @on_stage
    def command(place: Place) -> None:
        raise AccessError("nothing runs: `tstack events`", hint="`tstack status` tells why.")

    with pytest.raises(AccessError) as refused:
        command(stage="prod", file=Path("a.yaml"), local=True, profile=None, region="eu-west-1", as_json=False)
    typed = "prod --file a.yaml --region eu-west-1 --local"
    assert refused.value.message == f"nothing runs: `tstack events {typed}`"
    assert refused.value.hint == f"`tstack status {typed}` tells why."


def test_what_is_shown_names_them_so_too_and_what_a_container_wrote_stays() -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=200, force_terminal=True, color_system="standard")
    console.push_render_hook(GIVEN)
    console.print("[cyan]→[/] run `tstack up` again")
    console.print(Text("`tstack preview` shows it", style="yellow"))
    console.print(Verbatim(Text("`tstack up` said a container")))
    arrow, remark, line = stream.getvalue().splitlines()
    assert arrow == "\x1b[36m→\x1b[0m run `tstack up prod --file 'my file.yaml' --local` again"
    assert remark == "\x1b[33m`tstack preview prod --file 'my file.yaml' --local`\x1b[0m\x1b[33m shows it\x1b[0m"
    assert line == "`tstack up` said a container"


def test_a_word_that_may_be_no_stage_is_not_taken_for_one(user: CommandLine) -> None:
    user.write("name: shop\nservices: {web: {image: nginx}}\nstages: {dev: {}}\n")
    asked = user.run("tasks", "show", "--local", "--json")
    assert asked.document["error"]["hint"] == (
        "Such as `tstack tasks show 1e3653c20153 --local`; `tstack tasks --local` lists them."
    )
    counted = user.run("scale", "web=many", "--local", "--json")
    assert counted.document["error"]["hint"] == "Such as: `tstack scale web=4 --local`"

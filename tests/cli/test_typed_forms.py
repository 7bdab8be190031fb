"""What people type is brought to what is parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from typer.main import get_command

import cli
from tinystacks.commands.typed_forms import parsed_form

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click


def options_of(name: str) -> Iterator[click.Option]:
    """Every option of a command that people type in another form than is parsed."""
    application: Any = get_command(cli.app)
    commands: list[Any] = [application.commands[name]]
    while commands:
        command = commands.pop()
        commands += getattr(command, "commands", {}).values()
        yield from (one for one in command.params if one.param_type_name == "option" and one.name != "help")


@pytest.mark.parametrize(
    ("typed", "parsed"),
    [
        ("engine", "engine show"),
        ("engine --json", "engine show --json"),
        ("engine --help", "engine --help"),
        ("engine install --json", "engine install --json"),
        ("releases", "releases list"),
        ("releases prod --json", "releases list prod --json"),
        ("releases show 3", "releases show 3"),
        ("releases --help", "releases --help"),
        ("instances", "instances list"),
        ("instances prod --local", "instances list prod --local"),
        ("instances update prod --ami ami-0123456789abcdef0", "instances update prod --ami ami-0123456789abcdef0"),
        ("instances update --ami ami-0123456789abcdef0 prod", "instances update prod --ami ami-0123456789abcdef0"),
        ("releases --keep 3 prune prod --yes", "releases prune prod --keep 3 --yes"),
        ("tasks", "tasks"),
        ("tasks show", "tasks show"),
        ("tasks show 1e36 --local", "tasks --task 1e36 --local"),
        ("tasks show prod 1e36 --json", "tasks prod --task 1e36 --json"),
        ("tasks show --task 1e36", "tasks show --task 1e36"),
        ("tasks show --local 1e36", "tasks --task 1e36 --local"),
        ("tasks --file a.yaml show prod --local 1e36", "tasks prod --task 1e36 --file a.yaml --local"),
        ("tasks prod --service web", "tasks prod --service web"),
        ("releases --local show prod 3", "releases show prod 3 --local"),
        ("releases --region eu-west-1 prod", "releases list prod --region eu-west-1"),
        ("run --service web -- ls -l", "run --service web --command-word=ls --command-word=-l"),
        ("up --local", "up --local"),
    ],
)
def test_forms(typed: str, parsed: str) -> None:
    assert parsed_form(typed.split()) == parsed.split()


@pytest.mark.parametrize("name", ["tasks", "releases"])
def test_an_option_keeps_its_value_and_a_flag_takes_none(name: str) -> None:
    found = list(options_of(name))
    assert {one.is_flag for one in found} == {True, False}
    for one in found:
        for option in [*one.opts, *one.secondary_opts]:
            follows = [] if one.is_flag else ["VALUE"]
            assert parsed_form([name, "show", option, *follows, "ID"])[-len([option, *follows]) :] == [option, *follows]

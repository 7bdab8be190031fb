"""The commands as they are run; of words that they do not take, `--json` puts a document on stdout."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from typer.exceptions import TyperException
from typer.main import get_command

from tinystacks.commands.given_values import convert_only_what_is_given
from tinystacks.commands.options import print_json
from tinystacks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    import typer


def made_command(app: typer.Typer, *, as_json: bool) -> Callable[[list[str]], Any]:
    """Give an application as a command that takes words.

    Args:
        app: the application.
        as_json: whether words that it does not take are told as a document, before Typer tells them on stderr.
    """
    command: Any = get_command(app)
    convert_only_what_is_given(command)
    if as_json:
        # The root's own words are read when its context is made, those of the commands below when it is invoked.
        command.make_context = _printing(command.make_context)
        command.invoke = _printing(command.invoke)
    return command


def _printing(step: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(step)
    def run(*arguments: Any, **settings: Any) -> Any:
        try:
            return step(*arguments, **settings)
        except TyperException as error:
            from tinystacks.rendering.documents import error_document

            context = getattr(error, "ctx", None)
            hint = f"See what is possible: {context.command_path} --help" if context is not None else ""
            print_json(error_document(UsageError(error.format_message(), hint=hint)))
            raise

    return run

"""Words of the command line that need no conversion are passed on as they are.

Typer makes a Pydantic adapter for every parameter of a command, also for those that nobody gave; Pydantic takes a fifth
of the time of a quick read to load. Text is text, and what was not given needs no adapter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def convert_only_what_is_given(command: Any) -> None:
    """Prepare a command of Typer, with the commands below it.

    Args:
        command: what `typer.main.get_command` gives; of another version of Typer, it stays as it is.
    """
    parameters: Callable[[Any], list[Any]] | None = getattr(command, "get_params", None)
    if parameters is not None:

        def prepared(context: Any) -> list[Any]:
            return [_prepared(parameter) for parameter in parameters(context)]

        command.get_params = prepared
    for below in getattr(command, "commands", {}).values():
        convert_only_what_is_given(below)


def _prepared(parameter: Any) -> Any:
    adapter = getattr(parameter, "get_runtime_param", None)
    if adapter is not None and not isinstance(getattr(adapter, "__self__", None), _Given):
        parameter.get_runtime_param = _Given(adapter).itself
    return parameter


class _Given:
    """Stands before the adapter of one parameter.

    Args:
        adapter: makes Typer's own.
    """

    def __init__(self, adapter: Callable[[], Any]) -> None:
        self._adapter = adapter

    def itself(self) -> _Given:
        """Give this, where Typer asks for its adapter."""
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Give the value of a parameter, as Typer's adapter would."""
        if value is None and not param.multiple and param.nargs == 1:
            return None
        kind = param.type_descriptor.annotation
        if kind is str and isinstance(value, str) and param.type_descriptor.parameter_info.parser is None:
            return value
        return self._adapter().coerce(value, param=param, ctx=ctx)

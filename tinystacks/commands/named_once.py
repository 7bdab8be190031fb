"""What is given per service on the command line, once for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tinystacks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

Value = TypeVar("Value", bound="str | int")


def once_each(given: Iterable[tuple[str, Value]], what: str) -> dict[str, Value]:
    """Give values by the service that they are for.

    Args:
        given: services and values, in the order they were typed.
        what: is given, such as `an image`.

    Raises:
        UsageError: a service is named twice; which of its values is meant is not guessed.
    """
    found: dict[str, Value] = {}
    for name, value in given:
        if name in found:
            raise UsageError(
                f"service `{name}` is given {what} twice: {found[name]} and {value}", hint="Name each service once."
            )
        found[name] = value
    return found

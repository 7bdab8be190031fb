"""Inputs on their way to a handler: names out of prefixes, ignored properties, what is known after an update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tinystacks.local.provider.naming import prefixed_name
from tinystacks.local.provider.property_paths import segments, top_level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.local.provider.tables import ResourceTable

LONGEST_SHOWN: Final = 100
"""Longest text that stands for a resource in an error; longer ones are documents."""


def unignored(
    table: ResourceTable,
    state: Mapping[str, Any],
    inputs: Mapping[str, Any],
    ignore_changes: Sequence[str],
) -> dict[str, Any]:
    """Inputs with the present value of every ignored property."""
    wanted = dict(inputs)
    for path in ignore_changes:
        name = top_level(path)
        if name in table.properties and name in state and (len(segments(path)) == 1 or name not in inputs):
            wanted[name] = state[name]
    return wanted


def known_after_update(
    table: ResourceTable,
    state: Mapping[str, Any],
    inputs: Mapping[str, Any],
) -> dict[str, Any]:
    """State and inputs as one: what is asked for wins, and what was taken away is not known any more."""
    gone = {
        name
        for name, rules in table.properties.items()
        if name not in inputs and not (rules.computed or rules.output) and name in state
    }
    return {**{name: value for name, value in state.items() if name not in gone}, **inputs}


def name_from_prefix(table: ResourceTable, inputs: dict[str, Any]) -> None:
    """Fill in the name that starts with what the program gave as `namePrefix`."""
    if table.name is None or inputs.get(table.name.property) is not None:
        return
    prefix = inputs.get("bucketPrefix" if table.name.property == "bucket" else "namePrefix")
    if isinstance(prefix, str):
        inputs[table.name.property] = prefixed_name(prefix)


def shown_name(table: ResourceTable, inputs: Mapping[str, Any]) -> str:
    """What stands in parentheses in an error of a create."""
    if table.name is not None:
        return str(inputs.get(table.name.property, ""))
    shown = next((name for name, rules in table.properties.items() if rules.required and rules.type == "string"), "")
    return str(inputs.get(shown, "")) if shown and len(str(inputs.get(shown, ""))) < LONGEST_SHOWN else ""

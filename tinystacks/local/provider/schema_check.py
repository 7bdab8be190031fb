"""The schema part of Check: unknown names, missing and wrong values, properties that exclude each other."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any, cast

from tinystacks.local.provider.handler import PlanError
from tinystacks.local.provider.property_paths import child, element
from tinystacks.local.provider.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tinystacks.local.provider.tables import Property, ResourceTable

PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "int": (int,),
    "number": (int, float),
    "bool": (bool,),
    "object": (dict,),
    "map": (dict,),
    "list": (list,),
    "set": (list,),
}


def schema_failures(table: ResourceTable, inputs: Mapping[str, Any]) -> list[PlanError]:
    """Everything in completed inputs that the schema refuses.

    Args:
        table: the type's rules.
        inputs: what the program gave, with names, defaults, tags and region filled in; unknowns pass.
    """
    failures = list(_block_failures(table.properties, inputs, "", table.token))
    failures += _group_failures(table, inputs)
    return failures


def _block_failures(
    properties: Mapping[str, Property],
    block: Mapping[str, Any],
    path: str,
    token: str,
) -> Iterator[PlanError]:
    for name, value in block.items():
        if name.startswith("__") or value is None:
            continue
        here = child(path, name)
        rules = properties.get(name)
        if rules is None:
            yield PlanError(property=here, reason=_not_known(name, properties, token))
        elif rules.output:
            yield PlanError(property=here, reason=f"'{name}' is decided by AWS and cannot be set")
        else:
            yield from _value_failures(rules, value, here, token)
    for name, rules in properties.items():
        if rules.required and block.get(name) is None:
            yield PlanError(
                property=child(path, name),
                reason=(f'Missing required argument. The argument "{name}" is required, but no definition was found.'),
            )


def _not_known(name: str, properties: Mapping[str, Property], token: str) -> str:
    close = difflib.get_close_matches(name, [known for known, rules in properties.items() if not rules.output], n=1)
    advice = f"; did you mean '{close[0]}'?" if close else ""
    return f"the local AWS does not know the property '{name}' of {token}{advice}"


def _value_failures(rules: Property, value: Any, path: str, token: str) -> Iterator[PlanError]:
    if isinstance(value, Unknown):
        return
    wanted = PYTHON_TYPES[rules.type]
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        if not (rules.json and isinstance(value, (dict, list))):  # a document with unknowns inside
            yield PlanError(property=path, reason=f"expected {_article(rules.type)}, got {_described(value)}")
        return
    if rules.type in {"list", "set"}:
        yield from _items_failures(rules, cast("list[Any]", value), path, token)
    elif rules.type == "object":
        if not rules.free:
            yield from _block_failures(rules.properties, cast("dict[str, Any]", value), path, token)
    elif rules.type != "map":
        reason = _scalar_failure(rules, value)
        if reason:
            yield PlanError(property=path, reason=reason)


def _items_failures(rules: Property, items: list[Any], path: str, token: str) -> Iterator[PlanError]:
    if rules.max_items is not None and len(items) > rules.max_items:
        yield PlanError(property=path, reason=f"at most {rules.max_items} entries are allowed, got {len(items)}")
    for index, item in enumerate(items):
        here = element(path, index)
        if isinstance(item, Unknown):
            continue
        if rules.properties:
            if isinstance(item, dict):
                yield from _block_failures(rules.properties, cast("dict[str, Any]", item), here, token)
            else:
                yield PlanError(property=here, reason=f"expected an object, got {_described(item)}")
        elif rules.items and not isinstance(item, PYTHON_TYPES[rules.items]):
            yield PlanError(property=here, reason=f"expected {_article(rules.items)}, got {_described(item)}")


def _scalar_failure(rules: Property, value: Any) -> str:  # noqa: PLR0911 - one return per rule
    if not _is_choice(rules, value):
        return f"expected {rules.name} to be one of {json.dumps(rules.choices)}, got {value}"
    if rules.range is not None:
        low, high = rules.range
        if high is not None and not low <= value <= high:
            return f"expected {rules.name} to be in the range ({low} - {high}), got {value}"
        if value < low:
            return f"expected {rules.name} to be at least ({low}), got {value}"
    if rules.length is not None and not rules.length[0] <= len(value) <= rules.length[1]:
        low, high = rules.length
        return f"expected length of {rules.name} to be in the range ({low} - {high}), got {value}"
    if rules.pattern is not None and not rules.pattern.search(value):
        return f'invalid value for {rules.name} ({value}): it must match "{rules.pattern.pattern}"'
    if rules.json and value:
        return _json_failure(rules.name, value)
    return ""


def _is_choice(rules: Property, value: Any) -> bool:
    """An empty text is how a program leaves an optional enumeration out."""
    if not rules.choices or value in ("", *rules.choices):
        return True
    return rules.compare == "case" and str(value).upper() in {str(choice).upper() for choice in rules.choices}


def _json_failure(name: str, text: str) -> str:
    try:
        json.loads(text)
    except ValueError as error:
        return f'"{name}" contains an invalid JSON: {error}'
    return ""


def _group_failures(table: ResourceTable, inputs: Mapping[str, Any]) -> Iterator[PlanError]:
    for group in table.exactly_one_of:
        given = [name for name in group if inputs.get(name) is not None]
        if len(given) != 1:
            yield PlanError(
                property=given[1] if given else group[0],
                reason=f"one of `{','.join(group)}` must be specified"
                if not given
                else f"only one of `{','.join(group)}` can be specified, but `{','.join(given)}` were specified.",
            )
    for group in table.conflicts:
        given = [name for name in group if inputs.get(name) is not None]
        if len(given) > 1:
            yield PlanError(property=given[1], reason=f'"{given[1]}": conflicts with {given[0]}')
    for name, needed in table.requires.items():
        missing = [other for other in needed if inputs.get(other) is None]
        if inputs.get(name) is not None and missing:
            yield PlanError(property=name, reason=f'"{name}": all of `{name},{",".join(needed)}` must be specified')


def _article(kind: str) -> str:
    names = {
        "int": "an integer",
        "number": "a number",
        "bool": "a boolean",
        "string": "a string",
        "object": "an object",
    }
    return names.get(kind, f"a {kind}")


def _described(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}
    return next((name for kind, name in names.items() if type(value) is kind), "another value")

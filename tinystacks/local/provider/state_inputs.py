"""State and inputs around a read: which properties go into the state, and which inputs they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tinystacks.local.provider.checking import DEFAULTS_KEY, defaults_of
from tinystacks.local.provider.diffing import same
from tinystacks.local.provider.values import UNKNOWN, Secret, has_unknown, is_empty

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.provider.tables import Property, ResourceTable
    from tinystacks.local.provider.tagging import TagSettings


def completed_state(
    table: ResourceTable,
    found: Mapping[str, Any],
    known: Mapping[str, Any],
    *,
    resource_id: str,
    region: str,
    tags: TagSettings,
) -> dict[str, Any]:
    """The state out of what a handler has read.

    Args:
        table: the type's rules.
        found: what the handler read.
        known: last known properties (inputs after a create, state at a refresh); empty at an import.
        resource_id: the resource's id.
        region: the region it was read in.
        tags: the provider's settings for tags.

    Raises:
        KeyError: the handler gives a property that the table does not have (a mistake in this package).
    """
    state = {name: value for name, value in found.items() if value is not None}
    for name in state:
        if name not in table.properties and name != "id":
            raise KeyError(f"{table.token}: the handler reads '{name}', which the table does not know")
    for name, rules in table.properties.items():
        if rules.kept and name not in state:
            value = known.get(name, rules.default if rules.has_default and not known else None)
            if value is not None:
                state[name] = value
    if table.tagged:
        own, everything = tags.split(state.get("tagsAll") or state.get("tags") or {}, known.get("tags"))
        state["tagsAll"] = everything
        state.pop("tags", None)
        if own or "tags" in known:
            state["tags"] = own
    if table.regional:
        state["region"] = region
    state["id"] = resource_id
    return state


def with_secrets(table: ResourceTable, state: Mapping[str, Any]) -> dict[str, Any]:
    """State for the wire: what the schema calls secret is marked as such."""
    return {name: _marked(table.properties.get(name), value) for name, value in state.items()}


def _marked(rules: Property | None, value: Any) -> Any:
    if rules is None:
        return value
    if rules.secret:
        return Secret(value)
    if not rules.properties:
        return value
    if isinstance(value, dict):
        block = cast("dict[str, Any]", value)
        return {name: _marked(rules.properties.get(name), inner) for name, inner in block.items()}
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [
            {name: _marked(rules.properties.get(name), inner) for name, inner in cast("dict[str, Any]", item).items()}
            if isinstance(item, dict)
            else item
            for item in items
        ]
    return value


def inputs_from_state(
    table: ResourceTable,
    state: Mapping[str, Any],
    old_inputs: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The inputs that would have led to this state.

    Args:
        table: the type's rules.
        state: the state just read.
        old_inputs: inputs as known before; what still means the same keeps their wording. None at an import.
    """
    if old_inputs is None:
        return _imported_inputs(table, state)
    inputs: dict[str, Any] = {}
    for name, rules in table.properties.items():
        if rules.output:
            continue
        old, now = old_inputs.get(name), state.get(name)
        if old is not None:
            value = old if same(rules, now, old) else _pruned(rules, now, old)
            if value is not None:
                inputs[name] = value
        elif _says_something(rules, now):
            inputs[name] = _pruned(rules, now, None)
    inputs[DEFAULTS_KEY] = sorted(defaults_of(old_inputs) & inputs.keys())
    return inputs


def _imported_inputs(table: ResourceTable, state: Mapping[str, Any]) -> dict[str, Any]:
    named = {table.name.property} if table.name else set[str]()
    inputs: dict[str, Any] = {}
    for name, rules in table.properties.items():
        now = state.get(name)
        wanted = rules.required or name in named or name in {"region", "tagsAll"} or _says_something(rules, now)
        if not rules.output and now is not None and wanted:
            inputs[name] = _pruned(rules, now, None)
    inputs[DEFAULTS_KEY] = []
    return inputs


def _says_something(rules: Property, now: Any) -> bool:
    """Whether a value that nobody gave is more than what AWS or the schema fills in."""
    if rules.computed or rules.kept or rules.removal_ignored or is_empty(now):
        return False
    return not (rules.has_default and now == rules.default)


def _pruned(rules: Property, now: Any, old: Any) -> Any:
    """A value of the state as an input: without what only AWS decides."""
    if rules.free or not rules.properties:
        return now
    if isinstance(now, dict):
        before = cast("dict[str, Any]", old) if isinstance(old, dict) else {}
        return _pruned_block(rules, cast("dict[str, Any]", now), before)
    if isinstance(now, list):
        olds = cast("list[Any]", old) if isinstance(old, list) and rules.type == "list" else []
        return [
            _pruned_block(
                rules,
                cast("dict[str, Any]", item),
                olds[index] if index < len(olds) and isinstance(olds[index], dict) else {},
            )
            if isinstance(item, dict)
            else item
            for index, item in enumerate(cast("list[Any]", now))
        ]
    return now


def _pruned_block(rules: Property, now: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _pruned(rules.properties[name], value, old.get(name))
        for name, value in now.items()
        if name in rules.properties
        and not rules.properties[name].output
        and (name in old or not rules.properties[name].computed or rules.type == "set")
        and value is not None
    }


def planned_create(table: ResourceTable, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """State of a resource that a preview would create: inputs, and unknowns for what AWS decides."""
    planned = {name: value for name, value in inputs.items() if name in table.properties}
    for name, rules in table.properties.items():
        if (rules.output or rules.computed) and name not in planned:
            planned[name] = UNKNOWN
    return planned


def planned_update(
    table: ResourceTable,
    state: Mapping[str, Any],
    inputs: Mapping[str, Any],
    changed: frozenset[str],
) -> dict[str, Any]:
    """State of a resource that a preview would update in place."""
    planned = dict(state)
    for name, rules in table.properties.items():
        if rules.output:
            continue
        if name in inputs:
            if name in changed or name not in planned or has_unknown(inputs[name]):
                planned[name] = inputs[name]
        elif not rules.computed and not rules.kept:
            planned.pop(name, None)
    for name, rule in table.recomputed.items():
        if name not in inputs and rule.applies(changed, inputs):
            planned[name] = UNKNOWN
    return planned

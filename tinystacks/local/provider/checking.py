"""Check: from what the program gave to the inputs that go into the state, or what is wrong with them.

In the real provider's order: automatic name, defaults, `tagsAll`, `region`, then the schema.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from tinystacks.local.provider.handler import PlanError
from tinystacks.local.provider.naming import Autonaming, automatic_name
from tinystacks.local.provider.schema_check import schema_failures
from tinystacks.local.provider.tagging import TagSettings
from tinystacks.local.provider.values import Unknown, has_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.provider.tables import Property, ResourceTable

DEFAULTS_KEY: Final = "__defaults"
"""Input that lists what the provider filled in, so that the next Check knows it from what the program gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContext:
    """What a Check depends on besides the inputs.

    Attributes:
        logical_name: the resource's name in the program.
        region: the provider's region; empty while it is not known.
        tags: the provider's settings for tags.
        seed: the engine's random seed for the resource.
        autonaming: the engine's own naming, if configured.
    """

    logical_name: str
    region: str
    tags: TagSettings = field(default_factory=TagSettings)
    seed: bytes = b""
    autonaming: Autonaming | None = None


def check(
    table: ResourceTable,
    olds: Mapping[str, Any],
    news: Mapping[str, Any],
    context: CheckContext,
) -> tuple[dict[str, Any], list[PlanError]]:
    """The inputs completed by the provider, and everything that is wrong with them.

    Args:
        table: the type's rules.
        olds: checked inputs of the last update; empty for a new resource.
        news: what the program gives; may hold unknowns.
        context: provider settings and naming.
    """
    inputs = {name: value for name, value in news.items() if name != DEFAULTS_KEY}
    filled: list[str] = []
    unnamed = _fill_name(table, olds, inputs, filled, context)
    _fill_defaults(table, inputs, filled)
    inputs = {name: _completed(table.properties.get(name), value) for name, value in inputs.items()}
    if table.tagged:
        inputs["tagsAll"] = context.tags.merged(inputs.get("tags"))
    if table.regional and inputs.get("region") is None and context.region:
        inputs["region"] = context.region
        filled.append("region")
    failures = [*([unnamed] if unnamed else []), *schema_failures(table, inputs)]
    inputs[DEFAULTS_KEY] = sorted(filled)
    return inputs, failures


def defaults_of(inputs: Mapping[str, Any]) -> frozenset[str]:
    """Names of the inputs that the provider filled in."""
    return frozenset(inputs.get(DEFAULTS_KEY) or ())


def without_defaults_key(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs as a handler gets them: without the list of what was filled in."""
    return {name: _stripped(value) for name, value in inputs.items() if name != DEFAULTS_KEY}


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return without_defaults_key(cast("dict[str, Any]", value))
    if isinstance(value, list):
        return [_stripped(item) for item in cast("list[Any]", value)]
    return value


def _fill_name(
    table: ResourceTable,
    olds: Mapping[str, Any],
    inputs: dict[str, Any],
    filled: list[str],
    context: CheckContext,
) -> PlanError | None:
    rule = table.name
    if rule is None or inputs.get(rule.property) is not None or _conflicting(table, rule.property, inputs):
        return None
    old = olds.get(rule.property)
    if old is not None and (DEFAULTS_KEY not in olds or rule.property in defaults_of(olds)):
        name: str | PlanError = old
    else:
        name = automatic_name(rule, context.logical_name, inputs, seed=context.seed, autonaming=context.autonaming)
    if isinstance(name, PlanError):
        return name
    inputs[rule.property] = name
    filled.append(rule.property)
    return None


def _fill_defaults(table: ResourceTable, inputs: dict[str, Any], filled: list[str]) -> None:
    for name, rules in table.properties.items():
        if rules.has_default and inputs.get(name) is None and not _conflicting(table, name, inputs):
            inputs[name] = rules.default
            filled.append(name)


def _conflicting(table: ResourceTable, name: str, inputs: Mapping[str, Any]) -> bool:
    """Whether a property is given that excludes this one; the provider then fills nothing in."""
    groups = (*table.conflicts, *table.exactly_one_of)
    return any(other != name and inputs.get(other) is not None for group in groups if name in group for other in group)


def _completed(rules: Property | None, value: Any) -> Any:  # noqa: PLR0911 - one return per type of the schema
    """A value with the form that the schema wants, and with the defaults of what is inside it."""
    if rules is None or isinstance(value, Unknown):
        return value
    if rules.type == "object" and isinstance(value, dict):
        return _completed_block(rules, cast("dict[str, Any]", value))
    if rules.type in {"list", "set"} and isinstance(value, list):
        items = cast("list[Any]", value)
        if rules.properties:
            return [
                _completed_block(rules, cast("dict[str, Any]", item)) if isinstance(item, dict) else item
                for item in items
            ]
        return [_scalar(rules.items, item) for item in items]
    if rules.type == "map" and isinstance(value, dict):
        entries = cast("dict[str, Any]", value)
        return {key: _scalar("string", item) for key, item in entries.items() if item is not None}
    if rules.json and isinstance(value, (dict, list)):
        document = cast("Any", value)
        return document if has_unknown(document) else json.dumps(document, separators=(",", ":"))
    return _scalar(rules.type, value)


def _completed_block(rules: Property, block: dict[str, Any]) -> dict[str, Any]:
    if rules.free:
        return block
    completed = {
        name: _completed(rules.properties.get(name), value)
        for name, value in block.items()
        if value is not None and name != DEFAULTS_KEY
    }
    filled = [name for name, inner in rules.properties.items() if inner.has_default and name not in completed]
    completed.update({name: rules.properties[name].default for name in filled})
    if filled:
        completed[DEFAULTS_KEY] = sorted(filled)
    return completed


def _scalar(kind: str, value: Any) -> Any:  # noqa: PLR0911 - one return per pair of kinds
    """The bridge turns texts into numbers and booleans and back where the schema wants the other form."""
    if kind == "string":
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value) if isinstance(value, (int, float)) else value
    if not isinstance(value, str):
        return value
    if kind == "bool" and value in {"true", "false"}:
        return value == "true"
    if kind in {"int", "number"}:
        try:
            return int(value) if kind == "int" else float(value)
        except ValueError:
            return value
    return value

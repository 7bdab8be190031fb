"""Diff: what an update would change, and whether it has to replace the resource.

New inputs are compared with the last known state (not with the old inputs), as the Terraform bridge plans: so a refresh
that finds something else shows up as a difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from tinystacks.local.provider.checking import DEFAULTS_KEY, defaults_of
from tinystacks.local.provider.comparing import normalised
from tinystacks.local.provider.naming import named_by_program
from tinystacks.local.provider.property_paths import child, covers, element, top_level
from tinystacks.local.provider.values import Unknown, is_empty

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tinystacks.local.provider.tables import Property, ResourceTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One property that an update changes.

    Attributes:
        path: where.
        kind: whether it appears, goes, or gets another value.
        replace: whether the change replaces the resource.
    """

    path: str
    kind: Literal["add", "delete", "update"]
    replace: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an update would do.

    Attributes:
        differences: in the order of the table; empty when nothing changes.
        delete_before_replace: whether a replacement deletes the old resource first.
    """

    differences: tuple[Difference, ...]
    delete_before_replace: bool

    @property
    def changed(self) -> frozenset[str]:
        """Top-level properties that differ."""
        return frozenset(top_level(difference.path) for difference in self.differences)

    @property
    def replaces(self) -> bool:
        """Whether one of the differences replaces the resource."""
        return any(difference.replace for difference in self.differences)


def plan(
    table: ResourceTable,
    state: Mapping[str, Any],
    inputs: Mapping[str, Any],
    *,
    ignore_changes: Collection[str] = (),
    replace_keys: Collection[str] = (),
) -> Plan:
    """Compare checked inputs with the last known state.

    Args:
        table: the type's rules.
        state: the resource's outputs.
        inputs: checked new inputs; may hold unknowns.
        ignore_changes: property paths that the program wants left alone.
        replace_keys: further top-level properties whose change replaces.
    """
    found: list[Difference] = []
    for name, rules in table.properties.items():
        if not rules.output:
            _compare(rules, _Pair(state.get(name), inputs.get(name), state, inputs), name, found)
    kept = [
        _with_replacement(difference, replace_keys)
        for difference in found
        if not any(covers(pattern, difference.path) for pattern in ignore_changes)
    ]
    return Plan(
        differences=tuple(kept),
        delete_before_replace=table.delete_before_replace or named_by_program(table.name, inputs, defaults_of(inputs)),
    )


def same(rules: Property, old: Any, new: Any) -> bool:
    """Whether a value of the state and one of the inputs are the same to the provider."""
    found: list[Difference] = []
    _compare(rules, _Pair(old, new, {}, {}), rules.name, found)
    return not found


@dataclass(frozen=True, slots=True)
class _Pair:
    """An old and a new value with the blocks that they stand in."""

    old: Any
    new: Any
    old_block: Mapping[str, Any]
    new_block: Mapping[str, Any]


def _with_replacement(difference: Difference, replace_keys: Collection[str]) -> Difference:
    if difference.replace or top_level(difference.path) not in replace_keys:
        return difference
    return Difference(path=difference.path, kind=difference.kind, replace=True)


def _compare(rules: Property, pair: _Pair, path: str, found: list[Difference]) -> None:
    old, new = pair.old, pair.new
    if new is None:
        if not _may_stay(rules, pair):
            found.append(Difference(path=path, kind="delete", replace=_replaces(rules, old)))
    elif isinstance(new, Unknown):
        kind = "add" if old is None else "update"
        found.append(Difference(path=path, kind=kind, replace=rules.force_new))
    elif rules.type == "object" and not rules.free and isinstance(new, dict):
        _compare_block(rules, old, cast("dict[str, Any]", new), path, found)
    elif rules.type == "map" and isinstance(new, dict):
        _compare_map(rules, old, cast("dict[str, Any]", new), path, found)
    elif rules.type == "list" and isinstance(new, list):
        _compare_list(rules, old, cast("list[Any]", new), path, found)
    elif rules.type == "set" and isinstance(new, list):
        _compare_set(rules, old, cast("list[Any]", new), path, found)
    elif not _equal(rules, pair):
        kind = "add" if old is None else "update"
        found.append(Difference(path=path, kind=kind, replace=rules.force_new))


def _may_stay(rules: Property, pair: _Pair) -> bool:
    """Whether leaving a property out leaves it as it is."""
    if rules.computed or rules.removal_ignored or is_empty(pair.old):
        return True
    return bool(rules.compare) and normalised(rules.compare, pair.old, pair.old_block) == normalised(
        rules.compare, None, pair.new_block
    )


def _equal(rules: Property, pair: _Pair) -> bool:
    old, new = pair.old, pair.new
    if old == new and type(old) is type(new):
        return True
    if is_empty(new) and (is_empty(old) or (rules.computed and new == "")):
        return True
    if rules.compare == "dns_name" and _relative_name(old, new):
        return True
    left = normalised(rules.compare, old, pair.old_block)
    right = normalised(rules.compare, new, pair.new_block)
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _relative_name(old: Any, new: Any) -> bool:
    """A record's name may be given without its zone."""
    return isinstance(old, str) and isinstance(new, str) and old.lower().startswith(f"{new.lower()}.")


def _replaces(rules: Property, value: Any) -> bool:
    """Whether the coming or going of a whole value replaces: by its own rule or by one of what it holds."""
    if rules.force_new:
        return True
    items = cast("list[Any]", value if isinstance(value, list) else [value])
    return any(
        inner is not None and not rules.properties[name].output and _replaces(rules.properties[name], inner)
        for item in items
        if isinstance(item, dict)
        for name, inner in cast("dict[str, Any]", item).items()
        if name in rules.properties
    )


def _compare_block(rules: Property, old: Any, new: dict[str, Any], path: str, found: list[Difference]) -> None:
    if not isinstance(old, dict):
        if not is_empty({key: value for key, value in new.items() if key != DEFAULTS_KEY}):
            found.append(Difference(path=path, kind="add", replace=_replaces(rules, new)))
        return
    old_block = cast("dict[str, Any]", old)
    for name, inner in rules.properties.items():
        if not inner.output:
            _compare(inner, _Pair(old_block.get(name), new.get(name), old_block, new), child(path, name), found)


def _compare_map(rules: Property, old: Any, new: dict[str, Any], path: str, found: list[Difference]) -> None:
    before = cast("dict[str, Any]", old) if isinstance(old, dict) else {}
    after = {key: value for key, value in new.items() if key != DEFAULTS_KEY}
    for key in sorted({*before, *after}):
        here = child(path, key)
        if key not in after:
            found.append(Difference(path=here, kind="delete", replace=rules.force_new))
        elif key not in before:
            found.append(Difference(path=here, kind="add", replace=rules.force_new))
        elif before[key] != after[key]:
            found.append(Difference(path=here, kind="update", replace=rules.force_new))


def _compare_list(rules: Property, old: Any, new: list[Any], path: str, found: list[Difference]) -> None:
    before = cast("list[Any]", old) if isinstance(old, list) else []
    for index in range(max(len(before), len(new))):
        here = element(path, index)
        if index >= len(new):
            if not rules.removal_ignored:
                found.append(Difference(path=here, kind="delete", replace=_replaces(rules, [before[index]])))
        elif index >= len(before):
            found.append(Difference(path=here, kind="add", replace=_replaces(rules, [new[index]])))
        else:
            _compare_item(rules, before[index], new[index], here, found)


def _compare_item(rules: Property, old: Any, new: Any, path: str, found: list[Difference]) -> None:
    if isinstance(new, dict) and rules.properties:
        _compare_block(rules, old, cast("dict[str, Any]", new), path, found)
    elif isinstance(new, Unknown) or old != new:
        found.append(Difference(path=path, kind="update", replace=rules.force_new))


def _compare_set(rules: Property, old: Any, new: list[Any], path: str, found: list[Difference]) -> None:
    before = cast("list[Any]", old) if isinstance(old, list) else []
    unmatched = list(range(len(before)))
    added: list[int] = []
    for index, item in enumerate(new):
        partner = next((other for other in unmatched if _same_item(rules, before[other], item)), None)
        if partner is not None:
            unmatched.remove(partner)
        elif not any(_same_item(rules, before[other], item) for other in range(len(before))):
            added.append(index)  # a repeated entry of a set is one entry
    if rules.removal_ignored and not new:
        return
    for index in sorted({*unmatched, *added}):
        here = element(path, index)
        replace = _replaces(rules, [*([before[index]] if index in unmatched else []), *new[index : index + 1]])
        if index in unmatched and index in added:
            found.append(Difference(path=here, kind="update", replace=replace))
        else:
            found.append(Difference(path=here, kind="add" if index in added else "delete", replace=replace))


def _same_item(rules: Property, old: Any, new: Any) -> bool:
    found: list[Difference] = []
    _compare_item(rules, old, new, "", found)
    return not found

"""What a stage overrides: maps merge, lists and values replace, `null` takes a value away; `extends` adds layers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from tinystacks.spec.messages import did_you_mean, locate
from tinystacks.spec.model import StageSpec
from tinystacks.spec.positions import KeyPath, Origin, SourceMap
from tinystacks.spec.shape import REMOVED, fields_of, section, tidy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.errors import Problem

_SET_BY_TINYSTACKS = frozenset({"stack", "stage", "order"})
_NOT_PER_STAGE = frozenset({"name", "stages"}) | _SET_BY_TINYSTACKS
_SOURCES = ("build", "image")


def override_keys() -> tuple[str, ...]:
    """Give the keys that a stage may have."""
    return (*(name for name in fields_of(StageSpec) if name not in _SET_BY_TINYSTACKS), "extends")


def merge_stage(
    base: Mapping[str, Any], stages: Mapping[str, Any], name: str, source: SourceMap
) -> tuple[dict[str, Any], Origin, list[Problem]]:
    """Merge a stage's overrides, and those of the stages it extends, into what all stages share.

    Args:
        base: plain data without `name` and `stages`.
        stages: overrides by stage.
        name: the stage.
        source: positions in the file.

    Returns:
        The merged data, where its values came from, and the problems of the overrides themselves.
    """
    merged = {key: _copy(value) for key, value in base.items()}
    moved: dict[KeyPath, KeyPath] = {}
    problems: list[Problem] = []
    in_document = Origin(source=source)
    chain, broken = _chain(stages, name, in_document)
    problems += broken
    for stage in reversed(chain):
        place = ("stages", stage)
        overrides = dict(stages[stage])
        overrides.pop("extends", None)
        for key in [key for key in overrides if key not in override_keys()]:
            del overrides[key]
            if stage == name:
                problems.append(_unknown(in_document, (*place, key)))
        layer = tidy(overrides, section(StageSpec), null="remove")
        _drop_other_source(layer)
        _merge(merged, layer, moved, (), place)
    return merged, Origin(source=source, moved=moved), problems


def naming_close_services(problems: list[Problem], merged: Mapping[str, Any], base: Mapping[str, Any]) -> list[Problem]:
    """Ask whether another service was meant where a stage's service has neither image nor build.

    Args:
        problems: of the merged stage.
        merged: the merged stage.
        base: what all stages share.
    """
    services, shared = merged.get("services"), base.get("services")
    if not isinstance(services, dict) or not isinstance(shared, dict):
        return problems
    return [
        replace(problem, message=f"{problem.message}{did_you_mean(name, cast('dict[str, Any]', shared))}")
        if problem.code == "value_error" and _names_service(problem.field) and name not in shared
        else problem
        for problem in problems
        for name in [problem.field.rpartition(".")[2]]
    ]


def _names_service(field: str) -> bool:
    *_, section_name, _ = ["", *field.split(".")]
    return section_name == "services"


def _chain(stages: Mapping[str, Any], name: str, origin: Origin) -> tuple[list[str], list[Problem]]:
    """Give the stage and those it extends, nearest first; a broken chain ends early."""
    chain = [name]
    while (parent := stages[chain[-1]].get("extends")) is not None:
        path = ("stages", chain[-1], "extends")
        if not isinstance(parent, str):
            return chain, [locate(origin, path, "must be the name of a stage", code="extends")]
        if parent not in stages:
            message = f"there is no stage `{parent[:40]}`{did_you_mean(parent, stages)}"
            return chain, [locate(origin, path, message, code="extends")]
        if parent in chain:
            message = f"stages extend each other in a circle: {' → '.join((*chain, parent))}"
            return chain, [locate(origin, path, message, code="extends")]
        if not isinstance(stages[parent], dict):
            return chain, []
        chain.append(parent)
    return chain, []


def _unknown(origin: Origin, path: KeyPath) -> Problem:
    key = str(path[-1])
    if key in _NOT_PER_STAGE:
        message = f"`{key}` cannot differ between stages"
    else:
        possible = override_keys()
        message = f"unknown key{did_you_mean(key, possible)}"
        if "?" not in message:
            message += f"; possible here: {', '.join(possible)}"
    return locate(origin, path, message, code="extra_forbidden", key=True)


def _drop_other_source(layer: dict[str, Any]) -> None:
    """An override that names an image takes the place of a build, and the other way round."""
    services = layer.get("services")
    if not isinstance(services, dict):
        return
    for service in cast("dict[str, Any]", services).values():
        if not isinstance(service, dict):
            continue
        given = [key for key in _SOURCES if service.get(key, REMOVED) is not REMOVED]
        if len(given) == 1:
            service[_SOURCES[1 - _SOURCES.index(given[0])]] = REMOVED


def _merge(
    target: dict[str, Any], layer: Mapping[str, Any], moved: dict[KeyPath, KeyPath], path: KeyPath, place: KeyPath
) -> None:
    for key, value in layer.items():
        here, there = (*path, key), (*place, key)
        if value is REMOVED:
            target.pop(key, None)
        elif isinstance(value, dict):
            layer_below = cast("dict[str, Any]", value)
            if not isinstance(target.get(key), dict):
                target[key] = {}
                moved[here] = there
            _merge(target[key], layer_below, moved, here, there)
        else:
            target[key] = value
            moved[here] = there


def _copy(value: Any) -> Any:
    return (
        {key: _copy(inner) for key, inner in cast("dict[str, Any]", value).items()}
        if isinstance(value, dict)
        else value
    )

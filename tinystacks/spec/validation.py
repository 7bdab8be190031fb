"""Plain data to a `StackSpec`, reporting every problem of the file and of all its stages at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from tinystacks.errors import Problem, SpecError
from tinystacks.spec.messages import doubted_paths, in_file_order, paths_of, problems_of
from tinystacks.spec.model import MAX_STAGES, StackSpec, StageSpec
from tinystacks.spec.overrides import merge_stage, naming_close_services
from tinystacks.spec.positions import Origin, SourceMap
from tinystacks.spec.shape import section, tidy
from tinystacks.spec.sound_parts import problems_of_sound_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.spec.positions import KeyPath

_ENOUGH_PROBLEMS = 100
"""Stages are not looked into any more once so many problems are known: nobody reads on."""


def stack_from_mapping(
    document: Mapping[str, Any], *, source: SourceMap | None = None, known: Sequence[Problem] = ()
) -> StackSpec:
    """Make a stack from plain data.

    Args:
        document: the same keys as the file.
        source: positions in the file that the data came from.
        known: problems found before, which are reported with the new ones.

    Raises:
        SpecError: with every problem found, in the order of the file.
    """
    source = source or SourceMap()
    stack, problems = _validated(document, source)
    problems = list(dict.fromkeys((*known, *problems)))
    if stack is None or problems:
        raise SpecError(in_file_order(problems))
    return stack


def _validated(document: Any, source: SourceMap) -> tuple[StackSpec | None, list[Problem]]:
    origin = Origin(source=source)
    data = tidy(document, section(StackSpec), texts=source.texts)
    if isinstance(data, dict):
        data = _with_stage_texts(cast("dict[str, Any]", data), source)
    wrong: list[KeyPath] = []
    doubted: list[KeyPath] = []
    try:
        stack = StackSpec.model_validate(data).with_origin(origin)
    except ValidationError as error:
        stack, problems = None, problems_of(error, StackSpec, origin)
        wrong, doubted = paths_of(error, StackSpec), doubted_paths(error, StackSpec)
    else:
        problems = []
    if isinstance(data, dict) and len(problems) < _ENOUGH_PROBLEMS:
        fields = cast("dict[str, Any]", data)
        problems += _problems_of_stages(fields, source)
        if 0 < len(problems) < _ENOUGH_PROBLEMS:
            problems += problems_of_sound_parts(fields, wrong, doubted, source)
    return stack, problems


def _with_stage_texts(data: dict[str, Any], source: SourceMap) -> dict[str, Any]:
    stages = data.get("stages")
    if not isinstance(stages, dict):
        return data
    shape = section(StageSpec)
    kept = {
        name: tidy(overrides, shape, path=("stages", name), texts=source.texts, null="keep")
        for name, overrides in cast("dict[str, Any]", stages).items()
    }
    return {**data, "stages": kept}


def _problems_of_stages(data: dict[str, Any], source: SourceMap) -> list[Problem]:
    """Find what is wrong in the stages once merged; what is wrong in the base is found again, and dropped later."""
    stages = data.get("stages")
    if not isinstance(stages, dict) or len(cast("dict[str, Any]", stages)) > MAX_STAGES:
        return []
    base = {key: value for key, value in data.items() if key not in {"name", "stages"}}
    problems: dict[Problem, None] = {}
    for name, overrides in cast("dict[str, Any]", stages).items():
        if not isinstance(overrides, dict) or len(problems) >= _ENOUGH_PROBLEMS:
            continue
        merged, origin, found = merge_stage(base, cast("dict[str, Any]", stages), name, source)
        problems.update(dict.fromkeys(found))
        try:
            StageSpec.model_validate({**merged, "stack": "name", "stage": "name"})
        except ValidationError as error:
            problems.update(dict.fromkeys(naming_close_services(problems_of(error, StageSpec, origin), merged, base)))
    return list(problems)

"""One stage of a stack: overrides merged, defaults filled in, everything checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from tinystacks.errors import Problem, SpecError
from tinystacks.spec.checks import check_stage
from tinystacks.spec.filling import filled
from tinystacks.spec.messages import did_you_mean, in_file_order, locate, one_of, problems_of
from tinystacks.spec.model import StageSpec
from tinystacks.spec.overrides import merge_stage, naming_close_services

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinystacks.spec.model import StackSpec


def resolve_stage(stack: StackSpec, name: str | None = None) -> StageSpec:
    """Give one stage of a stack, complete and without errors.

    Args:
        stack: the stack.
        name: the stage; the first by default.

    Raises:
        SpecError: no such stage, or the stage is not valid; carries every error, at the line that caused it.
    """
    stage, problems = merged_stage(stack, name)
    errors = [problem for problem in problems if problem.severity == "error"]
    if stage is None or errors:
        raise SpecError(in_file_order(errors), hint=f"Found in stage `{name or stack.stage_names[0]}`.")
    return stage


def resolve_stages(stack: StackSpec) -> list[StageSpec]:
    """Give every stage of a stack, complete and without errors.

    Args:
        stack: the stack.

    Raises:
        SpecError: a stage is not valid; carries the errors of all stages, each once.
    """
    merged = {name: merged_stage(stack, name) for name in stack.stage_names}
    faulty = {
        name: [problem for problem in problems if problem.severity == "error"] for name, (_, problems) in merged.items()
    }
    if any(faulty.values()):
        names = one_of(name for name, errors in faulty.items() if errors).replace(" or ", " and ")
        errors = dict.fromkeys(problem for errors in faulty.values() for problem in errors)
        raise SpecError(in_file_order(errors), hint=f"Found in stage {names}.")
    return [stage for stage, _ in merged.values() if stage is not None]


def merged_stage(stack: StackSpec, name: str | None = None) -> tuple[StageSpec | None, list[Problem]]:
    """Give one stage with its errors and warnings; None when the overrides do not even have the right form.

    Args:
        stack: the stack.
        name: the stage; the first by default.

    Raises:
        SpecError: no such stage.
    """
    stage, problems = assembled_stage(stack, name)
    return stage, problems if stage is None else problems + check_stage(stage)


def assembled_stage(stack: StackSpec, name: str | None = None) -> tuple[StageSpec | None, list[Problem]]:
    """Give one stage, merged and filled in, with the problems of its form alone.

    Args:
        stack: the stack.
        name: the stage; the first by default.

    Raises:
        SpecError: no such stage.
    """
    name = name if name is not None else stack.stage_names[0]
    if name not in stack.stages:
        message = (
            f"there is no stage `{name}`{did_you_mean(name, stack.stages) or f'; there is {one_of(stack.stages)}'}"
        )
        raise SpecError([locate(stack.origin, ("stages",), message, code="unknown-stage", key=True)])
    base = stack.model_dump(exclude_unset=True, exclude={"name", "stages"})
    merged, origin, problems = merge_stage(base, stack.stages, name, stack.origin.source)
    order = stack.stage_names.index(name)
    try:
        stage = StageSpec.model_validate({**merged, "stack": stack.name, "stage": name, "order": order})
    except ValidationError as error:
        return None, problems + naming_close_services(problems_of(error, StageSpec, origin), merged, base)
    return filled(stage).with_origin(origin), problems


def stage_warnings(stage: StageSpec) -> list[Problem]:
    """Give what is allowed but probably not meant, in the order of the file."""
    return in_file_order(problem for problem in check_stage(stage) if problem.severity == "warning")


def warnings_of_stages(stages: Iterable[StageSpec]) -> list[Problem]:
    """Give the warnings of several stages, each once, in the order of the file."""
    return in_file_order(dict.fromkeys(warning for stage in stages for warning in stage_warnings(stage)))


def stack_problems(stack: StackSpec) -> list[Problem]:
    """Give the errors and warnings of all stages, each once, in the order of the file."""
    found = [problem for name in stack.stages for problem in merged_stage(stack, name)[1]]
    return in_file_order(dict.fromkeys(found))

"""What the checks across fields find in the sound parts of a file that has wrong types or unknown keys elsewhere.

Without this, correcting a typo would bring up the next problems only then. What is wrong is cut out, and what the
checks say is believed only where nothing was cut: a default in place of what the user wrote proves nothing.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tinystacks.spec.checks import CHECKS, SERVICE_CHECKS, check_stage
from tinystacks.spec.model import StackSpec
from tinystacks.spec.positions import Origin
from tinystacks.spec.stages import assembled_stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.errors import Problem
    from tinystacks.spec.positions import KeyPath, SourceMap

_PLACEHOLDER = "name"
_OF_ONE = ("services", "stages")
"""Sections whose parts stand for themselves; any other says something about every service."""


def problems_of_sound_parts(data: Mapping[str, Any], wrong: Sequence[KeyPath], source: SourceMap) -> list[Problem]:
    """Give the errors that the checks across fields find where nothing is of the wrong form.

    Args:
        data: the whole document, tidied.
        wrong: paths of what is of the wrong form.
        source: positions in the file.
    """
    sound = copy.deepcopy(dict(data))
    for path in wrong:
        _cut(sound, path)
    sound.setdefault("name", _PLACEHOLDER)
    try:
        stack = StackSpec.model_validate(sound).with_origin(Origin(source=source))
    except ValidationError:
        return []
    touched = {path[: 2 if path[0] in _OF_ONE else 1] for path in wrong if path}
    around = any(path[0] not in (*_OF_ONE, "name") for path in touched)
    problems: dict[Problem, None] = {}
    for name in stack.stage_names:
        stage, wrong_here = assembled_stage(stack, name)
        if stage is not None and not wrong_here and ("stages", name) not in touched:
            found = check_stage(stage, SERVICE_CHECKS if around else CHECKS, apart_from=touched)
            problems.update(dict.fromkeys(problem for problem in found if problem.severity == "error"))
    return list(problems)


def _cut(data: Any, path: KeyPath) -> None:
    """Remove what is at a path; where it is missing, what it is missing in."""
    parents: list[tuple[Any, str | int]] = []
    here = data
    for key in path:
        try:
            child = here[key]
        except (KeyError, IndexError, TypeError):
            break
        parents.append((here, key))
        here = child
    if parents:
        holder, key = parents[-1]
        if isinstance(holder, dict):
            del holder[key]
        else:
            holder[key] = None

"""What the checks across fields find in the sound parts of a file that has wrong types or unknown keys elsewhere.

Without this, correcting a typo would bring up the next problems only then. What is wrong is cut out, and what the
checks say is believed only where nothing was cut: a default in place of what the user wrote proves nothing.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tinystacks.spec.checks import CHECKS, SERVICE_CHECKS, check_stage
from tinystacks.spec.messages import paths_of
from tinystacks.spec.model import StackSpec
from tinystacks.spec.positions import Origin
from tinystacks.spec.stages import assembled_stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.errors import Problem
    from tinystacks.spec.checks.finding import Finding
    from tinystacks.spec.positions import KeyPath, SourceMap

_PLACEHOLDER = "name"
_CUTS = 5
"""As deep as sections stand in each other."""
_OF_ONE = ("services", "stages")
"""Sections whose parts stand for themselves; any other says something about every service."""
_BY_ITSELF = ("name", "tags", "alarms", "profile", "state", "secrets_provider")
"""Keys that say nothing about what else is right."""
_OF_ITS_VALUE = frozenset(
    {
        "bucket-name",
        "certificate-arn",
        "domain",
        "health-check-matcher",
        "image-invalid",
        "instance-type-invalid",
        "kms-key-arn",
        "policy-arn",
        "route-host",
        "route-path",
        "schedule-when",
        "secret-arn",
        "state-scheme",
        "subnet-id",
        "topic-arn",
        "variable-name",
        "vpc-id",
    }
)
"""Rules that look at nothing but the value they point at."""
_OF_ITS_SECTION = frozenset({"health-check-timeout", "instances-min-over-max", "tasks-min-over-max"})
"""Rules that look at nothing but the section in which the value is that they point at."""
_SIZE = ("cpu", "memory", "sidecars")
_OF_FIELDS: Mapping[str, Sequence[str]] = {
    "cpu-does-not-fit": _SIZE,
    "deadline-too-short": ("port", "health_check", "deregistration_delay", "stop_timeout", "rolling_update"),
    "exec-read-only-root": ("exec", "read_only_root"),
    "fargate-sidecars-cpu": _SIZE,
    "fargate-sidecars-memory": _SIZE,
    "fargate-size": _SIZE,
    "fargate-stop-timeout": ("stop_timeout", "sidecars"),
    "memory-does-not-fit": _SIZE,
    "route-empty": ("route",),
    "route-without-port": ("port", "route"),
    "scaling-without-target": ("tasks",),
    "schedule-empty": ("tasks",),
    "schedule-min-over-max": ("tasks",),
    "schedule-timezone": ("tasks",),
    "target-requests-without-port": ("port", "tasks"),
    "update-cannot-move": ("tasks", "rolling_update"),
    "variable-twice": ("variables", "secrets", "sidecars"),
    "zone-rebalancing-max-percent": ("zone_rebalancing", "rolling_update"),
}
"""Rules that look at nothing of the service that they point at but these fields."""
_OF_COMPUTE = frozenset(
    {
        "cpu-does-not-fit",
        "fargate-sidecars-cpu",
        "fargate-sidecars-memory",
        "fargate-size",
        "fargate-stop-timeout",
        "memory-does-not-fit",
    }
)
"""Those of them that look at `compute` too."""


def problems_of_sound_parts(
    data: Mapping[str, Any], wrong: Sequence[KeyPath], doubted: Sequence[KeyPath], source: SourceMap
) -> list[Problem]:
    """Give the errors that the checks across fields find where nothing is of the wrong form.

    Args:
        data: the whole document, tidied.
        wrong: paths of what is of the wrong form.
        doubted: paths of what may be meant otherwise than it is written because of that.
        source: positions in the file.
    """
    stack, missing = _sound(data, wrong, source)
    if stack is None:
        return []
    doubted = [*doubted, *missing]
    touched = {path[: 2 if path[0] in _OF_ONE else 1] for path in doubted if path}
    around = any(path[0] not in (*_OF_ONE, *_BY_ITSELF) for path in touched)
    problems: dict[Problem, None] = {}
    for name in stack.stage_names:
        stage, wrong_here = assembled_stage(stack, name)
        if stage is not None and not wrong_here and ("stages", name) not in touched:
            found = check_stage(
                stage,
                SERVICE_CHECKS if around else CHECKS,
                believed=lambda finding: not {finding.path[:1], finding.path[:2]} & touched,
            )
            found += check_stage(stage, believed=lambda finding: _is_proven(finding, [*wrong, *missing], doubted))
            problems.update(dict.fromkeys(problem for problem in found if problem.severity == "error"))
    return list(problems)


def _sound(
    data: Mapping[str, Any], wrong: Sequence[KeyPath], source: SourceMap
) -> tuple[StackSpec | None, Sequence[KeyPath]]:
    """Give what is left when all that is wrong is cut out, and what had to go besides."""
    sound = copy.deepcopy(dict(data))
    newly = wrong
    missing: list[KeyPath] = []
    for _ in range(_CUTS):
        for path in {_to_cut(sound, path) for path in newly}:
            _cut(sound, path)
        sound.setdefault("name", _PLACEHOLDER)
        try:
            return StackSpec.model_validate(sound).with_origin(Origin(source=source)), missing
        except ValidationError as error:  # what was cut is missing now: that in which it is missing goes too
            newly = paths_of(error, StackSpec)
            missing += newly
    return None, missing


def _is_proven(finding: Finding, wrong: Sequence[KeyPath], doubted: Sequence[KeyPath]) -> bool:
    """Whether a finding looks only at what was not cut and is not in doubt, though something beside it is."""
    at = finding.path
    if finding.code in _OF_ITS_VALUE:
        return not any(path[: len(at)] == at or at[: len(path)] == path for path in wrong)
    if finding.code in _OF_FIELDS:
        fields = _OF_FIELDS[finding.code]
        looked_at = [(*at[:2], field) for field in fields] + [("compute",)] * (finding.code in _OF_COMPUTE)
        stray = any(path[0] != "services" and path[-1] in fields for path in doubted if path)
        return not stray and not any(
            path[: len(one)] == one or one[: len(path)] == path for path in doubted for one in looked_at
        )
    if finding.code in _OF_ITS_SECTION:
        return not any(path[:-1] == at[:-1] or at[: len(path)] == path for path in wrong)
    return False


def _to_cut(data: Any, path: KeyPath) -> KeyPath:
    """Give the path of what has to go: for what is missing, what it is missing in; for a list's item, the list."""
    found: KeyPath = ()
    here = data
    for depth, key in enumerate(path, start=1):
        within = here
        try:
            here = within[key]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(within, dict):
            found = path[:depth]
    return found


def _cut(data: Any, path: KeyPath) -> None:
    """Remove what is at a path, unless what it is in went before."""
    here = data
    for key in path[:-1]:
        try:
            here = here[key]
        except (KeyError, IndexError, TypeError):
            return
    if path:
        here.pop(path[-1], None)

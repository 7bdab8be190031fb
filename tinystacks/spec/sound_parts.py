"""What the checks across fields find in the sound parts of a file that has wrong types or unknown keys elsewhere.

Without this, correcting a typo would bring up the next problems only then. What is wrong is cut out, and what the
checks say is believed only where nothing was cut: a default in place of what the user wrote proves nothing.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from tinystacks.spec.checks import CHECKS, SERVICE_CHECKS, check_stage
from tinystacks.spec.messages import paths_of, problems_of
from tinystacks.spec.model import StackSpec
from tinystacks.spec.positions import Origin, dotted
from tinystacks.spec.stages import assembled_stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tinystacks.errors import Problem
    from tinystacks.spec.checks.finding import Finding
    from tinystacks.spec.model import StageSpec
    from tinystacks.spec.positions import KeyPath, SourceMap

_PLACEHOLDER = "name"
_SOURCES = ("build", "image")
_CUTS = 5
"""As deep as sections stand in each other."""
_OF_ONE = ("services", "stages")
"""Sections whose parts stand for themselves; any other says something about every service."""
_BY_ITSELF = ("name", "tags", "alarms", "profile", "state", "secrets_provider")
"""Keys that say nothing about what else is right."""
_OF_ITS_VALUE = frozenset(
    {
        "allow-empty",
        "allow-range",
        "bucket-name",
        "certificate-arn",
        "cidr",
        "domain",
        "health-check-matcher",
        "image-invalid",
        "instance-type-invalid",
        "kms-key-arn",
        "name-reserved",
        "permission-action",
        "permission-resource",
        "policy-arn",
        "route-host",
        "route-path",
        "schedule-when",
        "secret-arn",
        "state-scheme",
        "subnet-id",
        "tag-reserved",
        "tag-too-long",
        "topic-arn",
        "variable-name",
        "vpc-id",
    }
)
"""Rules that look at nothing but the value they point at."""
_OF_ITS_SECTION = frozenset(
    {"health-check-timeout", "instance-type-twice", "instances-min-over-max", "subnet-twice", "tasks-min-over-max"}
)
"""Rules that look at nothing but the section or list in which the value is that they point at."""
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
    stack, missing, problems = _sound(data, wrong, doubted, source)
    if stack is None:
        return problems
    wrong, doubted = [*wrong, *missing], [*doubted, *missing]
    unsound = False
    for name in stack.stage_names:
        stage, wrong_here = assembled_stage(stack, name)
        if stage is None or wrong_here or any(path[:2] == ("stages", name) for path in doubted):
            unsound = True
        else:
            problems += _found(stage, wrong, doubted)
    if unsound:  # what no stage overrides is wrong in each of them
        shared, _ = assembled_stage(stack.model_copy(update={"stages": {_PLACEHOLDER: {}}}), _PLACEHOLDER)
        if shared is not None:
            overridden = [path for overrides in stack.stages.values() for path in _leaves(overrides)]
            problems += _found(shared, [*wrong, *overridden], [*doubted, *overridden])
    return list(dict.fromkeys(problem for problem in problems if problem.severity == "error"))


def _found(stage: StageSpec, wrong: Sequence[KeyPath], doubted: Sequence[KeyPath]) -> list[Problem]:
    """Give what the checks say of a stage where nothing is in doubt."""
    touched = {path[: 2 if path[0] in _OF_ONE else 1] for path in doubted if path}
    around = any(path[0] not in (*_OF_ONE, *_BY_ITSELF) for path in touched)
    found = check_stage(
        stage,
        SERVICE_CHECKS if around else CHECKS,
        believed=lambda finding: not {finding.path[:1], finding.path[:2]} & touched,
    )
    return found + check_stage(stage, believed=lambda finding: _is_proven(finding, wrong, doubted))


def _leaves(data: Mapping[str, Any], path: KeyPath = ()) -> Iterator[KeyPath]:
    for key, value in data.items():
        if isinstance(value, dict) and value:
            yield from _leaves(cast("dict[str, Any]", value), (*path, key))
        else:
            yield (*path, key)


def _sound(
    data: Mapping[str, Any], wrong: Sequence[KeyPath], doubted: Sequence[KeyPath], source: SourceMap
) -> tuple[StackSpec | None, list[KeyPath], list[Problem]]:
    """Give what is left when all that is wrong is cut out, what had to go besides, and the problems of that."""
    sound = copy.deepcopy(dict(data))
    newly = wrong
    missing: list[KeyPath] = []
    problems: list[Problem] = []
    origin = Origin(source=source)
    for _ in range(_CUTS):
        for path in {_to_cut(sound, path) for path in newly}:
            _cut(sound, path)
        sound.setdefault("name", _PLACEHOLDER)
        try:
            return StackSpec.model_validate(sound).with_origin(origin), missing, problems
        except ValidationError as error:  # what was cut is missing now: that in which it is missing goes too
            newly = paths_of(error, StackSpec)
            problems += [
                problem
                for problem in problems_of(error, StackSpec, origin)
                if problem.code == "value_error" and not _sources_in_doubt(problem.field, doubted)
            ]
            missing += newly
    return None, missing, problems


def _sources_in_doubt(service: str, doubted: Sequence[KeyPath]) -> bool:
    """Whether what a service is made of may be meant otherwise than it is written."""
    return any(dotted(path) == service or (path[-1] in _SOURCES and dotted(path[:-1]) == service) for path in doubted)


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

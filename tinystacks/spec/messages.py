"""Pydantic's findings in plain words: what is wrong, and what would be right."""

from __future__ import annotations

import dataclasses
import difflib
from typing import TYPE_CHECKING, Any

from tinystacks.errors import Problem
from tinystacks.spec.positions import KeyPath, Origin, dotted, printable
from tinystacks.spec.shape import Shape, fields_of, is_key_below, section, shape_of_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from tinystacks.spec.base import SpecModel

PATTERNS: Mapping[str, str] = {
    r"^[a-z]([a-z0-9-]*[a-z0-9])?$": (
        "lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen"
    ),
    r"^/": "a path that begins with `/`",
    r"^(at|rate|cron)\(.+\)$": "`cron(0 8 ? * MON-FRI *)`, `rate(1 day)` or `at(2027-01-01T08:00:00)`",
    r"^ami-[0-9a-f]{8,17}$": "the id of a machine image, such as `ami-0abcdef1234567890`",
    r"^[a-z]{2,5}(-[a-z]+)+-\d{1,2}$": "the code of an AWS region, such as `eu-west-1`",
    r"^\d{12}$": 'the 12 digits of an AWS account in quotes, such as `"123456789012"`',
}
"""What each pattern of the models asks for."""

_SYNONYMS: Mapping[str, str] = {
    "environment": "variables",
    "env": "variables",
    "ports": "port",
    "container_port": "port",
    "replicas": "tasks",
    "desired_count": "tasks",
    "count": "tasks",
    "dockerfile": "build",
    "depends_on": "sidecars",
    "autoscaling": "tasks",
    "healthcheck": "health_check",
    "vpc": "network",
    "cluster": "compute",
    "load_balancer": "endpoint",
    "environments": "stages",
    "capacity": "compute",
    "instance_type": "instance_types",
    "min_size": "instances",
    "max_size": "instances",
    "launch_type": "kind",
}
_ONLY_PER_STAGE = frozenset({"approval", "extends"})
_PRIVATE_PARTS = frozenset({"variables", "secrets", "args", "secrets_provider"})
_LONGEST_VALUE = 40
_MOST_PROBLEMS = 200


def problems_of(error: ValidationError, model: type[SpecModel], origin: Origin | None = None) -> list[Problem]:
    """Translate an error of pydantic into problems with positions, in the order of the file.

    Args:
        error: what pydantic found.
        model: the model that was validated.
        origin: where its values came from; nowhere in particular by default.
    """
    origin = origin or Origin()
    found: dict[tuple[KeyPath, str], Problem] = {}
    details = error.errors(include_url=False)
    for detail in details[:_MOST_PROBLEMS]:
        path, shape, parent = _follow(detail["loc"], model)
        if _belongs_to_other_alternative(detail, shape):
            continue
        about_key = detail["type"] in {"missing", "extra_forbidden"} or detail["loc"][-1:] == ("[key]",)
        message = _message(detail, path, parent, origin)
        found.setdefault((path, message), locate(origin, path, message, code=detail["type"], key=about_key))
    problems = in_file_order(found.values())
    if len(details) > _MOST_PROBLEMS:
        message = f"and {len(details) - _MOST_PROBLEMS} more problems"
        problems.append(dataclasses.replace(problems[-1], field="", message=message, code="more"))
    return problems


def paths_of(error: ValidationError, model: type[SpecModel]) -> list[KeyPath]:
    """Give the paths of what pydantic found wrong.

    Args:
        error: what pydantic found.
        model: the model that was validated.
    """
    return [_follow(detail["loc"], model)[0] for detail in error.errors(include_url=False)]


def doubted_paths(error: ValidationError, model: type[SpecModel]) -> list[KeyPath]:
    """Give the paths of what may be meant otherwise than it is written, when what pydantic found wrong is cut out.

    An unknown key puts in doubt the key that it was probably meant for. Where there is none, it says nothing.

    Args:
        error: what pydantic found.
        model: the model that was validated.
    """
    doubted: list[KeyPath] = []
    for detail in error.errors(include_url=False):
        path, _, parent = _follow(detail["loc"], model)
        if detail["type"] != "extra_forbidden" or parent.model is None:
            doubted.append(path)
            continue
        key = str(path[-1])
        meant = _meant(key, parent.model)
        if meant:
            doubted.append((*path[:-1], *meant))
            continue
        elsewhere = _SYNONYMS.get(key.lower(), key)
        if is_key_below(elsewhere, section(model)):
            doubted.append((*path[:-1], elsewhere))
    return doubted


def locate(
    origin: Origin, path: KeyPath, message: str, *, code: str, severity: str = "error", key: bool = False
) -> Problem:
    """Make a problem that names the place in the file where the value was written.

    Args:
        origin: where the spec came from.
        path: path of the value in the spec.
        message: what is wrong; what would be right.
        code: name of the rule.
        severity: `error` or `warning`.
        key: whether the key is meant rather than its value.
    """
    document_path = origin.document_path(path)
    position = origin.source.find(document_path, key=key)
    return Problem(
        field=dotted(document_path),
        message=message,
        file=origin.source.file,
        line=position.line,
        column=position.column,
        severity=severity,
        code=code,
    )


def in_file_order(problems: Iterable[Problem]) -> list[Problem]:
    """Sort problems by position; the order of those on one place is kept."""
    return sorted(problems, key=lambda problem: (problem.line, problem.column))


def did_you_mean(word: str, possible: Iterable[str]) -> str:
    """Give `; did you mean …?` when a possible word is close to this one, else nothing."""
    close = _closest(word, possible)
    return f"; did you mean `{close[0]}`?" if close else ""


def _closest(word: str, possible: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(word, list(possible), n=1, cutoff=0.6)


def one_of(words: Iterable[str]) -> str:
    """Join words as `a`, `b` or `c`."""
    *first, last = [f"`{word}`" for word in words]
    return f"{', '.join(first)} or {last}" if first else last


def _follow(loc: tuple[str | int, ...], model: type[SpecModel]) -> tuple[KeyPath, Shape, Shape]:
    """Follow a location of pydantic through the models, dropping the names of alternatives and `[key]`."""
    path: list[str | int] = []
    shape = parent = section(model)
    skip = False
    for part in loc:
        if skip or part == "[key]":
            skip = False
            continue
        path.append(part)
        parent = shape
        shape = shape_of_key(shape, part)
        skip = shape.alternatives
    return tuple(path), shape, parent


def _belongs_to_other_alternative(detail: ErrorDetails, shape: Shape) -> bool:
    """Say whether a mapping was given, so that "must be the word" is beside the point (or the other way round)."""
    if not shape.alternatives:
        return False
    is_mapping = isinstance(detail["input"], dict)
    return (detail["type"] == "literal_error") == is_mapping


def _message(detail: ErrorDetails, path: KeyPath, parent: Shape, origin: Origin) -> str:  # noqa: PLR0911 - one line per kind
    kind, context = detail["type"], detail.get("ctx", {})
    given = _given(detail["input"], path, origin)
    if kind == "missing":
        return "is missing; it must be given"
    if kind == "extra_forbidden":
        return _unknown_key(str(path[-1]), parent)
    if kind == "value_error":
        return str(context["error"])
    if kind in {"literal_error", "model_type"} and path[-1:] and path[-1] in _FORMS:
        return f"must be {_FORMS[str(path[-1])]}; {given}"
    if kind == "literal_error":
        return _wrong_word(str(context["expected"]), detail["input"], given)
    if kind == "string_pattern_mismatch":
        return f"must be {PATTERNS.get(str(context['pattern']), 'different')}; {given}"
    if kind in {"too_short", "too_long"}:
        return _wrong_length(kind, context)
    if kind in {"string_too_long", "string_too_short"}:
        limit = context.get("max_length", context.get("min_length"))
        word = "at most" if kind == "string_too_long" else "at least"
        length = len(str(detail["input"]))
        return f"must have {word} {limit} characters; {length} were given"
    if kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        return f"must be {word} {context[key]}; {given}"
    return f"must be {_TYPES.get(kind, 'something else')}; {given}{_advice(kind, detail['input'], path, origin)}"


_FORMS: Mapping[str, str] = {
    "scaling": "`managed` or a mapping such as `{cpu: 75, minutes: 15}`",
    "tasks": "a number of tasks or a mapping such as `{min: 2, max: 5}`",
    "build": "a folder or a mapping such as `{context: ., dockerfile: Dockerfile}`",
}
_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"),
    "less_than": ("less than", "lt"),
}
_TYPES: Mapping[str, str] = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "string_type": "text",
    "bool_type": "`true` or `false`",
    "dict_type": "a mapping of names to values",
    "model_type": "a mapping of keys to values",
    "list_type": "a list",
}


def _given(value: Any, path: KeyPath, origin: Origin) -> str:
    """Say what was given, without repeating what may be confidential."""
    if value is None:
        return "nothing was given"
    if isinstance(value, dict):
        return "a mapping was given"
    if isinstance(value, (list, tuple)):
        return "a list was given"
    kind = "text" if isinstance(value, str) else "a number"
    if isinstance(value, bool):
        kind = "`true` or `false`"
    if _PRIVATE_PARTS.intersection(path) or not isinstance(value, (str, bool, int, float)):
        return f"{kind} was given"
    text = origin.source.texts.get(origin.document_path(path), str(value) if isinstance(value, str) else repr(value))
    short = printable(text, _LONGEST_VALUE)
    return f'"{short}" was given' if isinstance(value, str) else f"{short.lower()} was given"


def _advice(kind: str, value: Any, path: KeyPath, origin: Origin) -> str:
    if kind == "string_type" and isinstance(value, (bool, int, float)):
        text = origin.source.texts.get(origin.document_path(path))
        return f'; write it in quotes: "{text}"' if text and not _PRIVATE_PARTS.intersection(path) else "; quote it"
    if kind == "int_type" and isinstance(value, str) and value.lstrip("-").isascii() and value.lstrip("-").isdigit():
        return "; write it without quotes"
    if kind == "bool_type" and isinstance(value, str) and value.lower() in {"yes", "on", "no", "off"}:
        return f"; write `{'true' if value.lower() in {'yes', 'on'} else 'false'}`"
    if kind == "list_type" and isinstance(value, str) and not _PRIVATE_PARTS.intersection(path):
        return '; write it in brackets, such as `["…"]`'
    return ""


def _unknown_key(key: str, parent: Shape) -> str:
    if parent.model is None:
        return "unknown key"
    known = fields_of(parent.model)
    if key in _ONLY_PER_STAGE and "stages" in known:
        return f"unknown key; it belongs to a stage: `stages: {{prod: {{{key}: …}}}}`"
    meant = _meant(key, parent.model)
    if len(meant) > 1:
        return f"unknown key; it belongs in `{meant[0]}`"
    return f"unknown key; did you mean `{meant[0]}`?" if meant else f"unknown key; possible here: {', '.join(known)}"


def _meant(key: str, model: type[SpecModel]) -> KeyPath:
    """Give where an unknown key of a section probably belongs, from that section; empty when nothing is like it."""
    known = fields_of(model)
    synonym = _SYNONYMS.get(key.lower(), "")
    if synonym in known:
        return (synonym,)
    for name, shape in known.items():
        if shape.kind == "section" and shape.model and key in fields_of(shape.model):
            return (name, key)
    return tuple(_closest(key, known))


def _wrong_word(expected: str, value: Any, given: str) -> str:
    words = [word.strip("' ") for word in expected.replace(" or ", ", ").split(",")]
    hint = did_you_mean(value, words) if isinstance(value, str) else ""
    return f"must be {one_of(words)}; {given}{hint}"


def _wrong_length(kind: str, context: Mapping[str, Any]) -> str:
    if kind == "too_short" and context.get("actual_length") == 0:
        return "must not be empty"
    limit = context.get("min_length", context.get("max_length"))
    return f"must have {'at least' if kind == 'too_short' else 'at most'} {limit} entries"

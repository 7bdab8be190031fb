"""Checks of one value against one shape of a botocore service model, with the wire's own words for what is wrong.

botocore's `ParamValidator` knows the shapes but neither enumerations nor upper bounds nor patterns, and words its
report for Python callers; a server needs all of them and the service's words. What `ParamValidator` refuses, this
refuses too (proven by a test over mutated requests).
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sized

    from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape


class Kind(Enum):
    """What is wrong with a value."""

    TYPE = "type"
    MISSING = "missing"
    UNKNOWN = "unknown"
    ENUM = "enum"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    PATTERN = "pattern"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing wrong in a request or response.

    Attributes:
        kind: what sort of fault.
        path: dotted path of the member, such as `loadBalancers.1.member.containerPort` (counted from 1 as AWS does).
        value: the value found; None when it is missing.
        detail: for TYPE the wire's own message, for ENUM the values allowed, for bounds the bound and what it bounds.
    """

    kind: Kind
    path: str
    value: object = None
    detail: str = ""


_INTEGER_BITS = {"integer": 31, "long": 63}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a service asks beyond its model, by the names of the model's shapes.

    Attributes:
        required: members that a structure must have although the model calls them optional.
        bounds: least and greatest value of a number, by structure and member; None is no bound.
    """

    required: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    bounds: Mapping[tuple[str, str], tuple[float | None, float | None]] = field(
        default_factory=dict[tuple[str, str], tuple[float | None, float | None]]
    )


@dataclass(slots=True)
class _Run:
    """One check: the rules, and what was found so far."""

    rules: Rules
    findings: list[Finding] = field(default_factory=list[Finding])


def check(shape: Shape, value: object, rules: Rules | None = None) -> tuple[Any, list[Finding]]:
    """Check a value decoded from JSON against a shape.

    Args:
        shape: shape of a request or response, or a part of one.
        value: what `json.loads` made of it.
        rules: what to ask beyond the shape.

    Returns:
        The value without null members (AWS reads null as absent) and everything found wrong.
    """
    run = _Run(rules or Rules())
    return _check(shape, value, "", run), run.findings


def _check(shape: Shape, value: object, path: str, run: _Run) -> Any:
    checker = _CHECKERS.get(shape.type_name)
    return checker(shape, value, path, run) if checker else value


def _type_fault(value: object, wanted: str, path: str, run: _Run) -> None:
    run.findings.append(Finding(kind=Kind.TYPE, path=path, value=value, detail=_type_words(value, wanted)))


def _type_words(value: object, wanted: str) -> str:
    """Name a value of another JSON type as the AWS JSON parser does."""
    match value:
        case dict():
            return "Start of structure or map found where not expected."
        case list():
            return "Start of list found where not expected."
        case bool():
            return f"{str(value).upper()}_VALUE can not be converted to {wanted}"
        case str():
            return f"STRING_VALUE can not be converted to {wanted}"
        case int() | float():
            return f"NUMBER_VALUE can not be converted to {wanted}"
        case _:
            return "Unexpected null."


def _structure(shape: Shape, value: object, path: str, run: _Run) -> Any:
    if not isinstance(value, dict):
        _type_fault(value, "a structure", path, run)
        return value
    structure = cast("StructureShape", shape)
    given = {name: item for name, item in cast("dict[str, object]", value).items() if item is not None}
    members = structure.members
    prefix = f"{path}." if path else ""
    run.findings.extend(
        Finding(kind=Kind.MISSING, path=f"{prefix}{name}")
        for name in (*structure.required_members, *sorted(run.rules.required.get(shape.name, ())))
        if name not in given
    )
    for name, item in given.items():
        limits = run.rules.bounds.get((shape.name, name), (None, None))
        if isinstance(item, (int, float)):
            _within(item, limits, "value", f"{prefix}{name}", run)
    run.findings.extend(
        Finding(kind=Kind.UNKNOWN, path=f"{prefix}{name}", value=item, detail=", ".join(members))
        for name, item in given.items()
        if name not in members
    )
    return {
        name: _check(members[name], item, f"{prefix}{name}", run) for name, item in given.items() if name in members
    }


def _list(shape: Shape, value: object, path: str, run: _Run) -> Any:
    if not isinstance(value, list):
        _type_fault(value, "a list", path, run)
        return value
    items = cast("list[object]", value)
    _bounds(shape, items, path, run)
    member = cast("ListShape", shape).member
    return [_check(member, item, f"{path}.{position}.member", run) for position, item in enumerate(items, 1)]


def _map(shape: Shape, value: object, path: str, run: _Run) -> Any:
    if not isinstance(value, dict):
        _type_fault(value, "a map", path, run)
        return value
    entries = cast("dict[str, object]", value)
    _bounds(shape, entries, path, run)
    shape_of = cast("MapShape", shape)
    return {
        _check(shape_of.key, key, f"{path}.{key}.key", run): _check(shape_of.value, item, f"{path}.{key}.value", run)
        for key, item in entries.items()
    }


def _string(shape: Shape, value: object, path: str, run: _Run) -> Any:
    if not isinstance(value, str):
        _type_fault(value, "a String", path, run)
        return value
    allowed = cast("StringShape", shape).enum
    if allowed and value not in allowed:
        run.findings.append(Finding(kind=Kind.ENUM, path=path, value=value, detail=", ".join(allowed)))
        return value
    _bounds(shape, value, path, run)
    pattern = cast("Mapping[str, Any]", shape.metadata).get("pattern")
    compiled = _compiled(pattern) if pattern else None
    if compiled and not compiled.fullmatch(value):
        run.findings.append(Finding(kind=Kind.PATTERN, path=path, value=value, detail=str(pattern)))
    return value


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    r"""Compile a Java pattern where Python knows its syntax; those with `\p{…}` are left to the operation."""
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return None


def _integer(shape: Shape, value: object, path: str, run: _Run) -> Any:
    wanted = "a Long" if shape.type_name == "long" else "an Integer"
    bits = _INTEGER_BITS[shape.type_name]
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**bits) <= value < 2**bits:
        _type_fault(value, wanted, path, run)
        return value
    _bounds(shape, value, path, run)
    return value


def _double(shape: Shape, value: object, path: str, run: _Run) -> Any:
    number = _finite(value)
    if number is None:
        _type_fault(value, "a Double", path, run)
        return value
    _bounds(shape, number, path, run)
    return number


def _boolean(_shape: Shape, value: object, path: str, run: _Run) -> Any:
    if not isinstance(value, bool):
        _type_fault(value, "a Boolean", path, run)
    return value


def _timestamp(_shape: Shape, value: object, path: str, run: _Run) -> Any:
    number = _finite(value)
    if number is None:
        _type_fault(value, "a Timestamp", path, run)
        return value
    return number


def _blob(_shape: Shape, value: object, path: str, run: _Run) -> Any:
    try:
        if isinstance(value, str):
            base64.b64decode(value, validate=True)
            return value
    except (binascii.Error, ValueError):
        pass
    _type_fault(value, "a Blob", path, run)
    return value


def _finite(value: object) -> float | None:
    """Return a number as float; None for anything else, and for numbers beyond a float."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _bounds(shape: Shape, value: object, path: str, run: _Run) -> None:
    limits = cast("Mapping[str, Any]", shape.metadata)
    what, size = ("value", float(value)) if isinstance(value, (int, float)) else ("length", len(cast("Sized", value)))
    _within(size, (limits.get("min"), limits.get("max")), what, path, run)


def _within(size: float, limits: tuple[Any, Any], what: str, path: str, run: _Run) -> None:
    low, high = limits
    if low is not None and size < float(low):
        run.findings.append(Finding(kind=Kind.MINIMUM, path=path, value=size, detail=f"{what} {low}"))
    if high is not None and size > float(high):
        run.findings.append(Finding(kind=Kind.MAXIMUM, path=path, value=size, detail=f"{what} {high}"))


_CHECKERS: dict[str, Callable[[Shape, object, str, _Run], Any]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _integer,
    "long": _integer,
    "double": _double,
    "float": _double,
    "boolean": _boolean,
    "timestamp": _timestamp,
    "blob": _blob,
}

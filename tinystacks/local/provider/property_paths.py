"""Paths to properties, as the engine writes them: `loadBalancers[0].containerPort`, `tags["a.b"]`.

Source: https://www.pulumi.com/docs/iac/concepts/miscellaneous/property-paths/
"""

from __future__ import annotations

import json
import re
from typing import Final

_PLAIN: Final = re.compile(r"^[A-Za-z_$][A-Za-z0-9_$]*$")
_SEGMENT: Final = re.compile(r"\[\"((?:[^\"\\]|\\.)*)\"\]|\[(\d+|\*)\]|\.?([^.\[\]]+)")


def child(path: str, name: str) -> str:
    """Path of a key below `path`."""
    if not _PLAIN.match(name):
        return f"{path}[{json.dumps(name)}]"
    return f"{path}.{name}" if path else name


def element(path: str, index: int) -> str:
    """Path of a list entry below `path`."""
    return f"{path}[{index}]"


def segments(path: str) -> tuple[str, ...]:
    """The parts of a path: keys and indices as text."""
    return tuple(
        json.loads(f'"{quoted}"') if quoted else index or plain for quoted, index, plain in _SEGMENT.findall(path)
    )


def covers(pattern: str, path: str) -> bool:
    """Whether `path` is, or lies below, what `pattern` names (`*` stands for any one part)."""
    wanted, found = segments(pattern), segments(path)
    return len(wanted) <= len(found) and all(part in {"*", other} for part, other in zip(wanted, found, strict=False))


def top_level(path: str) -> str:
    """The property that a path starts with."""
    return segments(path)[0] if path else ""

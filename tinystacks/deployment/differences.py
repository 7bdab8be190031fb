"""What a property was and what it is, from one step of the engine."""

from __future__ import annotations

import json
import re
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, cast

from tinystacks.deployment.changes import Difference
from tinystacks.deployment.masking import masked

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands in previews for a string that is known only afterwards (`pulumi.runtime.rpc.UNKNOWN`)."""
KNOWN_LATER = "[known later]"
_PART = re.compile(r"""\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[]+)""")
"""One part of a property path, such as `tags["a.b"]`, `settings[0].value` (Pulumi docs, "Property paths")."""


def differences(step: Any, *, read: bool) -> tuple[Difference, ...]:
    """Give what differs, by property, as exactly as the engine tells.

    Args:
        step: metadata of a resource's event (`pulumi.automation.events.StepEventMetadata`).
        read: whether the new values were read from AWS, as in a refresh, rather than asked for by the program.
    """
    detailed: Mapping[str, Any] = step.detailed_diff or {}
    paths = list(detailed) or list(step.diffs or ())
    old, new = step.old, step.new
    found: list[Difference] = []
    for path in paths:
        inputs = bool(path in detailed and detailed[path].input_diff)
        before = _either(old, path, inputs_first=inputs)
        after = _either(new, path, inputs_first=not read)
        found.extend(_leaves(path, before, after))
    return tuple(found)


def _leaves(path: str, before: Any, after: Any) -> list[Difference]:
    """Look into documents, such as the container definitions of a task definition, for what differs in them."""
    old, new = _document(before), _document(after)
    if isinstance(old, dict) and isinstance(new, dict):
        here, there = cast("dict[str, Any]", old), cast("dict[str, Any]", new)
        pairs = [(f"{path}.{key}", here.get(key), there.get(key)) for key in dict.fromkeys([*here, *there])]
    elif isinstance(old, list) and isinstance(new, list):
        mine, theirs = cast("list[Any]", old), cast("list[Any]", new)
        pairs = [(f"{path}[{index}]", *pair) for index, pair in enumerate(zip_longest(mine, theirs))]
    else:
        return [Difference(property=path, before=before, after=after)]
    return [leaf for one, left, right in pairs if left != right for leaf in _leaves(one, left, right)]


def _document(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def value_at(document: Any, path: str) -> Any:
    """Give the value at a property path; nothing where the path leads nowhere.

    Args:
        document: inputs or outputs of a resource.
        path: such as `settings[0].value`.
    """
    value = document
    for key, index, name in _PART.findall(path):
        if isinstance(value, list) and index:
            items = cast("list[Any]", value)
            value = items[int(index)] if int(index) < len(items) else None
        elif isinstance(value, dict):
            value = cast("dict[str, Any]", value).get(key.replace('\\"', '"') or name or index)
        else:
            return None
    return value


def _either(state: Any, path: str, *, inputs_first: bool) -> Any:
    if state is None:
        return None
    documents = (state.inputs, state.outputs) if inputs_first else (state.outputs, state.inputs)
    for document in documents:
        value = value_at(masked(document), path)
        if value is not None:
            return _told(value)
    return None


def _told(value: Any) -> Any:
    """Give a value with words for what is known only afterwards, however deep it stands."""
    if isinstance(value, dict):
        return {key: _told(one) for key, one in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_told(one) for one in cast("list[Any]", value)]
    return KNOWN_LATER if value == UNKNOWN else value

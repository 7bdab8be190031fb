"""Container definitions: the JSON text of the program and the list of the API."""

from __future__ import annotations

import json
from typing import Any, cast

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.comparing import normalised


def parsed(text: str, shape: Any) -> list[dict[str, Any]]:
    """The list that ECS takes.

    As in the real provider the text goes through the SDK's structure: names count without case, names that the API does
    not have vanish, and so do nulls.

    Args:
        text: JSON array.
        shape: botocore's shape of the member `containerDefinitions`.

    Raises:
        LocalAwsError: the text is no JSON array of objects.
    """
    try:
        document: object = json.loads(text)
    except ValueError as error:
        raise LocalAwsError(f"ECS Task Definition container_definitions is invalid: {error}") from error
    if not isinstance(document, list):
        raise LocalAwsError("ECS Task Definition container_definitions is invalid: not a JSON array")
    return _fitting(cast("list[Any]", document), shape)


def text_of(definitions: list[dict[str, Any]], known: str | None, network_mode: str | None) -> str:
    """The text for the state: the known one when it means the same, else the API's answer, sorted by name.

    Args:
        definitions: `containerDefinitions` of the API.
        known: the text as last known.
        network_mode: decides whether host ports are implied.
    """
    ordered = sorted(definitions, key=lambda definition: str(definition.get("name", "")))
    text = json.dumps([_without_empties(definition) for definition in ordered], sort_keys=True, separators=(",", ":"))
    if known is None:
        return text
    siblings = {"networkMode": network_mode}
    same = normalised("container_definitions", known, siblings) == normalised("container_definitions", text, siblings)
    return known if same else text


def _fitting(value: object, shape: Any) -> Any:
    if shape.type_name == "structure" and isinstance(value, dict):
        members = {name.lower(): name for name in shape.members}
        return {
            members[name.lower()]: _fitting(inner, shape.members[members[name.lower()]])
            for name, inner in cast("dict[str, Any]", value).items()
            if name.lower() in members and inner is not None
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_fitting(inner, shape.member) for inner in cast("list[Any]", value) if inner is not None]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: inner for key, inner in cast("dict[str, Any]", value).items() if inner is not None}
    return value


def _without_empties(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_empties(inner) for name, inner in cast("dict[str, Any]", value).items()}
        return {name: inner for name, inner in kept.items() if inner not in ([], {}, "", None)}
    if isinstance(value, list):
        return [_without_empties(inner) for inner in cast("list[Any]", value)]
    return value

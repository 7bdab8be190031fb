"""The JSON Schema of the file, for editors: `python -m tinystacks.spec.schema` writes `docs/tstack.schema.json`."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tinystacks.spec.docstrings import field_sentences
from tinystacks.spec.model import StackSpec, StageSpec
from tinystacks.spec.overrides import override_keys
from tinystacks.spec.service import BuildSpec, ServiceSpec, TasksSpec
from tinystacks.spec.shape import Shape, fields_of, section

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tinystacks.spec.base import SpecModel

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SCALAR: Schema = {"type": ["string", "number", "boolean"]}
_OVERRIDE = "Override"
_STAGE_OVERRIDES = "StageOverrides"


def file_schema() -> Schema:
    """Give the JSON Schema of `tstack.yaml`, shorthands and stages' overrides included."""
    root: Schema = _plainer(StackSpec.model_json_schema())
    definitions: dict[str, Schema] = root.pop("$defs")
    models = {model.__name__: model for model in all_models(StackSpec)}
    for name, schema in definitions.items():
        _complete(schema, models[name])
    _complete(root, StackSpec)
    definitions["ServiceSpec"]["oneOf"] = [{"required": ["build"]}, {"required": ["image"]}]
    overrides = {f"{name}{_OVERRIDE}": _as_override(schema) for name, schema in definitions.items()}
    stage: Schema = _plainer(StageSpec.model_json_schema())
    _complete(stage, StageSpec)
    overrides[_STAGE_OVERRIDES] = _stage_overrides(stage)
    root["properties"]["stages"]["additionalProperties"] = {
        "anyOf": [{"$ref": f"#/$defs/{_STAGE_OVERRIDES}"}, {"type": "null"}]
    }
    return {"$schema": _DIALECT, "title": "tstack.yaml", **root, "$defs": {**definitions, **overrides}}


def all_models(root: type[SpecModel]) -> Iterator[type[SpecModel]]:
    """Give a model and every model inside it, in the order of the file, each once."""
    seen: list[type[SpecModel]] = []

    def visit(shape: Shape | None) -> None:
        if shape is None:
            return
        visit(shape.item)
        if shape.model is not None and shape.model not in seen:
            seen.append(shape.model)
            for inner in fields_of(shape.model).values():
                visit(inner)

    visit(section(root))
    yield from seen


def _complete(schema: Schema, model: type[SpecModel]) -> None:
    """Add what pydantic does not know: descriptions, shorthands, and scalars that are taken as they are written."""
    schema["description"] = (inspect.getdoc(model) or "").splitlines()[0]
    sentences = field_sentences(model)
    for name, shape in fields_of(model).items():
        inner: Schema = schema["properties"][name]
        if shape.kind == "text":
            _as_written(inner)
        elif shape.kind == "map" and shape.item is not None and shape.item.kind == "text":
            inner["additionalProperties"] = dict(_SCALAR)
        elif shape.model is TasksSpec:
            number = {"type": "integer", "minimum": 0, "maximum": 5000, "description": "Always this many tasks."}
            inner["anyOf"] = [{"$ref": inner.pop("$ref")}, number]
        elif shape.model is BuildSpec and model is ServiceSpec:
            inner["anyOf"].insert(1, {"type": "string", "description": "Folder of the sources."})
        inner["description"] = sentences[name]


def _as_written(schema: Schema) -> None:
    for part in [schema, *schema.get("anyOf", [])]:
        if part.get("type") == "string":
            part["type"] = list(_SCALAR["type"])


def _as_override(schema: Schema) -> Schema:
    """Give the variant of a section in a stage: nothing is required, and `null` takes a value away."""
    copy = {key: value for key, value in schema.items() if key not in {"required", "oneOf"}}
    properties: Mapping[str, Schema] = schema.get("properties", {})
    copy["properties"] = {name: _nullable(_renamed(inner)) for name, inner in properties.items()}
    return copy


def _stage_overrides(stage: Schema) -> Schema:
    schema = _as_override(stage)
    schema.pop("$defs", None)
    schema["description"] = "What a stage has different from the others."
    properties = schema["properties"]
    properties["extends"] = {"type": "string", "description": "Name of a stage whose overrides apply first."}
    schema["properties"] = {name: properties[name] for name in override_keys()}
    return schema


def _renamed(value: Any) -> Any:
    """Point references to the override variants, and drop defaults, which hold for the base only."""
    if isinstance(value, list):
        return [_renamed(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    given = cast("Schema", value)
    renamed = {
        key: inner if key == "items" else _renamed(inner)  # a list replaces the other one, so its items are complete
        for key, inner in given.items()
        if key not in {"default", "minProperties"}
    }
    if "$ref" in renamed:
        renamed["$ref"] += _OVERRIDE
    if isinstance(renamed.get("additionalProperties"), dict):
        renamed["additionalProperties"] = _nullable(renamed["additionalProperties"])
    return renamed


def _nullable(schema: Schema) -> Schema:
    description = {"description": schema["description"]} if "description" in schema else {}
    inner = {key: value for key, value in schema.items() if key != "description"}
    options = inner["anyOf"] if set(inner) == {"anyOf"} else [inner]
    if {"type": "null"} not in options:
        options = [*options, {"type": "null"}]
    return {"anyOf": options, **description}


def _plainer(value: Any) -> Any:
    """Drop titles (they repeat the keys) and defaults of whole sections, and refuse names that match no pattern."""
    if isinstance(value, list):
        return [_plainer(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    given = cast("Schema", value)
    plain = {
        key: _plainer(inner)
        for key, inner in given.items()
        if not (key == "title" and isinstance(inner, str))
        and not (key == "default" and (inner is None or isinstance(inner, dict)))
    }
    if "patternProperties" in plain:
        ((pattern, inner),) = plain.pop("patternProperties").items()
        plain["propertyNames"] = {"pattern": pattern, **plain.get("propertyNames", {})}
        plain["additionalProperties"] = inner
    return plain


def schema_text() -> str:
    """Give the schema as it is kept in `docs/tstack.schema.json`."""
    return json.dumps(file_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (Path(__file__).parents[2] / "docs" / "tstack.schema.json").write_text(schema_text(), encoding="utf-8")

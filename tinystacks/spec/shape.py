"""The shape of the file as the models declare it: which key holds a section, a map of sections, a list or a value.

Loading, merging and the JSON Schema all ask here, so that a new field of a model needs no second mention.
"""

from __future__ import annotations

import types
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, cast, get_args, get_origin

from tinystacks.spec.base import SpecModel
from tinystacks.spec.service import BuildSpec, TasksSpec, scalar_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.spec.positions import KeyPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What may stand at one place of the file.

    Attributes:
        kind: `section` (a model), `map` (names to items), `list`, `text` (any scalar, as it is written) or `value`.
        model: the model of a section.
        item: what a map or a list holds.
        alternatives: whether a section may also be written as a word.
        null_is_value: whether `null` says something (such as "no CPU target"); else it means "not given".
    """

    kind: Literal["section", "map", "list", "text", "value"]
    model: type[SpecModel] | None = None
    item: Shape | None = None
    alternatives: bool = False
    null_is_value: bool = False


VALUE = Shape(kind="value")


class Removed(Enum):
    """Stands in an override for `null`: take the value away, so that the default holds again."""

    REMOVED = "removed"


REMOVED = Removed.REMOVED


def fields_of(model: type[SpecModel]) -> Mapping[str, Shape]:
    """Give the shape of every key of a section."""
    return _fields_of(model)  # pyright: ignore[reportArgumentType] - a class is hashable, whatever its instances are


@cache
def _fields_of(model: type[SpecModel]) -> Mapping[str, Shape]:
    shapes: dict[str, Shape] = {}
    for name, info in model.model_fields.items():
        shape = _shape(Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation)
        nullable = type(None) in get_args(info.annotation)
        has_default = (
            not info.is_required() and info.get_default(call_default_factory=True, validated_data={}) is not None
        )
        if nullable and has_default:
            shape = Shape(kind=shape.kind, model=shape.model, item=shape.item, null_is_value=True)
        shapes[name] = shape
    return shapes


def _shape(annotation: Any) -> Shape:  # noqa: PLR0911 - one line per kind of annotation
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *metadata = get_args(annotation)
        if any(getattr(part, "func", None) is scalar_text for part in metadata):
            return Shape(kind="text")
        return _shape(inner)
    if origin in (Union, types.UnionType):
        members = [_shape(part) for part in get_args(annotation) if part is not type(None)]
        section = next((shape for shape in members if shape.kind != "value"), members[0])
        return Shape(kind=section.kind, model=section.model, item=section.item, alternatives=len(members) > 1)
    if origin is dict:
        return Shape(kind="map", item=_shape(get_args(annotation)[1]))
    if origin is list:
        return Shape(kind="list", item=_shape(get_args(annotation)[0]))
    if isinstance(annotation, type) and issubclass(annotation, SpecModel):
        return Shape(kind="section", model=annotation)
    return VALUE


def section(model: type[SpecModel]) -> Shape:
    """Give the shape of a model itself."""
    return Shape(kind="section", model=model)


def tidy(
    value: Any,
    shape: Shape,
    *,
    path: KeyPath = (),
    texts: Mapping[KeyPath, str] | None = None,
    null: Literal["drop", "keep", "remove"] = "drop",
) -> Any:
    """Bring plain data into the one form that the models and the merge expect.

    Texts get what was written (`1.10`, not 1.1). With `remove` shorthands are written out too, so that they merge key
    by key.

    Args:
        value: the data; parts may be models.
        shape: what it should be; anything else is left for validation to refuse.
        path: where the data stands in the document.
        texts: how scalars are written in the document, by path.
        null: a `null` that means nothing by itself is left out, kept, or becomes `REMOVED`.
    """
    if isinstance(value, SpecModel):
        value = value.model_dump(exclude_unset=True)
    texts = texts or {}
    if shape.kind == "text":
        return texts.get(path, value)
    if shape.kind == "list" and isinstance(value, list):
        items, item_shape = cast("list[Any]", value), shape.item or VALUE
        return [tidy(item, item_shape, path=(*path, at), texts=texts, null=null) for at, item in enumerate(items)]
    if shape.kind not in {"section", "map"} or not isinstance(value, dict):
        return _written_out(value, shape) if null == "remove" else value
    result: dict[Any, Any] = {}
    for key, inner in cast("dict[Any, Any]", value).items():
        inner_shape = shape_of_key(shape, key)
        if inner is not None or inner_shape.null_is_value:
            result[key] = tidy(inner, inner_shape, path=(*path, key), texts=texts, null=null)
        elif null == "remove":
            result[key] = REMOVED
        elif null == "keep":
            result[key] = None
        elif shape.kind == "map":
            result[key] = {} if inner_shape.kind in {"section", "map"} else None
    return result


def shape_of_key(shape: Shape, key: Any) -> Shape:
    """Give the shape of what stands under a key of a section or a map."""
    return fields_of(shape.model).get(str(key), VALUE) if shape.model else (shape.item or VALUE)


def is_key_below(key: str, shape: Shape) -> bool:
    """Say whether a section, or anything in it, has such a key."""
    if shape.model is None:
        return shape.item is not None and is_key_below(key, shape.item)
    fields = fields_of(shape.model)
    return key in fields or any(is_key_below(key, inner) for inner in fields.values())


def _written_out(value: Any, shape: Shape) -> Any:
    if shape.model is TasksSpec and isinstance(value, int) and not isinstance(value, bool):
        return {"min": value, "max": value}
    if shape.model is BuildSpec and isinstance(value, str):
        return {"context": value}
    return value

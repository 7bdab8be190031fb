"""Between the wire's protobuf `Struct` and plain Python.

On the wire a value that is not known yet is a reserved string, and secrets, outputs and resource references are objects
with a reserved key (https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go). In Python an
unknown is `UNKNOWN`; secrets are unwrapped on the way in unless asked for, and wrapped by `Secret` on the way out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from google.protobuf.struct_pb2 import ListValue, NullValue, Struct, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker of the wire format
OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e"

UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWN_STRINGS = frozenset(
    {
        UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    },
)


class Unknown:
    """The type of `UNKNOWN`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()
"""A value that only an update will tell."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is to be encrypted in the state."""

    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceReference:
    """A whole resource as a value, as component outputs hold them.

    Attributes:
        urn: the resource's URN.
        id: its id; empty while unknown.
        version: version of the package that made it.
    """

    urn: str
    id: str
    version: str = ""


def from_struct(struct: Struct, *, keep_secrets: bool = False) -> dict[str, Any]:
    """Plain Python of a protobuf `Struct`; null properties are left out.

    Args:
        struct: what the engine sent.
        keep_secrets: whether secrets stay marked (`Secret`) instead of being unwrapped.
    """
    fields = cast("Mapping[str, Value]", struct.fields)
    result: dict[str, Any] = {}
    for key, value in fields.items():
        converted = from_value(value, keep_secrets=keep_secrets)
        if converted is not None:
            result[key] = converted
    return result


def from_value(value: Value, *, keep_secrets: bool = False) -> Any:  # noqa: PLR0911 - one return per kind of the wire
    """Plain Python of one protobuf `Value`; whole numbers become `int`."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in UNKNOWN_STRINGS else text
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "list_value":
        items = cast("Iterable[Value]", value.list_value.values)
        return [from_value(item, keep_secrets=keep_secrets) for item in items]
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE_KEY in fields:
            return _from_special(value.struct_value, keep_secrets=keep_secrets)
        return from_struct(value.struct_value, keep_secrets=keep_secrets)
    return None


def _from_special(struct: Struct, *, keep_secrets: bool) -> Any:
    fields = cast("Mapping[str, Value]", struct.fields)
    signature = fields[SIGNATURE_KEY].string_value
    if signature == SECRET_SIGNATURE:
        inner = from_value(fields["value"], keep_secrets=keep_secrets)
        return Secret(inner) if keep_secrets else inner
    if signature == OUTPUT_SIGNATURE:
        if "value" not in fields:
            return UNKNOWN
        inner = from_value(fields["value"], keep_secrets=keep_secrets)
        marked = "secret" in fields and fields["secret"].bool_value
        return Secret(inner) if keep_secrets and marked else inner
    if signature == RESOURCE_SIGNATURE:
        identity = from_value(fields["id"]) if "id" in fields else None
        return UNKNOWN if identity == "" else identity
    # Assets and archives: no resource of the tables takes one, so the checks name the property that holds it.
    return {key: from_value(item, keep_secrets=keep_secrets) for key, item in fields.items() if key != SIGNATURE_KEY}


def to_struct(properties: Mapping[str, Any]) -> Struct:
    """Protobuf `Struct` of plain Python; None is left out."""
    struct = Struct()
    fields = cast("Any", struct.fields)
    for key, item in properties.items():
        if item is not None:
            _fill(fields[key], item)
    return struct


def _fill(value: Value, item: Any) -> None:
    if item is None:
        value.null_value = NullValue.NULL_VALUE
    elif isinstance(item, str):
        value.string_value = item
    elif isinstance(item, bool):
        value.bool_value = item
    elif isinstance(item, (int, float)):
        value.number_value = item
    elif isinstance(item, Unknown):
        value.string_value = UNKNOWN_STRING
    elif isinstance(item, dict):
        _fill_object(value.struct_value, cast("dict[str, Any]", item))
    elif isinstance(item, (list, tuple)):
        _fill_list(value.list_value, cast("list[Any]", item))
    elif isinstance(item, Secret):
        _fill_object(value.struct_value, {SIGNATURE_KEY: SECRET_SIGNATURE, "value": item.value})
    elif isinstance(item, ResourceReference):
        _fill_object(
            value.struct_value,
            {
                SIGNATURE_KEY: RESOURCE_SIGNATURE,
                "urn": item.urn,
                "id": item.id,
                "packageVersion": item.version,
            },
        )
    else:
        raise TypeError(f"{type(item).__name__} has no form on the wire")


def _fill_object(struct: Struct, item: dict[str, Any]) -> None:
    struct.SetInParent()  # an empty object is a value too
    fields = cast("Any", struct.fields)
    for key, inner in item.items():
        if inner is not None:
            _fill(fields[key], inner)


def _fill_list(target: ListValue, items: list[Any]) -> None:
    target.SetInParent()  # so is an empty list
    values = cast("Any", target.values)
    for inner in items:
        _fill(values.add(), inner)


def has_unknown(item: Any) -> bool:
    """Whether a value is, or holds, something not known yet."""
    if isinstance(item, Unknown):
        return True
    if isinstance(item, Secret):
        return has_unknown(item.value)
    if isinstance(item, dict):
        return any(has_unknown(inner) for inner in cast("dict[str, Any]", item).values())
    if isinstance(item, (list, tuple)):
        return any(has_unknown(inner) for inner in cast("list[Any]", item))
    return False


def is_empty(item: Any) -> bool:
    """Whether the real provider stores nothing for a value: absent, `""`, 0, false, `[]`, `{}`, or a block of those."""
    if isinstance(item, dict):
        return all(is_empty(inner) for inner in cast("dict[str, Any]", item).values())
    return not isinstance(item, Unknown) and not item

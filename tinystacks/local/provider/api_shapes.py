"""Between Pulumi's property names and the API's, nested to any depth.

A `Shape` says once, per block, which Pulumi property is which API member; `to_api` and `from_api` go both ways.
`known_form` then gives what was read the form in which the program said it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from tinystacks.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

Members = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One block: its members in both worlds.

    Attributes:
        members: one per property.
        where: name of the block in errors.
    """

    where: str
    members: tuple[Member, ...]

    def to_api(self, values: Members, *, others: Collection[str] = ()) -> Members:
        """The API's form of `values`; None and missing are left out.

        Args:
            values: properties under their Pulumi names.
            others: properties that the caller takes care of itself.

        Raises:
            LocalAwsError: a property that this shape does not have.
        """
        refuse_unknown(self.where, values, {member.name for member in self.members} | set(others))
        return {
            member.api: member.encoded(values[member.name])
            for member in self.members
            if values.get(member.name) is not None
        }

    def from_api(self, answer: Members) -> Members:
        """The Pulumi form of an API answer; None, missing, and members that Pulumi does not have are left out."""
        return {
            member.name: member.decoded(answer[member.api])
            for member in self.members
            if answer.get(member.api) is not None
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One property of a block.

    Attributes:
        name: in Pulumi.
        api: in the API.
        encode: a value for the API.
        decode: a value from the API.
        shape: of a nested block, or of each entry of a list of them.
        many: a list of blocks.
    """

    name: str
    api: str
    encode: Callable[[Any], Any] = field(default_factory=lambda: _whole)
    decode: Callable[[Any], Any] = field(default=lambda value: value)
    shape: Shape | None = None
    many: bool = False

    def encoded(self, value: Any) -> Any:
        """`value` as the API wants it."""
        if self.shape is None:
            return self.encode(value)
        return [self.shape.to_api(entry) for entry in value] if self.many else self.shape.to_api(value)

    def decoded(self, value: Any) -> Any:
        """`value` as Pulumi wants it."""
        if self.shape is None:
            return self.decode(value)
        return [self.shape.from_api(entry) for entry in value] if self.many else self.shape.from_api(value)


def shape(where: str, *members: Member | str) -> Shape:
    """A shape whose members given as text differ in the first letter's case only (EC2, Auto Scaling, ELB)."""
    return Shape(where=where, members=tuple(_member(entry, pascal) for entry in members))


def same_case_shape(where: str, *members: Member | str) -> Shape:
    """A shape whose members given as text have the same name in the API (ECS)."""
    return Shape(where=where, members=tuple(_member(entry, str) for entry in members))


def renamed(name: str, api: str) -> Member:
    """A plain property with another name in the API."""
    return Member(name=name, api=api)


def block(name: str, inner: Shape, api: str = "") -> Member:
    """A property that holds one block."""
    return Member(name=name, api=api or pascal(name), shape=inner)


def blocks(name: str, inner: Shape, api: str = "") -> Member:
    """A property that holds a list of blocks."""
    return Member(name=name, api=api or pascal(name), shape=inner, many=True)


def truth_as_text(name: str, api: str = "") -> Member:
    """A three-state boolean: `"true"`, `"false"` or absent in Pulumi, a boolean in the API."""
    return Member(
        name=name,
        api=api or pascal(name),
        encode=lambda value: str(value).lower() == "true",
        decode=lambda value: str(value).lower(),
    )


def number_as_text(name: str, api: str = "") -> Member:
    """A whole number that is text in Pulumi."""
    return Member(name=name, api=api or pascal(name), encode=int, decode=str)


def decimal(name: str, api: str = "") -> Member:
    """A number that may have a fraction; a whole one reads as Pulumi keeps it."""
    return Member(name=name, api=api or pascal(name), decode=_whole)


def pascal(name: str) -> str:
    """`imageId` as `ImageId`."""
    return name[:1].upper() + name[1:]


FRAMEWORK_PROPERTIES = frozenset({"tags", "tagsAll", "region", "__defaults", "id"})
"""What the framework takes care of, whatever the type."""


def refuse_unknown(where: str, values: Members, known: Collection[str]) -> None:
    """Refuse properties that would otherwise be accepted and not carried out.

    Raises:
        LocalAwsError: a property with a value is not among `known`.
    """
    for name, value in values.items():
        if name not in known and name not in FRAMEWORK_PROPERTIES and not _is_empty(value):
            raise LocalAwsError(
                f"the local AWS does not know the property {name} of {where}",
                hint="Leave it out, or try this part against AWS.",
            )


def entries(values: Members, name: str) -> list[Any]:
    """The list at `name`; empty when there is none."""
    return list(values.get(name) or ())


def known_form(answer: Members, known: Members, *, unordered: Collection[str] = ()) -> Members:
    """What was read, in the form in which it is known, so that only real changes differ.

    Orders of sets, empty values and zeroes inside blocks that the API leaves out or adds are as the program wrote them.

    Args:
        answer: properties as read.
        known: last known properties; empty on import.
        unordered: paths (`networkConfiguration.subnets`) of lists whose order means nothing.
    """
    result: Members = {}
    for name, value in answer.items():
        if value is None or (_is_empty(value) and name not in known):
            continue
        result[name] = _formed(value, known.get(name), name, unordered)
    for name, value in known.items():
        if name in result or value is None or not _is_empty(value):
            continue
        result[name] = value
    return result


def in_order_of(values: Iterable[Any], known: Iterable[Any]) -> list[Any]:
    """`values` in the order in which `known` has them; what is not known comes last."""
    rest = list(values)
    result: list[Any] = []
    for wanted in known:
        match = next((value for value in rest if _alike(value, wanted)), None)
        if match is not None:
            rest.remove(match)
            result.append(match)
    return result + rest


def _formed(value: Any, known: Any, path: str, unordered: Collection[str]) -> Any:
    if isinstance(value, dict) and isinstance(known, dict):
        return _formed_block(cast("Members", value), cast("Members", known), path, unordered)
    if isinstance(value, list) and isinstance(known, list):
        found, wanted = cast("list[Any]", value), cast("list[Any]", known)
        if path in unordered:
            found = in_order_of(found, wanted)
            wanted = in_order_of(wanted, found)
        formed = [_formed(entry, other, path, unordered) for entry, other in zip(found, wanted, strict=False)]
        return formed + found[len(wanted) :]
    return cast("Any", value)


def _formed_block(value: Members, known: Members, path: str, unordered: Collection[str]) -> Members:
    result: Members = {}
    for name, part in value.items():
        if _is_zero(part) and name not in known:
            continue
        result[name] = _formed(part, known.get(name), f"{path}.{name}", unordered)
    for name, part in known.items():
        if name not in result and part is not None and _is_zero(part):
            result[name] = part
    return result


def _alike(one: Any, other: Any) -> bool:
    """Equal, where an absent member equals a zero or empty one."""
    if isinstance(one, dict) and isinstance(other, dict):
        left, right = cast("Members", one), cast("Members", other)
        return all(
            _alike(left.get(name), right.get(name))
            for name in {*left, *right}
            if not (_is_zero(left.get(name)) and _is_zero(right.get(name)))
        )
    if isinstance(one, list) and isinstance(other, list):
        ours, theirs = cast("list[Any]", one), cast("list[Any]", other)
        return len(ours) == len(theirs) and all(map(_alike, ours, theirs))
    return one == other


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, (str, list, dict)) and not value)


def _is_zero(value: Any) -> bool:
    return _is_empty(value) or value is False or value == 0


def _whole(value: Any) -> Any:
    """Numbers cross the engine's wire as doubles; APIs want whole ones whole."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return [_whole(entry) for entry in cast("list[Any]", value)] if isinstance(value, list) else value


def _member(entry: Member | str, api_name: Callable[[str], str]) -> Member:
    return entry if isinstance(entry, Member) else Member(name=entry, api=api_name(entry))

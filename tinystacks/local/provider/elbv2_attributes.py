"""Attributes: settings that Elastic Load Balancing keeps as text under dotted names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinystacks.local.provider.handler import Inputs

AttributeValue = str | int | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute.

    Attributes:
        name: the Pulumi property.
        key: the name in the API.
        default: what it is when neither side says so; its type is the property's. None: text that AWS makes up.
        kinds: kinds of load balancer or target group that have it; empty for all.
    """

    name: str
    key: str
    default: AttributeValue | None = None
    kinds: frozenset[str] = frozenset()

    def belongs_to(self, kind: str) -> bool:
        """Whether a load balancer or target group of this kind has it."""
        return not self.kinds or kind in self.kinds

    def decoded(self, text: str) -> AttributeValue:
        """The property's value of the API's text."""
        if isinstance(self.default, bool):
            return text == "true"
        return int(text) if isinstance(self.default, int) else text


def encoded(value: object) -> str:
    """A value as the API's text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def wanted(attributes: Iterable[Attribute], kind: str, values: Inputs) -> dict[str, str]:
    """The API's attributes for those of `values` that this kind has."""
    return {
        attribute.key: encoded(values[attribute.name])
        for attribute in attributes
        if attribute.belongs_to(kind) and values.get(attribute.name) not in (None, "")
    }


def found(attributes: Iterable[Attribute], kind: str, answer: Iterable[dict[str, Any]]) -> Inputs:
    """Properties of the API's attributes; what it does not tell has its default."""
    told = {entry["Key"]: str(entry.get("Value", "")) for entry in answer}
    values: Inputs = {}
    for attribute in attributes:
        if not attribute.belongs_to(kind):
            continue
        if told.get(attribute.key):
            values[attribute.name] = attribute.decoded(told[attribute.key])
        elif attribute.default is not None:
            values[attribute.name] = attribute.default
    return values


def attribute_list(attributes: dict[str, str]) -> list[dict[str, str]]:
    """`{"a": "b"}` as the API's list."""
    return [{"Key": key, "Value": value} for key, value in attributes.items()]

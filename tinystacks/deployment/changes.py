"""What is done to resources, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Numbers of resources by what is done to them."""

    create: int = 0
    update: int = 0
    replace: int = 0
    delete: int = 0
    same: int = 0

    @property
    def total(self) -> int:
        """Resources that change."""
        return self.create + self.update + self.replace + self.delete

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Changes:
        """Read what `to_mapping` gave."""
        return cls(**{key: int(data.get(key, 0)) for key in ("create", "update", "replace", "delete", "same")})

    def to_mapping(self) -> dict[str, int]:
        """Give plain data."""
        return {key: getattr(self, key) for key in ("create", "update", "replace", "delete", "same")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A property that differs.

    Attributes:
        property: path as the engine writes it, such as `settings[0].value`.
        before: value in the state; nothing where it is not there. Secrets are masked.
        after: value that the program asks for, or that AWS has; nothing where it is not there.
    """

    property: str
    before: Any
    after: Any

    def to_mapping(self) -> dict[str, Any]:
        """Give plain data."""
        return {"property": self.property, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChange:
    """One resource of a preview that would change.

    Attributes:
        action: `create`, `update`, `replace`, `delete`, or `keep`: it leaves the stage and stays in the account.
        type: the engine's type token.
        name: logical name.
        words: the resource in words of the file.
        urn: the engine's identity.
        changed: names of the properties that differ.
        differences: the same with their values, as exactly as the engine tells.
        replaced_for: names of the properties that force a replacement.
        interrupts: whether this would interrupt the stage's service, so that `up` stops before it.
    """

    action: str
    type: str
    name: str
    words: str
    urn: str
    changed: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    replaced_for: tuple[str, ...] = ()
    interrupts: bool = False

    def to_mapping(self) -> dict[str, Any]:
        """Give plain data."""
        return {
            "action": self.action,
            "type": self.type,
            "name": self.name,
            "resource": self.words,
            "changed": list(self.changed),
            "differences": [difference.to_mapping() for difference in self.differences],
            "replaced_for": list(self.replaced_for),
            "interrupts": self.interrupts,
        }

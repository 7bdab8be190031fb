"""What two releases have different, in words of the file; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.deployment.releases import Release

_ABSENT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One setting that two releases have different.

    Attributes:
        field: where it stands in the file, such as `services.web.tasks.max`; `images.web` for what was built or given.
        before: the value; None when it was not set.
        after: the value; None when it is not set.
    """

    field: str
    before: Any
    after: Any

    def to_mapping(self) -> dict[str, Any]:
        """Give plain data."""
        return {"field": self.field, "before": self.before, "after": self.after}


def differences(before: Release, after: Release) -> tuple[Difference, ...]:
    """Compare two releases.

    Args:
        before: the one to start from.
        after: the one to come to.
    """
    return _compared({"images": before.images, **before.spec}, {"images": after.images, **after.spec})


def _compared(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    old, new = _flat(before), _flat(after)
    return tuple(
        Difference(field=field, before=old.get(field), after=new.get(field))
        for field in sorted({*old, *new})
        if old.get(field, _ABSENT) != new.get(field, _ABSENT) and (old.get(field), new.get(field)) != (None, None)
    )


def _flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give every leaf by its dotted path; lists are leaves, since a stage replaces them as wholes."""
    leaves: dict[str, Any] = {}
    for key, value in document.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            leaves.update(_flat(cast("dict[str, Any]", value), f"{path}."))
        elif value != {}:
            leaves[path] = value
    return leaves

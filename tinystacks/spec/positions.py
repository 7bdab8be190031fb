"""Where in a file each value stands, and where in the file a value of a merged stage came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top of a document to a value."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text; line and column count from 1."""

    line: int
    column: int


NOWHERE = Position(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMap:
    """The positions of a file's keys and values.

    Attributes:
        file: name of the file as the user gave it; empty for objects made in Python.
        keys: position of the key (of the dash for a list's item).
        values: position of the value.
        texts: how numbers and truth values are written, where that differs from the value (`1.10`, `0123`).
    """

    file: str = ""
    keys: Mapping[KeyPath, Position] = field(default_factory=dict[KeyPath, Position])
    values: Mapping[KeyPath, Position] = field(default_factory=dict[KeyPath, Position])
    texts: Mapping[KeyPath, str] = field(default_factory=dict[KeyPath, str])

    def find(self, path: KeyPath, *, key: bool = False) -> Position:
        """Give the position of a value, or of the closest thing around it that is in the file.

        Args:
            path: path of the value.
            key: whether the key is meant and not its value.
        """
        if not key and path in self.values:
            return self.values[path]
        for length in range(len(path), -1, -1):
            if (position := self.keys.get(path[:length])) is not None:
                return position
        return NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Origin:
    """Where a spec came from. Two origins are equal, so that a spec from a file equals the same one from Python.

    Attributes:
        source: positions in the file.
        moved: paths of the spec whose value stands elsewhere in the document, such as a stage's override.
    """

    source: SourceMap = field(default_factory=SourceMap)
    moved: Mapping[KeyPath, KeyPath] = field(default_factory=dict[KeyPath, KeyPath])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Origin)

    __hash__ = None  # type: ignore[assignment] # pyright: ignore[reportAssignmentType] - equal to every other origin

    def document_path(self, path: KeyPath) -> KeyPath:
        """Give the path in the document of a path in the spec."""
        for length in range(len(path), 0, -1):
            if (start := self.moved.get(path[:length])) is not None:
                return (*start, *path[length:])
        return path


def dotted(path: KeyPath) -> str:
    """Write a path as users read it, such as `services.web.permissions[0].actions`."""
    text = ""
    for part in path:
        name = f"[{part}]" if isinstance(part, int) else printable(part, _LONGEST_KEY)
        text += name if isinstance(part, int) or not text else f".{name}"
    return text


def printable(text: str, longest: int) -> str:
    """Give a text for messages: cut to a length, and with escapes for what a terminal would act on."""
    short = text if len(text) <= longest else f"{text[:longest]}…"
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in short)


_LONGEST_KEY = 60

"""What a Dockerfile exposes, as far as it can be read without building it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CONTINUED = re.compile(r"\\[ \t]*\n(?:[ \t]*#[^\n]*\n)*")
_COMMENT = re.compile(r"^[ \t]*#[^\n]*$", re.MULTILINE)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^}]*))?\})")
_PORT = re.compile(r"(\d{1,5})(?:-\d{1,5})?(?:/(\w+))?")
_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """The ports of a Dockerfile.

    Attributes:
        port: the first TCP port; None when there is none, or none that can be read.
        unread: the first word of `EXPOSE` whose value only a build knows; empty when all were read.
        instruction: whether there is any `EXPOSE`.
    """

    port: int | None = None
    unread: str = ""
    instruction: bool = False


def exposed(text: str) -> Exposed:
    """Read the ports that a Dockerfile exposes; of a range the first.

    Args:
        text: of the Dockerfile. Variables have the values that `ARG` and `ENV` before them give.
    """
    known: dict[str, str] = {}
    port: int | None = None
    unread = ""
    instruction = False
    for name, rest in _instructions(text):
        if name in {"ARG", "ENV"}:
            known.update(_given(rest, known, spaced=name == "ENV"))
        if name != "EXPOSE":
            continue
        instruction = True
        for word in rest.split():
            found = _PORT.fullmatch(_replaced(word, known))
            if found is None:
                unread = unread or word
            elif port is None and (found[2] or "tcp").lower() == "tcp" and 1 <= int(found[1]) <= _HIGHEST_PORT:
                port = int(found[1])
    return Exposed(port=port, unread=unread, instruction=instruction)


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    for line in _COMMENT.sub("", _CONTINUED.sub(" ", text.replace("\r\n", "\n"))).splitlines():
        name, _, rest = line.strip().partition(" ")
        yield name.upper(), rest.strip()


def _given(rest: str, known: Mapping[str, str], *, spaced: bool) -> dict[str, str]:
    """Give the values of `NAME=value …`, and of ENV's older form `NAME value`."""
    try:
        words = shlex.split(rest)
    except ValueError:
        return {}
    if spaced and words and "=" not in words[0]:
        return {words[0]: _replaced(" ".join(words[1:]), known)}
    pairs = (word.partition("=") for word in words)
    return {name: _replaced(value, known) for name, equals, value in pairs if equals}


def _replaced(text: str, known: Mapping[str, str]) -> str:
    """Put in the values that are known; what is not known stays as it is written."""

    def value(found: re.Match[str]) -> str:
        given, sign, other = known.get(found[1] or found[2]), found[3] or "", found[4]
        if sign.endswith("+"):
            return other if given else ""
        if given is None or (not given and sign.startswith(":")):
            return found[0] if other is None else other
        return given

    return _VARIABLE.sub(value, text)

"""Which files of a folder belong to an image's sources, by the rules of `.dockerignore`.

Source: Dockerfile reference, ".dockerignore files": Go's `filepath.Match` patterns relative to the context, `**` for
any number of folders, `!` for exceptions, the last line that matches decides; a file named `NAME.dockerignore` beside
the Dockerfile goes before.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinystacks.file_names import FILE_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

OWN_FOLDER = ".tstack"
"""State and passphrases of stages: never part of an image."""
_OWN_FILES = "\n".join(FILE_NAMES)
"""Settings of the stages are none of the image: with `COPY . .` another number of tasks would replace them all."""


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    exception: bool


def read_rules(context: Path, dockerfile: Path) -> str:
    """Give the text of the ignore file that holds for a build; empty when there is none."""
    for path in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), context / ".dockerignore"):
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return ""


def source_files(context: Path, rules: str) -> Iterator[Path]:
    """Give the files and links of a context that go into a build, in a fixed order.

    The stack's file is left out, unless an exception (`!tstack.yaml`) takes it in.

    Args:
        context: the folder.
        rules: text of the ignore file.
    """
    parsed = _parse(f"{_OWN_FILES}\n{rules}")
    # Without exceptions nothing below an ignored folder can come back, so that it need not be looked at.
    prune = not any(rule.exception for rule in parsed)
    for folder, names, files in os.walk(context):
        here = context.__class__(folder)
        relative = here.relative_to(context)
        if relative == relative.__class__() and OWN_FOLDER in names:
            names.remove(OWN_FOLDER)
        links = [name for name in names if (here / name).is_symlink()]
        names[:] = sorted(
            name for name in names if name not in links and not (prune and _ignored(parsed, relative / name))
        )
        for name in sorted([*files, *links]):
            if not _ignored(parsed, relative / name):
                yield here / name


def _parse(text: str) -> list[_Rule]:
    rules: list[_Rule] = []
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        exception = stripped.startswith("!")
        pattern = os.path.normpath(stripped.removeprefix("!").strip()).lstrip("/")
        if pattern not in {"", "."}:
            rules.append(_Rule(_compiled(pattern), exception))
    return rules


def _compiled(pattern: str) -> re.Pattern[str]:
    """Turn a pattern into a regular expression that also takes everything below what it names."""
    parts = [_part(part) for part in pattern.split("/")]
    text = "/".join(parts).replace("(?:.*)/", "(?:.*/)?").replace("/(?:.*)", "(?:/.*)?")
    return re.compile(f"{text}(?:/.*)?")


def _part(part: str) -> str:
    if part == "**":
        return "(?:.*)"
    text, index = "", 0
    while index < len(part):
        letter = part[index]
        end = part.find("]", index)
        if letter == "*":
            text += "[^/]*"
        elif letter == "?":
            text += "[^/]"
        elif letter == "[" and end > index:
            text += part[index : end + 1]
            index = end
        elif letter == "\\" and index + 1 < len(part):
            index += 1
            text += re.escape(part[index])
        else:
            text += re.escape(letter)
        index += 1
    return text


def _ignored(rules: Sequence[_Rule], path: Path) -> bool:
    ignored = False
    for rule in rules:
        if rule.pattern.fullmatch(path.as_posix()):
            ignored = not rule.exception
    return ignored

"""Commands that a text names, completed by the options that the user gave, to be repeated as they stand."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from rich.console import Group, RenderHook
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderResult

_NAMED = re.compile(r"(?P<before>`|^[ ]{2,})tstack (?P<words>[a-z][^`\n]*)(?P<after>`|$)", re.MULTILINE)
"""A command in a sentence stands between backquotes, else on an indented line of its own."""
WITHOUT_STAGE = frozenset({"engine", "init", "local"})
"""Commands that are about no stage."""
_OF_CLUSTERS = frozenset({"events", "exec", "logs", "metrics", "port-forward", "status", "tasks"})
"""Commands that look at clusters that something else made."""
_SHORT = {"--file": "-f"}


class Verbatim:
    """What somebody else wrote, such as a line of a container: commands in it are none of ours.

    Args:
        text: to be shown as it is.
    """

    def __init__(self, text: Text) -> None:
        self._text = text

    def __rich_console__(self, _console: Console, _options: ConsoleOptions) -> RenderResult:
        """Give the text; Rich calls it."""
        yield self._text


@dataclass(frozen=True, slots=True, kw_only=True)
class NextCommands(RenderHook):
    """What is added to the commands that texts name.

    Attributes:
        stage: name of the stage, where it was typed.
        options: by name, such as `--file`; a flag has no value.
        cluster: name of the cluster that was looked at instead of a stage.
    """

    stage: str | None = None
    options: tuple[tuple[str, str | None], ...] = ()
    cluster: str | None = None

    def complete(self, text: str) -> str:
        """Give a text whose commands have what the user typed and they lack."""
        return _NAMED.sub(self._completed, text)

    def shown(self, item: RenderableType) -> RenderableType:
        """Give the same for something to be shown, its styles kept."""
        if isinstance(item, str):
            return self.complete(item)
        if isinstance(item, Group):
            return Group(*map(self.shown, item.renderables), fit=item.fit)
        if not isinstance(item, Text):
            return item
        done, end = item.blank_copy(), 0
        for named in _NAMED.finditer(item.plain):
            styles = item[named.start() : named.end()].spans
            done.append_text(item[end : named.start()])
            done.append(self._completed(named), styles[0].style if styles else None)
            end = named.end()
        return done.append_text(item[end:]) if end else item

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Complete what a console is about to write; Rich calls it."""
        return [cast("ConsoleRenderable", self.shown(item)) for item in renderables]

    def _completed(self, named: re.Match[str]) -> str:
        typed, dashes, behind = named["words"].partition(" -- ")
        command, *words = typed.split(" ")
        if command in WITHOUT_STAGE or (named["before"] == "`") != (named["after"] == "`"):
            return named[0]
        elsewhere = "--cluster" in words
        if self.cluster is not None and command in _OF_CLUSTERS and not elsewhere:
            elsewhere = True
            words += ["--cluster", shlex.quote(self.cluster)]
        elif self.stage and not elsewhere and (not words or words[0].startswith("-")):
            words.insert(0, self.stage)
        for option, value in self.options:
            if not {option, _SHORT.get(option, option)} & {*words} and not (option == "--file" and elsewhere):
                words += [option] if value is None else [option, shlex.quote(value)]
        return f"{named['before']}tstack {' '.join([command, *words])}{dashes}{behind}{named['after']}"

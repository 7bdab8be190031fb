"""Where text goes: data to stdout, everything else to stderr.

Source of the manners: https://clig.dev and https://no-color.org. `NO_COLOR`, `TERM=dumb`, a stream that is no terminal
and `CI` are respected.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console

from tinystacks.rendering.next_commands import NextCommands

if TYPE_CHECKING:
    from rich.console import RenderableType

_ENDLESS = 100_000
"""A pipe has no width: lines and columns there must not be cut or folded into pieces that no program finds."""


@dataclass(frozen=True, slots=True)
class Screen:
    """The two streams of a command.

    Attributes:
        data: for what the command gives.
        talk: for progress, notices and errors.
        interactive: whether somebody may be asked.
        live: whether a line may be redrawn.
        next_commands: completes the commands that texts name; what is drawn anew passes through `shown` first.
    """

    data: Console
    talk: Console
    interactive: bool
    live: bool
    next_commands: NextCommands = field(default_factory=NextCommands)

    def shown(self, item: RenderableType) -> RenderableType:
        """Give something to be drawn with the commands that it names completed."""
        return self.next_commands.shown(item)


def open_screen(next_commands: NextCommands | None = None) -> Screen:
    """Look at the environment and give the streams to write to.

    Args:
        next_commands: completes the commands that texts name by what the user typed.
    """
    completing = next_commands or NextCommands()
    in_ci = bool(os.environ.get("CI"))
    dumb = os.environ.get("TERM") == "dumb"
    return Screen(
        data=_console(completing, stderr=False),
        talk=_console(completing, stderr=True),
        interactive=sys.stdin.isatty() and sys.stderr.isatty() and not in_ci,
        live=sys.stderr.isatty() and not in_ci and not dumb,
        next_commands=completing,
    )


def _console(completing: NextCommands, *, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _ENDLESS
    console = Console(stderr=stderr, width=width, highlight=False, emoji=False, soft_wrap=not stream.isatty())
    console.push_render_hook(completing)
    return console

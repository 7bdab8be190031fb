"""Where text goes: data to stdout, everything else to stderr.

Source of the manners: https://clig.dev and https://no-color.org. `NO_COLOR`, `TERM=dumb`, a stream that is no terminal
and `CI` are respected.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from rich.console import Console

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
    """

    data: Console
    talk: Console
    interactive: bool
    live: bool


def open_screen() -> Screen:
    """Look at the environment and give the streams to write to."""
    in_ci = bool(os.environ.get("CI"))
    dumb = os.environ.get("TERM") == "dumb"
    return Screen(
        data=_console(stderr=False),
        talk=_console(stderr=True),
        interactive=sys.stdin.isatty() and sys.stderr.isatty() and not in_ci,
        live=sys.stderr.isatty() and not in_ci and not dumb,
    )


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _ENDLESS
    return Console(stderr=stderr, width=width, highlight=False, emoji=False, soft_wrap=not stream.isatty())

"""The terminal on this side of a session: keys go through unchanged, its size is told."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Generator

USUAL_SIZE = (80, 24)
PIPED_SIZE = (300, 100)
"""Columns and rows where there is no terminal: lines are not folded (as the plugin does it, shellsession.go)."""


@contextmanager
def raw(descriptor: int) -> Generator[None]:
    """Hand every key on while the block runs, Ctrl-C included; nothing happens where there is no terminal.

    Args:
        descriptor: of what may be a terminal.
    """
    if not os.isatty(descriptor):
        yield
        return
    import termios  # noqa: PLC0415 - Windows has none, and no terminal of this kind
    import tty  # noqa: PLC0415 - as above

    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor, termios.TCSANOW)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def size(descriptor: int) -> tuple[int, int]:
    """Give columns and rows.

    Args:
        descriptor: of what may be a terminal.
    """
    if not os.isatty(descriptor):
        return PIPED_SIZE
    try:
        found = os.get_terminal_size(descriptor)
    except OSError:
        return USUAL_SIZE
    return (found.columns, found.lines) if found.columns and found.lines else USUAL_SIZE


@contextmanager
def watched_size(loop: asyncio.AbstractEventLoop, changed: Callable[[], None]) -> Generator[None]:
    """Call something whenever the terminal has another size, while the block runs."""
    with suppress(NotImplementedError, ValueError, RuntimeError):
        loop.add_signal_handler(signal.SIGWINCH, changed)
    try:
        yield
    finally:
        with suppress(NotImplementedError, ValueError, RuntimeError):
            loop.remove_signal_handler(signal.SIGWINCH)

"""The stage's program, loaded when the engine asks for it.

The SDK of the AWS provider takes seconds and about 80 MiB to load. The engine needs as long to start, in a process of
its own, so the two go side by side: loading begins in a thread when the engine is first called.
"""

from __future__ import annotations

import importlib
import importlib.util
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import tinystacks
from tinystacks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from programs.settings import ProgramSettings
    from tinystacks.spec.model import StageSpec

_PROGRAM = "programs.stage"


def check_own_programs() -> None:
    """Make sure that `programs` is this package's: its name is a common one.

    Raises:
        UsageError: another module of that name comes first on Python's path.
    """
    found = importlib.util.find_spec("programs")
    place = Path(found.origin).resolve() if found is not None and found.origin else None
    own = Path(tinystacks.__file__).resolve().parents[1]
    if place is None or own not in place.parents:
        raise UsageError(
            f"Python finds another module named `programs` ({place or 'none with a file'}), which hides ours.",
            hint="Run from another folder, or rename that module: `tinystacks`, `programs` and `cli` are ours.",
        )


def stage_program(stage: StageSpec, settings: ProgramSettings) -> Callable[[], None]:
    """Give the program of a stage, as `programs.stage.program_for`, without loading anything yet."""

    def program() -> None:
        from programs.stage import program_for  # noqa: PLC0415 - see the head of this file

        program_for(stage, settings)()

    return program


def load_ahead() -> None:
    """Begin to load what the program needs; whoever needs it sooner waits for this thread's imports."""
    threading.Thread(target=importlib.import_module, args=(_PROGRAM,), name="load-program", daemon=True).start()

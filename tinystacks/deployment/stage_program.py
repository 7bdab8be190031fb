"""The stage's program, loaded when the engine asks for it.

The SDK of the AWS provider takes seconds and about 80 MiB to load. The engine needs as long to start, in a process of
its own, so the two go side by side: loading begins in a thread when the engine is first called.
"""

from __future__ import annotations

import importlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from programs.settings import ProgramSettings
    from tinystacks.spec.model import StageSpec

_PROGRAM = "programs.stage"


def stage_program(stage: StageSpec, settings: ProgramSettings) -> Callable[[], None]:
    """Give the program of a stage, as `programs.stage.program_for`, without loading anything yet."""

    def program() -> None:
        from programs.stage import program_for  # noqa: PLC0415 - see the head of this file

        program_for(stage, settings)()

    return program


def load_ahead() -> None:
    """Begin to load what the program needs; whoever needs it sooner waits for this thread's imports."""
    threading.Thread(target=importlib.import_module, args=(_PROGRAM,), name="load-program", daemon=True).start()

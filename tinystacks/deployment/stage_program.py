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

from tinystacks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from programs.settings import ProgramSettings
    from tinystacks.spec.model import StageSpec

_PROGRAM = "programs.stage"


def check_own_programs() -> None:
    """Refuse another module named `programs` in front of tinystacks' own; the name is a common one.

    Raises:
        UsageError: Python finds another one first; says which.
    """
    own = Path(__file__).parents[2] / "programs"
    try:
        spec = importlib.util.find_spec("programs")
    except ValueError:  # a module that somebody made by hand has no spec
        spec = None
    places = [*(spec.submodule_search_locations or [spec.origin])] if spec is not None else []
    if not any(place and Path(place).resolve() == own.resolve() for place in places):
        raise UsageError(
            f"Python finds another module named `programs` ({', '.join(map(str, places)) or 'nowhere'}) instead of "
            f"tinystacks' own ({own}).",
            hint="Rename it, or take its folder out of PYTHONPATH and out of the folder that Python is started in.",
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

"""Deploying a stage: the engine found and driven, checks before it, verdicts after it.

`deployment.Deployment` is the front; `events` and `results` are the data it gives. Only `automation` imports the
engine's SDK, and only when an operation runs.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from tinystacks.errors import UsageError


def _check_programs() -> None:
    """Refuse another module named `programs` in front of tinystacks' own; the name is a common one.

    Raises:
        UsageError: Python finds another one first; says which.
    """
    own = Path(__file__).parents[2] / "programs"
    try:
        spec = find_spec("programs")
    except ValueError:  # a module that somebody made by hand has no spec
        spec = None
    places = [*(spec.submodule_search_locations or [spec.origin])] if spec is not None else []
    if not any(place and Path(place).resolve() == own.resolve() for place in places):
        raise UsageError(
            f"Python finds another module named `programs` ({', '.join(map(str, places)) or 'nowhere'}) instead of "
            f"tinystacks' own ({own}).",
            hint="Rename it, or take its folder out of PYTHONPATH and out of the folder that Python is started in.",
        )


_check_programs()

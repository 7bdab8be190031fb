"""Fixtures of more than one tier."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import platformdirs
import pytest


@pytest.fixture(scope="session")
def engine_path() -> Path:
    """The engine's program: from TINYSTACKS_ENGINE, else PATH, else the user's cache.

    Where there is none, a developer's run skips what needs it; in CI that is an error.
    """
    given = os.environ.get("TINYSTACKS_ENGINE")
    found = Path(given) if given else _on_path() or _in_cache()
    if found is not None and found.is_file():
        return found
    reason = "no pulumi engine: set TINYSTACKS_ENGINE, put pulumi on PATH, or run `tstack engine`"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _on_path() -> Path | None:
    found = shutil.which("pulumi")
    return Path(found) if found else None


def _in_cache() -> Path | None:
    cache = platformdirs.user_cache_path("tinystacks") / "engine"
    return next(iter(sorted(cache.glob("*/pulumi"), reverse=True)), None)

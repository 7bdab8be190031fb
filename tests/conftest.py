"""Fixtures of more than one tier."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.engine_found import engine_or_skip


@pytest.fixture(scope="session")
def engine_path() -> Path:
    """The engine's program, found as `tstack` finds it."""
    return engine_or_skip().path

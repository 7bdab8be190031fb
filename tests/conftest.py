"""Fixtures of more than one tier."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.fakes.engine_found import engine_or_skip


def pytest_configure() -> None:
    """Have Ctrl-C heard by the programs that tests start; a shell that starts tests behind `&` takes it away."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def engine_path() -> Path:
    """The engine's program, found as `tstack` finds it."""
    return engine_or_skip().path

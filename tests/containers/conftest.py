"""A container engine for this tier."""

from __future__ import annotations

import os

import pytest

from tests.fakes.lacking import lacking
from tests.fakes.podman import missing, podman_service


@pytest.fixture(scope="session")
def container_engine():
    """Podman as root, on its own storage; skipped on a machine that has none, which in CI is an error."""
    if programs := missing():
        lacking(f"no container engine for the tests: {', '.join(programs)} missing")
    if os.geteuid() != 0:
        lacking("the tests' container engine needs root")
    with podman_service() as engine:
        yield engine

"""A container engine for this tier."""

from __future__ import annotations

import os

import pytest

from tests.fakes.podman import missing, podman_service


@pytest.fixture(scope="session")
def container_engine():
    """Podman as root, on its own storage; skipped on a machine that has none, which in CI is an error."""
    lacking = missing()
    reason = f"no container engine for the tests: {', '.join(lacking)} missing" if lacking else ""
    if not reason and os.geteuid() != 0:
        reason = "the tests' container engine needs root"
    if reason and os.environ.get("CI"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    with podman_service() as engine:
        yield engine

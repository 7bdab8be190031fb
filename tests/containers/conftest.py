"""A container engine for this tier."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fakes.lacking import lacking
from tests.fakes.podman import given_service, missing, podman_service


@pytest.fixture(scope="session")
def container_engine():
    """Podman as root, on its own storage; skipped on a machine that has none, which in CI is an error.

    `TINYSTACKS_TEST_ENGINE` names the socket of another engine to run the same tests on, such as Docker's.
    """
    if given := os.environ.get("TINYSTACKS_TEST_ENGINE"):
        with given_service(Path(given)) as engine:
            yield engine
        return
    if programs := missing():
        lacking(f"no container engine for the tests: {', '.join(programs)} missing")
    if os.geteuid() != 0:
        lacking("the tests' container engine needs root")
    with podman_service() as engine:
        yield engine

"""Local AWSs that many tests of this tier start in the same way."""

from __future__ import annotations

import functools

import pytest

from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget


@pytest.fixture
def server(tmp_path):
    """A local AWS of one test, with providers for the engine; its home is `home` in the test's folder."""
    local = LocalAws(home=tmp_path / "home")
    local.start("simulated", speed=60)
    yield local
    local.stop()


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Clients of a local AWS that the tests of a file share, without providers."""
    local = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
    target = LocalTarget(local.start(runtime="simulated", speed=20), "us-east-1")
    yield functools.cache(target.client)
    local.stop()

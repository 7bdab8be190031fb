"""Reads with `--local` that find no local AWS: they start one, and never silently."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.fakes.command_line import a_user
from tests.fakes.local_stage import eventually
from tinystacks.local.process import LocalAws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.command_line import CommandLine

STARTED = "The local AWS did not run, so an empty one was started ("
GONE = "had ended without being stopped; everything in it is gone."


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    made = a_user(tmp_path_factory.mktemp("user"))
    made.write("name: shop\nservices: {web: {image: 'example/web:1'}}\nstages: {dev: {}}\n")
    yield made
    LocalAws(home=made.local_home).stop()


def _kill(user: CommandLine) -> int:
    local = LocalAws(home=user.local_home)
    status = local.start("simulated", speed=60)
    os.kill(status.pid, signal.SIGKILL)
    eventually(lambda: local.status() is None, what="a dead server is not there", seconds=5)
    return status.pid


@pytest.mark.parametrize("arguments", [("status",), ("tasks", "--cluster", "none"), ("exec", "--check"), ("drift",)])
def test_a_read_says_that_the_local_aws_was_killed_and_that_it_started_another(user, arguments):
    LocalAws(home=user.local_home).stop()
    pid = _kill(user)
    first = user.run(*arguments, "--local", "--json")
    assert f"(process {pid}) {GONE}" in first.err
    assert STARTED in first.err
    assert first.document["schema_version"] == 1, "stdout is one document"
    again = user.run(*arguments, "--local", "--json")
    assert (again.code, "note" in again.err) == (first.code, False)


def test_a_read_says_that_it_started_the_local_aws(user):
    LocalAws(home=user.local_home).stop()
    ran = user.run("metrics", "--local")
    assert STARTED in ran.err
    assert GONE not in ran.err
    assert ran.out == ""

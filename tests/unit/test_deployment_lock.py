"""One change of a stage at a time (trap A5)."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tinystacks.deployment.lock import StageLock, is_held, process_lives, read_holder
from tinystacks.errors import LockedError

HOLD = """
import sys, pathlib
from tinystacks.deployment.lock import StageLock
with StageLock(pathlib.Path(sys.argv[1]), "up"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def other_process(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a5_the_second_is_refused_with_who_host_pid_and_since_when(tmp_path, other_process):
    with pytest.raises(LockedError) as caught, StageLock(tmp_path / "lock", "destroy"):
        pass
    message = caught.value.message
    assert f"process {other_process.pid}" in message
    assert f"on {os.uname().nodename}" in message
    assert "`up` by" in message
    assert "since 20" in message


def test_a5_the_first_is_untouched_by_the_refused_second(tmp_path, other_process):
    before = (tmp_path / "lock").read_text()
    with pytest.raises(LockedError), StageLock(tmp_path / "lock", "up"):
        pass
    assert (tmp_path / "lock").read_text() == before
    assert is_held(tmp_path / "lock")
    assert other_process.poll() is None


def test_a3_a_killed_holder_is_told_to_the_next(tmp_path, other_process):
    other_process.kill()
    other_process.wait()
    with StageLock(tmp_path / "lock", "up") as lock:
        assert lock.previous is not None
        assert lock.previous.pid == other_process.pid
        assert lock.previous.operation == "up"


def test_a_holder_that_ended_well_is_not_told(tmp_path):
    with StageLock(tmp_path / "lock", "up"):
        pass
    with StageLock(tmp_path / "lock", "up") as lock:
        assert lock.previous is None
    assert not is_held(tmp_path / "lock")


def test_the_engine_s_pid_is_noted_for_a_later_command(tmp_path):
    with StageLock(tmp_path / "lock", "up") as lock:
        lock.engine_runs(4711)
        assert json.loads((tmp_path / "lock").read_text())["engine_pid"] == 4711
        lock.engine_runs(1)
        holder = read_holder(tmp_path / "lock")
        assert holder is not None
        assert holder.engine_pid == 1


def test_a_damaged_lock_file_names_nobody(tmp_path):
    (tmp_path / "lock").write_text('{"pid": 1')
    with StageLock(tmp_path / "lock", "up") as lock:
        assert lock.previous is None


def test_a_zombie_does_not_live():
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not process_lives(process.pid)
    process.wait()
    assert process_lives(os.getpid())

"""Every command that reads, as its user sees it, with throttling, time-outs and resets between it and AWS."""

from __future__ import annotations

import json
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.command_line import wait_for
from tests.fakes.fault_injector import RESET, THROTTLED, TIMED_OUT
from tests.fakes.faulty_world import FaultyWorld, faulty_world
from tests.fakes.local_stage import fetch
from tinystacks.deployment.ends import Result

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Generator, Iterator

READS = (
    "status",
    "tasks",
    "tasks --stopped",
    "tasks show TASK",
    "logs",
    "metrics",
    "events",
    "drift",
    "preview",
    "exec --check",
    "exec --print",
    "status --cluster shop-dev",
    "tasks --cluster shop-dev --service SERVICE",
    "logs --cluster shop-dev --service SERVICE",
    "metrics --cluster shop-dev",
    "events --cluster shop-dev",
    "exec --cluster shop-dev --service SERVICE --check",
    "instances",
    "repair",
)
CHANGES = ("restart", "scale web=3", "run web -- /bin/true", "rollback", "destroy --yes", "up --yes")
OWN_READS = ("outputs", "releases", "releases list", "releases show 1", "releases diff 1 2")
"""What the folder knows by itself."""
FAULTS = (THROTTLED, TIMED_OUT, RESET)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyWorld]:
    with faulty_world(tmp_path_factory.mktemp("faults")) as faulty:
        assert faulty.deployment.up().result is Result.STEADY
        assert faulty.deployment.up(force=True).result is Result.STEADY
        yield faulty


def _words(world: FaultyWorld, words: str) -> list[str]:
    ecs = world.straight.client("ecs")
    task = ecs.list_tasks(cluster="shop-dev")["taskArns"][0].rpartition("/")[2]
    service = world.deployment.outputs().services["web"].service_name
    return [{"TASK": task, "SERVICE": service}.get(word, word) for word in words.split()]


@pytest.mark.parametrize(("words", "number"), [(words, number) for number, words in enumerate(READS)])
def test_a_failure_that_passes_is_not_seen(world: FaultyWorld, words: str, number: int) -> None:
    world.injector.break_with({**FAULTS[number % 3], "times": 2})
    before = world.injector.fired()
    try:
        done = world.user.run(*_words(world, words), "--local", "--json")
        assert world.injector.fired() == before + 2
    finally:
        world.injector.break_with()
    assert done.code == 0, done.err
    assert "error" not in done.document
    assert not done.document.get("not_read"), "nothing was left out"
    if "--check" in words:
        verdicts = {check["name"]: check["verdict"] for check in done.document["checks"]}
        assert "warning" not in verdicts.values(), verdicts


@pytest.mark.parametrize(("words", "number"), [(words, number) for number, words in enumerate(READS)])
def test_a_failure_that_stays_ends_with_1_and_says_what_to_do(world: FaultyWorld, words: str, number: int) -> None:
    fault = FAULTS[number % 3]
    world.injector.break_with(fault)
    try:
        # A traceback in it would be a failure.
        done = world.user.run(*_words(world, words), "--local", "--json")
    finally:
        world.injector.break_with()
    assert done.code == 1
    error = done.document["error"]
    assert (error["kind"], error["exit_code"]) == ("aws", 1)
    assert error["hint"]
    assert error["hint"].splitlines()[0] in done.err
    if fault is THROTTLED:
        assert "ThrottlingException" in error["message"]


@pytest.mark.parametrize("words", CHANGES)
def test_a_change_that_never_reaches_aws_ends_with_1_and_says_what_to_do(world: FaultyWorld, words: str) -> None:
    first, *rest = words.split()
    releases = world.deployment.releases()
    world.injector.break_with(RESET)
    try:
        done = world.user.run(first, "--local", "--json", *rest)
    finally:
        world.injector.break_with()
    assert done.code == 1
    error = done.document["error"]
    assert error["exit_code"] == 1
    assert error["hint"]
    assert error["hint"].splitlines()[0] in done.err
    assert world.deployment.releases() == releases, "it counts as no release"
    assert world.user.run("status", "--local").code == 0, "the stage can be seen as before"


@pytest.mark.parametrize("words", OWN_READS)
def test_what_the_folder_knows_needs_no_aws(world: FaultyWorld, words: str) -> None:
    expected = world.user.run(*words.split(), "--local", "--json").document
    world.injector.break_with(THROTTLED)
    before = world.injector.fired()
    try:
        done = world.user.run(*words.split(), "--local", "--json")
        assert world.injector.fired() == before, "nothing was asked"
    finally:
        world.injector.break_with()
    assert (done.code, done.document) == (0, expected)


def test_following_logs_goes_on_over_a_failure_and_loses_no_line(world: FaultyWorld) -> None:
    endpoint = world.deployment.outputs().endpoint
    process = world.user.start("logs", "--local", "--follow", "--json", "--filter", '"GET /"')
    with _ended_by_ctrl_c(process):
        assert process.stdout is not None
        assert process.stderr is not None
        assert fetch(endpoint)[0] == 200
        found = [json.loads(process.stdout.readline())]
        world.injector.break_with(THROTTLED)
        assert fetch(endpoint)[0] == 200
        assert "waiting: logs of service web" in process.stderr.readline()
        assert fetch(endpoint)[0] == 200
        world.injector.break_with()
        found += [json.loads(process.stdout.readline()) for _ in range(2)]
        assert "AWS answers again; nothing was lost" in process.stderr.readline()
        assert fetch(endpoint)[0] == 200
        found.append(json.loads(process.stdout.readline()))
    assert len({(one["at"], one["task"], one["message"]) for one in found}) == 4


@pytest.mark.parametrize("fault", FAULTS)
def test_a_port_is_forwarded_over_a_failure_that_passes_and_refused_over_one_that_stays(
    world: FaultyWorld, fault: dict[str, Any]
) -> None:
    words = ("port-forward", "--local", "--port", "80", "--service", "web")
    world.injector.break_with({**fault, "times": 2})
    before = world.injector.fired()
    process = world.user.start(*words)
    try:
        wait_for(process, "leads into the task")
        assert world.injector.fired() == before + 2
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in said) == (0, False)
    world.injector.break_with(fault)
    try:
        done = world.user.run(*words)
    finally:
        world.injector.break_with()
    assert done.code == 1
    assert "next  " in done.err


def test_a_watch_goes_on_over_a_failure(world: FaultyWorld) -> None:
    process = world.user.start("status", "--local", "--watch", "--json")
    with _ended_by_ctrl_c(process):
        assert process.stdout is not None
        documents = map(json.loads, process.stdout)
        first = next(documents)
        world.injector.break_with(THROTTLED)
        broken = world.injector.fired()
        deadline = time.monotonic() + 60
        while world.injector.fired() < broken + 10:
            assert time.monotonic() < deadline, "it looks no more"
            assert process.poll() is None
        world.injector.break_with()
        after: list[dict[str, Any]] = [next(documents) for _ in range(3)]
    assert [one["services"][0]["running"] for one in after] == [first["services"][0]["running"]] * 3
    assert not after[-1]["not_read"]


@contextmanager
def _ended_by_ctrl_c(process: subprocess.Popen[str]) -> Generator[None]:
    """End a command as its user does, and see that it ends in order."""
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said

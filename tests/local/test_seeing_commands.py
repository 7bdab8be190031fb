"""What a stage does, as its user sees it: logs, status, tasks, metrics, events, drift."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.command_line import TSTACK, CommandLine, a_user
from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_stage import eventually, fetch
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILE = """\
name: seen
services:
  web:
    image: example/web:1
    port: 80
    health_check: {path: /}
    sidecars: {agent: {image: example/agent:1}}
  worker: {image: example/worker:1}
stages: {dev: {}, prod: {}}
"""


@dataclass(slots=True)
class Seen:
    """A user with a deployed stage."""

    user: CommandLine

    def document(self, *arguments: str) -> dict[str, Any]:
        done = self.user.run(*arguments, "--local", "--json")
        assert done.code == 0, done.err
        assert done.document["schema_version"] == 1
        return done.document

    @property
    def target(self) -> LocalTarget:
        status = LocalAws(home=self.user.local_home).status()
        assert status is not None
        return LocalTarget(status, "us-east-1")

    @property
    def endpoint(self) -> str:
        return self.document("outputs")["endpoint"]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    user = a_user(tmp_path_factory.mktemp("seen"), TINYSTACKS_ENGINE=str(engine_or_skip().path))
    user.write(FILE)
    up = user.run("up", "--local", "--yes", "--runtime", "simulated", "--speed", "60")
    assert up.code == 0, up.err
    yield Seen(user)
    user.run("local", "stop")


def _asked(seen: Seen, times: int = 1) -> None:
    for _ in range(times):
        assert fetch(seen.endpoint)[0] == 200


def _lines(seen: Seen, *arguments: str) -> list[dict[str, Any]]:
    return seen.document("logs", *arguments)["lines"]


def test_logs_of_all_tasks_come_in_order_of_time_and_name_their_task(seen: Seen) -> None:
    _asked(seen, 4)
    asked = eventually(lambda: [line for line in _lines(seen) if "GET /" in line["message"]], what="a line")
    tasks = {task["id"] for task in seen.document("tasks", "--service", "web")["tasks"]}
    assert {line["task"] for line in asked} <= tasks
    assert [line["at"] for line in asked] == sorted(line["at"] for line in asked)
    task = asked[0]["task"]
    assert {line["task"] for line in _lines(seen, "--task", task[:12])} == {task}
    assert _lines(seen, "--service", "worker", "--filter", "nobody wrote this") == []
    text = seen.user.run("logs", "--local")
    assert f"web/{task[:8]} GET /" in text.out
    assert "\x1b" not in text.out, "no colours where there is no terminal"


def test_following_gives_each_line_once_as_json_lines_until_ctrl_c(seen: Seen) -> None:
    process = seen.user.start("logs", "--local", "--follow", "--json", "--since", "1s", "--service", "web")
    assert process.stdout is not None
    ended = threading.Event()

    def ask() -> None:
        # For as long as it takes the command to begin, and no longer than that may take.
        for _ in range(300):
            if ended.wait(0.2):
                return
            _asked(seen)
        process.kill()

    asking = threading.Thread(target=ask)
    with process:
        asking.start()
        found: list[dict[str, Any]] = []
        for line in process.stdout:
            found.append(json.loads(line))
            if sum("GET / 200" in one["message"] for one in found) >= 3:
                break
        ended.set()
        asking.join()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr is not None
        assert "error" not in process.stderr.read()
    assert all(one["schema_version"] == 1 for one in found)
    assert len({(one["at"], one["task"], one["message"]) for one in found}) == len(found)


def test_status_tells_scaling_alarms_targets_and_skew(seen: Seen) -> None:
    status = seen.document("status")
    assert {one["service"]: (one["minimum"], one["maximum"]) for one in status["scaling"]} == {
        "web": (2, 5),
        "worker": (2, 5),
    }
    assert status["group"]["minimum"] == 2
    assert {alarm["service"] for alarm in status["alarms"]} == {"web", "worker"}
    assert [target["health"] for target in status["targets"]] == ["healthy", "healthy"]
    assert {skew["service"]: (skew["moved_on"], skew["mixed"], skew["uneven"]) for skew in status["skew"]} == {
        "web": (False, False, False),
        "worker": (False, False, False),
    }
    assert status["not_read"] == []
    text = seen.user.run("status", "--local").out
    assert "targets: 2 of 2 healthy" in text
    assert "instances" in text


def test_b2_a_revision_that_is_not_the_recorded_one_is_told(seen: Seen) -> None:
    ecs = seen.target.client("ecs")
    outputs = seen.document("outputs")["services"]["worker"]
    live = ecs.describe_task_definition(taskDefinition=outputs["task_definition_arn"])["taskDefinition"]
    other = ecs.register_task_definition(
        family=live["family"], containerDefinitions=live["containerDefinitions"], networkMode=live["networkMode"]
    )["taskDefinition"]["taskDefinitionArn"]
    name, recorded = outputs["service_name"], outputs["task_definition_arn"]
    ecs.update_service(cluster="seen-dev", service=name, taskDefinition=other)
    try:
        text = seen.user.run("status", "--local").out
        assert f"worker: ECS runs {other.rpartition('/')[2]}, the last up made {recorded.rpartition('/')[2]}" in text
    finally:
        ecs.update_service(cluster="seen-dev", service=name, taskDefinition=recorded)


def test_changes_of_the_file_that_were_not_deployed_are_told(seen: Seen) -> None:
    assert seen.document("status")["local_changes"] is False
    seen.user.write(FILE.replace("example/worker:1", "example/worker:2"))
    try:
        assert seen.document("status")["local_changes"] is True
        assert "`tstack preview --local` shows it" in seen.user.run("status", "--local").out
    finally:
        seen.user.write(FILE)
    assert seen.document("status")["local_changes"] is False


@pytest.mark.parametrize("stages", ["stages: {dev: {}, prod: {}}\n", ""])
def test_a_file_with_problems_keeps_nobody_from_seeing_what_runs(seen: Seen, stages: str) -> None:
    seen.user.write(
        FILE.replace("    port: 80\n", "    port: 80\n    memory: 40000\n").replace(
            "stages: {dev: {}, prod: {}}\n", stages
        )
    )
    try:
        refused = seen.user.run("up", "--local", "--yes")
        assert (refused.code, "memory" in refused.err) == (2, True)
        for words in ("status", "logs", "tasks", "events", "metrics", "outputs", "exec --print", "exec --check"):
            done = seen.user.run(*words.split(), "--local")
            assert done.code == 0, (words, done.err)
            told = "this shows what was deployed" in done.err or "tstack validate" in done.out
            assert told or (stages and not words.startswith("exec")), (words, done.err)
        for words in ("releases", "releases show 1", "releases diff 1 1"):
            done = seen.user.run(*words.split(), "--local")
            assert (done.code, "this shows what was deployed" in done.err) == (0, True), (words, done.err)
        assert seen.document("releases")["releases"][-1]["number"] == 1
        assert seen.user.run("status", "nowhere", "--local").code == 2
        assert seen.user.run("releases", "nowhere", "--local").code == 2
    finally:
        seen.user.write(FILE)


def test_one_task_with_its_containers_and_the_last_one_that_stopped(seen: Seen) -> None:
    task = seen.document("tasks", "--service", "web")["tasks"][0]["id"]
    shown = seen.document("tasks", "--task", task[:10])["task"]
    assert {one["name"] for one in shown["containers"]} == {"web", "agent"}
    seen.target.client("ecs").stop_task(cluster="seen-dev", task=task, reason="a person did it")
    stopped = eventually(
        lambda: [one for one in seen.document("tasks", "--stopped")["tasks"] if one["id"] == task], what="it stopped"
    )
    assert stopped[0]["stopped_reason"] == "a person did it"
    assert {line["task"] for line in _lines(seen, "--previous", "--service", "web")} <= {task}
    text = seen.user.run("tasks", "--local", "--task", task).out
    assert "a person did it" in text
    assert "EXIT CODE" in text


def test_metrics_and_events(seen: Seen) -> None:
    _asked(seen, 3)

    def figures() -> dict[tuple[str, str], list[float]]:
        found = seen.document("metrics", "--since", "30m")["metrics"]
        return {(one["service"], one["name"]): [point["value"] for point in one["points"]] for one in found}

    def known() -> bool:
        found = figures()
        wanted = [("web", "cpu"), ("web", "tasks"), ("web", "requests"), ("web", "latency_p95"), ("", "instances")]
        return all(found[key] for key in wanted)

    eventually(known, what="figures of a minute")
    kinds = {one["kind"] for one in seen.document("events")["events"]}
    assert {"release", "service", "instances"} <= kinds
    assert "release 1 steady" in seen.user.run("events", "--local").out


def test_services_made_elsewhere_are_read_without_a_file(seen: Seen, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = CommandLine(tmp_path_factory.mktemp("nothing"), seen.user.home)
    place = ("--local", "--json", "--cluster", "seen-dev")
    name = seen.document("outputs")["services"]["web"]["service_name"]
    assert len(elsewhere.run("status", *place).document["services"]) == 2
    assert [one["name"] for one in elsewhere.run("status", *place, "--service", name).document["services"]] == [name]
    assert elsewhere.run("logs", *place, "--service", name).code == 0
    assert elsewhere.run("events", *place).code == 0
    assert elsewhere.run("metrics", *place).code == 0
    line = elsewhere.run("exec", *place, "--service", name, "--print").document["command"]
    assert "--cluster seen-dev" in line
    assert elsewhere.run("exec", *place, "--service", name, "--check").document["ready"]
    nothing = elsewhere.run("exec", "--local", "--cluster", "seen-dev", "--service", "nothing")
    assert (nothing.code, "no service nothing" in nothing.err) == (2, True)
    missing = elsewhere.run("status", "--local", "--cluster", "nowhere")
    assert (missing.code, "no cluster nowhere" in missing.err) == (1, True)


def test_what_is_broken_on_purpose_is_told_where_a_stage_is_looked_at_or_changed(seen: Seen) -> None:
    assert seen.user.run("local", "break", "capacity", "fargate").code == 0
    try:
        for command in (("status",), ("preview",)):
            said = seen.user.run(*command, "--local").err
            assert "broken on purpose" in said, command
            assert "no capacity" in said or "fargate" in said.lower(), command
            assert "tstack local mend" in said, command
    finally:
        seen.user.run("local", "mend")
    assert "broken on purpose" not in seen.user.run("status", "--local").err


def test_a_task_that_others_run_in_the_cluster_is_neither_offered_nor_entered(seen: Seen) -> None:
    ecs = seen.target.client("ecs")
    own = {task["id"] for task in seen.document("tasks")["tasks"]}
    definition = [{"name": "job", "image": "example/job:1", "memory": 32}]
    ecs.register_task_definition(family="another", containerDefinitions=definition)
    ecs.create_service(
        cluster="seen-dev", serviceName="a-first", taskDefinition="another", desiredCount=1, enableExecuteCommand=True
    )
    try:
        eventually(lambda: ecs.list_tasks(cluster="seen-dev", serviceName="a-first")["taskArns"] or None, what="a task")
        ecs.get_waiter("services_stable").wait(
            cluster="seen-dev", services=["a-first"], WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        again = seen.user.run("up", "--local", "--yes")
        assert (again.code, "Traceback" in again.err) == (0, False), again.err
        (line,) = [line for line in again.out.splitlines() if "execute-command" in line]
        assert line.partition("--task ")[2].split()[0] in own
        checked = seen.user.run("exec", "--local", "--check", "--json")
        assert checked.document["task"] in own
    finally:
        ecs.delete_service(cluster="seen-dev", service="a-first", force=True)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("logs", "--service", "wep"), 2, "Did you mean web?"),
        (("logs", "--since", "soon"), 2, "no length of time"),
        (("logs", "--since", "1969-06-01"), 2, "before 1970"),
        (("metrics", "--since", "400000d"), 2, "before 1970"),
        (("events", "--since", "400000d"), 2, "before 1970"),
        (("logs", "--task", "ffffffff"), 2, "no task ffffffff"),
        (("tasks", "--service", "nothing"), 2, "no service nothing"),
        (("metrics", "--service", "nothing"), 2, "no service nothing"),
        (("events", "--service", "nothing"), 2, "no service nothing"),
        (("status", "prod"), 1, "`tstack up prod --local` makes it"),
        (("logs", "prod"), 1, "`tstack up prod --local` makes it"),
        (("drift", "prod"), 1, "`tstack up prod --local` makes it"),
        (("status", "nowhere"), 2, "nowhere"),
        (("tasks", "show"), 2, "`tstack tasks --local` lists them"),
        (("scale", "web=99"), 2, "run `tstack up dev --local`"),
        (("exec", "--region", "eu-west-1"), 2, "lives in region us-east-1, not in eu-west-1"),
    ],
)
def test_bad_input_says_what_to_do(seen: Seen, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = seen.user.run(*arguments, "--local")
    assert (done.code, done.out) == (code, "")
    assert words in done.err


def test_a_watch_draws_on_and_ctrl_c_ends_it(seen: Seen) -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [TSTACK, "status", "--local", "--watch"],
        cwd=seen.user.folder,
        env=seen.user.environment(TERM="xterm-256color", COLUMNS="150", LINES="60"),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    ) as process:
        os.close(follower)
        shown = _read(leader, lambda so_far: so_far.count(b"seen/dev") >= 3)
        process.send_signal(signal.SIGINT)
        rest = _read(leader, lambda _so_far: False)
        os.close(leader)
        assert process.wait(30) == 130
    assert shown.count(b"seen/dev") >= 3, "drawn anew"
    assert b"Traceback" not in rest


def _read(terminal: int, enough: Callable[[bytes], bool], *, seconds: float = 120) -> bytes:
    """Read a terminal until that is enough, or until nobody writes to it any more."""
    shown = b""
    deadline = time.monotonic() + seconds
    while not enough(shown) and time.monotonic() < deadline:
        if select.select([terminal], [], [], 1)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:  # Linux: the other end is closed
                break
    return shown


def test_b2_drift_is_shown_in_words_of_the_file_and_healed(seen: Seen) -> None:
    assert seen.user.run("drift", "--local", "--exit-code").code == 0
    logs = seen.target.client("logs")
    logs.put_retention_policy(logGroupName="/tinystacks/seen/dev/web", retentionInDays=3)
    cloudwatch = seen.target.client("cloudwatch")
    alarms = [alarm["AlarmName"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]]
    cloudwatch.delete_alarms(AlarmNames=[name for name in alarms if name.startswith("seen-web-errors")])
    drifted = seen.user.run("drift", "--local", "--exit-code")
    assert drifted.code == 3
    assert "services.web.logs.retention_days  30 → 3" in drifted.out
    assert "alarm (seen-web-errors) is gone" in drifted.out
    assert seen.document("drift")["drifted"]
    healed = seen.user.run("up", "--local", "--yes", "--refresh")
    assert healed.code == 0, healed.err
    assert seen.user.run("drift", "--local", "--exit-code").code == 0
    backups = list((seen.user.folder / ".tstack" / "local" / "dev" / "backups").glob("*.json"))
    assert backups, "the state is kept before each change (A1)"

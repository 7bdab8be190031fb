from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tests.fakes.aws_clients import AnsweringClient, AwsClients, refusal, unreachable
from tests.fakes.seen_stage import WHEN, ecs_answers, outputs, task_answer
from tinystacks.errors import AwsError, NotDeployedError, UsageError
from tinystacks.kept_clients import KeptClients
from tinystacks.operations.log_model import LogLine, LogPlace
from tinystacks.operations.log_reads import LATE, LogCursor, LogFollower
from tinystacks.operations.log_selection import LogRequest
from tinystacks.operations.stage_reads import Operations
from tinystacks.rendering.logs import no_lines_words, prefix, show_lines

PLACE = LogPlace(service="web", group="/shop/web", prefix="web")


def _event(number: int, at: datetime, stream: str = "web/web/task1") -> dict[str, Any]:
    return {
        "eventId": f"e{number}",
        "timestamp": int(at.timestamp() * 1000),
        "message": f"line {number}\n",
        "logStreamName": stream,
    }


class Logs(AnsweringClient):
    """CloudWatch Logs: events that arrived so far, in pages of two."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: list[dict[str, Any]] = []
        self.failures: list[Exception] = []
        self.answers["filter_log_events"] = self._filter

    def _filter(self, **asked: Any) -> dict[str, Any]:
        if self.failures:
            raise self.failures.pop()
        start = int(asked.get("nextToken", "0"))
        found = [event for event in self.arrived if event["timestamp"] >= asked["startTime"]]
        found.sort(key=lambda event: event["timestamp"])
        page: dict[str, Any] = {"events": found[start : start + 2]}
        return page | ({"nextToken": str(start + 2)} if start + 2 < len(found) else {})


def _clients(logs: Any, **others: Any) -> KeptClients:
    return KeptClients(AwsClients({"logs": logs, **others}))


def _cursor(logs: Logs, since: datetime = WHEN) -> LogCursor:
    return LogCursor(_clients(logs), PLACE, since=since)


def _messages(lines: list[LogLine]) -> list[str]:
    return [line.message for line in lines]


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 4)), max_size=30))
def test_a_cursor_gives_each_line_once_however_late_it_arrives(lines: list[tuple[int, int]]) -> None:
    """Lines of 100 seconds arrive in any order over five looks; LATE is 120 seconds."""
    logs = Logs()
    cursor = _cursor(logs)
    given_lines: list[str] = []
    for look in range(5):
        arriving = [(number, second) for number, (second, turn) in enumerate(lines) if turn == look]
        logs.arrived += [_event(number, WHEN + timedelta(seconds=second)) for number, second in arriving]
        given_lines += _messages(cursor.read())
    assert sorted(given_lines) == sorted(f"line {number}" for number in range(len(lines)))


def test_a_cursor_forgets_what_can_no_longer_be_read_twice() -> None:
    logs = Logs()
    cursor = _cursor(logs)
    for number in range(50):
        logs.arrived = [_event(number, WHEN + number * LATE)]
        assert _messages(cursor.read()) == [f"line {number}"]
    assert cursor.remembered <= 2, "memory must not grow with what was shown"


def test_a_failure_between_pages_loses_nothing_and_doubles_nothing() -> None:
    logs = Logs()
    logs.arrived = [_event(number, WHEN + timedelta(seconds=number)) for number in range(5)]
    logs.failures = [unreachable()]
    cursor = _cursor(logs)
    with pytest.raises(AwsError):
        cursor.read()
    assert _messages(cursor.read()) == [f"line {number}" for number in range(5)]
    assert cursor.read() == []


def test_a_line_names_task_and_container_and_what_else_is_in_the_group_is_left_out() -> None:
    logs = Logs()
    logs.arrived = [_event(1, WHEN, "web/agent/abc"), _event(2, WHEN, "other/web/def")]
    (line,) = _cursor(logs).read()
    assert (line.service, line.container, line.task) == ("web", "agent", "abc")
    assert prefix(line) == "web/agent/abc"
    assert logs.asked[0]["logStreamNamePrefix"] == "web/"


def test_events_without_their_fields_are_no_reason_to_stop() -> None:
    logs = AnsweringClient({"filter_log_events": {"events": [{"logStreamName": "web/x"}, {}]}})
    (line,) = LogCursor(_clients(logs), PLACE, since=datetime(1970, 1, 1, tzinfo=UTC)).read()
    assert (line.task, line.message) == ("", "")


def test_a_follower_says_that_aws_is_gone_and_that_it_is_back_and_loses_nothing() -> None:
    logs = Logs()
    logs.arrived = [_event(0, WHEN)]
    heard: list[str] = []
    turns = iter(
        [
            lambda: logs.failures.extend([refusal("ThrottlingException", "FilterLogEvents")] * 2),
            lambda: None,
            lambda: logs.arrived.append(_event(1, WHEN + timedelta(seconds=1))),
        ]
    )

    def wait(_seconds: float) -> bool:
        turn = next(turns, None)
        if turn is None:
            return False
        turn()
        return True

    follower = LogFollower(
        [_cursor(logs)], wait=wait, on_trouble=lambda error: heard.append(error.code if error else "back")
    )
    assert [_messages(batch) for batch in follower.batches()] == [["line 0"], ["line 1"]]
    assert heard == ["ThrottlingException", "back"]


def test_a_follower_that_cannot_read_at_all_says_so() -> None:
    logs = AnsweringClient({"filter_log_events": refusal("AccessDeniedException", "FilterLogEvents")})
    follower = LogFollower(
        [LogCursor(_clients(logs), PLACE, since=WHEN)], wait=lambda _seconds: False, on_trouble=lambda _error: None
    )
    with pytest.raises(AwsError) as refused:
        list(follower.batches())
    assert "logs:FilterLogEvents" in refused.value.hint


def _operations(
    logs: Any, *, running: list[dict[str, Any]] | None = None, stopped: list[dict[str, Any]] | None = None
) -> Operations:
    ecs = AnsweringClient(ecs_answers([], running or [], [], stopped))
    return Operations(outputs("web", "worker"), AwsClients({"logs": logs, "ecs": ecs}))


def _asked(logs: AnsweringClient) -> set[tuple[str, str]]:
    return {(asked["logGroupName"], asked["logStreamNamePrefix"]) for asked in logs.asked}


def test_all_tasks_of_all_services_are_merged_by_time() -> None:
    groups = {
        "/tinystacks/shop/dev/web": [_event(1, WHEN), _event(4, WHEN + timedelta(seconds=3))],
        "/tinystacks/shop/dev/worker": [_event(2, WHEN + timedelta(seconds=1), "worker/worker/t")],
    }
    logs = AnsweringClient({"filter_log_events": lambda **asked: {"events": groups[asked["logGroupName"]]}})
    assert _messages(_operations(logs).logs(LogRequest(since=WHEN))) == ["line 1", "line 2", "line 4"]


def test_one_task_is_named_by_the_start_of_its_id_and_shown_with_its_sidecars() -> None:
    logs = AnsweringClient()
    operations = _operations(logs, running=[task_answer(0xABC << 100), task_answer(2)])
    operations.logs(LogRequest(task=f"{0xABC << 100:032x}"[:12]))
    task = f"{0xABC << 100:032x}"
    group = "/tinystacks/shop/dev/web"
    assert _asked(logs) == {(group, f"web/web/{task}"), (group, f"web/agent/{task}")}
    assert {asked["startTime"] for asked in logs.asked} == {int(WHEN.timestamp() * 1000)}, "from the task's start on"


def test_previous_is_the_task_that_stopped_last() -> None:
    logs = AnsweringClient()
    stopped = [
        task_answer(1, stoppedAt=WHEN + timedelta(minutes=5)),
        task_answer(2, stoppedAt=WHEN + timedelta(minutes=9)),
        task_answer(3, "worker", stoppedAt=WHEN + timedelta(minutes=30)),
    ]
    _operations(logs, stopped=stopped).logs(LogRequest(service="web", previous=True))
    assert {prefix for _, prefix in _asked(logs)} == {f"web/{name}/{2:032x}" for name in ("web", "agent")}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (LogRequest(), "No lines in that time; --since 1h looks further back."),
        (LogRequest(previous=True), "The task that stopped last wrote nothing."),
        (LogRequest(previous=True, service="web"), "The task of web that stopped last wrote nothing."),
        (LogRequest(task="1e36"), "Task 1e36 wrote nothing."),
        (LogRequest(previous=True, pattern="ERROR"), "The task that stopped last wrote nothing that the filter takes."),
        (
            LogRequest(previous=True, since=WHEN),
            "The task that stopped last wrote nothing in that time; without --since all its lines are shown.",
        ),
    ],
)
def test_no_lines_of_one_task_are_not_looked_for_further_back(request_: LogRequest, words: str) -> None:
    """Lines of one task are read from its beginning on, so that there is nothing further back."""
    assert no_lines_words(request_) == words


def test_a_task_of_its_own_is_looked_for_where_the_services_write() -> None:
    logs = AnsweringClient()
    once = task_answer(7, "web", group="family:shop-dev-web", stoppedAt=WHEN + timedelta(minutes=9))
    _operations(logs, stopped=[once]).logs(LogRequest(previous=True))
    assert ("/tinystacks/shop/dev/web", f"web/web/{7:032x}") in _asked(logs)


@pytest.mark.parametrize(
    ("request_", "kind", "words"),
    [
        (LogRequest(service="wep"), UsageError, "Did you mean web?"),
        (LogRequest(task="ffff"), UsageError, "no task ffff"),
        (LogRequest(task="0"), UsageError, "2 tasks have an id that begins with 0"),
        (LogRequest(previous=True), UsageError, "logs --since 1d"),
        (LogRequest(previous=True, task="0"), UsageError, "--previous"),
    ],
)
def test_what_does_not_exist_is_said_with_what_does(request_: LogRequest, kind: type[Exception], words: str) -> None:
    operations = _operations(AnsweringClient(), running=[task_answer(1), task_answer(2)])
    with pytest.raises(kind) as refused:
        operations.logs(request_)
    assert words in str(refused.value)


def test_a_log_group_that_is_gone_is_said_with_the_way_to_get_it() -> None:
    logs = AnsweringClient({"filter_log_events": refusal("ResourceNotFoundException", "FilterLogEvents")})
    with pytest.raises(AwsError) as refused:
        _operations(logs).logs(LogRequest(service="web"))
    assert "/tinystacks/shop/dev/web does not exist" in refused.value.message
    assert "tstack up" in refused.value.hint


def test_a_service_that_writes_to_no_group_is_said_with_the_way_to_get_one() -> None:
    operations = Operations(outputs("web"), AwsClients(), places={"web": ()})
    with pytest.raises(NotDeployedError) as refused:
        operations.logs(LogRequest())
    assert "awslogs" in refused.value.hint


def test_a_container_cannot_move_the_cursor_of_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    line = LogLine(at=WHEN, service="web", task="abc", container="web", message="\x1b[2J\x1b[31mred[bold]\x1b[0m")
    show_lines(Console(force_terminal=True, color_system="standard"), [line])
    shown = capsys.readouterr().out
    assert "\x1b[2J" not in shown
    assert "red[bold]" in shown, "what looks like markup is the container's own text"


def test_only_the_prefix_has_a_colour_so_that_the_line_keeps_its_own() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, color_system="standard", width=80)
    line = LogLine(at=WHEN, service="web", task="1e3653c2", container="web", message="plain \x1b[31mred\x1b[0m")
    show_lines(console, [line])
    head, _, rest = stream.getvalue().partition("web/1e3653c2\x1b[0m")
    assert head.startswith("\x1b[")
    assert rest.startswith(" plain \x1b[31mred")

"""A deployment is followed to its true end though AWS stops answering for a while, or an answer lacks a field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.fakes.ecs_deployments import (
    OLD,
    Clock,
    Look,
    Pages,
    ScriptedBalancer,
    ScriptedEcs,
    ScriptedLogs,
    deployment,
    stopped_task,
    web_outputs,
)
from tests.fakes.recorded_answers import Path, paths_in, without
from tests.fakes.stages import small_stage
from tinystacks.deployment.ends import Result
from tinystacks.deployment.events import Event, Notice, Warned
from tinystacks.deployment.pace import Pace
from tinystacks.deployment.verdict import Follower
from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tinystacks.deployment.service_verdicts import ServiceVerdict

LOST = EndpointConnectionError(endpoint_url="https://ecs.eu-west-1.amazonaws.com")
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "DescribeServices")
DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeServices")
BEFORE = deployment(OLD, "COMPLETED", status="ACTIVE", running=1)
CRASHED = stopped_task(1, "Essential container in task exited", exit_code=1)
PAUSED = Look([deployment(pending=2), BEFORE], paused="PRE_PRODUCTION_TRAFFIC_SHIFT")
GOOD = (
    Look([deployment(pending=2), BEFORE]),
    PAUSED,
    Look([deployment(running=1, pending=1), BEFORE], events=["has started 1 tasks"], stopped=[CRASHED]),
    Look([deployment(state="COMPLETED", running=2)], "SUCCESSFUL"),
)
BAD = (
    Look([deployment(pending=2), BEFORE]),
    PAUSED,
    Look([deployment(failed=3, pending=1), BEFORE], stopped=[CRASHED]),
    Look([deployment(OLD, running=1), deployment(state="FAILED", status="ACTIVE")], "ROLLBACK_IN_PROGRESS"),
    Look([deployment(OLD, "COMPLETED", running=2)], "ROLLBACK_SUCCESSFUL", reason="the breaker"),
)
OPERATIONS = (
    "describe_services",
    "list_service_deployments",
    "describe_service_deployments",
    "list_tasks",
    "describe_tasks",
)


class Spoilt:
    """A client whose answers are spoilt: by number of the call of an operation, from 1 on."""

    def __init__(self, client: Any, spoil: Callable[[str, int, Any], Any]) -> None:
        self._client = client
        self._spoil = spoil
        self._calls: dict[str, int] = {}

    def get_paginator(self, operation: str) -> Pages:
        return Pages(getattr(self, operation))

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            self._calls[operation] = self._calls.get(operation, 0) + 1
            answer = getattr(self._client, operation)(**arguments)
            return self._spoil(operation, self._calls[operation], answer)

        return call


def follow(
    looks: Sequence[Look], spoil: Callable[[str, int, Any], Any], events: list[Event] | None = None
) -> ServiceVerdict:
    ecs = ScriptedEcs(*looks)
    clock = Clock()
    clients = {"ecs": Spoilt(ecs, spoil), "logs": ScriptedLogs(), "elbv2": ScriptedBalancer(ecs)}
    (verdict,) = Follower(
        stage=small_stage(services={"web": {"rolling_update": {"deadline": 600}}}),
        outputs=web_outputs(),
        client=clients.__getitem__,
        on_event=(events if events is not None else []).append,
        pace=Pace(clock=clock, sleep=clock.sleep, poll=5),
    ).follow()
    return verdict


def omissions(looks: Sequence[Look]) -> list[tuple[str, Path]]:
    found: dict[tuple[str, Path], None] = {}

    def note(operation: str, _call: int, answer: Any) -> Any:
        found.update(dict.fromkeys((operation, path) for path in paths_in(answer, one_by_one=True)))
        return answer

    follow(looks, note)
    assert {operation for operation, _ in found} == set(OPERATIONS)
    return list(found)


def _raises(error: Exception, calls: range) -> Callable[[str, int, Any], Any]:
    def spoil(operation: str, call: int, answer: Any) -> Any:
        if operation == "describe_services" and call in calls:
            raise error
        return answer

    return spoil


@pytest.mark.parametrize("error", [LOST, THROTTLED], ids=["lost", "throttled"])
def test_a_network_that_comes_back_is_told_once_and_the_end_is_true(error: Exception):
    events: list[Event] = []
    assert follow(GOOD, _raises(error, range(2, 12)), events).result is Result.STEADY
    (warned,) = [event for event in events if isinstance(event, Warned)]
    assert "What was ordered goes on" in warned.hint
    assert [event.message for event in events if isinstance(event, Notice)] == ["AWS answers again."]


def test_after_two_minutes_without_an_answer_the_error_says_what_to_do():
    asked: list[int] = []

    def spoil(operation: str, call: int, answer: Any) -> Any:
        asked.append(call)
        return _raises(LOST, range(2, 10_000))(operation, call, answer)

    with pytest.raises(AwsError, match="could not be reached") as refused:
        follow(GOOD, spoil)
    assert refused.value.hint
    assert max(asked) == 26, "one look that was answered, and those of two minutes"


def test_what_aws_does_not_allow_is_not_asked_again():
    with pytest.raises(AwsError, match="AccessDenied"):
        follow(GOOD, _raises(DENIED, range(1, 2)))


@pytest.mark.parametrize("looks", [GOOD, BAD], ids=["steady", "rolled back"])
@pytest.mark.parametrize("call", [1, 2])
def test_a_field_that_one_answer_lacks_changes_no_verdict(looks: Sequence[Look], call: int):
    expected = follow(looks, lambda _operation, _call, answer: answer)
    assert expected.result is (Result.STEADY if looks is GOOD else Result.ROLLED_BACK)
    for operation, path in omissions(looks):

        def spoil(asked: str, number: int, answer: Any, lacking: tuple[str, Path] = (operation, path)) -> Any:
            return without(answer, lacking[1]) if asked == lacking[0] and number == call else answer

        found = follow(looks, spoil)
        assert (found.result, found.task_definition) == (expected.result, expected.task_definition), (operation, path)


@pytest.mark.parametrize("looks", [GOOD, BAD], ids=["steady", "rolled back"])
def test_a_field_that_every_answer_lacks_ends_in_a_verdict_or_an_error_with_a_hint(looks: Sequence[Look]):
    for operation, path in omissions(looks):

        def spoil(asked: str, _number: int, answer: Any, lacking: tuple[str, Path] = (operation, path)) -> Any:
            return without(answer, lacking[1]) if asked == lacking[0] else answer

        try:
            ended: object = follow(looks, spoil).result
        except AwsError as error:
            ended = error.hint
        assert ended, (operation, path)

"""The API as a whole: no operation forgotten, many clients at once, answers that share nothing with the plane."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.fakes.ecs_server import REGION, EcsServer, web_task_definition
from tinystacks.local.appautoscaling_api.operations import OPERATIONS as SCALING_OPERATIONS
from tinystacks.local.ecs_api.app import OPERATIONS
from tinystacks.local.ecs_api.unsupported import UNSUPPORTED

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[EcsServer]:
    with EcsServer() as running:
        running.prepare()
        yield running


def test_a24_every_operation_of_the_model_is_answered_or_named_as_unsupported(server: EcsServer) -> None:
    """Source: ECS API reference."""
    assert OPERATIONS.keys() | UNSUPPORTED == server.ecs.model.operations
    assert not OPERATIONS.keys() & UNSUPPORTED
    assert SCALING_OPERATIONS.keys() | {"GetPredictiveScalingForecast"} == server.scaling.model.operations


def test_many_clients_at_once_make_every_service_and_lose_none(server: EcsServer) -> None:
    refused: list[Exception] = []

    def work(number: int) -> None:
        ecs = server.client("ecs")
        try:
            for turn in range(4):
                name = f"s{number}-{turn}"
                ecs.create_service(cluster="main", serviceName=name, taskDefinition="web", desiredCount=1)
                ecs.describe_services(cluster="main", services=[name])
                server.advance(1)
                ecs.list_tasks(cluster="main")
        except Exception as error:  # noqa: BLE001 - a thread hands over whatever went wrong
            refused.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    listed = server.client("ecs").get_paginator("list_services").paginate(cluster="main")
    assert sum(len(page["serviceArns"]) for page in listed) == 32


def test_what_a_caller_does_to_an_answer_changes_nothing(server: EcsServer) -> None:
    body = {"taskDefinition": "web"}
    answer = server.ecs.handle("DescribeTaskDefinition", REGION, body)
    before = server.ecs.handle("DescribeTaskDefinition", REGION, body)
    answer["taskDefinition"]["containerDefinitions"][0]["image"] = "other"
    assert server.ecs.handle("DescribeTaskDefinition", REGION, body) == before


def test_what_a_caller_does_to_a_request_changes_nothing(server: EcsServer) -> None:
    request = web_task_definition(family="kept")
    server.ecs.handle("RegisterTaskDefinition", REGION, request)
    request["containerDefinitions"][0]["image"] = "other"
    kept = server.ecs.handle("DescribeTaskDefinition", REGION, {"taskDefinition": "kept"})
    assert kept["taskDefinition"]["containerDefinitions"][0]["image"] == "web:1"

"""Deployments under way are stopped; one that ECS takes back already is left to it, and told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.fakes.ecs_deployments import Clock, web_outputs
from tinystacks.deployment.events import Event, Notice
from tinystacks.deployment.pace import Pace
from tinystacks.deployment.service_orders import stop_rollouts

if TYPE_CHECKING:
    from tinystacks.deployment.context import StageContext


class Ecs:
    def __init__(self, status: str) -> None:
        self.status = status
        self.stopped: list[tuple[str, str]] = []

    def list_service_deployments(self, *, service: str, cluster: str, status: list[str]) -> dict[str, Any]:
        assert (service, cluster) == (web_outputs().services["web"].service_arn, "shop-dev")
        found = [{"serviceDeploymentArn": "newest", "status": self.status}] if self.status in status else []
        return {"serviceDeployments": found}

    def stop_service_deployment(self, *, serviceDeploymentArn: str, stopType: str) -> dict[str, Any]:
        self.stopped.append((serviceDeploymentArn, stopType))
        self.status = "ROLLBACK_IN_PROGRESS"
        return {}

    def describe_service_deployments(self, *, serviceDeploymentArns: list[str]) -> dict[str, Any]:
        return {
            "serviceDeployments": [
                {"serviceDeploymentArn": arn, "status": self.status} for arn in serviceDeploymentArns
            ]
        }


def stopping(ecs: Ecs) -> tuple[tuple[str, ...], list[str]]:
    clock = Clock()
    told: list[Event] = []
    context = SimpleNamespace(
        target=SimpleNamespace(client={"ecs": ecs}.__getitem__),
        pace=Pace(clock=clock, sleep=clock.sleep),
        interrupt=SimpleNamespace(check=lambda: None),
    )
    stopped = stop_rollouts(cast("StageContext", context), web_outputs(), told.append)
    return stopped, [event.message for event in told if isinstance(event, Notice)]


@pytest.mark.parametrize("status", ["PENDING", "IN_PROGRESS"])
def test_what_is_under_way_is_stopped(status: str):
    ecs = Ecs(status)
    stopped, told = stopping(ecs)
    assert stopped == ("web",)
    assert ecs.stopped == [("newest", "ROLLBACK")]
    assert told == ["web: its deployment under way is stopped; ECS goes back to what ran before."]


@pytest.mark.parametrize("status", ["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"])
def test_d24_what_ecs_takes_back_already_is_told_and_followed_without_an_order(status: str):
    """Source: developer guide, service-deployment: a rollback is under way, as the deployment before it was."""
    ecs = Ecs(status)
    stopped, told = stopping(ecs)
    assert stopped == ("web",)
    assert ecs.stopped == []
    assert told == ["web: ECS goes back to what ran before already."]


@pytest.mark.parametrize("status", ["SUCCESSFUL", "ROLLBACK_SUCCESSFUL", "STOPPED"])
def test_what_has_ended_is_none(status: str):
    assert stopping(Ecs(status)) == ((), [])

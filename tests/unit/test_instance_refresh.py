"""Following an instance refresh: what is told on the way, how it ends, and who may stop it.

Source: EC2 Auto Scaling API reference, InstanceRefresh (the states) and StartInstanceRefresh.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.fakes.ecs_deployments import Clock
from tinystacks.deployment.events import Notice, Warned
from tinystacks.deployment.instance_refresh import cancel_refresh, follow_refresh, start_refresh
from tinystacks.deployment.pace import Pace
from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.deployment.events import Event


@dataclass
class Group:
    """EC2 Auto Scaling with one group; its refresh is as the function of the time says."""

    refresh: Callable[[], dict[str, Any] | None]
    started: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    refusal: str = ""

    def describe_instance_refreshes(self, **_members: Any) -> dict[str, Any]:
        found = self.refresh()
        return {"InstanceRefreshes": [found] if found else []}

    def start_instance_refresh(self, **members: Any) -> dict[str, Any]:
        self._refuse()
        self.started.append(members)
        return {"InstanceRefreshId": "refresh-2"}

    def cancel_instance_refresh(self, **_members: Any) -> dict[str, Any]:
        self._refuse()
        return {"InstanceRefreshId": "refresh-1"}

    def _refuse(self) -> None:
        if self.refusal:
            error: Any = {"Error": {"Code": self.refusal, "Message": "no"}}
            raise ClientError(error, "AnInstanceRefresh")


def refresh(status: str, percent: int = 0, to_go: int = 2, **more: Any) -> dict[str, Any]:
    return {
        "InstanceRefreshId": "refresh-1",
        "Status": status,
        "PercentageComplete": percent,
        "InstancesToUpdate": to_go,
        **more,
    }


def followed(time: Clock, group: Group) -> tuple[Any, list[Event]]:
    told: list[Event] = []
    pace = Pace(clock=time, sleep=time.sleep, poll=5)
    return follow_refresh(group, "shop", pace=pace, emit=told.append, check=lambda: None), told


def test_each_step_is_told_once_and_the_end_is_given() -> None:
    time = Clock()
    steps = [(20, refresh("InProgress")), (40, refresh("InProgress", 50, 1, StatusReason="Waiting for warm up."))]
    group = Group(lambda: next((one for until, one in steps if time.now < until), refresh("Successful", 100, 0)))
    ended, told = followed(time, group)
    assert ended is not None
    assert (ended.good, ended.percent) == (True, 100)
    assert told == [
        Notice(message="Instance refresh 0 % done, 2 instances to go."),
        Notice(message="Instance refresh 50 % done, 1 instance to go (Waiting for warm up.)."),
    ]


@pytest.mark.parametrize("status", ["Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed"])
def test_an_end_that_is_no_success_says_why(status: str) -> None:
    ended, _ = followed(Clock(), Group(lambda: refresh(status, StatusReason="Instances did not start.")))
    assert ended is not None
    assert (ended.good, ended.under_way, ended.reason) == (False, False, "Instances did not start.")


def test_what_hangs_is_told_every_half_hour_and_waited_for() -> None:
    time = Clock()
    group = Group(lambda: refresh("InProgress") if time.now < 2 * 3600 else refresh("Successful", 100, 0))
    ended, told = followed(time, group)
    assert ended is not None
    assert ended.good
    warned = [one for one in told if isinstance(one, Warned)]
    assert len(warned) == 3
    assert warned[0].message.startswith("Nothing has changed for 30 minutes: instance refresh 0 % done")


def test_a_network_that_is_gone_for_a_minute_is_borne() -> None:
    time = Clock()

    def look() -> dict[str, Any]:
        if 10 <= time.now < 70:
            raise EndpointConnectionError(endpoint_url="https://autoscaling.us-east-1.amazonaws.com")
        return refresh("InProgress") if time.now < 100 else refresh("Successful", 100, 0)

    ended, told = followed(time, Group(look))
    assert ended is not None
    assert ended.good
    assert Notice(message="AWS answers again.") in told


def test_a_new_refresh_has_the_settings_of_the_last_and_spares_what_is_current() -> None:
    preferences = {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 110, "BakeTime": None}
    group = Group(lambda: refresh("Cancelled", Preferences=preferences))
    start_refresh(group, "shop")
    assert [one["Preferences"] for one in group.started] == [
        {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 110, "SkipMatching": True}
    ]


def test_a_refresh_that_someone_else_has_begun_is_as_good() -> None:
    start_refresh(Group(lambda: None, refusal="InstanceRefreshInProgress"), "shop")
    with pytest.raises(AwsError, match="no"):
        start_refresh(Group(lambda: None, refusal="ResourceContention"), "shop")


def test_only_what_is_under_way_can_be_cancelled() -> None:
    assert cancel_refresh(Group(lambda: refresh("InProgress")), "shop")
    assert not cancel_refresh(Group(lambda: refresh("Successful")), "shop")
    assert not cancel_refresh(Group(lambda: None), "shop")
    # It ended between the look and the order.
    ended = Group(lambda: refresh("InProgress"), refusal="ActiveInstanceRefreshNotFound")
    assert not cancel_refresh(ended, "shop")

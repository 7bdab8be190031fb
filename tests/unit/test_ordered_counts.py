"""Numbers of tasks that were ordered, and that something else has set since."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.aws_clients import AnsweringClient, AwsClients, refusal
from tests.fakes.seen_stage import outputs, service_answer
from tinystacks.deployment.ordered_counts import OrderedCounts, Rescaled

CAUSE = "monitor alarm TargetTracking-service/shop-dev/web-AlarmLow-1 in state ALARM triggered policy web-by-cpu"


def _activity(number: int, desired: int) -> dict[str, Any]:
    return {"ActivityId": str(number), "Description": f"Setting desired count to {desired}.", "Cause": CAUSE}


def _rescaled(desired: int, before: Any, after: Any, *, status: str = "ACTIVE") -> tuple[Rescaled, ...]:
    """What became of an order for six tasks."""
    ecs = AnsweringClient({"describe_services": {"services": [service_answer(desired=desired, status=status)]}})
    scaling = AnsweringClient({"describe_scaling_activities": before})
    ordered = OrderedCounts(AwsClients({"ecs": ecs, "application-autoscaling": scaling}), outputs(), {"web": 6})
    scaling.answers["describe_scaling_activities"] = after
    return ordered.set_since()


def test_a_number_that_holds_is_no_news() -> None:
    assert _rescaled(6, {"ScalingActivities": []}, {"ScalingActivities": [_activity(1, 6)]}) == ()


def test_a_number_that_autoscaling_has_set_since_is_told_with_its_cause() -> None:
    earlier = [_activity(1, 2)]
    (found,) = _rescaled(2, {"ScalingActivities": earlier}, {"ScalingActivities": [_activity(2, 2), *earlier]})
    assert found == Rescaled(service="web", asked=6, now=2, by="autoscaling", cause=CAUSE)
    assert found.words == f"web: 6 tasks were asked for; autoscaling has set the number to 2 since ({CAUSE})."
    assert "services.web.tasks.min" in found.advice
    assert found.to_mapping() == {"service": "web", "asked": 6, "now": 2, "by": "autoscaling", "cause": CAUSE}


@pytest.mark.parametrize("after", [[_activity(1, 2)], [_activity(2, 4), _activity(1, 2)], []])
def test_a_number_that_scaling_did_not_set_is_somebody_elses(after: list[dict[str, Any]]) -> None:
    (found,) = _rescaled(2, {"ScalingActivities": [_activity(1, 2)]}, {"ScalingActivities": after})
    assert (found.by, found.cause) == ("", "")
    assert found.words == "web: 6 tasks were asked for; something else has set the number to 2 since."


def test_who_may_not_read_scaling_still_learns_of_the_number() -> None:
    denied = refusal("AccessDeniedException", "DescribeScalingActivities")
    (found,) = _rescaled(2, denied, denied)
    assert (found.now, found.by) == (2, "")


def test_a_service_that_is_gone_has_no_number() -> None:
    assert _rescaled(0, {}, {}, status="INACTIVE") == ()

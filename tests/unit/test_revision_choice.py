"""Which revisions a prune may take (trap B3): those that no kept release ran and that nothing uses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tinystacks.aws_calls import aws_errors
from tinystacks.deployment.ends import Result
from tinystacks.deployment.releases import Release
from tinystacks.deployment.revision_choice import Revision, Use, chosen
from tinystacks.deployment.revision_uses import used_in_cluster
from tinystacks.deployment.service_verdicts import ServiceVerdict
from tinystacks.errors import AwsError

PREFIX = "shop-dev-"
UNKNOWN = None


def revision(number, family="shop-dev-web"):
    return Revision(family=family, number=number)


def release(number, asked, *, result="steady", serving=None, services=("web",)):
    """A release that asked for a revision of `web`; unknown where nobody saw which."""
    verdict = ServiceVerdict(
        service="web",
        result=Result.STEADY,
        asked_task_definition=f"arn:aws:ecs:us-east-1:1:task-definition/shop-dev-web:{asked}",
        task_definition=f"shop-dev-web:{serving or asked}",
    )
    return Release(
        number=number,
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
        result=result,
        spec={"services": {name: {} for name in services}},
        verdicts=() if asked is UNKNOWN else (verdict,),
    )


def doomed(releases, *, keep, active=range(1, 10), used=None):
    found, kept = chosen([revision(number) for number in active], used or {}, releases, prefix=PREFIX, keep=keep)
    assert sorted([*found, *(one.revision for one in kept)]) == [revision(number) for number in active]
    return [one.number for one in found]


def test_revisions_of_releases_before_the_last_n_go():
    releases = [release(number, number) for number in (5, 4, 3, 2, 1)]
    assert doomed(releases, keep=2, active=range(1, 6)) == [1, 2, 3]
    assert doomed(releases, keep=20, active=range(1, 6)) == []


def test_a_release_that_failed_counts_among_the_last_n_and_the_last_steady_one_is_kept_besides():
    releases = [release(4, 4, result="rolled_back", serving=2), release(3, 3, result="failed"), release(2, 2)]
    assert doomed(releases, keep=1, active=range(1, 5)) == [1, 3]
    releases = [release(9, 9, result="failed"), release(8, 8, result="failed"), release(7, 7), release(6, 6)]
    assert doomed(releases, keep=1, active=range(6, 10)) == [6, 8]


@pytest.mark.parametrize("use", list(Use))
def test_what_is_in_use_stays_whatever_the_releases_say(use):
    used = {use: {revision(1)}}
    found, kept = chosen([revision(1), revision(2)], used, [release(3, 3)], prefix=PREFIX, keep=1)
    assert found == (revision(2),)
    assert [(one.revision, one.uses) for one in kept] == [(revision(1), (use,))]


def test_where_nobody_saw_what_a_release_asked_for_all_that_it_can_have_been_stays():
    """As after an `up` that was broken off: between the revision of the release before and that of the one after."""
    releases = [release(6, 7), release(5, UNKNOWN, result="unknown"), release(4, 4), release(3, 2)]
    assert doomed(releases, keep=2, active=range(1, 8)) == [1, 2, 3]
    newest = [release(6, UNKNOWN, result="in_progress"), release(5, 4), release(4, 3)]
    assert doomed(newest, keep=1, active=range(1, 7)) == [1, 2, 3]
    assert doomed([release(1, UNKNOWN, result="failed")], keep=1, active=range(1, 4)) == []


def test_a_stage_without_releases_keeps_only_what_is_in_use():
    assert doomed([], keep=20, active=range(1, 3), used={Use.STATE: {revision(2)}}) == [1]


def test_revisions_of_a_service_that_no_kept_release_has_go():
    releases = [release(3, 3, services=("web",)), release(2, 2, services=("web", "worker"))]
    worker = revision(1, "shop-dev-worker")
    found, _ = chosen([worker, revision(3)], {}, releases, prefix=PREFIX, keep=1)
    assert found == (worker,)
    # Nobody saw which revision of `worker` release 2 asked for.
    found, kept = chosen([worker, revision(3)], {}, releases, prefix=PREFIX, keep=2)
    assert found == ()
    assert kept[1].uses == (Use.RELEASE,)


def test_a_reference_is_read_as_arn_and_as_family_with_number_and_nothing_else():
    assert Revision.of("arn:aws:ecs:us-east-1:1:task-definition/shop-dev-web:12") == revision(12)
    assert str(Revision.of("shop-dev-web:12")) == "shop-dev-web:12"
    for unreadable in ("shop-dev-web", "", "shop-dev-web:x"):
        with pytest.raises(KeyError):
            Revision.of(unreadable)


class HalfAnswering:
    """An ECS that lists a service and neither describes it nor says that there is none."""

    def get_paginator(self, operation: str) -> HalfAnswering:
        assert operation == "list_services"
        return self

    def paginate(self, **_members: str) -> list[dict[str, list[str]]]:
        return [{"serviceArns": ["arn:aws:ecs:eu-west-1:123456789012:service/shop-prod/web"]}]

    def describe_services(self, **_members: object) -> dict[str, list[object]]:
        return {"services": [], "failures": []}


def test_b3_a_service_that_is_not_described_is_no_service_that_uses_nothing() -> None:
    with pytest.raises(AwsError, match="lacks"), aws_errors("ecs"):
        used_in_cluster(HalfAnswering(), "shop-prod")

"""Releases out of a stage's history, and which one a rollback takes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.fakes.stages import small_stage
from tinystacks.deployment.changes import Changes
from tinystacks.deployment.ends import Result
from tinystacks.deployment.release_diff import differences
from tinystacks.deployment.releases import NoReleaseError, pick, release_before, releases_of
from tinystacks.deployment.results import HistoryEntry

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SPEC = small_stage().model_dump(mode="json")


def entry(number, *, result="", engine="succeeded", image="nginx:1", before=None, spec=SPEC):
    release = {
        "number": number,
        "by": "ann",
        "commit": "abc",
        "message": "m",
        "images": {"web": image},
        "result": result,
    }
    return HistoryEntry(
        number=number,
        kind="update",
        result=engine,
        started_at=NOW,
        ended_at=NOW,
        message="",
        changes=Changes(),
        spec=spec,
        release={**release, "before": before or {}} if number else {},
        environment={},
    )


def numbers(found):
    return [(release.number, release.result) for release in found]


def test_entries_without_a_release_are_none_and_of_two_tries_the_last_counts():
    found = releases_of([entry(2), entry(2, engine="failed"), entry(0), entry(1, result="steady")], {})
    assert numbers(found) == [(2, "unknown"), (1, "steady")]


def test_a_result_is_known_from_the_record_the_kept_verdict_or_the_next_release():
    kept = {2: {"result": "rolled_back", "verdicts": [{"service": "web", "result": "rolled_back", "causes": []}]}}
    found = releases_of([entry(3, engine="failed"), entry(2, before={"number": 1, "result": "steady"}), entry(1)], kept)
    assert numbers(found) == [(3, "failed"), (2, "rolled_back"), (1, "steady")]
    assert found[1].verdicts[0].result is Result.ROLLED_BACK


def test_only_the_newest_release_can_be_in_progress():
    """As after an `up` that was broken off, and another one."""
    kept = {2: {"result": "in_progress", "verdicts": []}}
    found = releases_of([entry(3, result="in_progress"), entry(2), entry(1, result="in_progress")], kept)
    assert numbers(found) == [(3, "in_progress"), (2, "unknown"), (1, "unknown")]
    assert [release.reason for release in found] == ["", *["replaced before anybody saw how it ended"] * 2]
    assert found[1].to_mapping()["reason"] == found[1].reason
    told = releases_of([entry(2, before={"number": 1, "result": "in_progress"}), entry(1)], {})
    assert numbers(told) == [(2, "unknown"), (1, "unknown")]


def test_json_keys_that_scripts_rely_on():
    [release] = releases_of([entry(1, result="steady")], {})
    keys = ["number", "created_at", "by", "commit", "message", "result", "images", "reason"]
    assert list(release.to_mapping()) == keys


def test_ask_6_a_rollback_takes_the_last_steady_release_that_ran_something_else():
    found = releases_of(
        [
            entry(5, result="steady", image="nginx:1"),
            entry(4, result="rolled_back", image="nginx:4"),
            entry(3, result="steady", image="nginx:1"),
            entry(2, result="steady", image="nginx:2"),
            entry(1, result="steady", image="nginx:0"),
        ],
        {},
    )
    assert release_before(found, "dev").number == 2
    assert release_before(found[1:], "dev").number == 3


def test_nothing_to_go_back_to_and_unknown_releases_say_so():
    with pytest.raises(NoReleaseError, match="no releases yet"):
        release_before([], "dev")
    only = releases_of([entry(2, result="steady"), entry(1, result="failed", image="x")], {})
    with pytest.raises(NoReleaseError, match="nothing to go back to"):
        release_before(only, "dev")
    with pytest.raises(NoReleaseError, match="no release 7; it has 1 to 2"):
        pick(only, 7, "dev")


def test_a_release_gives_the_stage_back_and_one_that_cannot_be_read_is_no_traceback():
    [release] = releases_of([entry(1)], {})
    assert release.stage() == small_stage()
    [strange] = releases_of([entry(1, spec={"services": "other"})], {})
    with pytest.raises(NoReleaseError, match="another version"):
        strange.stage()


def test_differences_are_in_words_of_the_file():
    changed = small_stage(services={"web": {"variables": {"A": "1"}, "tasks": {"max": 9}}}).model_dump(mode="json")
    before, after = releases_of([entry(2, image="nginx:2", spec=changed), entry(1)], {})[::-1]
    assert [(one.field, one.before, one.after) for one in differences(before, after)] == [
        ("images.web", "nginx:1", "nginx:2"),
        ("services.web.tasks.max", 5, 9),
        ("services.web.variables.A", None, "1"),
    ]
    assert differences(before, before) == ()

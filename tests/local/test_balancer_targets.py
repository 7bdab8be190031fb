"""Target health as a state machine (ALB user guide: target-group-health-checks, load-balancer-target-groups)."""

from dataclasses import replace

import pytest

from tinystacks.local.targets import CheckResult, TargetBook, TargetGroup

PASSED = CheckResult(passed=True)
FAILED = CheckResult(
    passed=False, reason="Target.ResponseCodeMismatch", description="Health checks failed with these codes: [503]"
)


def group(**changes):
    settled = TargetGroup(arn="tg", interval=10, healthy_threshold=3, unhealthy_threshold=2)
    return replace(settled, **changes)


@pytest.fixture
def book():
    made = TargetBook()
    made.set_groups({"tg": group()})
    made.register("tg", "i-1", 40000, address=("127.0.0.1", 40000), now=0, task_id="t1")
    return made


def check(book, now, *results):
    for number, result in enumerate(results):
        for target, settings in book.due(now + 10 * number):
            book.checked(target, settings, result)


def states(book):
    return [(one.state, one.reason) for one in book.take_changes()]


def test_l2_one_success_makes_a_new_target_healthy(book):
    """Source: Application Load Balancer user guide, target-group-health-checks; Elastic Load Balancing API,
    CreateTargetGroup; developer guide, load-balancer-healthcheck.
    """
    assert book.due(0.5) == []
    check(book, 1, PASSED)
    assert states(book) == [("initial", "Elb.RegistrationInProgress"), ("healthy", "")]
    assert book.describe("tg")[0].description == ""


def test_l3_unhealthy_after_two_failures_in_a_row_and_back_after_the_healthy_threshold(book):
    """Source: Application Load Balancer user guide, target-group-health-checks."""
    check(book, 1, PASSED, FAILED, PASSED, FAILED, FAILED)
    assert states(book)[-1] == ("unhealthy", "Target.ResponseCodeMismatch")
    check(book, 61, PASSED, PASSED)
    assert states(book) == []
    check(book, 81, PASSED)
    assert states(book) == [("healthy", "")]


def test_l3_the_beat_is_the_groups_interval(book):
    """Source: Application Load Balancer user guide, target-group-health-checks."""
    assert len(book.due(1)) == 1
    assert book.due(10.9) == []
    assert len(book.due(11)) == 1


def test_l4_a_new_target_that_fails_is_initial_until_the_threshold(book):
    """Source: Application Load Balancer user guide, target-group-health-checks."""
    check(book, 1, FAILED)
    assert states(book)[-1] == ("initial", "Elb.InitialHealthChecking")
    check(book, 11, FAILED)
    assert states(book)[-1] == ("unhealthy", "Target.ResponseCodeMismatch")


def test_l7_a_target_drains_for_the_whole_delay_and_gets_no_new_requests(book):
    """Source: Application Load Balancer user guide, load-balancer-target-groups; developer guide,
    load-balancer-connection-draining.
    """
    book.set_groups({"tg": group(deregistration_delay=30)})
    check(book, 1, PASSED)
    book.take_changes()
    assert book.deregister("tg", "i-1", 40000, now=100)
    assert states(book) == [("draining", "Target.DeregistrationInProgress")]
    assert book.routable("tg") == []
    assert book.due(105) == []
    book.advance(129.9)
    assert states(book) == []
    book.advance(130)
    assert states(book) == [("unused", "Target.NotRegistered")]
    assert book.describe("tg") == []


def test_l6_a_group_that_no_listener_uses_is_not_checked(book):
    """Source: Application Load Balancer user guide, target-group-health-checks."""
    book.set_groups({"tg": group(in_use=False)})
    book.advance(1)
    assert states(book)[-1] == ("unused", "Target.NotInUse")
    assert book.due(100) == []
    book.set_groups({"tg": group()})
    book.advance(2)
    assert states(book) == [("initial", "Elb.InitialHealthChecking")]
    assert len(book.due(3)) == 1


def test_l9_fail_open_when_no_target_is_healthy(book):
    """Source: Application Load Balancer user guide, target-group-health-checks, load-balancer-troubleshooting."""
    book.register("tg", "i-2", 40001, address=("127.0.0.1", 40001), now=0)
    first, second = [target for target, _ in book.due(1)]
    book.checked(first, group(), PASSED)
    assert book.routable("tg") == [first]
    for _ in range(2):
        book.checked(first, group(), FAILED)
        book.checked(second, group(), FAILED)
    assert {one.target_id for one in book.routable("tg")} == {"i-1", "i-2"}


def test_several_ports_of_one_instance_are_several_targets(book):
    book.register("tg", "i-1", 40001, address=("127.0.0.1", 40001), now=0)
    assert {one.port for one in book.describe("tg")} == {40000, 40001}
    assert book.deregister("tg", "i-1", None, now=1)
    assert {one.state for one in book.describe("tg")} == {"draining"}


def test_a_target_that_is_not_there_is_told_as_gone_at_once(book):
    book.take_changes()
    book.leave("tg", "i-9", 1, now=0, task_id="t9")
    assert states(book) == [("unused", "Target.NotRegistered")]


def test_targets_of_a_deleted_group_are_told_as_gone(book):
    book.take_changes()
    book.set_groups({})
    assert states(book) == [("unused", "Target.NotRegistered")]


@pytest.mark.parametrize(
    ("codes", "passing", "failing"),
    [("200", [200], [201, 404]), ("200-299,302", [200, 250, 302], [301, 303]), ("200,202", [202], [201])],
)
def test_l1_the_matcher(codes, passing, failing):
    """Source: Application Load Balancer user guide, target-group-health-checks; Elastic Load Balancing API,
    CreateTargetGroup.
    """
    settings = group(codes=codes)
    assert all(settings.passes(code) for code in passing)
    assert not any(settings.passes(code) for code in failing)


def test_l5_the_words_for_each_state(book):
    """Source: Application Load Balancer user guide, target-group-health-checks."""
    told = []
    for change in (FAILED, replace(FAILED, reason="Target.Timeout", description="")):
        check(book, 1, change, change)
        told += [one.description for one in book.take_changes()]
        book.set_groups({})
        book.set_groups({"tg": group()})
        book.register("tg", "i-1", 40000, address=("127.0.0.1", 40000), now=0)
    assert told[:3] == [
        "Target registration is in progress",
        "Initial health checks in progress",
        "Health checks failed with these codes: [503]",
    ]
    assert told[-1] == "Request timed out"
    book.deregister("tg", "i-1", None, now=0)
    assert book.take_changes()[-1].description == "Target deregistration is in progress"


def test_l18_the_first_request_comes_with_the_first_check_and_the_last_before_the_delay(book):
    """Source: Application Load Balancer user guide, target-group-health-checks; Elastic Load Balancing API,
    CreateTargetGroup; developer guide, load-balancer-healthcheck; Application Load Balancer user guide,
    load-balancer-target-groups; developer guide, load-balancer-connection-draining.
    """
    check(book, 1, PASSED)
    assert [one.target_id for one in book.routable("tg")] == ["i-1"]
    book.deregister("tg", "i-1", 40000, now=1)
    assert book.routable("tg") == []
    book.advance(1 + group().deregistration_delay)
    assert book.describe("tg") == []

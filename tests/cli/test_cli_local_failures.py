"""`tstack local speed|break|mend` as processes."""

from __future__ import annotations

import pytest

from tests.fakes.command_line import a_user
from tinystacks.commands.timespans import seconds_of
from tinystacks.errors import UsageError
from tinystacks.local.process import LocalAws


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    made = a_user(tmp_path_factory.mktemp("user"))
    local = LocalAws(home=made.local_home, providers=False)
    local.start("simulated", speed=20)
    yield made
    local.stop()


def test_speed_is_set_and_status_shows_it(user):
    ran = user.run("local", "speed", "60")
    assert (ran.code, ran.out) == (0, "")
    assert "runs at 60 seconds per second" in ran.err
    assert user.run("local", "status", "--json").document["speed"] == 60


@pytest.mark.parametrize("speed", ["0", "2000", "1e+09", "nan", "-1", "-0.5", "-.5", "-1x", "abc", "''"])
def test_a_speed_that_no_clock_has_is_wrong_usage(user, speed):
    before = user.run("local", "status", "--json").document["speed"]
    ran = user.run("local", "speed", speed, "--json")
    error = ran.document["error"]
    assert (ran.code, error["kind"]) == (2, "usage")
    assert error["message"] == f"the speed of the local AWS cannot be {speed}"
    assert error["hint"] == "Give a number from 0.1 to 1000."
    assert user.run("local", "status", "--json").document["speed"] == before


def test_an_option_that_speed_does_not_have_is_no_speed(user):
    ran = user.run("local", "speed", "--jsn", "5")
    assert (ran.code, "No such option: --jsn" in ran.err) == (2, True)


def test_what_is_broken_is_told_listed_and_mended(user):
    broken = user.run("local", "break", "pull", "--for", "1h30m", "--json").document["failure"]
    assert (broken["kind"], broken["what"]) == ("pull", "")
    assert user.run("local", "status", "--json").document["failures"] == [broken]
    shown = user.run("local", "status")
    assert "images of all services cannot be pulled" in shown.out
    assert "until " in shown.out
    mended = user.run("local", "mend")
    assert f"Mended: {broken['id']}" in mended.err
    assert "Nothing is broken." in user.run("local", "mend").err


def test_what_is_broken_is_named_when_something_else_is_to_be_mended(user):
    broken = user.run("local", "break", "pull", "--json").document["failure"]
    refused = user.run("local", "mend", "nosuch")
    assert (refused.code, f"There are: pull, {broken['id']}." in refused.err) == (2, True)
    user.run("local", "mend")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("break", "zon"), "Did you mean `zone`?"),
        (("break", "zon"), "task, instance, zone, health, pull, capacity, agent, spot, throttling"),
        (("break", "xx"), "task, instance, zone, health, pull, capacity, agent, spot, throttling"),
        (("break", "task", "web"), "there is no service or task `web`"),
        (("break", "pull", "--for", "soon"), "--for cannot be `soon`"),
        (("mend", "pull"), "nothing is broken"),
    ],
)
def test_what_makes_no_sense_is_refused_with_exit_2(user, arguments, said):
    ran = user.run("local", *arguments)
    assert ran.code == 2
    assert said in ran.err


def test_without_a_local_aws_there_is_nothing_to_break(tmp_path):
    ran = a_user(tmp_path).run("local", "break", "pull")
    assert ran.code == 1
    assert "the local AWS does not run" in ran.err


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("30s", 30), ("5m", 300), ("1h30m", 5400), ("0.5m", 30)])
def test_spans_of_time(text, seconds):
    assert seconds_of(text, "--for") == seconds


@pytest.mark.parametrize("text", ["", "5x", "m", "-5m", "0", "1m 5", "1.2.3s"])
def test_what_is_no_span_of_time_is_refused(text):
    with pytest.raises(UsageError, match="--for"):
        seconds_of(text, "--for")

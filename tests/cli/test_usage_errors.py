"""Words that the command line does not take, for people and for programs."""

from __future__ import annotations

import pytest

from tests.fakes.command_line import a_user


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("up --jsn --json", "No such option: --jsn"),
        ("up a b --json", "unexpected extra argument"),
        ("up --speed abc --json", "'--speed'"),
        ("local speed --json", "Missing argument"),
        ("vp --json", "No such command 'vp'"),
        ("up --local --runtime foo --json", "'--runtime'"),
        ("--jsn up --json", "No such option: --jsn"),
    ],
)
def test_with_json_a_usage_error_is_one_document_and_said_as_ever(tmp_path, words, says):
    user = a_user(tmp_path)
    ended = user.run(*words.split())
    plain = user.run(*words.replace(" --json", "").split())

    error = ended.document["error"]
    assert set(error) == {"kind", "message", "hint", "exit_code", "problems"}
    assert (ended.code, error["kind"], error["exit_code"], error["problems"]) == (2, "usage", 2, [])
    assert says in error["message"]
    assert "--help" in error["hint"]
    assert (ended.err, plain.out) == (plain.err, "")


def test_a_runtime_that_there_is_not_names_those_that_there_are_and_starts_nothing(tmp_path):
    user = a_user(tmp_path)
    ran = user.run("local", "start", "--runtime", "foo")
    assert ran.code == 2
    assert "'--runtime'" in ran.err
    assert "docker" in ran.err
    assert "simulated" in ran.err
    assert not user.local_aws_was_started


def test_a_task_that_has_ended_is_not_followed(tmp_path):
    ran = a_user(tmp_path).run("logs", "--previous", "--follow", "--cluster", "main")
    assert ran.code == 2
    assert "leave --follow out" in ran.err


@pytest.mark.parametrize("option", [("--runtime", "simulated"), ("--speed", "20")], ids=lambda option: option[0])
def test_what_is_of_the_local_aws_only_is_refused_without_it(tmp_path, option):
    user = a_user(tmp_path)
    user.write("name: shop\nregion: us-east-1\nservices: {web: {image: 'example/web:1'}}\n")
    ran = user.run("up", "--yes", *option, "--json")
    error = ran.document["error"]
    assert (ran.code, error["kind"]) == (2, "usage")
    assert option[0] in error["message"]
    assert "--local" in error["hint"]

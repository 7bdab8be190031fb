"""`tstack engine`, with an engine, with one that is too old, and with none."""

from __future__ import annotations

import pytest

from tests.fakes.command_line import CommandLine, a_user


@pytest.fixture
def user(tmp_path) -> CommandLine:
    return a_user(tmp_path, PATH=str(tmp_path))


def _engine(user: CommandLine, version: str) -> str:
    program = user.home / f"pulumi-{version}"
    program.write_text(f"#!/bin/sh\necho v{version}\n")
    program.chmod(0o755)
    return str(program)


def test_engine_alone_shows_which_engine_is_used(user: CommandLine):
    program = _engine(user, "3.272.0")
    alone, shown = (user.run(*words, TINYSTACKS_ENGINE=program) for words in (["engine"], ["engine", "show"]))
    assert (alone.code, alone.out, alone.err) == (shown.code, shown.out, shown.err) == (0, shown.out, "")
    assert program in alone.out
    assert user.run("engine", "--json", TINYSTACKS_ENGINE=program).document["engine"]["path"] == program


@pytest.mark.parametrize("words", [["engine"], ["engine", "show"], ["engine", "show", "--json"]])
def test_without_an_engine_the_ways_to_one_are_told(user: CommandLine, words: list[str]):
    ran = user.run(*words)
    assert ran.code == 1
    assert "Three ways to get one" in ran.err
    assert "unset it" not in ran.err
    if "--json" in words:
        assert ran.document["engine"] is None


@pytest.mark.parametrize("words", [["engine", "show"], ["engine", "install"]])
def test_a_named_engine_that_is_too_old_is_first_of_all_a_matter_of_the_name(user: CommandLine, words: list[str]):
    ran = user.run(*words, TINYSTACKS_ENGINE=_engine(user, "3.1.0"))
    assert ran.code == 1
    hint = ran.err[ran.err.index("next") :]
    assert hint.index("TINYSTACKS_ENGINE") < hint.index("unset it, or name another") < hint.index("Three ways")

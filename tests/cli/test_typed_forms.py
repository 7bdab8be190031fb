"""What people type is brought to what is parsed."""

from __future__ import annotations

import pytest

from tinystacks.commands.typed_forms import parsed_form


@pytest.mark.parametrize(
    ("typed", "parsed"),
    [
        ("releases", "releases list"),
        ("releases prod --json", "releases list prod --json"),
        ("releases show 3", "releases show 3"),
        ("releases --help", "releases --help"),
        ("tasks", "tasks"),
        ("tasks show", "tasks show"),
        ("tasks show 1e36 --local", "tasks --task 1e36 --local"),
        ("tasks show prod 1e36 --json", "tasks prod --task 1e36 --json"),
        ("tasks show --task 1e36", "tasks show --task 1e36"),
        ("tasks show --local 1e36", "tasks --task 1e36 --local"),
        ("tasks --file a.yaml show prod --local 1e36", "tasks prod --task 1e36 --file a.yaml --local"),
        ("tasks prod --service web", "tasks prod --service web"),
        ("releases --local show prod 3", "releases show prod 3 --local"),
        ("releases --region eu-west-1 prod", "releases list prod --region eu-west-1"),
        ("run --service web -- ls -l", "run --service web --command-word=ls --command-word=-l"),
        ("up --local", "up --local"),
    ],
)
def test_forms(typed: str, parsed: str) -> None:
    assert parsed_form(typed.split()) == parsed.split()

"""Questions, and which answers they take."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tinystacks.rendering.asking import wants_to_go_back
from tinystacks.rendering.console import Screen


class Typed(Console):
    """A terminal on which a person types these lines."""

    def __init__(self, *lines: str) -> None:
        super().__init__(file=io.StringIO(), width=160)
        self.lines = list(lines)
        self.asked: list[str] = []

    def input(self, prompt: object = "", **_options: object) -> str:
        self.asked.append(str(prompt))
        if not self.lines:
            raise EOFError
        return self.lines.pop(0)


@pytest.mark.parametrize(
    ("lines", "goes_back", "questions"),
    [
        (["stop"], True, 1),
        (["S"], True, 1),
        ([""], False, 1),
        (["leave"], False, 1),
        (["xyz", "stop"], True, 2),
        (["no", "what", ""], False, 3),
        ([], False, 1),
    ],
)
def test_an_answer_that_is_neither_is_asked_again(lines: list[str], *, goes_back: bool, questions: int) -> None:
    typed = Typed(*lines)
    assert wants_to_go_back(Screen(data=typed, talk=typed, interactive=True, live=False)) is goes_back
    assert len(typed.asked) == questions
    if questions > 1:
        assert f"`{lines[0]}` is neither" in typed.asked[1]

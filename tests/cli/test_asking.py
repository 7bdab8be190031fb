"""Questions, and which answers they take."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tinystacks.deployment.gate import RemovalError
from tinystacks.errors import ApprovalMissingError, InterruptedByUserError, UsageError
from tinystacks.rendering.asking import (
    ask_before_prune,
    ask_before_removal,
    ask_before_removing_parts,
    ask_before_up,
    wants_to_go_back,
)
from tinystacks.rendering.console import Screen
from tinystacks.spec.model import StackSpec


class Typed(Console):
    """A terminal on which a person types these lines."""

    def __init__(self, *lines: str) -> None:
        super().__init__(file=io.StringIO(), width=160)
        self.lines = list(lines)
        self.asked: list[str] = []

    @property
    def written(self) -> str:
        assert isinstance(self.file, io.StringIO)
        return self.file.getvalue()

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


def stage():
    return StackSpec.from_mapping({"name": "shop", "services": {"web": {"image": "nginx"}}}).stage()


@pytest.mark.parametrize("lines", [["y"], ["yes"], [""], []])
def test_what_no_state_knows_is_deleted_only_after_the_word(lines: list[str]) -> None:
    typed = Typed(*lines)
    screen = Screen(data=typed, talk=typed, interactive=True, live=False)
    with pytest.raises(InterruptedByUserError, match="nothing was changed"):
        ask_before_removal(screen, stage(), 2, yes=False)
    assert "these 2 resources of shop/dev" in typed.asked[0]


def test_the_word_or_the_option_lets_go_on_and_without_a_terminal_the_option_alone() -> None:
    typed = Typed("delete")
    ask_before_removal(Screen(data=typed, talk=typed, interactive=True, live=False), stage(), 1, yes=False)
    nobody = Screen(data=typed, talk=typed, interactive=False, live=False)
    ask_before_removal(nobody, stage(), 1, yes=True)
    with pytest.raises(UsageError, match="no terminal"):
        ask_before_removal(nobody, stage(), 1, yes=False)
    assert len(typed.asked) == 1


def test_what_an_up_would_remove_is_listed_and_asked_about_and_refused_where_nobody_is() -> None:
    error = RemovalError("service `web` is removed")
    typed = Typed("delete", "y")
    terminal = Screen(data=typed, talk=typed, interactive=True, live=False)
    ask_before_removing_parts(terminal, error)
    with pytest.raises(InterruptedByUserError):
        ask_before_removing_parts(terminal, error)
    with pytest.raises(RemovalError) as refused:
        ask_before_removing_parts(Screen(data=typed, talk=typed, interactive=False, live=False), error)
    assert refused.value.exit_code == 2


def test_an_approval_is_asked_for_in_an_account_and_named_in_a_rehearsal() -> None:
    wants = stage().model_copy(update={"approval": "manual"})
    typed = Typed()
    nobody = Screen(data=typed, talk=typed, interactive=False, live=False)
    with pytest.raises(ApprovalMissingError, match="stage dev wants an approval"):
        ask_before_up(nobody, wants, yes=True, approved=False)
    assert typed.written == ""
    ask_before_up(nobody, wants, yes=False, approved=False, local=True)
    assert "stage dev wants an approval (`approval: manual`); with --local nobody is asked" in typed.written
    assert typed.asked == []


def test_a_rehearsal_of_a_stage_without_an_approval_says_nothing() -> None:
    typed = Typed()
    screen = Screen(data=typed, talk=typed, interactive=True, live=False)
    ask_before_up(screen, stage(), yes=False, approved=False, local=True)
    ask_before_up(screen, stage().model_copy(update={"approval": "manual"}), yes=False, approved=True, local=True)
    assert (typed.written, typed.asked) == ("", [])


@pytest.mark.parametrize("lines", [["n"], [""], []])
def test_revisions_are_deregistered_only_after_a_yes(lines: list[str]) -> None:
    typed = Typed(*lines, "y")
    screen = Screen(data=typed, talk=typed, interactive=True, live=False)
    if lines:
        with pytest.raises(InterruptedByUserError, match="nothing was changed"):
            ask_before_prune(screen, stage(), 1, yes=False)
    ask_before_prune(screen, stage(), 3, yes=False)
    assert typed.asked[-1] == "Deregister these 3 revisions of shop/dev? [y/N] "
    ask_before_prune(Screen(data=typed, talk=typed, interactive=False, live=False), stage(), 3, yes=True)
    with pytest.raises(UsageError, match="no terminal"):
        ask_before_prune(Screen(data=typed, talk=typed, interactive=False, live=False), stage(), 3, yes=False)

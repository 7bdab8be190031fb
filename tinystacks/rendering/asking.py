"""Questions before a change; without a terminal nothing is asked and what needs a yes is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.errors import ApprovalMissingError, InterruptedByUserError, UsageError

if TYPE_CHECKING:
    from tinystacks.deployment.gate import RemovalError
    from tinystacks.rendering.console import Screen
    from tinystacks.spec.model import StageSpec

DELETE_WORD = "delete"


def ask_before_up(screen: Screen, stage: StageSpec, *, yes: bool, approved: bool, local: bool = False) -> None:
    """Ask for the approval that a stage wants, and on a terminal whether to go on.

    Args:
        screen: the streams of the command.
        stage: the stage that would change.
        yes: the user has said yes already.
        approved: the user has approved already.
        local: nothing in an account changes, so that there is nothing to ask; an approval that would be is named.

    Raises:
        ApprovalMissingError: the stage wants an approval and nobody gave one.
        InterruptedByUserError: the answer was no.
    """
    if local:
        if stage.approval == "manual" and not approved:
            words = f"note    stage {stage.stage} wants an approval (`approval: manual`); with --local nobody is asked"
            screen.talk.print(words, markup=False, style="cyan")
        return
    if stage.approval == "manual" and not approved:
        if not screen.interactive:
            raise ApprovalMissingError(
                f"stage {stage.stage} wants an approval", hint=f"Give it: `tstack up {stage.stage} --approve`."
            )
        _must_type(screen, stage.stage, f"Stage {stage.stage} wants an approval. Type its name to approve: ")
    elif screen.interactive and not yes:
        _must_type(screen, "y", f"Change {stage.stack}/{stage.stage}? [y/N] ")


def require_answer(screen: Screen, command: str, *, yes: bool) -> None:
    """Refuse a command that has to ask where nobody can be asked, before it touches anything.

    Args:
        screen: the streams of the command.
        command: its name.
        yes: the user has said yes already.

    Raises:
        UsageError: there is no terminal and no `--yes`.
    """
    if not yes and not screen.interactive:
        raise UsageError(f"{command} asks first, and there is no terminal to ask on", hint="Add --yes.")


def ask_before_destroy(screen: Screen, stage: StageSpec, *, yes: bool) -> None:
    """Have the word `delete` typed before a stage is removed.

    Raises:
        UsageError: there is nobody to ask and no `--yes`.
        InterruptedByUserError: something else was typed.
    """
    require_answer(screen, "destroy", yes=yes)
    if not yes:
        _must_type(screen, DELETE_WORD, f"This removes {stage.stack}/{stage.stage}. Type `{DELETE_WORD}` to go on: ")


def ask_before_removal(screen: Screen, stage: StageSpec, count: int, *, yes: bool) -> None:
    """Have the word `delete` typed before what no state knows is deleted; it was listed just before.

    Args:
        screen: the streams of the command.
        stage: whose resources they are.
        count: how many.
        yes: the user has said yes already.

    Raises:
        UsageError: there is nobody to ask and no `--yes`.
        InterruptedByUserError: something else was typed.
    """
    require_answer(screen, "repair --remove", yes=yes)
    if not yes:
        what = "this resource" if count == 1 else f"these {count} resources"
        question = f"This deletes {what} of {stage.stack}/{stage.stage}. Type `{DELETE_WORD}` to go on: "
        _must_type(screen, DELETE_WORD, question)


def ask_before_removing_parts(screen: Screen, error: RemovalError) -> None:
    """Say what an `up` would remove, and ask whether it may.

    Args:
        screen: the streams of the command.
        error: of the `up` that stopped before it.

    Raises:
        RemovalError: there is nobody to ask.
        InterruptedByUserError: the answer was no.
    """
    if not screen.interactive:
        raise error
    screen.talk.print(error.message, markup=False)
    _must_type(screen, DELETE_WORD, f"Type `{DELETE_WORD}` to go on: ")


def ask_before_instances_update(screen: Screen, stage: StageSpec, *, yes: bool) -> None:
    """Ask before the instances of a stage are replaced.

    Raises:
        UsageError: there is nobody to ask and no `--yes`.
        InterruptedByUserError: the answer was no.
    """
    require_answer(screen, "instances update", yes=yes)
    if not yes:
        _must_type(screen, "y", f"Replace the instances of {stage.stack}/{stage.stage}? [y/N] ")


def ask_before_rollback(screen: Screen, stage: StageSpec, number: int, *, yes: bool) -> None:
    """Ask before an earlier release is brought back.

    Raises:
        UsageError: there is nobody to ask and no `--yes`.
        InterruptedByUserError: the answer was no.
    """
    require_answer(screen, "rollback", yes=yes)
    if not yes:
        _must_type(screen, "y", f"Bring release {number} of {stage.stack}/{stage.stage} back? [y/N] ")


def ask_before_prune(screen: Screen, stage: StageSpec, count: int, *, yes: bool) -> None:
    """Ask before revisions are deregistered, which cannot be taken back; they were listed just before.

    Args:
        screen: the streams of the command.
        stage: whose revisions they are.
        count: how many.
        yes: the user has said yes already.

    Raises:
        UsageError: there is nobody to ask and no `--yes`.
        InterruptedByUserError: the answer was no.
    """
    require_answer(screen, "releases prune", yes=yes)
    if not yes:
        what = "this revision" if count == 1 else f"these {count} revisions"
        _must_type(screen, "y", f"Deregister {what} of {stage.stack}/{stage.stage}? [y/N] ")


def wants_to_go_back(screen: Screen) -> bool:
    """Ask, after an interrupt, whether the deployment is stopped; without a terminal it is left alone."""
    if not screen.interactive:
        return False
    question = "Stop the deployment and go back, or leave it? [stop/LEAVE] "
    while True:
        try:
            answer = screen.talk.input(question, markup=False).strip().lower()
        except (EOFError, KeyboardInterrupt):
            return False
        if answer in {"s", "stop"}:
            return True
        if answer in {"", "l", "leave"}:
            return False
        question = f"`{answer}` is neither. Type `stop` to go back, or `leave` (or nothing) to leave it: "


def ask_before_unlock(screen: Screen, stage: StageSpec, *, yes: bool) -> None:
    """Ask before a lock is removed; a writer on another host that still lives would then spoil the state (trap A6).

    Raises:
        UsageError: there is nobody to ask and no `--yes`.
        InterruptedByUserError: the answer was no.
    """
    require_answer(screen, "unlock", yes=yes)
    if not yes:
        _must_type(screen, "y", f"Is nothing changing {stage.stack}/{stage.stage} on any host? Unlock it? [y/N] ")


def ask_before_reset(screen: Screen, *, yes: bool) -> None:
    """Ask before everything in the local AWS is thrown away.

    Raises:
        UsageError: there is nobody to ask and no `--yes`.
        InterruptedByUserError: the answer was no.
    """
    require_answer(screen, "reset", yes=yes)
    if not yes:
        _must_type(screen, "y", "Throw away everything in the local AWS? [y/N] ")


def _must_type(screen: Screen, wanted: str, question: str) -> None:
    try:
        answer = screen.talk.input(question, markup=False)
    except EOFError:
        answer = ""
    if answer.strip().lower() != wanted:
        raise InterruptedByUserError("nothing was changed")

"""`destroy`, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.aws_calls import aws_errors
from tinystacks.deployment.changes import Changes
from tinystacks.deployment.clearing import ask_first, clear, empty_repositories
from tinystacks.deployment.ends import Result
from tinystacks.deployment.engine_errors import EngineFailure
from tinystacks.deployment.events import Notice, Phase, PhaseStarted, Warned
from tinystacks.deployment.leftovers import LOG_GROUP, REPOSITORY, Leftover
from tinystacks.deployment.opening import open_stage
from tinystacks.deployment.orphan_removal import ORDER, removal_order
from tinystacks.deployment.orphans import orphans_of
from tinystacks.deployment.reading import outputs_of
from tinystacks.deployment.results import DestroyResult, Kept
from tinystacks.deployment.retry import passes_by_itself, trying_again
from tinystacks.deployment.revisions import remove_revisions
from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from tinystacks.deployment.context import Opened, StageContext
    from tinystacks.deployment.engine_events import EventTranslator
    from tinystacks.deployment.engine_state import State
    from tinystacks.deployment.events import OnEvent

_RETRY_WAIT = 15.0
"""Seconds before the one retry; network interfaces let go of subnets and groups about then."""
_KEPT_REASONS = {
    REPOSITORY: "it holds images; `--purge-images` removes it with them",
    LOG_GROUP: "a writer made it again after it was deleted, or it is somebody else's of that name; remove it by hand",
}


def destroy(context: StageContext, *, purge_images: bool, message: str, emit: OnEvent) -> DestroyResult:
    """Delete a stage; may be repeated from any point at which it was broken off (trap C6).

    Args:
        context: the stage.
        purge_images: whether image repositories go with their images.
        message: kept in the engine's history until the stage is gone.
        emit: receives events.

    Raises:
        TinystacksError: what stood in the way; what was deleted stays deleted.
    """
    emit(PhaseStarted(phase=Phase.PREFLIGHT, message="checking account, engine and state"))
    with open_stage(context, "destroy", emit) as opened:
        outputs = outputs_of(opened.state)
        changes = Changes()
        removed: tuple[str, ...] = ()
        if outputs is not None:
            ask_first(outputs, context.target.client)
        if purge_images:
            repositories = [item.id for item in context.sweep().find(only={"ecr"})]
            empty_repositories(repositories, context.target.client, emit)
        if opened.state is not None:
            if outputs is not None:
                emit(PhaseStarted(phase=Phase.CLEARING, message="sending tasks away, lifting protections"))
                # Noted first: from here on the state no longer tells the truth about the tasks.
                context.remember(opened, cleared=True)
                clear(outputs, context.target.client, emit)
            _remove_orphans(context, opened.state, emit)
            emit(PhaseStarted(phase=Phase.ENGINE, message="deleting the stage"))
            with context.explained("destroy"):
                translator = _engine_destroy(context, opened, purge_images=purge_images, message=message)
                changes = translator.changes or changes
                removed = tuple(change.words for change in translator.planned.values() if change.action == "delete")
                opened.session.remove()
        emit(PhaseStarted(phase=Phase.RECEIPT, message="looking for what is left"))
        kept = _receipt(context, emit)
        deregistered = _remove_revisions(context, emit)
        context.folder.forget()
        return DestroyResult(
            stack=context.stage.stack,
            stage=context.stage.stage,
            result=Result.DESTROYED,
            changes=changes,
            kept=kept,
            removed=removed,
            deregistered=deregistered,
        )


def _remove_orphans(context: StageContext, state: State, emit: OnEvent) -> None:
    """Remove what no state knows and what would stand in the way: AWS keeps a VPC while anything is left in it."""
    for item in orphans_of(state, context.found(state)):
        if item.resource_type in ORDER and not _removal_refusal(context, item):
            emit(Notice(message=f"Removed {item.type} {item.id}: it bears the stage's tags, but was not in its state."))


def _engine_destroy(context: StageContext, opened: Opened, *, purge_images: bool, message: str) -> EventTranslator:
    """Let the engine delete everything; a refusal that passes by itself is tried once more (trap C7)."""
    if opened.state is not None and opened.state.salt:
        opened.session.keep_salt(opened.state.salt)
    program = context.inputs.program(opened.record, purge_images=purge_images)

    def once(*, runs_program: bool = True) -> EventTranslator:
        return context.run_engine(
            opened,
            lambda on_event: opened.session.destroy(program, on_event, message=message, runs_program=runs_program),
        )

    try:
        return once()
    except EngineFailure as failure:
        if failure.of_program:
            opened.emit(Notice(message="What the file names is not there any more; deleting what the state knows."))
            return once(runs_program=False)
        if context.interrupt.requested.is_set() or not passes_by_itself(failure.text):
            raise
        opened.emit(trying_again(failure))
        context.pace.sleep(_RETRY_WAIT)
        return once()
    finally:
        _note_what_is_left(context, opened)


def _note_what_is_left(context: StageContext, opened: Opened) -> None:
    """Remember how much of the stage still exists, so that an emptied state can be told from a deleted one."""
    try:
        opened.state = opened.session.state()
    except EngineFailure:
        return
    context.remember(opened, resources=opened.state.count if opened.state else 0)


def _remove_revisions(context: StageContext, emit: OnEvent) -> tuple[str, ...]:
    try:
        with aws_errors("ecs", "removing task definition revisions"):
            stage = context.stage
            return remove_revisions(context.target.client("ecs"), stack=stage.stack, stage=stage.stage)
    except AwsError as error:
        emit(Warned(message=error.message, hint="They cost nothing; `tstack destroy` again removes them."))
        return ()


def _receipt(context: StageContext, emit: OnEvent) -> tuple[Kept, ...]:
    """List what still bears the stage's tags and say why; the local AWS's leftovers are simply removed."""
    sweep = context.sweep()
    kept: list[Kept] = []
    for item in sorted(sweep.find(), key=removal_order):
        reason = _KEPT_REASONS.get(item.resource_type, "it bears the stage's tags, but was not in its state")
        local_orphan = context.target.name == "local" and item.resource_type not in _KEPT_REASONS
        if local_orphan or item.resource_type == REPOSITORY:
            refusal = _removal_refusal(context, item)
            if not refusal:
                continue
            # A repository without images is gone now; for one with images the standing reason says more.
            reason = refusal if local_orphan else reason
        kept.append(Kept(type=item.type, id=item.id, reason=reason))
    for refusal in sweep.not_read:
        emit(Warned(message=f"Could not look for leftovers: {refusal}"))
    return tuple(kept)


def _removal_refusal(context: StageContext, item: Leftover) -> str:
    try:
        context.remove_orphan(item)
    except AwsError as error:
        return error.message
    return ""

"""`preview`: what `up` would change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tinystacks.deployment.changes import Changes, Difference, PlannedChange
from tinystacks.deployment.context import Opened
from tinystacks.deployment.ends import Result
from tinystacks.deployment.events import Notice, Phase, PhaseStarted, Warned
from tinystacks.deployment.image_supply import planned_images
from tinystacks.deployment.lock import is_held, read_holder
from tinystacks.deployment.made_elsewhere import check_made_here
from tinystacks.deployment.present_record import present_record
from tinystacks.deployment.reading import drifted_services, outputs_of
from tinystacks.deployment.record_checks import check_not_emptied
from tinystacks.deployment.results import PreviewResult
from tinystacks.deployment.wording import typed_stage, urn_name, urn_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.deployment.context import StageContext
    from tinystacks.deployment.events import OnEvent

_REVISION = "taskDefinition"
"""Property of an ECS service."""


def preview(context: StageContext, *, images: Mapping[str, str] | None, emit: OnEvent) -> PreviewResult:
    """Say what `up` would change; changes nothing.

    Args:
        context: the stage.
        images: as in `Update`.
        emit: receives events.
    """
    emit(PhaseStarted(phase=Phase.PREFLIGHT, message="checking account, engine and state"))
    record = context.check_target(emit)
    engine = context.engine(emit, record)
    holder = read_holder(context.folder.lock_path) if is_held(context.folder.lock_path) else None
    if holder is not None:
        emit(Notice(message=f"The stage is being changed by {holder.words}; this preview may be out of date soon."))
    with context.explained("preview"):
        session = context.session(engine, ahead=True)
        state = session.state()
        opened = Opened(session=session, state=state, record=record, emit=emit)
        opened.record = present_record(context, session, state, record, emit)
        check_not_emptied(opened.record, state, context.folder.newest_backup())
        check_made_here(context.stage, state, context.target, backup=context.folder.newest_backup())
        if state is None:
            session.create()
        elif state.salt:
            session.keep_salt(state.salt)
        supplied = planned_images(context, opened.record, state, images or {}, emit)
        program = context.inputs.program(opened.record, images=supplied)
        emit(PhaseStarted(phase=Phase.PREVIEW, message="finding out what changes"))
        translator = context.run_engine(opened, lambda on_event: session.preview(program, on_event), planning=True)
    outputs = outputs_of(state)
    planned = dict(translator.planned)
    for change in _rolled_back(context, opened, emit):
        planned[change.urn] = _with_live_revision(planned[change.urn], change) if change.urn in planned else change
    extra = len(planned) - len(translator.planned)
    changes = translator.changes or Changes()
    return PreviewResult(
        stack=context.stage.stack,
        stage=context.stage.stage,
        result=Result.PREVIEWED,
        changes=replace(changes, update=changes.update + extra, same=max(0, changes.same - extra)),
        endpoint=outputs.endpoint if outputs else "",
        release=opened.record.release if opened.record else 0,
        planned=tuple(planned.values()),
    )


def _rolled_back(context: StageContext, opened: Opened, emit: OnEvent) -> Sequence[PlannedChange]:
    """Tell services that ECS has taken back to an earlier revision, which the state does not know (trap B2)."""
    found: list[PlannedChange] = []
    typed = typed_stage(context.stage.stage, context.target.name)
    for service in drifted_services(context.target.client, opened.state):
        words = context.wording.words(service.urn)
        live, recorded = (arn.rpartition("/")[2] for arn in (service.live, service.recorded))
        emit(
            Warned(
                message=f"{words} runs {live}, and {recorded} was recorded, as after a rollback by ECS.",
                hint=f"`tstack up {typed}` deploys what the file says again; `tstack rollback {typed}` makes that "
                "a release.",
            )
        )
        found.append(
            PlannedChange(
                action="update",
                type=urn_type(service.urn),
                name=urn_name(service.urn),
                words=words,
                urn=service.urn,
                changed=(_REVISION,),
                differences=(Difference(property=_REVISION, before=service.live, after=service.recorded),),
            )
        )
    return found


def _with_live_revision(planned: PlannedChange, moved: PlannedChange) -> PlannedChange:
    """Tell the revision that runs as the one before; the engine knows the recorded one only."""
    (found,) = moved.differences
    if _REVISION not in {one.property for one in planned.differences}:
        return replace(
            planned,
            changed=tuple(dict.fromkeys((*planned.changed, _REVISION))),
            differences=(*planned.differences, *moved.differences),
        )
    differences = (
        replace(one, before=found.before) if one.property == _REVISION else one for one in planned.differences
    )
    return replace(planned, differences=tuple(differences))

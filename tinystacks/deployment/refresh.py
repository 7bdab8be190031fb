"""`refresh`, step by step: what differs between the state and AWS."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tinystacks.deployment.changes import Changes, PlannedChange
from tinystacks.deployment.ends import Result
from tinystacks.deployment.events import Phase, PhaseStarted
from tinystacks.deployment.opening import open_stage
from tinystacks.deployment.reading import outputs_of
from tinystacks.deployment.results import RefreshResult
from tinystacks.deployment.scheduled_limits import moved_by_schedules
from tinystacks.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.deployment.context import Opened, StageContext
    from tinystacks.deployment.events import OnEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drift:
    """What a refresh would take over, and what it must not: targets whose limits a schedule has moved, by URN."""

    changed: tuple[PlannedChange, ...] = ()
    by_schedule: tuple[str, ...] = ()
    counts: Changes = field(default_factory=Changes)


def refresh(context: StageContext, *, dry_run: bool, limit: int | None, emit: OnEvent) -> RefreshResult:
    """Take over into the state what AWS says, or only say what differs.

    Args:
        context: the stage.
        dry_run: whether nothing is taken over.
        limit: resources that may be dropped from the state; the setting by default.
        emit: receives events.

    Raises:
        EngineError: more resources than the limit would be dropped (trap A2).
    """
    limit = context.settings.refresh_limit if limit is None else limit
    emit(PhaseStarted(phase=Phase.PREFLIGHT, message="checking account, engine and state"))
    command = "drift" if dry_run else "up --refresh"
    with open_stage(context, command, emit) as opened:
        drifted = _Drift()
        if opened.state is not None and opened.state.count:
            if opened.state.salt:
                opened.session.keep_salt(opened.state.salt)
            program = context.inputs.program(opened.record)
            emit(PhaseStarted(phase=Phase.PREVIEW, message="comparing the state with AWS"))
            with context.explained(command):
                drifted = _compare(context, opened, program)
                gone = [change for change in drifted.changed if change.action == "delete"]
                if len(gone) > limit and not dry_run:
                    raise EngineError(
                        f"A refresh would drop {len(gone)} resources from the state, more than {limit}: "
                        + ", ".join(change.words for change in gone),
                        hint="Check account and region first. If they are truly gone, allow it: "
                        f"`tstack up --refresh --limit {len(gone)}`.",
                    )
                if not dry_run:
                    emit(PhaseStarted(phase=Phase.ENGINE, message="taking over what AWS says"))
                    context.run_engine(
                        opened,
                        lambda on_event: opened.session.refresh(program, on_event, excluded=drifted.by_schedule),
                    )
                    opened.state = opened.session.state()
                    if opened.state is not None:
                        context.remember(opened, resources=opened.state.count)
        outputs = outputs_of(opened.state)
        return RefreshResult(
            stack=context.stage.stack,
            stage=context.stage.stage,
            result=Result.PREVIEWED if dry_run else Result.REFRESHED,
            changes=drifted.counts,
            endpoint=outputs.endpoint if outputs else "",
            release=opened.record.release if opened.record else 0,
            drifted=drifted.changed,
        )


def _compare(context: StageContext, opened: Opened, program: Callable[[], None]) -> _Drift:
    found = context.run_engine(
        opened, lambda on_event: opened.session.preview_refresh(program, on_event), planning=True
    )
    assert opened.state is not None, "only a stage that has a state is compared"
    by_schedule = moved_by_schedules(opened.state, found.planned.values())
    counts = found.changes or Changes()
    moved = len(by_schedule)
    return _Drift(
        changed=tuple(change for change in found.planned.values() if change.urn not in by_schedule),
        by_schedule=tuple(by_schedule),
        counts=replace(counts, update=counts.update - moved, same=counts.same + moved),
    )

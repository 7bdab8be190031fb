"""The end of an `up`: services followed to their verdicts, and what is kept of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.deployment.early_instances import replace_early_instances
from tinystacks.deployment.ends import Result
from tinystacks.deployment.events import DeploymentEnded, Phase, PhaseStarted, Warned
from tinystacks.deployment.failed_deployments import deploy_failed_again
from tinystacks.deployment.lost_answers import tell_twins
from tinystacks.deployment.reading import outputs_of
from tinystacks.deployment.results import UpResult
from tinystacks.deployment.verdict import Follower, overall
from tinystacks.deployment.wording import typed_stage
from tinystacks.errors import AwsError, InterruptedByUserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.deployment.changes import Changes
    from tinystacks.deployment.context import Opened, StageContext
    from tinystacks.deployment.events import OnEvent
    from tinystacks.deployment.service_verdicts import ServiceVerdict
    from tinystacks.deployment.work_folder import StageRecord
    from tinystacks.outputs import StageOutputs

_RESULTS_KEPT = 200


class InterruptedWaitError(InterruptedByUserError):
    """The user ended the wait for the verdict; the deployments at ECS go on."""


def follow_services(
    context: StageContext, outputs: StageOutputs, emit: OnEvent, *, past: frozenset[str] = frozenset()
) -> tuple[ServiceVerdict, ...]:
    """Follow the deployments of all services to their ends.

    Args:
        context: the stage.
        outputs: names the services.
        emit: receives events.
        past: service deployments, by ARN, that had ended before the order.

    Raises:
        InterruptedWaitError: the user does not wait any longer.
        AwsError: ECS refuses to be read.
    """
    emit(PhaseStarted(phase=Phase.WAITING, message="waiting until every service is steady"))
    try:
        return Follower(
            stage=context.stage,
            outputs=outputs,
            client=context.target.client,
            on_event=emit,
            pace=context.pace,
            check=context.interrupt.check,
            past=past,
            typed=typed_stage(context.stage.stage, context.target.name),
        ).follow()
    except InterruptedByUserError as error:
        again = f"tstack up {typed_stage(context.stage.stage, context.target.name)}"
        raise InterruptedWaitError(
            "Interrupted while ECS replaces tasks: that goes on without this command.",
            hint=f"`{again}` follows it again, `{again} --cancel` stops it and goes back.",
        ) from error


def end_update(context: StageContext, opened: Opened, changes: Changes, *, released: bool, emit: OnEvent) -> UpResult:
    """Follow the services to their ends, keep the verdict with the release, and give the result.

    Args:
        context: the stage.
        opened: the stage after the engine's update.
        changes: that the engine made.
        released: whether this made a release.
        emit: receives events.
    """
    outputs = outputs_of(opened.state)
    record = opened.record
    unfinished = released or (
        record is not None and record.results.get(str(record.release)) in {None, str(Result.IN_PROGRESS)}
    )
    in_doubt = record is None or not _was_steady(record, record.release - 1 if released else record.release)
    again: tuple[str, ...] = ()
    if outputs is not None and in_doubt:
        _mend_instances(context, outputs, emit)
        again = deploy_failed_again(outputs, context.target.client, opened.past, emit)
        unfinished = unfinished or bool(again)
    if in_doubt or changes.create:
        tell_twins(context, opened)
    counted = changes if released else None
    if unfinished:
        keep_result(context, opened, Result.IN_PROGRESS, (), changes=counted)
    verdicts: tuple[ServiceVerdict, ...] = ()
    result = Result.STEADY
    if outputs is not None and context.settings.waits:
        verdicts = follow_services(context, outputs, emit, past=opened.past)
        result = overall(verdicts)
    elif outputs is not None and unfinished:
        result = Result.IN_PROGRESS
    if unfinished:
        keep_result(context, opened, result, verdicts)
    if result is Result.STEADY and not (released or again):
        result = Result.UNCHANGED
    return UpResult(
        stack=context.stage.stack,
        stage=context.stage.stage,
        result=result,
        changes=changes,
        endpoint=outputs.endpoint if outputs else "",
        release=record.release if record else 0,
        causes=tuple(cause for verdict in verdicts for cause in verdict.causes),
        verdicts=verdicts,
        outputs=outputs,
    )


def _was_steady(record: StageRecord, release: int) -> bool:
    """Whether a release became steady, so that the instances are known to take tasks."""
    return record.results.get(str(release)) == str(Result.STEADY)


def _mend_instances(context: StageContext, outputs: StageOutputs, emit: OnEvent) -> None:
    try:
        replace_early_instances(outputs, context.target.client, emit)
    except AwsError as error:
        emit(
            Warned(
                message=f"Could not see whether tasks can be placed on all instances: {error.message}",
                hint="`tstack status` lists the instances.",
            )
        )


def end_at_gate(
    context: StageContext, opened: Opened, verdicts: Sequence[ServiceVerdict], *, emit: OnEvent
) -> UpResult:
    """Give the result of an update that a `release_command` has stopped, and keep it with the release.

    Args:
        context: the stage.
        opened: the stage after the engine's update.
        verdicts: on the services whose command failed.
        emit: receives events.
    """
    for verdict in verdicts:
        emit(DeploymentEnded(verdict=verdict))
    keep_result(context, opened, Result.FAILED, verdicts)
    outputs = outputs_of(opened.state)
    return UpResult(
        stack=context.stage.stack,
        stage=context.stage.stage,
        result=Result.FAILED,
        endpoint=outputs.endpoint if outputs else "",
        release=opened.record.release if opened.record else 0,
        causes=tuple(cause for verdict in verdicts for cause in verdict.causes),
        verdicts=tuple(verdicts),
        outputs=outputs,
    )


def keep_result(
    context: StageContext,
    opened: Opened,
    result: Result,
    verdicts: Sequence[ServiceVerdict],
    *,
    changes: Changes | None = None,
) -> None:
    """Keep how the present release ended, and how many resources it changed; what was kept of that stays by default."""
    record = opened.record
    if record is None or not record.release:
        return
    context.remember(opened, results=with_result(record.results, record.release, result))
    write_verdict(context, record.release, result, verdicts, opened.emit, changes=changes)


def write_verdict(
    context: StageContext,
    number: int,
    result: Result,
    verdicts: Sequence[ServiceVerdict],
    emit: OnEvent,
    *,
    changes: Changes | None = None,
) -> None:
    """Write down how a release ended, here and for those who share the stage."""
    kept: dict[str, Any] = {"result": str(result), "verdicts": [verdict.to_mapping() for verdict in verdicts]}
    if changes is not None:
        kept["changes"] = changes.to_mapping()
    context.folder.write_verdict(number, kept)
    if not context.shared:
        return
    try:
        context.journal.write(number, kept)
    except AwsError as error:
        emit(Warned(message=f"Other machines will not know how release {number} ended. {error.message}"))


def with_result(results: Mapping[str, str], number: int, result: Result) -> dict[str, str]:
    """Give the results with one more, and only the newest."""
    kept = {**results, str(number): str(result)}
    return dict(sorted(kept.items(), key=lambda item: int(item[0]))[-_RESULTS_KEPT:])

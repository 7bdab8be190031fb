"""`preview` and `up`, step by step."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tinystacks.deployment.engine_errors import EngineFailure
from tinystacks.deployment.events import Notice, Phase, PhaseStarted
from tinystacks.deployment.gate import check_replacements
from tinystacks.deployment.lock import is_held, read_holder
from tinystacks.deployment.masking import masked
from tinystacks.deployment.preflight import check_images, ensure_service_roles
from tinystacks.deployment.reading import drifted_services, outputs_of
from tinystacks.deployment.results import Changes, PreviewResult, Result, UpResult
from tinystacks.deployment.retry import passes_by_itself
from tinystacks.deployment.verdict import Follower, overall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.deployment.context import Opened, StageContext
    from tinystacks.deployment.engine_events import EventTranslator
    from tinystacks.deployment.events import OnEvent
    from tinystacks.deployment.work_folder import StageRecord

_RESULTS_KEPT = 200
_RETRY_WAIT = 10.0
"""Seconds before the one retry: what is eventually consistent in AWS is mostly consistent by then."""


class Update:
    """One `up` of a stage.

    Args:
        context: the stage.
        images: image references by service (and `service/sidecar`); those of the last release by default.
        message: kept with the release.
        by: who releases; the login name by default.
        commit: version of the sources; empty when unknown.
        allow_downtime: whether what serves requests may be replaced.
        force: whether tasks are replaced though nothing changed.
        emit: receives events.
    """

    def __init__(
        self,
        context: StageContext,
        *,
        images: Mapping[str, str] | None,
        message: str,
        by: str,
        commit: str,
        allow_downtime: bool,
        force: bool,
        emit: OnEvent,
    ) -> None:
        self._context = context
        self._images = images
        self._message = message
        self._by = by or _login_name()
        self._commit = commit
        self._allow_downtime = allow_downtime
        self._force = force
        self._emit = emit

    def run(self) -> UpResult:
        """Check, preview, change, follow.

        Raises:
            TinystacksError: anything that speaks against it or went wrong; what was done stays and is known.
        """
        context, emit = self._context, self._emit
        _check_images(context, self._images)
        emit(PhaseStarted(phase=Phase.PREFLIGHT, message="checking account, engine and state"))
        with context.opened("up", emit) as opened:
            ensure_service_roles(context.stage, context.target, wait=context.pace.sleep)
            images = dict(self._images if self._images is not None else opened.record.images if opened.record else {})
            forced = {"deploy_id": datetime.now(UTC).strftime("%Y%m%dT%H%M%S")} if self._force else {}
            program = context.program(opened.record, images=images, **forced)
            if opened.state is None:
                with context.explained():
                    opened.session.create()
            else:
                self._take_over_what_ecs_did(opened, program)
            planned = self._preview(opened, program) if opened.state is not None and opened.state.count else None
            if planned is not None and not self._allow_downtime:
                check_replacements(planned.planned.values())
            digest = context.spec_digest(images)
            same = planned is not None and (planned.changes or Changes()).total == 0
            if same and opened.record is not None and opened.record.spec_digest == digest:
                assert planned is not None
                return self._follow(opened, planned.changes or Changes(), released=False)
            changes = self._change(opened, program, images, digest)
            return self._follow(opened, changes, released=True)

    def _preview(self, opened: Opened, program: Callable[[], None]) -> EventTranslator:
        self._emit(PhaseStarted(phase=Phase.PREVIEW, message="finding out what changes"))
        with self._context.explained():
            return self._context.run_engine(
                opened, lambda on_event: opened.session.preview(program, on_event), planning=True
            )

    def _change(self, opened: Opened, program: Callable[[], None], images: Mapping[str, str], digest: str) -> Changes:
        """Let the engine do it; a failure that passes by itself is tried once more (trap H2)."""
        context = self._context
        ami_id = context.ami_id(opened.record)
        former = opened.record.ami_id if opened.record else ""
        number = (opened.record.release if opened.record else 0) + 1
        record = context.remember(
            opened,
            ami_id=ami_id,
            former_ami_ids=_former(opened.record, former, ami_id),
            release=number,
            images=images,
            strategy=context.strategy(),
            cleared=False,
        )
        opened.session.write_config(
            {
                "spec": context.spec_json(),
                "release": json.dumps(self._release(record)),
                "record": json.dumps({**record.to_mapping(), "results": {}}),
            },
            salt=opened.state.salt if opened.state else "",
        )
        self._emit(PhaseStarted(phase=Phase.ENGINE, message="changing the stage"))
        done = Changes()
        try:
            with context.explained():
                try:
                    translator = self._engine_up(opened, program)
                except EngineFailure as failure:
                    if context.interrupt.requested.is_set() or not passes_by_itself(failure.text):
                        raise
                    self._emit(Notice(message="AWS refused something that mostly passes; trying once more."))
                    context.pace.sleep(_RETRY_WAIT)
                    translator = self._engine_up(opened, program)
            done = translator.changes or done
            context.remember(opened, spec_digest=digest)
        except BaseException:
            context.remember(opened, results=_with_result(record.results, number, Result.FAILED), spec_digest="")
            raise
        finally:
            self._note_state(opened)
        context.interrupt.check()
        return done

    def _engine_up(self, opened: Opened, program: Callable[[], None]) -> EventTranslator:
        return self._context.run_engine(
            opened, lambda on_event: opened.session.up(program, on_event, message=self._message)
        )

    def _note_state(self, opened: Opened) -> None:
        """Remember what the state holds now; a failure to read it must not hide why the update failed."""
        try:
            opened.state = opened.session.state()
        except EngineFailure:
            return
        if opened.state is not None:
            self._context.remember(opened, resources=opened.state.count, engine_version=opened.state.engine_version)
            self._context.folder.write_outputs(masked(dict(opened.state.exports)))

    def _follow(self, opened: Opened, changes: Changes, *, released: bool) -> UpResult:
        """Follow the services to their ends, and give the result."""
        context = self._context
        outputs = outputs_of(opened.state)
        verdicts = ()
        result = Result.STEADY
        if outputs is not None and context.settings.waits:
            self._emit(PhaseStarted(phase=Phase.WAITING, message="waiting until every service is steady"))
            verdicts = Follower(
                stage=context.stage,
                outputs=outputs,
                client=context.target.client,
                on_event=self._emit,
                pace=context.pace,
                check=context.interrupt.check,
            ).follow()
            result = overall(verdicts)
        record = opened.record
        if record is not None and released:
            context.remember(opened, results=_with_result(record.results, record.release, result))
        if result is Result.STEADY and not released:
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

    def _take_over_what_ecs_did(self, opened: Opened, program: Callable[[], None]) -> None:
        """Refresh services that run another revision than the state says, as after a rollback (trap B2).

        After a destroy that was broken off, everything is refreshed: it had sent the tasks away.
        """
        context = self._context
        cleared = opened.record is not None and opened.record.cleared
        urns = None if cleared else drifted_services(context.target.client, opened.state)
        if urns is not None and not urns:
            return
        what = "the whole stage, since a destroy was broken off" if cleared else "services that ECS has rolled back"
        self._emit(Notice(message=f"Reading {what} from AWS before going on."))
        with context.explained():
            context.run_engine(
                opened, lambda on_event: opened.session.refresh(program, on_event, targets=urns), planning=True
            )
            opened.state = opened.session.state()

    def _release(self, record: StageRecord) -> dict[str, Any]:
        return {
            "number": record.release,
            "by": self._by,
            "commit": self._commit,
            "message": self._message,
            "images": dict(record.images),
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }


def preview(context: StageContext, *, images: Mapping[str, str] | None, emit: OnEvent) -> PreviewResult:
    """Say what `up` would change; changes nothing.

    Args:
        context: the stage.
        images: as in `Update`.
        emit: receives events.
    """
    from tinystacks.deployment.context import Opened  # noqa: PLC0415 - context.py is only named in types above

    _check_images(context, images)
    emit(PhaseStarted(phase=Phase.PREFLIGHT, message="checking account, engine and state"))
    record = context.check_target(emit)
    engine = context.engine(emit, record)
    holder = read_holder(context.folder.lock_path) if is_held(context.folder.lock_path) else None
    if holder is not None:
        emit(Notice(message=f"The stage is being changed by {holder.words}; this preview may be out of date soon."))
    with context.explained():
        session = context.session(engine, ahead=True)
        state = session.state()
        opened = Opened(session=session, state=state, record=record, emit=emit)
        opened.record = record or context.remembered(session, state)
        if state is None:
            session.create()
        elif state.salt:
            session.keep_salt(state.salt)
        given = {} if images is None else {"images": dict(images)}
        program = context.program(opened.record, **given)
        emit(PhaseStarted(phase=Phase.PREVIEW, message="finding out what changes"))
        translator = context.run_engine(opened, lambda on_event: session.preview(program, on_event), planning=True)
    outputs = outputs_of(state)
    return PreviewResult(
        stack=context.stage.stack,
        stage=context.stage.stage,
        result=Result.PREVIEWED,
        changes=translator.changes or Changes(),
        endpoint=outputs.endpoint if outputs else "",
        release=opened.record.release if opened.record else 0,
        planned=tuple(translator.planned.values()),
    )


def _check_images(context: StageContext, given: Mapping[str, str] | None) -> None:
    record = context.folder.read_record()
    known: Mapping[str, str] = given if given is not None else record.images if record else {}
    check_images(context.stage, context.target, known)


def _former(record: StageRecord | None, former: str, ami_id: str) -> tuple[str, ...]:
    known = record.former_ami_ids if record else ()
    return (former, *known) if former and former != ami_id else known


def _with_result(results: Mapping[str, str], number: int, result: Result) -> dict[str, str]:
    kept = {**results, str(number): str(result)}
    return dict(sorted(kept.items(), key=lambda item: int(item[0]))[-_RESULTS_KEPT:])


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""

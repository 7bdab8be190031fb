"""`up`, step by step."""

from __future__ import annotations

import getpass
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tinystacks.deployment.changes import Changes
from tinystacks.deployment.ending import end_at_gate, end_update, keep_result, with_result
from tinystacks.deployment.ends import Result
from tinystacks.deployment.engine_errors import EngineFailure
from tinystacks.deployment.engine_update import update_resources
from tinystacks.deployment.events import Notice, Phase, PhaseStarted
from tinystacks.deployment.gate import check_removals, check_replacements
from tinystacks.deployment.held_images import hold_images
from tinystacks.deployment.image_supply import ImageSupply, Supply, file_images, own_images
from tinystacks.deployment.instance_refresh import AUTO_SCALING_GROUP, tell_refresh
from tinystacks.deployment.leaving_instances import image_of_instances, stage_on_instances
from tinystacks.deployment.masking import masked
from tinystacks.deployment.opening import open_stage
from tinystacks.deployment.preflight import ensure_service_roles
from tinystacks.deployment.reading import drifted_services, outputs_of
from tinystacks.deployment.release_gate import ReleaseGate
from tinystacks.deployment.repositories import make_repositories
from tinystacks.deployment.service_deployments import past_deployments
from tinystacks.deployment.stored_record import to_stored
from tinystacks.deployment.wording import typed_stage
from tinystacks.errors import TinystacksError
from tinystacks.images.git import source_version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.deployment.context import Opened, StageContext
    from tinystacks.deployment.engine_events import EventTranslator
    from tinystacks.deployment.events import OnEvent
    from tinystacks.deployment.releases import Release
    from tinystacks.deployment.results import UpResult
    from tinystacks.deployment.work_folder import StageRecord


class Update:
    """One `up` of a stage.

    Args:
        context: the stage.
        images: image references that this command gives, by service (and `service/sidecar`).
        again: a release that is brought back, with its images; the context is of its stage.
        operation: the command, in words; `up` or `rollback` by default.
        message: kept with the release.
        by: who releases; the login name by default.
        commit: version of the sources; empty when unknown.
        allow_downtime: whether what serves requests may be replaced.
        allow_removal: whether what serves requests or holds data may be removed.
        force: whether tasks are replaced though nothing changed.
        emit: receives events.
    """

    def __init__(
        self,
        context: StageContext,
        *,
        images: Mapping[str, str] | None = None,
        again: Release | None = None,
        operation: str = "",
        message: str,
        by: str,
        commit: str,
        allow_downtime: bool,
        allow_removal: bool = True,
        force: bool,
        emit: OnEvent,
    ) -> None:
        self._context = context
        self._images = images
        self._again = again
        self._operation = operation or ("rollback" if again else "up")
        self._message = message
        self._by = by or _login_name()
        self._commit = commit or (again.commit if again else source_version(context.workspace))
        self._allow_downtime = allow_downtime
        self._allow_removal = allow_removal
        self._force = force
        self._emit = emit

    def run(self) -> UpResult:
        """Check, build, preview, change, follow.

        Raises:
            TinystacksError: anything that speaks against it or went wrong; what was done stays and is known.
        """
        context, emit = self._context, self._emit
        emit(PhaseStarted(phase=Phase.PREFLIGHT, message="checking account, engine and state"))
        context.target.account_id()
        supplying = None if self._again else ImageSupply(context, self._images or {}, emit)
        with open_stage(context, self._operation, emit) as opened:
            ensure_service_roles(context.stage, context.target, wait=context.pace.sleep)
            supply = self._supplied(opened, supplying)
            forced = {"deploy_id": datetime.now(UTC).strftime("%Y%m%dT%H%M%S")} if self._force else {}
            # What is brought back ran its command when it was new.
            gate = None if self._again else ReleaseGate(context, opened, emit)
            opened.emit = gate.tell if gate else emit
            program = context.inputs.program(opened.record, images=supply.images, release_gate=gate, **forced)
            if opened.state is None:
                with context.explained(self._operation):
                    opened.session.create()
                moved_on = False
            else:
                opened.past = past_deployments(context.target.client, outputs_of(opened.state))
                moved_on = self._take_over_what_ecs_did(opened, program)
            leaving = stage_on_instances(context, opened)
            known = not moved_on and not self._force and self._is_known(opened, supply)
            planned = None if known or opened.state is None else self._preview(opened, program)
            if planned is not None and not self._allow_downtime:
                check_replacements(planned.planned.values())
                if not self._allow_removal:
                    check_removals(planned.planned.values())
            digest = context.inputs.spec_digest(supply.images)
            same = planned is not None and (planned.changes or Changes()).total == 0
            if same and opened.record is not None and opened.record.spec_digest == digest:
                assert planned is not None
                return end_update(context, opened, planned.changes or Changes(), released=False, emit=emit)
            first = program
            if leaving is not None:
                kept = {"leaving": leaving, "ami_id": image_of_instances(opened.record), **forced}
                kept.setdefault("deploy_id", context.inputs.strategy())
                first = context.inputs.program(opened.record, images=supply.images, release_gate=gate, **kept)
            try:
                changes = self._change(opened, first, supply, digest)
            except TinystacksError:
                if gate is None or not gate.failed:
                    raise
                return end_at_gate(context, opened, gate.failed, emit=emit)
            if planned is not None:
                self._tell_refresh(opened, planned)
            result = end_update(context, opened, changes, released=True, emit=emit)
            if leaving is None or result.result is not Result.STEADY:
                return result
            return self._without_instances(opened, program, result)

    def _supplied(self, opened: Opened, supplying: ImageSupply | None) -> Supply:
        """Have the images of all services; repositories that are not there yet are made first."""
        if supplying is None:
            assert self._again is not None, "a release that is brought back has its images"
            supply = Supply(images=own_images(self._context, self._again.images), sources=dict(self._again.sources))
        else:
            supply = supplying.look(opened.record, opened.state)
            supplying.prepare(supply)
            if supply.missing:
                made = make_repositories(self._context, opened, supply.missing, self._emit)
                supplying.build(supply, opened.state, self._commit, made=made)
        hold_images(self._context, opened.state, supply.images, self._emit)
        return supply

    def _is_known(self, opened: Opened, supply: Supply) -> bool:
        """Whether what changes is known without asking the engine, which takes it seconds.

        Before the first release nothing is there that could be interrupted. After it, where nothing but images differs
        from the last release, which went through the engine well, services get other revisions and that is all.
        """
        record = opened.record
        if record is None or not record.release:
            return True
        only_images = bool(record.spec_digest) and record.settings_digest == self._context.inputs.settings_digest(
            record
        )
        return only_images and dict(record.images) != supply.images

    def _preview(self, opened: Opened, program: Callable[[], None]) -> EventTranslator:
        self._emit(PhaseStarted(phase=Phase.PREVIEW, message="finding out what changes"))
        with self._context.explained(self._operation):
            return self._context.run_engine(
                opened, lambda on_event: opened.session.preview(program, on_event), planning=True
            )

    def _change(self, opened: Opened, program: Callable[[], None], supply: Supply, digest: str) -> Changes:
        """Let the engine do it, and keep how that ended."""
        context = self._context
        ami_id = context.inputs.ami_id(opened.record)
        former = opened.record.ami_id if opened.record else ""
        before = opened.record
        strategy = context.inputs.strategy()
        released_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        number = (before.release if before else 0) + 1
        record = context.remember(
            opened,
            ami_id=ami_id,
            former_ami_ids=_former(opened.record, former, ami_id),
            release=number,
            released_at=released_at,
            images=supply.images,
            sources=supply.sources,
            file_images={name: image for name, image in file_images(context).items() if image is not None},
            # Until it is done: what is broken off has to be forced again (trap B17).
            strategy=(before and before.strategy) or strategy,
            cleared=False,
        )
        opened.session.write_config(
            {
                "spec": context.inputs.spec_json(),
                "release": json.dumps(self._release(record, before)),
                "record": json.dumps(
                    to_stored(
                        replace(record, strategy=strategy),
                        spec_digest=digest,
                        settings_digest=context.inputs.settings_digest(record),
                    )
                ),
            },
            salt=opened.state.salt if opened.state else "",
        )
        self._emit(PhaseStarted(phase=Phase.ENGINE, message="changing the stage"))
        done = Changes()
        try:
            with context.explained(self._operation):
                translator = update_resources(context, opened, program, message=self._message)
            done = translator.changes or done
            context.remember(
                opened, strategy=strategy, spec_digest=digest, settings_digest=context.inputs.settings_digest(record)
            )
        except BaseException:
            context.remember(opened, results=with_result(record.results, number, Result.FAILED), spec_digest="")
            raise
        finally:
            self._note_state(opened)
        context.interrupt.check()
        return done

    def _tell_refresh(self, opened: Opened, planned: EventTranslator) -> None:
        outputs = outputs_of(opened.state)
        if outputs is not None and any(one.type == AUTO_SCALING_GROUP for one in planned.planned.values()):
            typed = typed_stage(outputs.stage, self._context.target.name)
            tell_refresh(self._context.target.client("autoscaling"), outputs.auto_scaling_group, typed, self._emit)

    def _without_instances(self, opened: Opened, program: Callable[[], None], result: UpResult) -> UpResult:
        """Remove the instances that the services have left."""
        context = self._context
        self._emit(PhaseStarted(phase=Phase.ENGINE, message="removing the instances, on which no task runs any more"))
        try:
            with context.explained(self._operation):
                translator = update_resources(context, opened, program, message=self._message)
        finally:
            self._note_state(opened)
        done = translator.changes or Changes()
        changes = replace(result.changes, delete=done.delete, same=done.same)
        keep_result(context, opened, result.result, result.verdicts, changes=changes)
        return replace(
            result,
            changes=changes,
            outputs=outputs_of(opened.state),
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

    def _take_over_what_ecs_did(self, opened: Opened, program: Callable[[], None]) -> bool:
        """Refresh services that run another revision than the state says, as after a rollback (trap B2).

        After a destroy that was broken off, everything is refreshed: it had sent the tasks away.

        Returns:
            Whether there was anything to take over.
        """
        context = self._context
        cleared = opened.record is not None and opened.record.cleared
        moved = [] if cleared else drifted_services(context.target.client, opened.state)
        urns = None if cleared else [service.urn for service in moved]
        if urns is not None and not urns:
            return False
        why = (
            "A destroy was broken off: reading the whole stage from AWS before going on."
            if cleared
            else "Reading services that ECS has rolled back from AWS before going on."
        )
        self._emit(Notice(message=why))
        with context.explained(self._operation):
            context.run_engine(
                opened, lambda on_event: opened.session.refresh(program, on_event, targets=urns), planning=True
            )
            opened.state = opened.session.state()
        return True

    def _release(self, record: StageRecord, before: StageRecord | None) -> dict[str, Any]:
        known = {name: image for name, image in file_images(self._context).items() if image is not None}
        former = before.release if before else 0
        return {
            "number": record.release,
            "by": self._by,
            "commit": self._commit,
            "message": self._message,
            "images": {**known, **record.images},
            "sources": dict(record.sources),
            "created_at": record.released_at,
            # How the one before ended was not known when it was stored.
            "before": {"number": former, "result": before.results.get(str(former), "")} if before else {},
        }


def _former(record: StageRecord | None, former: str, ami_id: str) -> tuple[str, ...]:
    known = record.former_ami_ids if record else ()
    return (former, *known) if former and former != ami_id else known


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""

"""The instances of a deployed stage: which machine image they run, and their move to another (traps F1, F2, F4, F5).

```
update
  last release again, with another machine image ─▶ new version of the launch template ─▶ instance refresh
  instance refresh: a new instance, tasks drained from an old one, the old one ends; and so on ─▶ services steady
```
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from tinystacks.deployment.ending import InterruptedWaitError, follow_services
from tinystacks.deployment.ends import Result
from tinystacks.deployment.events import Notice, Phase, PhaseStarted, ignore
from tinystacks.deployment.instance_refresh import cancel_refresh, follow_refresh, newest_refresh, start_refresh
from tinystacks.deployment.interrupt import run_in_worker
from tinystacks.deployment.machine_image import (
    MachineImageError,
    MachineImages,
    check_has_instances,
    instances_of,
    machine_images,
    wanted_image,
)
from tinystacks.deployment.results import UpResult
from tinystacks.deployment.update import Update
from tinystacks.deployment.verdict import overall
from tinystacks.deployment.wording import typed_stage
from tinystacks.errors import InterruptedByUserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.deployment.context import StageContext
    from tinystacks.deployment.events import OnEvent
    from tinystacks.deployment.instance_refresh import InstanceRefresh
    from tinystacks.deployment.known_stage import KnownStage
    from tinystacks.deployment.machine_image import MachineImage, StageInstance
    from tinystacks.deployment.releases import Release
    from tinystacks.outputs import StageOutputs

_OPERATION = "instances update"
_STANDS = frozenset({Result.STEADY, Result.UNCHANGED, "unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePlan:
    """What an update of the instances would do.

    Attributes:
        release: that runs, and goes on running.
        before: the machine image that the stage is pinned to.
        after: the one that it would be pinned to.
        old: instances that would be replaced.
        refresh: the newest instance refresh before it.
    """

    release: Release
    before: MachineImage
    after: MachineImage
    old: tuple[StageInstance, ...]
    refresh: InstanceRefresh | None = None

    @property
    def under_way(self) -> bool:
        """Whether an instance refresh goes on already."""
        return self.refresh is not None and self.refresh.under_way

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.before.id != self.after.id or self.old)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancesUpdate(UpResult):
    """How an update of the instances ended.

    Attributes:
        image: the machine image that the stage is pinned to now.
        refresh: the instance refresh; none when no instance had to be replaced.
        left: instances of another machine image that are still there.
    """

    image: MachineImage
    refresh: InstanceRefresh | None = None
    left: tuple[StageInstance, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Give the JSON document of this result."""
        return {
            **UpResult.to_mapping(self),
            "machine_image": {"id": self.image.id, "name": self.image.name},
            "instance_refresh": self.refresh.to_mapping() if self.refresh else None,
            "instances_left": [one.id for one in self.left],
        }


class StageInstances:
    """The instances of one deployed stage; from `Deployment.instances()`.

    Args:
        context: the stage.
        known: what is known of it.
    """

    def __init__(self, context: StageContext, known: KnownStage) -> None:
        self._context = context
        self._known = known
        self._typed = typed_stage(context.stage.stage, context.target.name)

    def images(self) -> MachineImages:
        """Give the stage's machine images and the instances that run them.

        Raises:
            UsageError: the stage runs on Fargate.
            NotDeployedError: the stage does not exist (any more).
            AwsError: AWS refuses to be read.
        """
        outputs = self._outputs()
        return machine_images(self._context, outputs, self._release().stage())

    def plan(self, ami_id: str = "") -> ImagePlan:
        """Say what `update` would do; changes nothing.

        Args:
            ami_id: of the machine image; the recommended ECS-optimized image by default.

        Raises:
            MachineImageError: there is no such image, it does not fit the instance types, the file names another, or
                the last release does not run.
            UsageError: the stage runs on Fargate.
            NotDeployedError: the stage does not exist (any more).
        """
        outputs, release = self._outputs(), self._release()
        stage = release.stage(self._context.stage)
        if stage.compute.ami:
            raise MachineImageError(
                f"The file names the machine image of stage `{stage.stage}`: `compute.ami: {stage.compute.ami}`.",
                hint=f"Write another one there, or take `ami` out, and run `tstack up {self._typed}`.",
            )
        if release.result not in _STANDS:
            raise MachineImageError(
                f"Release {release.number}, the last one, is {release.result.replace('_', ' ')}: instances are moved "
                "only under services that run.",
                hint=f"`tstack status {self._typed}` shows what is; `tstack rollback {self._typed}` or "
                f"`tstack up {self._typed}` brings a release that runs.",
            )
        images = machine_images(self._context, outputs, stage)
        after = wanted_image(self._context, stage, ami_id or images.recommended.id)
        return ImagePlan(
            release=release,
            before=images.image,
            after=after,
            old=images.not_of(after.id),
            refresh=images.refresh,
        )

    def update(
        self, plan: ImagePlan, on_event: OnEvent = ignore, *, message: str = "", by: str = ""
    ) -> InstancesUpdate:
        """Pin the stage to the plan's machine image, have its instances replaced, and follow that to its end.

        A new release is made, which runs what the last one runs. May be repeated after any interruption.

        Args:
            plan: from `plan`.
            on_event: receives progress.
            message: kept with the release; names both images by default.
            by: who does it; the login name by default.

        Raises:
            LockedError: someone else changes this stage.
            InterruptedWaitError: the user does not wait any longer; the instance refresh goes on.
            TinystacksError: as in `Deployment.up`.
        """
        message = message or f"machine image {plan.after.id} instead of {plan.before.id}"
        return self._run(lambda emit: self._update(plan, message, by, emit), on_event)

    def cancel(self, on_event: OnEvent = ignore) -> InstancesUpdate:
        """Stop the instance refresh that is under way; instances that were replaced stay, and so does the pin.

        The result is `unchanged` when none was under way.

        Raises:
            UsageError: the stage runs on Fargate.
            NotDeployedError: the stage does not exist (any more).
            AwsError: AWS refuses.
        """
        return self._run(self._cancel, on_event)

    def _update(self, plan: ImagePlan, message: str, by: str, emit: OnEvent) -> InstancesUpdate:
        if not plan.changes and not plan.under_way:
            return _ended(self._as_it_is(self._outputs()), plan.after)
        done = self._pinned(plan, message, by, emit) if plan.before.id != plan.after.id else None
        if done is not None and not done.result.good:
            return _ended(done, plan.after)
        outputs = self._outputs()
        refresh = self._refreshed(outputs, plan, emit)
        left = self._left(outputs, plan.after)
        if refresh is not None and not refresh.good and left:
            return replace(
                _ended(done or self._as_it_is(outputs), plan.after), result=Result.FAILED, refresh=refresh, left=left
            )
        verdicts = follow_services(self._context, outputs, emit)
        ended = _ended(done or self._as_it_is(outputs), plan.after)
        return replace(ended, result=overall(verdicts), verdicts=verdicts, refresh=refresh, left=left)

    def _pinned(self, plan: ImagePlan, message: str, by: str, emit: OnEvent) -> UpResult:
        context = self._context.of(plan.release.stage(self._context.stage))
        context.inputs.move_to(plan.after.id)
        return Update(
            context,
            again=plan.release,
            operation=_OPERATION,
            message=message,
            by=by,
            commit="",
            allow_downtime=False,
            force=False,
            emit=emit,
        ).run()

    def _refreshed(self, outputs: StageOutputs, plan: ImagePlan, emit: OnEvent) -> InstanceRefresh | None:
        """Follow the refresh that replaces the instances; one that had ended before it was done is begun anew."""
        scaling, group = self._context.target.client("autoscaling"), outputs.auto_scaling_group
        emit(PhaseStarted(phase=Phase.WAITING, message="replacing the instances"))
        newest = newest_refresh(scaling, group)
        if not (newest and newest.under_way) and newest == plan.refresh and self._left(outputs, plan.after):
            emit(Notice(message="Instances of another machine image are left: beginning an instance refresh."))
            start_refresh(scaling, group)
        try:
            return self._followed(outputs, emit)
        except InterruptedByUserError as error:
            raise InterruptedWaitError(
                "Interrupted while the instances are replaced: that goes on without this command.",
                hint=f"`tstack instances update {self._typed} --ami {plan.after.id}` follows it again; "
                f"`tstack instances update {self._typed} --cancel` stops it.",
            ) from error

    def _followed(self, outputs: StageOutputs, emit: OnEvent) -> InstanceRefresh | None:
        return follow_refresh(
            self._context.target.client("autoscaling"),
            outputs.auto_scaling_group,
            pace=self._context.pace,
            emit=emit,
            check=self._context.interrupt.check,
        )

    def _cancel(self, emit: OnEvent) -> InstancesUpdate:
        outputs = self._outputs()
        running = cancel_refresh(self._context.target.client("autoscaling"), outputs.auto_scaling_group)
        refresh = self._followed(outputs, emit) if running else None
        images = self.images()
        left = self._left(outputs, images.image)
        return replace(_ended(self._as_it_is(outputs), images.image), refresh=refresh, left=left)

    def _left(self, outputs: StageOutputs, image: MachineImage) -> tuple[StageInstance, ...]:
        return tuple(
            one
            for one in instances_of(self._context.target.client, outputs.auto_scaling_group)
            if one.ami_id != image.id
        )

    def _as_it_is(self, outputs: StageOutputs) -> UpResult:
        return UpResult(
            stack=outputs.stack,
            stage=outputs.stage,
            result=Result.UNCHANGED,
            endpoint=outputs.endpoint,
            release=self._release().number,
            outputs=outputs,
        )

    def _outputs(self) -> StageOutputs:
        outputs = self._known.outputs()
        check_has_instances(self._context, outputs)
        return outputs

    def _release(self) -> Release:
        return self._known.releases()[0]

    def _run(self, work: Callable[[OnEvent], InstancesUpdate], on_event: OnEvent) -> InstancesUpdate:
        return run_in_worker(work, on_event=on_event, interrupt=self._context.interrupt)


def _ended(done: UpResult, image: MachineImage) -> InstancesUpdate:
    return InstancesUpdate(**{one.name: getattr(done, one.name) for one in fields(done)}, image=image)

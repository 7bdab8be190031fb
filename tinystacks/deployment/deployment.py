"""One stage, and what can be done with it.

```
Deployment.up
  check target ─▶ engine ─▶ lock ─▶ whole state ─▶ preview ─▶ gate ─▶ engine's update ─▶ verdict per service
```
Nothing here prints; progress goes to a callback as events, and every operation gives its result as data. Operations run
in a thread of their own, the callback in the caller's. Two stages may be changed at once from one program: each
`Deployment` in a thread of its own, with its own callback (the engine's SDK keeps its settings in context variables,
which every operation copies). No Pulumi resource or Output may then be made outside the programs (trap A15).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tinystacks.deployment.context import StageContext
from tinystacks.deployment.events import OnEvent, ignore
from tinystacks.deployment.interrupt import Interrupt, run_in_worker
from tinystacks.deployment.known_stage import KnownStage
from tinystacks.deployment.mending import repair_stage, unlock
from tinystacks.deployment.planning import preview
from tinystacks.deployment.pruning import RELEASES_KEPT, Pruning
from tinystacks.deployment.refresh import refresh
from tinystacks.deployment.removal import destroy
from tinystacks.deployment.rollback import plan_rollback, roll_back
from tinystacks.deployment.running_stage import RunningStage
from tinystacks.deployment.settings import DeploymentSettings
from tinystacks.deployment.stage_instances import StageInstances
from tinystacks.deployment.update import Update
from tinystacks.deployment.wording import typed_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from tinystacks.deployment.engine_model import Engine
    from tinystacks.deployment.program_inputs import ProgramFor
    from tinystacks.deployment.releases import Release
    from tinystacks.deployment.results import (
        DestroyResult,
        HistoryEntry,
        Kept,
        PreviewResult,
        RefreshResult,
        RepairResult,
        UpResult,
    )
    from tinystacks.deployment.rollback import RollbackPlan
    from tinystacks.deployment.target import Target
    from tinystacks.deployment.work_folder import StageRecord
    from tinystacks.outputs import StageOutputs
    from tinystacks.spec.model import StageSpec

T = TypeVar("T")


class Deployment:
    """One stage of a stack, deployed or not.

    Args:
        stage: the stage, complete: `StackSpec.stage(name)`.
        target: an AWS account and region, or the local AWS.
        workspace: folder of the project; `.tstack` is made in it.
        program: gives the Pulumi program; `programs.stage.program_for` by default.
        settings: of the machine and the person.
        interrupt: how the user ends an operation; use `interrupt.on_signals()` around an operation in a command line.
    """

    def __init__(
        self,
        stage: StageSpec,
        target: Target,
        *,
        workspace: Path,
        program: ProgramFor | None = None,
        settings: DeploymentSettings | None = None,
        interrupt: Interrupt | None = None,
    ) -> None:
        self.stage = stage
        self.target = target
        self.interrupt = interrupt or Interrupt()
        self._context = StageContext(
            stage,
            target,
            workspace=workspace,
            program=program,
            settings=settings or DeploymentSettings(),
            interrupt=self.interrupt,
        )
        self._known = KnownStage(self._context)

    def preview(self, on_event: OnEvent = ignore, *, images: Mapping[str, str] | None = None) -> PreviewResult:
        """Say what `up` would change; changes nothing in AWS.

        Args:
            on_event: receives progress.
            images: image references by service (and `service/sidecar`), as in `up`.

        Raises:
            TinystacksError: what stands in the way.
        """
        return self._run(lambda emit: preview(self._context, images=images, emit=emit), on_event)

    def up(
        self,
        on_event: OnEvent = ignore,
        *,
        images: Mapping[str, str] | None = None,
        message: str = "",
        by: str = "",
        commit: str = "",
        allow_downtime: bool = False,
        allow_removal: bool = True,
        force: bool = False,
    ) -> UpResult:
        """Make the stage as the file says and follow every service until it is steady, rolled back or out of time.

        The result says how it ended; a rollback is no exception. May be repeated after any interruption.

        Args:
            on_event: receives progress.
            images: image references to deploy, by service (and `service/sidecar`); they stay until the file names
                another image. Other services with `build:` are built where their sources are new.
            message: kept with the release.
            by: who releases; the login name by default.
            commit: version of the sources; what git says by default.
            allow_downtime: whether services, target groups, Auto Scaling groups and the like may be replaced.
            allow_removal: whether services, load balancers, instances and log groups that the file does not name any
                more may be removed; `tstack up` asks first. What `allow_downtime` is given for is not asked again.
            force: whether tasks are replaced though nothing changed.

        Raises:
            DowntimeError: something would be replaced that may not be.
            RemovalError: something would be removed that may not be.
            LockedError: someone else changes this stage; says who.
            CredentialsError: no, expired or other credentials; nothing was changed.
            AwsError: AWS refused something; what was done stays, and the next `up` goes on.
            TinystacksError: anything else.
        """

        def work(emit: OnEvent) -> UpResult:
            return Update(
                self._context,
                images=images,
                message=message,
                by=by,
                commit=commit,
                allow_downtime=allow_downtime,
                allow_removal=allow_removal,
                force=force,
                emit=emit,
            ).run()

        return self._run(work, on_event)

    def rollback_plan(self, to: int | None = None) -> RollbackPlan:
        """Say what a rollback would bring back and change; changes nothing.

        Args:
            to: number of a release; by default the last that became steady and ran something else than the current.

        Raises:
            NoReleaseError: there is no such release, nothing to go back to, or an image of it is gone.
        """
        return plan_rollback(self._context, self.releases(), to)

    def rollback(
        self,
        plan: RollbackPlan,
        on_event: OnEvent = ignore,
        *,
        message: str = "",
        by: str = "",
        allow_downtime: bool = False,
    ) -> UpResult:
        """Bring a release back, images and all settings, as a new release; a deployment under way is stopped first.

        Args:
            plan: from `rollback_plan`.
            on_event: receives progress.
            message: kept with the new release; says what it is by default.
            by: who does it; the login name by default.
            allow_downtime: as in `up`.

        Raises:
            TinystacksError: as in `up`.
        """
        outputs = self.outputs()

        def work(emit: OnEvent) -> UpResult:
            return roll_back(
                self._context, plan, outputs, message=message, by=by, allow_downtime=allow_downtime, emit=emit
            )

        return self._run(work, on_event)

    def running(self) -> RunningStage:
        """Give the services that run: to restart, to scale, to run a task with, to end their deployment.

        Raises:
            NotDeployedError: the stage does not exist (any more).
        """
        return RunningStage(self._context, self.outputs())

    def instances(self) -> StageInstances:
        """Give the stage's instances: which machine image they run, and their move to another."""
        return StageInstances(self._context, self._known)

    def pruning(self, keep: int = RELEASES_KEPT) -> Pruning:
        """Give the task definition revisions that the stage has: to see which are of no use, and to deregister those.

        Args:
            keep: how many of the newest releases keep their revisions, whatever their result.

        Raises:
            NotDeployedError: the stage does not exist (any more).
            UsageError: `keep` is below 1.
        """
        return Pruning(self._context, self.outputs(), self.releases, keep=keep)

    def refresh(self, on_event: OnEvent = ignore, *, dry_run: bool = False, limit: int | None = None) -> RefreshResult:
        """Take over into the state what AWS says.

        Args:
            on_event: receives progress.
            dry_run: whether differences are only reported (drift).
            limit: resources that may be dropped from the state; `DeploymentSettings.refresh_limit` by default.

        Raises:
            EngineError: more would be dropped.
            TinystacksError: what stands in the way.
        """
        return self._run(lambda emit: refresh(self._context, dry_run=dry_run, limit=limit, emit=emit), on_event)

    def destroy(self, on_event: OnEvent = ignore, *, purge_images: bool = False, message: str = "") -> DestroyResult:
        """Delete the stage and list what is left, and why. May be repeated after any interruption.

        Args:
            on_event: receives progress.
            purge_images: whether image repositories go with their images.
            message: kept in the engine's history until the stage is gone.

        Raises:
            TinystacksError: what stands in the way; what was deleted stays deleted.
        """
        return self._run(
            lambda emit: destroy(self._context, purge_images=purge_images, message=message, emit=emit), on_event
        )

    def repair(
        self, on_event: OnEvent = ignore, *, remove: bool = False, only: Collection[Kept] | None = None
    ) -> RepairResult:
        """Look for what earlier commands left unfinished, and make the state whole.

        Args:
            on_event: receives progress.
            remove: whether resources that such a command made, and that no state knows, are deleted; else they are
                only listed, and the state stays as it is.
            only: of these alone those that were agreed to, as an earlier call has listed them; all by default.

        Raises:
            TinystacksError: what stands in the way.
        """
        return self._run(lambda emit: repair_stage(self._context, remove=remove, only=only, emit=emit), on_event)

    def unlock(self) -> tuple[str, ...]:
        """Remove the engine's lock that a command left which is gone; for a person to decide.

        Returns:
            Who held it, in words.

        Raises:
            LockedError: its holder lives on this host.
        """
        return unlock(self._context)

    def cancel(self) -> None:
        """Ask the running operation to end: first in order, the second time at once; from any thread."""
        self.interrupt.request()

    def outputs(self) -> StageOutputs:
        """Give what the stage tells the outside; without the engine where the last change was made from here.

        Raises:
            NotDeployedError: the stage does not exist (any more).
        """
        return self._known.outputs()

    def history(self) -> list[HistoryEntry]:
        """Give the stage's past changes, newest first; empty when there were none."""
        return self._known.history()

    def releases(self) -> list[Release]:
        """Give the stage's releases, newest first; empty when there were none."""
        return self._known.releases()

    def has_local_changes(self, record: StageRecord | None = None) -> bool | None:
        """Say whether the stage in the file differs from the one that was deployed; nothing when that is not known.

        What images are built from is not looked at.

        Args:
            record: what is remembered of the stage; asked for when it is not given.
        """
        record = record or self.record()
        if record is None or not record.spec_digest:
            return None
        return self._context.inputs.spec_digest(record.images) != record.spec_digest

    def record(self) -> StageRecord | None:
        """Give what is remembered of the stage, such as account, machine image and last release; none before `up`."""
        return self._context.known_record()

    def engine(self) -> Engine:
        """Give the engine that operations use, getting one where there is none.

        Raises:
            EngineMissingError: there is none and none can be had.
        """
        return self._context.engine(ignore)

    @property
    def typed(self) -> str:
        """The stage as it is typed behind a command, such as `prod --local`."""
        return typed_stage(self.stage.stage, self.target.name)

    def _run(self, work: Callable[[OnEvent], T], on_event: OnEvent) -> T:
        return run_in_worker(work, on_event=on_event, interrupt=self.interrupt)

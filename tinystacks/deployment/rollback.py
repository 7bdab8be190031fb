"""Going back to an earlier release: its images and all its settings, as a new release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.deployment.events import Notice
from tinystacks.deployment.given_images import is_own
from tinystacks.deployment.lock import is_held, locked_error, read_holder
from tinystacks.deployment.release_diff import differences
from tinystacks.deployment.releases import NoReleaseError, pick, release_before
from tinystacks.deployment.service_orders import stop_rollouts
from tinystacks.deployment.update import Update
from tinystacks.deployment.wording import typed_stage
from tinystacks.images.references import parse_reference
from tinystacks.images.repositories import Repositories

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.deployment.context import StageContext
    from tinystacks.deployment.events import OnEvent
    from tinystacks.deployment.release_diff import Difference
    from tinystacks.deployment.releases import Release
    from tinystacks.deployment.results import UpResult
    from tinystacks.outputs import StageOutputs

_LOCK_PATIENCE = 600.0
"""Seconds that a command whose deployment was stopped gets to see that and to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackPlan:
    """What a rollback would do.

    Attributes:
        current: the release that was made last.
        target: the release to go back to.
        differences: what changes with it.
    """

    current: Release
    target: Release
    differences: tuple[Difference, ...]

    def to_mapping(self) -> dict[str, Any]:
        """Give plain data."""
        return {
            "from": self.current.number,
            "to": self.target.number,
            "differences": [one.to_mapping() for one in self.differences],
        }


def plan_rollback(context: StageContext, releases: Sequence[Release], to: int | None) -> RollbackPlan:
    """Choose the release and see that it can be had.

    Args:
        context: the stage.
        releases: newest first.
        to: number; by default the last that became steady and ran something else than the current.

    Raises:
        NoReleaseError: there is no such release, nothing to go back to, or an image of it is gone.
    """
    stage = context.stage.stage
    typed = typed_stage(stage, context.target.name)
    target = pick(releases, to, typed) if to is not None else release_before(releases, typed)
    current = releases[0]
    if target.number == current.number:
        raise NoReleaseError(
            f"Release {current.number} is the one that stage `{stage}` was given last.",
            hint=f"Name an earlier one; or deploy it again with `tstack up {typed}`.",
        )
    target.stage()
    _check_images(context, target)
    return RollbackPlan(current=current, target=target, differences=differences(current, target))


def roll_back(
    context: StageContext,
    plan: RollbackPlan,
    outputs: StageOutputs | None,
    *,
    message: str,
    by: str,
    allow_downtime: bool,
    emit: OnEvent,
) -> UpResult:
    """Bring a release back; deployments that are under way are stopped first.

    Args:
        context: the stage as the file says it.
        plan: which release.
        outputs: names the services; none when they are not known.
        message: kept with the new release; says what it is by default.
        by: who does it; the login name by default.
        allow_downtime: whether what serves requests may be replaced.
        emit: receives events.
    """
    if outputs is not None:
        stop_rollouts(context, outputs, emit)
    _wait_for_lock(context, emit)
    return Update(
        context.of(plan.target.stage(context.stage)),
        again=plan.target,
        message=message or f"rollback to release {plan.target.number}",
        by=by,
        commit="",
        allow_downtime=allow_downtime,
        force=False,
        emit=emit,
    ).run()


def _check_images(context: StageContext, release: Release) -> None:
    repositories: Repositories | None = None
    for name, image in release.images.items():
        reference = parse_reference(image)
        if not is_own(context, image):
            continue
        repositories = repositories or Repositories(context.target.client("ecr"))
        if not repositories.digest(reference.name, tag=reference.tag, digest=reference.digest):
            raise NoReleaseError(
                f"Release {release.number} cannot be brought back: the image of `{name}` is gone from the registry "
                f"({image}).",
                hint=f"Build it again from its sources ({release.commit or 'commit unknown'}), or name another.",
            )


def _wait_for_lock(context: StageContext, emit: OnEvent) -> None:
    """Wait for the command whose deployment was stopped.

    Raises:
        LockedError: it does not end.
    """
    path = context.folder.lock_path
    until = context.pace.clock() + _LOCK_PATIENCE
    told = False
    while is_held(path):
        holder = read_holder(path)
        if not told:
            emit(Notice(message=f"Waiting for {holder.words if holder else 'another command'} to end."))
            told = True
        if context.pace.clock() > until:
            raise locked_error(holder)
        context.interrupt.check()
        context.pace.sleep(context.pace.poll)

"""Which task definition revisions of a stage are of no use any more (trap B3).

A revision that is kept ACTIVE can be given to a service by its number; an INACTIVE one cannot. What is in use, and what
one of the last releases ran, stays ACTIVE.

Source: Amazon ECS API reference, DeregisterTaskDefinition (an INACTIVE revision cannot be given to a service or a new
task; numbers of a family only grow).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tinystacks.aws_calls import LackingAnswerError
from tinystacks.deployment.ends import Result

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tinystacks.deployment.releases import Release


class Use(StrEnum):
    """Why a revision stays; the first that holds is the one that is counted."""

    SERVICE = "service"
    """A service of the cluster has it in one of its deployments."""
    TASK = "task"
    """A task that has not stopped runs it."""
    SERVICE_DEPLOYMENT = "service_deployment"
    """A service deployment under way leaves it, goes to it or may go back to it."""
    STATE = "state"
    """The engine's state names it."""
    RELEASE = "release"
    """One of the last releases asked for it, or may have."""
    LAST_STEADY = "last_steady"
    """The last release that became steady asked for it."""
    UNMARKED = "unmarked"
    """It does not bear the stage's tags."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Revision:
    """One revision of a task definition.

    Attributes:
        family: such as `shop-prod-web`.
        number: from 1, per family.
    """

    family: str
    number: int

    @classmethod
    def of(cls, reference: str) -> Revision:
        """Read an ARN, or `family:revision`.

        Raises:
            LackingAnswerError: it names no revision; within `aws_errors` an `AwsError`.
        """
        family, _, number = reference.rpartition("/")[2].rpartition(":")
        if not family or not number.isdecimal():
            raise LackingAnswerError(f"revision of {reference}")
        return cls(family=family, number=int(number))

    def __str__(self) -> str:
        return f"{self.family}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRevision:
    """A revision that stays ACTIVE.

    Attributes:
        revision: which.
        uses: why, at least one.
    """

    revision: Revision
    uses: tuple[Use, ...]


def chosen(
    active: Iterable[Revision],
    used: Mapping[Use, Collection[Revision]],
    releases: Sequence[Release],
    *,
    prefix: str,
    keep: int,
) -> tuple[tuple[Revision, ...], tuple[KeptRevision, ...]]:
    """Tell revisions that may go from those that stay.

    Where it is not known which revision a release asked for, as after an `up` that was broken off, every revision from
    that of the release before to that of the release after it stays.

    Args:
        active: the ACTIVE revisions of the stage.
        used: what is in use.
        releases: of the stage, newest first.
        prefix: what families of the stage begin with, before the name of the service.
        keep: how many of the newest releases keep their revisions, whatever their result.

    Returns:
        Revisions of no use, and those that stay with the reasons, both in order.
    """
    last_steady = next((index for index, one in enumerate(releases) if one.result == Result.STEADY), None)
    doomed: list[Revision] = []
    kept: list[KeptRevision] = []
    for revision in sorted(active):
        asked = [_asked(release, revision.family, prefix) for release in releases]
        uses = [use for use in Use if revision in used.get(use, ())]
        if any(_may_have_run(revision.number, asked, index) for index in range(min(keep, len(releases)))):
            uses.append(Use.RELEASE)
        if last_steady is not None and _may_have_run(revision.number, asked, last_steady):
            uses.append(Use.LAST_STEADY)
        if uses:
            kept.append(KeptRevision(revision=revision, uses=tuple(uses)))
        else:
            doomed.append(revision)
    return tuple(doomed), tuple(kept)


_UNKNOWN: tuple[int, ...] | None = None


def _asked(release: Release, family: str, prefix: str) -> tuple[int, ...] | None:
    """Give the revisions of a family that a release asked for and came to; nothing where that is not known."""
    service = family.removeprefix(prefix)
    for verdict in release.verdicts:
        if verdict.service == service and verdict.asked_task_definition:
            named = [verdict.asked_task_definition, *([verdict.task_definition] if verdict.task_definition else [])]
            return tuple(one.number for one in map(Revision.of, named) if one.family == family)
    services = release.spec.get("services")
    return _UNKNOWN if not services or service in services else ()


def _may_have_run(number: int, asked: Sequence[tuple[int, ...] | None], index: int) -> bool:
    """Whether the release at an index (newest first) ran, or may have run, the revision of a number."""
    known = asked[index]
    if known is not None:
        return number in known
    newer = next((max(one) for one in reversed(asked[:index]) if one), None)
    older = next((min(one) for one in asked[index + 1 :] if one), 1)
    return older <= number and (newer is None or number <= newer)

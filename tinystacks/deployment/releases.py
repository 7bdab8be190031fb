"""Releases of a stage: what ran, who brought it, how it ended.

Every update stores number, resolved stage and images in the stack's history, so that they outlive this machine; how a
release ended is known only after it: it is kept in the stage's folder, with the next release, and in the journal of a
stage whose state is shared.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tinystacks.deployment.ends import Result
from tinystacks.deployment.service_verdicts import Cause, ServiceVerdict
from tinystacks.errors import SpecError, TinystacksError
from tinystacks.spec.model import StageSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tinystacks.deployment.results import HistoryEntry

UNKNOWN_RESULT = "unknown"
"""The engine was done, and nobody here saw how the services' deployments ended."""
_REPLACED = "replaced before anybody saw how it ended"

_OF_THE_PLACE = ("state", "secrets_provider", "account", "profile", "region", "approval", "order")


class NoReleaseError(TinystacksError):
    """There is no such release, or none that can be gone back to."""

    kind = "no-release"
    exit_code = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What a stage ran from one moment on.

    Attributes:
        number: from 1, per stage.
        created_at: with time zone.
        by: who released.
        commit: version of the sources; `-dirty` behind it when there were changes; empty when unknown.
        message: given with it.
        result: a `Result`, `in_progress`, or `unknown`.
        images: what the services (and `service/sidecar`) ran, by name; digests where they were known.
        sources: content of the sources that images were built from, by service.
        spec: the whole resolved stage.
        verdicts: how the services' deployments ended, with causes; empty when unknown.
        reason: why the result is not known, where that is known.
    """

    number: int
    created_at: datetime
    by: str = ""
    commit: str = ""
    message: str = ""
    result: str = UNKNOWN_RESULT
    images: Mapping[str, str] = field(default_factory=dict[str, str])
    sources: Mapping[str, str] = field(default_factory=dict[str, str])
    spec: Mapping[str, Any] = field(default_factory=dict[str, Any])
    verdicts: tuple[ServiceVerdict, ...] = ()
    reason: str = ""

    @property
    def content(self) -> str:
        """The same text for releases that run the same."""
        return json.dumps([self.spec, dict(self.images)], sort_keys=True)

    def stage(self, place: StageSpec | None = None) -> StageSpec:
        """Give the stage as it was.

        Args:
            place: says where the stage is and who may change it, which is not part of what ran; as it was by default.

        Raises:
            NoReleaseError: this version cannot read what another version stored.
        """
        try:
            stage = StageSpec.model_validate_json(json.dumps(self.spec))
        except (SpecError, ValueError) as error:
            raise NoReleaseError(
                f"Release {self.number} was stored by another version of tstack that described stages otherwise.",
                hint=f"Deploy its commit ({self.commit or 'unknown'}) with `tstack up`.",
            ) from error
        kept = {} if place is None else {name: getattr(place, name) for name in _OF_THE_PLACE}
        return stage.model_copy(update=kept)

    def to_mapping(self, *, whole: bool = False) -> dict[str, Any]:
        """Give plain data.

        Args:
            whole: with the stage and the verdict.
        """
        line: dict[str, Any] = {
            "number": self.number,
            "created_at": self.created_at.isoformat(timespec="seconds"),
            "by": self.by,
            "commit": self.commit,
            "message": self.message,
            "result": self.result,
            "images": dict(self.images),
            "reason": self.reason,
        }
        if not whole:
            return line
        return {
            **line,
            "verdicts": [verdict.to_mapping() for verdict in self.verdicts],
            "causes": [cause.to_mapping() for verdict in self.verdicts for cause in verdict.causes],
            "spec": dict(self.spec),
        }


def releases_of(entries: Iterable[HistoryEntry], verdicts: Mapping[int, Mapping[str, Any]]) -> list[Release]:
    """Read the releases out of a stage's history.

    Args:
        entries: the history, newest first.
        verdicts: what is kept of the ends of releases, by number.

    Returns:
        The releases, newest first; of several tries at one release the last.
    """
    found: dict[int, Release] = {}
    told: dict[int, str] = {}
    for entry in entries:
        stored = entry.release
        number = int(stored.get("number", 0))
        if not number or number in found:
            continue
        before: Mapping[str, Any] = stored.get("before") or {}
        told.setdefault(int(before.get("number", 0)), str(before.get("result", "")))
        kept = verdicts.get(number, {})
        result = str(stored.get("result") or "") or str(kept.get("result") or "") or told.get(number, "")
        if not result:
            result = Result.FAILED if entry.result == "failed" else UNKNOWN_RESULT
        found[number] = Release(
            number=number,
            created_at=_time(stored.get("created_at"), entry.started_at),
            by=str(stored.get("by", "")),
            commit=str(stored.get("commit", "")),
            message=str(stored.get("message", "")),
            result=str(result),
            images=dict(stored.get("images") or {}),
            sources=dict(stored.get("sources") or {}),
            spec=dict(entry.spec),
            verdicts=tuple(_verdict(item) for item in kept.get("verdicts", ())),
        )
    known = [found[number] for number in sorted(found, reverse=True)]
    return [*known[:1], *(_ended(release) for release in known[1:])]


def pick(releases: Iterable[Release], number: int, typed: str) -> Release:
    """Give one release.

    Args:
        releases: of the stage.
        number: of the one.
        typed: the stage as it is typed, such as `prod` or `prod --local`.

    Raises:
        NoReleaseError: there is none of that number; says which there are.
    """
    known = {release.number: release for release in releases}
    if number in known:
        return known[number]
    if not known:
        raise _no_releases(typed)
    raise NoReleaseError(
        f"Stage `{_name(typed)}` has no release {number}; it has {_span(sorted(known))}.",
        hint=f"`tstack releases {typed}` lists them.",
    )


def release_before(releases: Iterable[Release], typed: str) -> Release:
    """Give what a rollback goes back to: the last release that became steady and ran something else than the current.

    Args:
        releases: newest first.
        typed: the stage as it is typed, such as `prod` or `prod --local`.

    Raises:
        NoReleaseError: there is none.
    """
    known = list(releases)
    if not known:
        raise _no_releases(typed)
    current = known[0]
    for release in known[1:]:
        if release.result == Result.STEADY and release.content != current.content:
            return release
    raise NoReleaseError(
        f"Stage `{_name(typed)}` has nothing to go back to: before release {current.number} no other release became "
        "steady.",
        hint=f"Mend the sources or the file and run `tstack up {typed}`; or name a release with --to.",
    )


def _ended(release: Release) -> Release:
    """Give a release that others followed: its deployment is over, also where its `up` was broken off."""
    if release.result != Result.IN_PROGRESS:
        return release
    return replace(release, result=UNKNOWN_RESULT, reason=_REPLACED)


def _no_releases(typed: str) -> NoReleaseError:
    return NoReleaseError(f"Stage `{_name(typed)}` has no releases yet.", hint=f"`tstack up {typed}` makes the first.")


def _name(typed: str) -> str:
    return typed.partition(" ")[0]


def _span(numbers: list[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"


def _time(text: Any, otherwise: datetime) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC) if text else otherwise


def _verdict(data: Mapping[str, Any]) -> ServiceVerdict:
    known: dict[str, Any] = {key: data[key] for key in ServiceVerdict.__dataclass_fields__ if key in data}
    known["result"] = Result(data["result"])
    known["causes"] = tuple(Cause.from_mapping(item) for item in data.get("causes", ()))
    return ServiceVerdict(**known)

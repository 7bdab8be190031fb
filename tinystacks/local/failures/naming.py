"""From what a user calls a thing to the thing itself."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinystacks.errors import UsageError
from tinystacks.local.failures.model import KINDS
from tinystacks.naming import TAG_SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinystacks.controlplane.model import Ec2Instance, Service, Task
    from tinystacks.controlplane.plane import ControlPlane

_LISTED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A thing and its region."""

    region: str
    name: str


def services(plane: ControlPlane) -> list[Service]:
    """Services that are there."""
    return [one for one in plane.state.services.values() if one.status == "ACTIVE"]


def running_tasks(plane: ControlPlane) -> list[Task]:
    """Tasks that run and are wanted, the oldest first."""
    found = [
        one for one in plane.state.tasks.values() if one.last_status == "RUNNING" and one.desired_status == "RUNNING"
    ]
    return sorted(found, key=lambda one: (one.started_at or 0.0, one.id))


def key_of(task: Task) -> str:
    """The service of a task as failures name it; empty for a lone task."""
    return f"{task.service.cluster}/{task.service.name}" if task.service is not None else ""


def find_service(
    planes: Iterable[ControlPlane], what: str, *, kind: str = "service", others: Iterable[str] = ()
) -> Found:
    """A service by its name in ECS, its name in the file, or either after `cluster/`.

    Args:
        planes: where it is looked for.
        what: the name.
        kind: what may be named, in the words of the error.
        others: names besides those of services that would do.

    Raises:
        UsageError: there is none, or there are several.
    """
    known: dict[tuple[str, str], set[str]] = {}
    for plane in planes:
        for one in services(plane):
            short = one.tags.get(TAG_SERVICE, one.name)
            key = f"{one.cluster}/{one.name}"
            known[plane.state.region, key] = {one.name, short, key, f"{one.cluster}/{short}"}
    matches = [place for place, names in known.items() if what in names]
    if len(matches) == 1:
        region, key = matches[0]
        return Found(region=region, name=key)
    if matches:
        raise UsageError(
            f"there are {len(matches)} services `{what}`",
            hint=f"Say which: {', '.join(key for _, key in matches[:_LISTED])}.",
        )
    named = {name for names in known.values() for name in names if "/" not in name}
    raise unknown(kind, what, named.union(others))


def find_instance(planes: Iterable[ControlPlane], what: str) -> tuple[str, Ec2Instance]:
    """An instance by its id in EC2 or in ECS; without one the registered instance with most tasks.

    Raises:
        UsageError: there is none.
    """
    known: list[tuple[str, Ec2Instance]] = []
    for plane in planes:
        known += [(plane.state.region, one) for one in plane.state.ec2_instances.values() if not one.terminating]
    if what:
        for region, one in known:
            names = {one.id, one.container_instance.id if one.container_instance is not None else one.id}
            if what.rpartition("/")[2] in names:
                return region, one
        raise unknown("instance", what, [one.id for _, one in known])
    registered = [(region, one) for region, one in known if one.container_instance is not None]
    if not registered:
        raise UsageError("no container instance is registered", hint="Start a stage that has instances first.")
    return min(registered, key=lambda item: (-len(item[1].container_instance.tasks), item[1].id))  # pyright: ignore[reportOptionalMemberAccess] - those without were left out above


def find_zone(zones: Iterable[tuple[str, str]], what: str, *, kind: str = "zone", others: Iterable[str] = ()) -> Found:
    """A zone by its name, or by its letter where only one region is in use.

    Args:
        zones: (region, zone) of all that there are.
        what: such as `us-east-1a`, or `a`.
        kind: what may be named, in the words of the error.
        others: names besides those of zones that would do.

    Raises:
        UsageError: there is none, or there are several.
    """
    known = list(zones)
    matches = [Found(region=region, name=zone) for region, zone in known if what in {zone, zone.removeprefix(region)}]
    if len(matches) == 1:
        return matches[0]
    if not known:
        raise UsageError("there is no zone in use", hint="Zones come with a stage: `tstack up --local`.")
    if not what or matches:
        raise UsageError("say which zone", hint=f"One of {', '.join(zone for _, zone in known[:_LISTED])}.")
    raise unknown(kind, what, [*others, *(zone for _, zone in known)])


def unknown_kind(what: str) -> UsageError:
    """The error for a kind of failure that there is not, with all that there are."""
    hint = f"{_nearest(what, KINDS)} Kinds: {', '.join(KINDS)}.".lstrip()
    return UsageError(f"there is no kind of failure `{what}`", hint=hint)


def unknown(kind: str, what: str, known: Iterable[str]) -> UsageError:
    """The error for a name that nothing has, with the nearest name or all of them."""
    names = sorted(set(known) - {""})
    listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
    every = f"There {'is' if len(names) == 1 else 'are'}: {listed}." if names else f"There is no {kind}."
    return UsageError(f"there is no {kind} `{what}`", hint=_nearest(what, names) or every)


def _nearest(what: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(what, list(names), n=1, cutoff=0.6)
    return f"Did you mean `{close[0]}`?" if close else ""

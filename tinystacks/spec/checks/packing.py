"""Whether the tasks fit the instances, normally and while a new version replaces the old one (traps E1, E2, B7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.spec.checks.finding import Finding, error, warning
from tinystacks.spec.checks.updates import bounds
from tinystacks.spec.instance_types import InstanceType, instance_types
from tinystacks.spec.room import Fleet, Needs, lacking, needs_of, placed_tasks, room_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tinystacks.spec.model import StageSpec
    from tinystacks.spec.positions import KeyPath
    from tinystacks.spec.service import ServiceSpec

    Report = Callable[[KeyPath, str, str], Finding]


def check(stage: StageSpec) -> Iterator[Finding]:
    """Check memory, CPU, network interfaces and ports against the instances.

    What must always run (the smallest numbers of tasks) has to fit the largest number of instances, and so has an
    update of it; else nothing could ever be deployed. What scaling may add is only warned of.
    """
    compute = stage.compute
    known = instance_types()
    if compute.kind != "ec2" or any(name not in known for name in compute.instance_types):
        return
    types = [known[name] for name in compute.instance_types]
    # ECS counts with the smallest type: a task that does not fit it never makes the group grow (rule C15).
    smallest = min(types, key=lambda known_type: (known_type.usable_mib, known_type.cpu_units, known_type.awsvpc_tasks))
    yield from _single_tasks(stage, smallest)
    if compute.instances.max < compute.instances.min:
        return
    # A task that fits no instance takes room from no other: its service is told above, the rest is counted without it.
    room = room_of(smallest)
    needs = {name: needs_of(service) for name, service in stage.services.items()}
    fitting = {name: service for name, service in stage.services.items() if not lacking(needs[name], room)}
    least = {name: service.tasks.min for name, service in fitting.items()}
    errors = list(_together(stage, smallest, needs, least, error))
    yield from errors
    if not errors:
        most = {name: max(service.tasks.min, service.tasks.max) for name, service in fitting.items()}
        yield from _together(stage, smallest, needs, most, warning)


def _single_tasks(stage: StageSpec, smallest: InstanceType) -> Iterator[Finding]:
    room = room_of(smallest)
    for name, service in stage.services.items():
        needs = needs_of(service)
        what = lacking(needs, room)
        path = ("services", name)
        sidecars = " with its sidecars" if service.sidecars else ""
        if what == "memory":
            message = (
                f"a task{sidecars} needs {needs.memory_mib} MiB, but a {smallest.name} offers about {room.memory_mib} "
                f"of its {smallest.memory_mib} MiB to tasks; lower it or choose a larger instance type"
            )
            yield error((*path, "memory"), "memory-does-not-fit", message)
        elif what == "cpu":
            message = (
                f"a task{sidecars} needs {needs.cpu_units} CPU units, but a {smallest.name} has {room.cpu_units}; "
                "lower it or choose a larger instance type"
            )
            yield error((*path, "cpu"), "cpu-does-not-fit", message)
        elif what == "interfaces":
            message = (
                f"a {smallest.name} has {smallest.max_interfaces} network interface and so none for a task in "
                "`awsvpc` mode; use `bridge` or a larger instance type"
            )
            yield error((*path, "network_mode"), "interfaces-do-not-fit", message)


def _together(
    stage: StageSpec, smallest: InstanceType, needs: Mapping[str, Needs], counts: Mapping[str, int], report: Report
) -> Iterator[Finding]:
    """Check that `counts` tasks fit, and that every service in it can then still be updated."""
    instances = stage.compute.instances.max
    placed = _placed(stage, smallest, needs, counts)
    short = {name: count for name, count in placed.items() if count < counts[name]}
    where = f"{instances} {smallest.name} (`compute.instances.max`)"
    for name, count in short.items():
        message = (
            f"{counts[name]} tasks do not fit {where}: {_reason(needs[name], smallest)}room for {count}; raise "
            f"`compute.instances.max`, choose a larger instance type, or lower the task's needs"
        )
        yield report(_field(stage.services[name], name, report), "tasks-do-not-fit", message)
    if short:
        return
    for name in counts:
        service = stage.services[name]
        if not counts[name] or not _needs_room_first(service, counts[name]):
            continue
        more = {**counts, name: counts[name] + 1}
        if _placed(stage, smallest, needs, more)[name] < more[name] or _any_short(stage, smallest, needs, more):
            message = (
                f"with {counts[name]} tasks an update cannot begin: a new task starts before an old one stops, but "
                f"{where} can hold no more ({_reason(needs[name], smallest)}all taken); raise `compute.instances.max`, "
                "or allow a gap by `rolling_update: {min_healthy_percent: 50, max_percent: 100}`"
            )
            yield report(_field(service, name, report), "update-does-not-fit", message)


def _placed(
    stage: StageSpec, smallest: InstanceType, needs: Mapping[str, Needs], counts: Mapping[str, int]
) -> dict[str, int]:
    fleet = Fleet(stage.compute.instances.max, room_of(smallest))
    return placed_tasks(
        fleet,
        ((name, needs[name], count, stage.services[name].placement == "spread") for name, count in counts.items()),
    )


def _any_short(stage: StageSpec, smallest: InstanceType, needs: Mapping[str, Needs], counts: Mapping[str, int]) -> bool:
    return any(count < counts[name] for name, count in _placed(stage, smallest, needs, counts).items())


def _needs_room_first(service: ServiceSpec, count: int) -> bool:
    """Say whether ECS cannot stop an old task before a new one runs (rule D4)."""
    lower, _ = bounds(service.rolling_update, count)
    return lower >= count


def _reason(needs: Needs, smallest: InstanceType) -> str:
    """Say how many of such tasks one instance holds."""
    room = room_of(smallest)
    limits = [room.memory_mib // needs.memory_mib] if needs.memory_mib else []
    limits += [room.cpu_units // needs.cpu_units] if needs.cpu_units else []
    limits += [room.interfaces] if needs.interfaces else []
    limits += [1] if needs.ports else []
    return f"{min(limits)} per instance, " if limits else ""


def _field(service: ServiceSpec, name: str, report: Report) -> KeyPath:
    return ("services", name, "tasks", "max" if report is warning and service.tasks.min != service.tasks.max else "min")

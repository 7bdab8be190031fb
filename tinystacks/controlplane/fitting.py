"""Whether a container instance can take a task, and which test it fails (P1, P2, P8, P11, P28, P29)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinystacks.controlplane.expressions import compiled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinystacks.controlplane.model import ContainerInstance, Needs
    from tinystacks.controlplane.settings import Settings
    from tinystacks.controlplane.state import State

REASONS = {
    "CPU": "RESOURCE:CPU",
    "MEMORY": "RESOURCE:MEMORY",
    "PORTS": "RESOURCE:PORTS",
    "ENI": "RESOURCE:ENI",
    "ATTRIBUTE": "ATTRIBUTE",
    "CONSTRAINT": "MemberOf placement constraint unsatisfied",
    "AGENT": "AGENT",
    "LOCATION": "LOCATION",
}
TEXTS = {
    "CPU": "has insufficient CPU units available.",
    "MEMORY": "has insufficient memory available.",
    "PORTS": "is already using a port required by your task.",
    "ENI": 'encountered error "RESOURCE:ENI".',
    "ATTRIBUTE": "is missing an attribute required by your task.",
    "CONSTRAINT": 'encountered error "MemberOf placement constraint unsatisfied".',
    "AGENT": 'encountered error "AGENT".',
    "LOCATION": 'encountered error "LOCATION".',
}
MOST_PORTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What is to be placed, and by which rules; equal demands share their placer.

    Attributes:
        group: `service:<name>`, or the group of lone tasks.
        provider: name of the capacity provider whose instances are allowed; empty for all of the cluster.
        strategies: (type, field) in order.
        members: expressions of `memberOf`.
        distinct: `distinctInstance` asked for.
        zones: allowed zones; empty for all.
        attributes: names that an instance must have.
        revision: set when only tasks of one deployment count for spread or distinctInstance.
    """

    cluster: str
    group: str
    provider: str
    needs: Needs
    strategies: tuple[tuple[str, str], ...] = ()
    members: tuple[str, ...] = ()
    distinct: bool = False
    zones: frozenset[str] = frozenset()
    attributes: tuple[str, ...] = ()
    revision: str = ""


def is_candidate(demand: Demand, instance: ContainerInstance) -> bool:
    """Whether an instance is looked at at all (P2)."""
    return instance.status == "ACTIVE" and (not demand.provider or instance.capacity_provider_name == demand.provider)


def group_count(state: State, demand: Demand, instance: ContainerInstance, *, for_spread: bool) -> int:
    """Count the tasks of the demand's group on an instance."""
    settings = state.settings
    count_all = (
        settings.old_revisions_count_for_spread if for_spread else settings.old_revisions_count_for_distinct_instance
    )
    revision = "" if count_all else demand.revision
    count = 0
    # A plain loop: this runs twice for each task that is placed and stopped.
    for task in instance.tasks.values():
        if task.group == demand.group and (not revision or task.started_by == revision):
            count += 1
    return count


def tests_of(settings: Settings, demand: Demand) -> tuple[str, ...]:
    """Name the tests that a demand can fail, in the order of the settings; the others no instance need be asked."""
    asked: dict[str, object] = {
        "LOCATION": demand.zones,
        "PORTS": demand.needs.ports,
        "ENI": demand.needs.enis,
        "ATTRIBUTE": demand.attributes,
        "CONSTRAINT": demand.members or demand.distinct,
    }
    return tuple(name for name in ("AGENT", "LOCATION", *settings.failure_tests) if asked.get(name, True))


def fits(state: State, demand: Demand, instance: ContainerInstance, tests: tuple[str, ...]) -> bool:
    """Whether an instance passes all of some tests."""
    return all(_passes(state, demand, instance, name) for name in tests)


def failing(state: State, demand: Demand, instance: ContainerInstance) -> str:
    """Name the first test that an instance fails, or give an empty string when the task fits."""
    return next(iter(all_failing(state, demand, instance, only_first=True)), "")


def all_failing(state: State, demand: Demand, instance: ContainerInstance, *, only_first: bool = False) -> list[str]:
    """Name the tests that an instance fails, in the order of the settings."""
    failed: list[str] = []
    for name in tests_of(state.settings, demand):
        if not _passes(state, demand, instance, name):
            failed.append(name)
            if only_first:
                break
    return failed


def closest(
    state: State, demand: Demand, instances: Iterable[ContainerInstance]
) -> tuple[ContainerInstance, str] | None:
    """Find the instance that fails the fewest tests and name its first failed one (P29)."""
    best: tuple[int, ContainerInstance, str] | None = None
    for instance in instances:
        failed = all_failing(state, demand, instance)
        if failed and (best is None or len(failed) < best[0]):
            best = (len(failed), instance, failed[0])
    return None if best is None else (best[1], best[2])


def _passes(state: State, demand: Demand, instance: ContainerInstance, name: str) -> bool:
    needs = demand.needs
    match name:
        case "AGENT":
            passes = instance.agent_connected
        case "LOCATION":
            passes = not demand.zones or instance.zone in demand.zones
        case "CPU":
            passes = needs.cpu <= instance.remaining_cpu
        case "MEMORY":
            passes = needs.memory <= instance.remaining_memory
        case "PORTS":
            used = instance.scheduled.ports
            passes = not needs.ports or (
                len(used) + len(needs.ports) <= MOST_PORTS
                and not any((one.protocol, one.port) in used for one in needs.ports)
            )
        case "ENI":
            passes = instance.scheduled.enis + needs.enis <= instance.max_task_enis
        case "ATTRIBUTE":
            passes = all(one in instance.attributes for one in demand.attributes)
        case _:
            passes = all(compiled(one)(instance) for one in demand.members) and not (
                demand.distinct and group_count(state, demand, instance, for_spread=False)
            )
    return passes

"""Whether a container instance can take a task, and which test it fails (P1, P2, P8, P11, P28, P29)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinystacks.controlplane.expressions import compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tinystacks.controlplane.model import ContainerInstance, Needs
    from tinystacks.controlplane.settings import Settings
    from tinystacks.controlplane.state import State

    Test = Callable[[State, "Demand", ContainerInstance], bool]

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
    if count_all or not demand.revision:
        return instance.groups.get(demand.group, 0)
    tasks = instance.tasks.values()
    return sum(1 for one in tasks if one.group == demand.group and one.started_by == demand.revision)


def tests_of(settings: Settings, demand: Demand) -> dict[str, Test]:
    """Give the tests that a demand can fail by name, in the order of the settings; no instance need be asked others."""
    asked: dict[str, object] = {
        "LOCATION": demand.zones,
        "PORTS": demand.needs.ports,
        "ENI": demand.needs.enis,
        "ATTRIBUTE": demand.attributes,
        "CONSTRAINT": demand.members or demand.distinct,
    }
    return {name: _TESTS[name] for name in ("AGENT", "LOCATION", *settings.failure_tests) if asked.get(name, True)}


def failing(state: State, demand: Demand, instance: ContainerInstance) -> str:
    """Name the first test that an instance fails, or give an empty string when the task fits."""
    return next(iter(all_failing(state, demand, instance, only_first=True)), "")


def all_failing(state: State, demand: Demand, instance: ContainerInstance, *, only_first: bool = False) -> list[str]:
    """Name the tests that an instance fails, in the order of the settings."""
    failed: list[str] = []
    for name, test in tests_of(state.settings, demand).items():
        if not test(state, demand, instance):
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


def _has_cpu(_: State, demand: Demand, instance: ContainerInstance) -> bool:
    return demand.needs.cpu <= instance.cpu - instance.scheduled.cpu


def _has_memory(_: State, demand: Demand, instance: ContainerInstance) -> bool:
    return demand.needs.memory <= instance.memory - instance.scheduled.memory


def _has_ports(_: State, demand: Demand, instance: ContainerInstance) -> bool:
    used, wanted = instance.scheduled.ports, demand.needs.ports
    return len(used) + len(wanted) <= MOST_PORTS and not any((one.protocol, one.port) in used for one in wanted)


def _meets_constraints(state: State, demand: Demand, instance: ContainerInstance) -> bool:
    return all(compiled(one)(instance) for one in demand.members) and not (
        demand.distinct and group_count(state, demand, instance, for_spread=False)
    )


_TESTS: dict[str, Test] = {
    "AGENT": lambda _, __, instance: instance.agent_connected,
    "LOCATION": lambda _, demand, instance: instance.zone in demand.zones,
    "CPU": _has_cpu,
    "MEMORY": _has_memory,
    "PORTS": _has_ports,
    "ENI": lambda _, demand, instance: instance.scheduled.enis + demand.needs.enis <= instance.max_task_enis,
    "ATTRIBUTE": lambda _, demand, instance: all(one in instance.attributes for one in demand.attributes),
    "CONSTRAINT": _meets_constraints,
}

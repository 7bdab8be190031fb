"""Choice of a container instance for a task: strategies in sequence, ties by a fixed order (P14-P20).

A `Placer` serves all tasks of one demand. It keeps the fitting instances in heaps, one per combination of spread
attributes, and looks again only at instances that changed since it was last asked (the cluster keeps a list of them).
Placing n tasks on m instances thus costs about (n + m) log m.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.controlplane import fitting

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.controlplane.fitting import Demand
    from tinystacks.controlplane.model import Cluster, ContainerInstance
    from tinystacks.controlplane.state import State

    Part = Callable[[ContainerInstance, int], float]

# What orders it, then a fixed order of ties (P19), the number of the entry, and the sight: flat, compared at once.
Entry = tuple[Any, ...]
MOST_PLACERS = 512


def choose(state: State, demand: Demand) -> ContainerInstance | None:
    """Give the instance for the next task of a demand, or None when none has room."""
    placer = state.placers.get(demand)
    if placer is None:
        if len(state.placers) >= MOST_PLACERS:
            del state.placers[next(iter(state.placers))]
        placer = state.placers[demand] = Placer(state, demand)
    return placer.best()


@dataclass(slots=True)
class Sight:
    """What a placer last saw of an instance.

    Attributes:
        tie: its place among equals: the order of ids.
        values: its values of the spread attributes.
        count: tasks of the demand's group on it.
        stamp: number of its valid entry in a heap; 0 when the task does not fit.
    """

    instance: ContainerInstance
    tie: int
    values: tuple[str | None, ...] = ()
    count: int = 0
    stamp: int = 0


class Placer:
    """Fitting instances for one demand, ordered by its strategies."""

    def __init__(self, state: State, demand: Demand) -> None:
        self._state = state
        self._demand = demand
        self._tests = tuple(fitting.tests_of(state.settings, demand).values())
        self._cluster: Cluster = state.clusters[demand.cluster]
        fields = demand.strategies
        spreads = [name for kind, name in fields if kind == "spread" and name not in {"instanceId", "host"}]
        self._spreads = [name.removeprefix("attribute:") for name in spreads]
        self._steps = fields
        leading = 0
        while leading < len(fields) and fields[leading][1] in spreads:
            leading += 1
        # Heaps need keys that other instances cannot change: every attribute spread must come first.
        self._heaped = leading == len(spreads)
        self._own_parts = [self._own_part(kind, name) for kind, name in fields if name not in spreads]
        self._totals = [Counter[str | None]() for _ in self._spreads]
        self._sights: dict[str, Sight] = {}
        self._buckets: dict[tuple[str | None, ...], list[Entry]] = {}
        self._pushed = 0
        self._position = len(self._cluster.changes)
        for instance in self._cluster.container_instances.values():
            self._look(instance.arn)

    def best(self) -> ContainerInstance | None:
        """Give the best fitting instance of the moment."""
        changes = self._cluster.changes
        for arn in dict.fromkeys(changes[self._position :]):
            self._look(arn)
        self._position = len(changes)
        if not self._heaped:
            fitting_ones = (one for one in self._sights.values() if one.stamp)
            first = min(fitting_ones, key=self._full_key, default=None)
            return None if first is None else first.instance
        best: tuple[tuple[int, ...], Entry] | None = None
        for values, heap in self._buckets.items():
            while heap and heap[0][-1].stamp != heap[0][-2]:
                heapq.heappop(heap)
            if heap:
                totals = tuple([total[value] for total, value in zip(self._totals, values, strict=True)])
                if best is None or (totals, heap[0]) < best:
                    best = (totals, heap[0])
        return None if best is None else best[1][-1].instance

    def _look(self, arn: str) -> None:
        instance = self._cluster.container_instances.get(arn)
        sight = self._sights.get(arn)
        if sight is None:
            if instance is None:
                return
            sight = self._sights[arn] = Sight(instance, int(instance.id, 16))
        sight.stamp = 0
        if instance is None:
            self._count(sight, sight.values, 0)
            del self._sights[arn]
            return
        self._count(
            sight,
            tuple([instance.attributes.get(name) for name in self._spreads]),
            fitting.group_count(self._state, self._demand, instance, for_spread=True),
        )
        if not fitting.is_candidate(self._demand, instance):
            return
        # A plain loop: an instance is looked at again for each task that is placed on it or stopped.
        for test in self._tests:
            if not test(self._state, self._demand, instance):
                return
        self._pushed += 1
        sight.stamp = self._pushed
        if self._heaped:
            heap = self._buckets.setdefault(sight.values, [])
            parts = [part(instance, sight.count) for part in self._own_parts]
            heapq.heappush(heap, (*parts, -instance.remaining_memory, sight.tie, sight.stamp, sight))

    def _count(self, sight: Sight, values: tuple[str | None, ...], count: int) -> None:
        """Move what an instance adds to the totals of its values."""
        if sight.count == count and sight.values == values:
            return
        for total, value in zip(self._totals, sight.values, strict=False):  # a new sight has no values
            total[value] -= sight.count
        for total, value in zip(self._totals, values, strict=True):
            total[value] += count
        sight.values = values
        sight.count = count

    def _own_part(self, kind: str, name: str) -> Part:
        """Give a part of the order that only the instance itself decides."""
        if kind == "random":
            return lambda _, __: self._state.random.random()
        if kind == "binpack":
            if name.lower() == "cpu":
                return lambda instance, _: instance.remaining_cpu
            return lambda instance, _: instance.remaining_memory
        return lambda _, count: count

    def _full_key(self, sight: Sight) -> Entry:
        instance = sight.instance
        totals = dict(zip(self._spreads, zip(self._totals, sight.values, strict=True), strict=True))
        parts: list[float | str] = []
        for kind, name in self._steps:
            attribute = name.removeprefix("attribute:")
            if kind == "spread" and attribute in totals:
                total, value = totals[attribute]
                parts.append(total[value])
            elif kind == "binpack":
                parts.append(instance.remaining_cpu if name.lower() == "cpu" else instance.remaining_memory)
            else:
                parts.append(sight.count if kind == "spread" else self._state.random.random())
        return (*parts, -instance.remaining_memory, sight.tie)

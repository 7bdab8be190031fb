"""Choice of a container instance for a task: strategies in sequence, ties by a fixed order (P14-P20).

A `Placer` serves all tasks of one demand. It keeps the fitting instances in heaps, one per combination of spread
attributes, and looks again only at instances that changed since it was last asked (the cluster keeps a list of them).
Placing n tasks on m instances thus costs about (n + m) log m.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinystacks.controlplane import fitting

if TYPE_CHECKING:
    from tinystacks.controlplane.fitting import Demand
    from tinystacks.controlplane.model import Cluster, ContainerInstance
    from tinystacks.controlplane.state import State

Key = tuple[float | str, ...]
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
        values: its values of the spread attributes.
        count: tasks of the demand's group on it.
        stamp: number of its valid entry in a heap; 0 when the task does not fit.
    """

    instance: ContainerInstance
    values: tuple[str | None, ...] = ()
    count: int = 0
    stamp: int = 0


Entry = tuple[Key, int, Sight]


class Placer:
    """Fitting instances for one demand, ordered by its strategies."""

    def __init__(self, state: State, demand: Demand) -> None:
        self._state = state
        self._demand = demand
        self._tests = fitting.tests_of(state.settings, demand)
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
        best: tuple[tuple[int, ...], Key] | None = None
        chosen: ContainerInstance | None = None
        for values, heap in self._buckets.items():
            while heap and heap[0][2].stamp != heap[0][1]:
                heapq.heappop(heap)
            if heap:
                totals = tuple(total[value] for total, value in zip(self._totals, values, strict=True))
                if best is None or (totals, heap[0][0]) < best:
                    best = (totals, heap[0][0])
                    chosen = heap[0][2].instance
        return chosen

    def _look(self, arn: str) -> None:
        instance = self._cluster.container_instances.get(arn)
        sight = self._sights.get(arn)
        if sight is not None:
            for total, value in zip(self._totals, sight.values, strict=True):
                total[value] -= sight.count
            sight.stamp = 0
        if instance is None:
            self._sights.pop(arn, None)
            return
        if sight is None:
            sight = self._sights[arn] = Sight(instance)
        sight.count = fitting.group_count(self._state, self._demand, instance, for_spread=True)
        sight.values = tuple([instance.attributes.get(name) for name in self._spreads])
        for total, value in zip(self._totals, sight.values, strict=True):
            total[value] += sight.count
        if not fitting.is_candidate(self._demand, instance):
            return
        if not fitting.fits(self._state, self._demand, instance, self._tests):
            return
        self._pushed += 1
        sight.stamp = self._pushed
        if self._heaped:
            heap = self._buckets.setdefault(sight.values, [])
            heapq.heappush(heap, (self._own_key(instance, sight.count), sight.stamp, sight))

    def _own_key(self, instance: ContainerInstance, count: int) -> Key:
        """The parts of the order that only this instance decides; the rest is a fixed order of ties (P19)."""
        parts: list[float | str] = []
        for kind, name in self._steps:
            if kind == "random":
                parts.append(self._state.random.random())
            elif kind == "binpack":
                parts.append(instance.remaining_cpu if name.lower() == "cpu" else instance.remaining_memory)
            elif name in {"instanceId", "host"}:
                parts.append(count)
        return (*parts, -instance.remaining_memory, instance.arn)

    def _full_key(self, sight: Sight) -> Key:
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
        return (*parts, -instance.remaining_memory, instance.arn)

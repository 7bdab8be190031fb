"""How many tasks fit on how many instances: ECS placement, as far as a file can tell."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinystacks.spec.instance_types import InstanceType
    from tinystacks.spec.service import ServiceSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What one task takes from its instance, or what an instance has.

    Attributes:
        memory_mib: MiB.
        cpu_units: 1024 per vCPU.
        interfaces: network interfaces beside the instance's own.
        ports: ports of the instance itself (`host` mode).
    """

    memory_mib: int
    cpu_units: int
    interfaces: int
    ports: frozenset[int] = frozenset()


def needs_of(service: ServiceSpec) -> Needs:
    """Give what one task of a service asks for: the sum over its containers (rule P4)."""
    sidecars = service.sidecars.values()
    ports: frozenset[int] = frozenset()
    if service.network_mode == "host":
        ports = frozenset(port for port in (service.port, *(sidecar.port for sidecar in sidecars)) if port is not None)
    return Needs(
        memory_mib=(service.memory or 0) + sum(sidecar.memory for sidecar in sidecars),
        cpu_units=service.cpu + sum(sidecar.cpu for sidecar in sidecars),
        interfaces=1 if service.network_mode == "awsvpc" else 0,
        ports=ports,
    )


def room_of(instance_type: InstanceType) -> Needs:
    """Give what an instance has for tasks."""
    return Needs(
        memory_mib=instance_type.usable_mib,
        cpu_units=instance_type.cpu_units,
        interfaces=instance_type.awsvpc_tasks,
    )


def lacking(needs: Needs, room: Needs) -> str:
    """Name what an empty instance has too little of for one task; empty when the task fits."""
    if needs.memory_mib > room.memory_mib:
        return "memory"
    if needs.cpu_units > room.cpu_units:
        return "cpu"
    return "interfaces" if needs.interfaces > room.interfaces else ""


@dataclass(slots=True)
class _Instance:
    memory_mib: int
    cpu_units: int
    interfaces: int
    ports: set[int]

    def take(self, needs: Needs) -> bool:
        fits = (
            needs.memory_mib <= self.memory_mib
            and needs.cpu_units <= self.cpu_units
            and needs.interfaces <= self.interfaces
            and self.ports.isdisjoint(needs.ports)
        )
        if fits:
            self.memory_mib -= needs.memory_mib
            self.cpu_units -= needs.cpu_units
            self.interfaces -= needs.interfaces
            self.ports |= needs.ports
        return fits


class Fleet:
    """Equal instances that tasks are put on, the way ECS would.

    Args:
        count: number of instances.
        room: what each has.
    """

    def __init__(self, count: int, room: Needs) -> None:
        self._instances = [_Instance(room.memory_mib, room.cpu_units, room.interfaces, set()) for _ in range(count)]

    def place(self, needs: Needs, count: int, *, spread: bool = True) -> int:
        """Put up to `count` tasks on the instances and say how many found room.

        Args:
            needs: what one task takes.
            count: how many tasks.
            spread: the instance with fewest tasks of the service first (rule P15); else fill one after the other.
        """
        order = [(0, at) for at in range(len(self._instances))]
        placed = 0
        while placed < count and order:
            tasks, at = heapq.heappop(order)
            if self._instances[at].take(needs):
                placed += 1
                heapq.heappush(order, (tasks + 1 if spread else tasks, at))
        return placed


def placed_tasks(fleet: Fleet, wanted: Iterable[tuple[str, Needs, int, bool]]) -> dict[str, int]:
    """Put the tasks of several services on a fleet, the largest first, and say how many of each found room.

    Args:
        fleet: the instances.
        wanted: name, needs, number of tasks, and whether they are spread, for each service.
    """
    ordered = sorted(wanted, key=lambda entry: (-entry[1].memory_mib, -entry[1].cpu_units, entry[0]))
    return {name: fleet.place(needs, count, spread=spread) for name, needs, count, spread in ordered}

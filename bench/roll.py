"""Roll services through an update in the control plane alone; print the processor seconds or the calls that it took.

python bench/roll.py TASKS INSTANCES WORLDS [calls]
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.fakes.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.controlplane.service_model import Service


def main(tasks: int, instances: int, worlds: int, measure: Callable[[Callable[[], None]], float]) -> float:
    """Give the cost of one rolling update, or of several that take turns each simulated second."""
    rolled = [_steady(tasks, instances) for _ in range(worlds)]
    for world, _ in rolled:
        world.plane.update_service(service="web", task_definition=world.definition("v2"))
    return measure(lambda: _roll(rolled))


def seconds(work: Callable[[], None]) -> float:
    """Give the processor time of some work."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def calls(work: Callable[[], None]) -> float:
    """Count the calls of functions in some work, which no other work on the machine changes."""
    with cProfile.Profile() as profile:
        work()
    return float(pstats.Stats(profile).total_calls)


def _roll(rolled: list[tuple[World, Service]]) -> None:
    for world, _ in rolled:
        world.run(1)
    while rolled:
        rolled = [(world, service) for world, service in rolled if not service.is_steady]
        for world, _ in rolled:
            world.run(1)


def _steady(tasks: int, instances: int) -> tuple[World, Service]:
    world = World(kept=0)
    world.instances(instances)
    service = world.service(tasks)
    world.steady(service, 36_000)
    return world, service


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:4]), calls if "calls" in sys.argv else seconds))

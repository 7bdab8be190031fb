"""Roll services through an update in the control plane alone; print the processor seconds that it took.

python bench/roll.py TASKS INSTANCES WORLDS
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.fakes.world import World

if TYPE_CHECKING:
    from tinystacks.controlplane.service_model import Service


def main(tasks: int, instances: int, worlds: int) -> float:
    """Give the processor seconds of one rolling update, or of several that take turns each simulated second."""
    rolled = [_steady(tasks, instances) for _ in range(worlds)]
    for world, _ in rolled:
        world.plane.update_service(service="web", task_definition=world.definition("v2"))
    begun = time.process_time()
    for world, _ in rolled:
        world.run(1)
    while rolled:
        rolled = [(world, service) for world, service in rolled if not service.is_steady]
        for world, _ in rolled:
            world.run(1)
    return time.process_time() - begun


def _steady(tasks: int, instances: int) -> tuple[World, Service]:
    world = World(kept=0)
    world.instances(instances)
    service = world.service(tasks)
    world.steady(service, 36_000)
    return world, service


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:4])))

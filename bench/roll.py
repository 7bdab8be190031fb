"""Roll a service through an update in the control plane alone; print the processor seconds that it took.

python bench/roll.py TASKS INSTANCES
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.fakes.world import World


def main(tasks: int, instances: int) -> float:
    """Give the processor seconds of one rolling update."""
    world = World()
    world.instances(instances)
    service = world.service(tasks)
    world.steady(service, 36_000)
    world.plane.update_service(service="web", task_definition=world.definition("v2"))
    begun = time.process_time()
    world.run(1)
    world.steady(service, 36_000)
    return time.process_time() - begun


if __name__ == "__main__":
    print(main(int(sys.argv[1]), int(sys.argv[2])))

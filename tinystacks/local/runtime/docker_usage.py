"""What containers use, asked of the engine again and again so that the answer is there when it is wanted."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.local.documents import structure
from tinystacks.local.runtime.base import TaskUsage
from tinystacks.local.runtime.docker_settings import CPU_UNITS_PER_CPU, MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.local.runtime.docker_engine import Client, Engine

LONGEST_PERIOD_SECONDS = 5.0
SHORTEST_PERIOD_SECONDS = 0.5
_SAMPLES_PER_MINUTE = 3
_ONE_SHOT_SINCE = (1, 41)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look at a container.

    Attributes:
        at: monotonic time in seconds.
        cpu_nanoseconds: CPU time since its start.
        memory_bytes: what cannot be given back at once.
    """

    at: float
    cpu_nanoseconds: int
    memory_bytes: int


def sample_of(stats: Mapping[str, Any], at: float) -> Sample:
    """Read the engine's statistics; the page cache is not counted, as `docker stats` does it.

    Args:
        stats: as the API gives them; cgroup v1 and v2 name the cache differently.
        at: monotonic time in seconds.
    """
    cpu = structure(structure(stats, "cpu_stats"), "cpu_usage")
    memory = structure(stats, "memory_stats")
    detail = structure(memory, "stats")
    cache = int(detail.get("total_inactive_file") or detail.get("inactive_file") or 0)
    return Sample(
        at=at,
        cpu_nanoseconds=int(cpu.get("total_usage") or 0),
        memory_bytes=max(0, int(memory.get("usage") or 0) - cache),
    )


def usage_between(before: Sample, after: Sample) -> TaskUsage:
    """CPU units and MiB in use between two looks at one container."""
    seconds = max(after.at - before.at, 1e-3)
    busy = max(0, after.cpu_nanoseconds - before.cpu_nanoseconds) / 1e9 / seconds
    return TaskUsage(cpu_units=busy * CPU_UNITS_PER_CPU, memory_mib=after.memory_bytes / MIB)


class UsageSampler:
    """Looks at all running containers in a thread of its own.

    Args:
        engine: the container engine.
        running: task and id of each running container.
        minute_seconds: gives the real length of a simulated minute, in which metrics are written once.
    """

    def __init__(
        self,
        engine: Engine,
        running: Callable[[], list[tuple[str, str]]],
        *,
        minute_seconds: Callable[[], float] = lambda: 60.0,
    ) -> None:
        self._engine = engine
        self._running = running
        self._minute_seconds = minute_seconds
        self._one_shot = tuple(int(part) for part in engine.api_version.split(".")) >= _ONE_SHOT_SINCE
        self._last: dict[str, Sample] = {}
        self._usage: dict[str, TaskUsage] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="docker-usage", daemon=True)

    def start(self) -> None:
        """Start looking."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._ended.set()

    def of(self, task_ids: tuple[str, ...]) -> dict[str, TaskUsage]:
        """The newest use of tasks; one that was not looked at twice yet is left out."""
        usage = self._usage
        return {task_id: usage[task_id] for task_id in task_ids if task_id in usage}

    def _run(self) -> None:
        with self._engine.client() as client:
            while not self._ended.wait(self._period()):
                self._look(client)

    def _period(self) -> float:
        return min(LONGEST_PERIOD_SECONDS, max(SHORTEST_PERIOD_SECONDS, self._minute_seconds() / _SAMPLES_PER_MINUTE))

    def _look(self, client: Client) -> None:
        usage: dict[str, TaskUsage] = {}
        samples: dict[str, Sample] = {}
        for task_id, container_id in self._running():
            sample = self._sample(client, container_id)
            if sample is None:
                continue
            samples[container_id] = sample
            before = self._last.get(container_id)
            if before is not None:
                used, sofar = usage_between(before, sample), usage.get(task_id, TaskUsage(cpu_units=0, memory_mib=0))
                usage[task_id] = TaskUsage(
                    cpu_units=sofar.cpu_units + used.cpu_units, memory_mib=sofar.memory_mib + used.memory_mib
                )
        self._last, self._usage = samples, usage

    def _sample(self, client: Client, container_id: str) -> Sample | None:
        from docker.errors import DockerException  # noqa: PLC0415 - loaded with the runtime
        from requests import RequestException  # noqa: PLC0415 - as above

        try:
            stats = client.stats(container_id, stream=False, one_shot=True if self._one_shot else None)
        except (DockerException, RequestException):
            return None
        return sample_of(stats, time.monotonic())

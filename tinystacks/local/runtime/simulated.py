"""Tasks without containers: each port is a small HTTP server on 127.0.0.1 that says who it is.

What a container would do can be rehearsed by its environment variable `TINYSTACKS_SIMULATE`:

| value | what happens |
| --- | --- |
| `crash` | ends with exit code 1 before it runs |
| `crash:SECONDS` | ends with exit code 1 that long after its start |
| `exit:SECONDS` | ends with exit code 0 that long after its start |
| `unhealthy` | answers 503 to everything, and its own health check fails |
| `slow:SECONDS` | answers 503 for that long after its start |
| `pull-error` | its image cannot be pulled |
| `ignore-sigterm` | does not end before it is killed |
| `cpu:PERCENT` | uses this share of its reserved CPU |

Seconds are simulated ones.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tinystacks.local.documents import members
from tinystacks.local.listening_port import ListeningPort
from tinystacks.local.runtime.base import (
    Health,
    LogLine,
    PullFailed,
    PullStarted,
    PullStopped,
    Started,
    Stopped,
    TaskUsage,
)
from tinystacks.local.runtime.simulated_answers import answer
from tinystacks.local.runtime.simulated_shell import SimulatedProcess, container_shell
from tinystacks.local.sessions.process import EnterError
from tinystacks.local.status import ONE_OFF_VARIABLE
from tinystacks.naming import TAG_SERVICE

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from tinystacks.local.clock import SpeededClock
    from tinystacks.local.loop_thread import LoopThread
    from tinystacks.local.runtime.base import ContainerOrder, RuntimeEvent, TaskOrder

VARIABLE = "TINYSTACKS_SIMULATE"
PULL_SECONDS = 2.0
"""Pull of a cached image and start of a container, simulated."""
STOP_SECONDS = 1.0
IDLE_CPU_PERCENT = 2.0
IDLE_MEMORY_PERCENT = 20.0
_KILLED = 137
_LONGEST_SLEEP_SECONDS = 0.5
_ENDS = frozenset({"crash", "exit", "pull-error"})


@dataclass(slots=True, kw_only=True)
class _Container:
    task: TaskOrder
    order: ContainerOrder
    behaviour: str
    seconds: float
    ports: list[ListeningPort] = field(default_factory=list[ListeningPort])
    numbers: dict[int, int] = field(default_factory=dict[int, int])
    shells: set[SimulatedProcess] = field(default_factory=set["SimulatedProcess"])
    started_at: float = 0.0
    work: asyncio.Task[None] | None = None


class SimulatedRuntime:
    """Runs tasks as small HTTP servers.

    Args:
        loop: thread in which they run.
        clock: simulated time.
        report: receives what happens; called in the loop's thread.
    """

    name = "simulated"

    def __init__(self, loop: LoopThread, clock: SpeededClock, report: Callable[[RuntimeEvent], None]) -> None:
        self._loop = loop
        self._clock = clock
        self._report = report
        self._containers: dict[tuple[str, str], _Container] = {}

    def start(self, task: TaskOrder, containers: tuple[ContainerOrder, ...]) -> None:
        """Start containers of a task."""
        self._loop.spawn(self._start(task, containers))

    def stop(self, task_id: str, containers: tuple[str, ...], timeout_seconds: float) -> None:
        """Ask containers to end, and kill those alive after `timeout_seconds` (simulated)."""
        self._loop.spawn(self._stop_all(task_id, containers, timeout_seconds))

    def kill(self, task_id: str, containers: tuple[str, ...]) -> None:
        """End containers at once, with the exit code of SIGKILL."""
        self._loop.spawn(self._kill_all(task_id, containers))

    def instance_gone(self, task_ids: tuple[str, ...]) -> None:
        """End everything of tasks whose instance is gone, without events."""
        self._loop.spawn(self._drop(frozenset(task_ids)))

    def usage(self, task_ids: tuple[str, ...]) -> dict[str, TaskUsage]:
        """An idle task's small use, or the share that `cpu:PERCENT` asks for."""
        wanted = frozenset(task_ids)
        found: dict[str, TaskUsage] = {}
        for (task_id, _), container in list(self._containers.items()):
            if task_id not in wanted or not container.started_at:
                continue
            definition = container.order.definition
            share = container.seconds if container.behaviour == "cpu" else IDLE_CPU_PERCENT
            cpu = float(definition.get("cpu") or container.task.document.get("cpu") or 0) * share / 100
            reserved = definition.get("memoryReservation") or definition.get("memory") or 0
            memory = float(reserved or container.task.document.get("memory") or 0) * IDLE_MEMORY_PERCENT / 100
            before = found.get(task_id, TaskUsage(cpu_units=0, memory_mib=0))
            found[task_id] = TaskUsage(cpu_units=before.cpu_units + cpu, memory_mib=before.memory_mib + memory)
        return found

    async def enter(self, runtime_id: str, command: tuple[str, ...]) -> SimulatedProcess:
        """Start a program of the small built-in shell.

        Raises:
            EnterError: the container does not run, or has no such program.
        """
        container = self._running(runtime_id)
        process = SimulatedProcess(container_shell(container.task, container.order), command)
        container.shells = {one for one in container.shells if not one.over} | {process}
        return process

    async def port_address(self, runtime_id: str, port: int) -> tuple[str, int]:
        """Give where a port of a container listens.

        Raises:
            EnterError: the container does not run, or has no such port.
        """
        container = self._running(runtime_id)
        if port not in container.numbers:
            raise EnterError(f"nothing listens on port {port} of a simulated container")
        return "127.0.0.1", container.numbers[port]

    def _running(self, runtime_id: str) -> _Container:
        for (task_id, name), container in self._containers.items():
            if runtime_id == f"{task_id}-{name}" and container.started_at:
                return container
        raise EnterError("the container does not run")

    def close(self) -> None:
        """End everything."""
        self._loop.call(self._drop(frozenset(task_id for task_id, _ in self._containers)))

    async def _start(self, task: TaskOrder, containers: tuple[ContainerOrder, ...]) -> None:
        for order in containers:
            behaviour, seconds = _behaviour(order.definition)
            container = _Container(task=task, order=order, behaviour=behaviour, seconds=seconds)
            self._containers[task.task_id, order.name] = container
            container.work = asyncio.create_task(self._live(container))

    async def _live(self, container: _Container) -> None:
        """Pull, start and, where that is rehearsed, end by itself."""
        task, name = container.task, container.order.name
        self._report(PullStarted(task_id=task.task_id, container=name))
        await self._pause(PULL_SECONDS)
        self._report(PullStopped(task_id=task.task_id, container=name))
        if container.behaviour == "pull-error":
            image = container.order.definition.get("image", "")
            self._containers.pop((task.task_id, name), None)
            text = (
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
                f"failed to resolve ref {image}: not found"
            )
            self._report(PullFailed(task_id=task.task_id, container=name, message=text))
            return
        if container.behaviour == "crash" and not container.seconds:
            self._log(container, "simulated: crashing at the start")
            await self._end(container, exit_code=1)
            return
        host_ports: dict[int, int] = {}
        for mapping in members(container.order.definition, "portMappings"):
            port = ListeningPort(lambda connection, _client: self._serve(container, connection))
            real = port.open()
            container.ports.append(port)
            container_port = int(mapping["containerPort"])
            fixed = int(mapping.get("hostPort") or 0)
            host_ports[container_port] = container_port if task.network_mode in {"awsvpc", "host"} else fixed or real
            container.numbers[container_port] = real
        container.started_at = self._clock.now()
        self._log(container, f"simulated: {name} of {task.family}:{task.revision} started in {task.zone}")
        self._report(
            Started(
                task_id=task.task_id,
                container=name,
                host_ports=host_ports,
                addresses={port: ("127.0.0.1", real) for port, real in container.numbers.items()},
                runtime_id=f"{task.task_id}-{name}",
            )
        )
        await self._check_itself(container)
        if container.behaviour in {"crash", "exit"}:
            await self._pause(container.seconds)
            await self._end(container, exit_code=1 if container.behaviour == "crash" else 0)

    async def _check_itself(self, container: _Container) -> None:
        """Give the verdict of the container's own health check at its first beat (API HealthCheck: interval 30 s)."""
        check: Mapping[str, Any] | None = container.order.definition.get("healthCheck")
        if not check:
            return
        interval = float(check.get("interval") or 30)
        task_id, name = container.task.task_id, container.order.name
        if container.behaviour == "unhealthy":
            await self._pause(float(check.get("startPeriod") or 0) + interval * int(check.get("retries") or 3))
            self._report(Health(task_id=task_id, container=name, status="UNHEALTHY"))
            return
        await self._pause(interval)
        if container.behaviour == "slow":
            await self._pause(max(0.0, container.seconds - interval))
        self._report(Health(task_id=task_id, container=name, status="HEALTHY"))

    async def _stop_all(self, task_id: str, names: tuple[str, ...], timeout_seconds: float) -> None:
        await asyncio.gather(*(self._stop(task_id, name, timeout_seconds) for name in names))

    async def _stop(self, task_id: str, name: str, timeout_seconds: float) -> None:
        container = self._containers.get((task_id, name))
        if container is None:
            self._report(Stopped(task_id=task_id, container=name, exit_code=None))
            return
        ran = container.started_at > 0
        stubborn = container.behaviour == "ignore-sigterm"
        if ran:
            await self._pause(timeout_seconds if stubborn else min(STOP_SECONDS, timeout_seconds))
        if self._containers.get((task_id, name)) is not container:
            return
        if container.work is not None:
            container.work.cancel()
        await self._end(container, exit_code=(_KILLED if stubborn else 0) if ran else None)

    async def _kill_all(self, task_id: str, names: tuple[str, ...]) -> None:
        for name in names:
            container = self._containers.get((task_id, name))
            if container is not None and container.started_at > 0:
                if container.work is not None:
                    container.work.cancel()
                await self._end(container, exit_code=_KILLED)

    async def _end(self, container: _Container, *, exit_code: int | None) -> None:
        task_id, name = container.task.task_id, container.order.name
        if self._containers.pop((task_id, name), None) is None:
            return
        self._shut(container)
        if exit_code is not None:
            self._log(container, f"simulated: {name} ended with exit code {exit_code}")
        self._report(Stopped(task_id=task_id, container=name, exit_code=exit_code))

    async def _drop(self, task_ids: frozenset[str]) -> None:
        for key in [key for key in self._containers if key[0] in task_ids]:
            container = self._containers.pop(key)
            if container.work is not None:
                container.work.cancel()
            self._shut(container)

    def _shut(self, container: _Container) -> None:
        for shell in container.shells:
            shell.end()
        for port in container.ports:
            port.shut()

    async def _serve(self, container: _Container, connection: socket.socket) -> None:
        await answer(
            connection,
            code=lambda: self._code(container),
            identity=_identity(container.task, container.order),
            log=lambda text: self._log(container, text),
        )

    def _code(self, container: _Container) -> int:
        if container.behaviour == "unhealthy":
            return 503
        if container.behaviour == "slow" and self._clock.now() < container.started_at + container.seconds:
            return 503
        return 200

    def _log(self, container: _Container, text: str) -> None:
        self._report(LogLine(task_id=container.task.task_id, container=container.order.name, text=text))

    async def _pause(self, simulated_seconds: float) -> None:
        until = self._clock.now() + simulated_seconds
        while True:
            left = until - self._clock.now()
            if left <= 0:
                return
            # In pieces, since the speed may change meanwhile.
            await asyncio.sleep(min(self._clock.wall_seconds(left), _LONGEST_SLEEP_SECONDS))


def _behaviour(definition: Mapping[str, Any]) -> tuple[str, float]:
    """What is rehearsed, and its seconds."""
    given = {str(one.get("name")): str(one.get("value", "")) for one in members(definition, "environment")}
    name, _, seconds = given.get(VARIABLE, "").partition(":")
    if ONE_OFF_VARIABLE in given and name not in _ENDS:
        name, seconds = "exit", given[ONE_OFF_VARIABLE]
    try:
        return name, float(seconds or 0)
    except ValueError:
        return name, 0.0


def _identity(task: TaskOrder, order: ContainerOrder) -> dict[str, object]:
    image = str(order.definition.get("image", ""))
    return {
        "service": task.tags.get(TAG_SERVICE) or task.service or task.family,
        "task": task.task_id,
        "revision": task.revision,
        "container": order.name,
        "image": image,
        "zone": task.zone,
        "instance": task.instance_id,
    }

"""Tasks as real containers, on any engine that speaks Docker's API.

What a program does takes real time: the time to stop, the timeout of a health check and its start period are real
seconds at any speed. Every container is labelled with the life of the local AWS that made it, so that nothing stays
behind: at the end a helper process removes what is left, and the next start what a killed one left.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from tinystacks.local.runtime.base import Stopped
from tinystacks.local.runtime.docker_container import DockerContainer, Surround
from tinystacks.local.runtime.docker_creation import Maker
from tinystacks.local.runtime.docker_images import Images
from tinystacks.local.runtime.docker_labels import remove_leftovers, remove_of_task
from tinystacks.local.runtime.docker_network import TaskNetworks
from tinystacks.local.runtime.docker_usage import UsageSampler

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.local.clock import SpeededClock
    from tinystacks.local.runtime.base import ContainerOrder, RuntimeEvent, TaskOrder, TaskUsage
    from tinystacks.local.runtime.docker_engine import Engine
    from tinystacks.local.runtime.docker_labels import Owner
    from tinystacks.local.secret_values import Secrets

_log = logging.getLogger(__name__)
_MINUTE_SECONDS = 60.0


class DockerRuntime:
    """Runs tasks as containers.

    Args:
        engine: the container engine.
        owner: whose containers they are.
        secrets: values of secrets.
        clock: simulated time.
        report: receives what happens; called in many threads.
    """

    name = "docker"

    def __init__(
        self,
        engine: Engine,
        *,
        owner: Owner,
        secrets: Secrets,
        clock: SpeededClock,
        report: Callable[[RuntimeEvent], None],
    ) -> None:
        self._engine = engine
        self._owner = owner
        self._report = report
        self._networks = TaskNetworks(engine)
        maker = Maker(
            engine=engine, owner=owner, images=Images(engine.client), networks=self._networks, secrets=secrets
        )
        self._surround = Surround(engine=engine, maker=maker, clock=clock, report=report, find=self._find)
        self._lock = threading.Lock()
        self._containers: dict[tuple[str, str], DockerContainer] = {}
        self._usage = UsageSampler(engine, self._running, minute_seconds=lambda: clock.wall_seconds(_MINUTE_SECONDS))
        self._usage.start()
        with engine.client() as client:
            left = remove_leftovers(client, owner)
        if left:
            _log.warning("removed %d containers that an earlier local AWS had left", left)

    def start(self, task: TaskOrder, containers: tuple[ContainerOrder, ...]) -> None:
        """Start containers of a task."""
        made = [DockerContainer(self._surround, task, order) for order in containers]
        with self._lock:
            self._containers |= {(task.task_id, one.order.name): one for one in made}
        for one in made:
            one.start()

    def stop(self, task_id: str, containers: tuple[str, ...], timeout_seconds: float) -> None:
        """Ask containers to end, and kill those alive after `timeout_seconds` (real: programs know no other)."""
        for name in containers:
            found = self._find(task_id, name)
            if found is None or found.over:
                self._report(Stopped(task_id=task_id, container=name, exit_code=None))
                continue
            _in_background(f"docker-stop-{task_id[:8]}-{name}", lambda one=found: one.stop(timeout_seconds))

    def kill(self, task_id: str, containers: tuple[str, ...]) -> None:
        """End containers with SIGKILL; their own threads tell of it."""
        for name in containers:
            found = self._find(task_id, name)
            if found is not None and found.running_id:
                _in_background(f"docker-kill-{task_id[:8]}-{name}", found.kill)

    def instance_gone(self, task_ids: tuple[str, ...]) -> None:
        """End everything of tasks whose instance is gone, without events."""
        for task_id in task_ids:
            with self._lock:
                dropped = [self._containers.pop(key) for key in list(self._containers) if key[0] == task_id]
            _in_background(f"docker-drop-{task_id[:8]}", lambda gone=dropped, one=task_id: self._drop(gone, one))

    def usage(self, task_ids: tuple[str, ...]) -> dict[str, TaskUsage]:
        """What these tasks use now; a task that does not run here is left out."""
        return self._usage.of(task_ids)

    def close(self) -> None:
        """End everything; a process of its own goes on removing when this one ends."""
        self._usage.close()
        engine = self._engine
        module = "tinystacks.local.runtime.docker_labels"
        command = [sys.executable, "-P", "-m", module, engine.url, engine.api_version, self._owner.instance_id]
        with self._lock:
            left, self._containers = list(self._containers.values()), {}
        for one in left:
            _in_background("docker-close", one.drop)
        remover = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.DEVNULL, start_new_session=True
        )
        _in_background("docker-remover", remover.wait)

    def _drop(self, gone: list[DockerContainer], task_id: str) -> None:
        for one in gone:
            one.drop()
        self._networks.forget(task_id)
        with self._engine.client() as client:
            remove_of_task(client, self._owner.instance_id, task_id)

    def _find(self, task_id: str, name: str) -> DockerContainer | None:
        with self._lock:
            return self._containers.get((task_id, name))

    def _running(self) -> list[tuple[str, str]]:
        with self._lock:
            containers = list(self._containers.values())
        return [(one.task.task_id, one.running_id) for one in containers if one.running_id]


def _in_background(name: str, work: Callable[[], object]) -> None:
    threading.Thread(target=_quietly, args=(work,), name=name, daemon=True).start()


def _quietly(work: Callable[[], object]) -> None:
    """Do what nobody waits for; an engine that ends meanwhile has ended the containers too."""
    from docker.errors import DockerException  # noqa: PLC0415 - loaded with the runtime
    from requests import RequestException  # noqa: PLC0415 - as above

    try:
        work()
    except (DockerException, RequestException):
        _log.info("the container engine did not do it", exc_info=True)

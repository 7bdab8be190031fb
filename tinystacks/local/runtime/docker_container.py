"""One real container, from its image to its end, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.local.documents import members
from tinystacks.local.runtime.base import Health, LogLine, PullFailed, PullStarted, PullStopped, Started, Stopped
from tinystacks.local.runtime.container_end import end_reason
from tinystacks.local.runtime.docker_creation import Creation, StartError
from tinystacks.local.runtime.docker_engine import end_stream, engine_gone, explanation
from tinystacks.local.runtime.docker_health import (
    INTERVAL_SECONDS,
    TIMEOUT_SECONDS,
    check_command,
    passes,
    verdict_of,
)
from tinystacks.local.runtime.docker_labels import remove_container
from tinystacks.local.runtime.docker_output import Lines
from tinystacks.local.runtime.docker_pulls import PullError
from tinystacks.local.secret_values import SecretError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from tinystacks.local.clock import SpeededClock
    from tinystacks.local.runtime.base import ContainerOrder, RuntimeEvent, TaskOrder
    from tinystacks.local.runtime.docker_creation import Created, Maker
    from tinystacks.local.runtime.docker_engine import Client, Engine

_log = logging.getLogger(__name__)

SETTLE_SECONDS = 1.0
"""An essential container that fails within this time after its start counts as one that never ran."""
_LOOK_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.2
"""While a container is ending, has closed its output, or the engine does not answer."""
_UNDER_WAY = frozenset({"stopping", "removing"})
"""Podman's states of a container whose program may still run, although it says `Running: false, ExitCode: 0`."""
_LAST_LINES_SECONDS = 5.0
_LINK_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surround:
    """What all containers of a runtime use.

    Attributes:
        engine: the container engine.
        maker: makes containers.
        clock: simulated time.
        report: receives what happens; called in many threads.
        find: the container of a task by its name, for links.
    """

    engine: Engine
    maker: Maker
    clock: SpeededClock
    report: Callable[[RuntimeEvent], None]
    find: Callable[[str, str], DockerContainer | None]


class DockerContainer:
    """One container; see the module.

    Args:
        surround: what all containers use.
        task: the task.
        order: the container.
    """

    def __init__(self, surround: Surround, task: TaskOrder, order: ContainerOrder) -> None:
        self._surround = surround
        self.task = task
        self.order = order
        self.address = ""
        self.settled = threading.Event()
        self._lock = threading.Lock()
        self._over = False
        self._ended = threading.Event()
        self._stop_asked = False
        self._id = ""
        self._thread = threading.Thread(target=self._run, name=f"docker-{task.task_id[:8]}-{order.name}", daemon=True)

    @property
    def over(self) -> bool:
        """Whether its end was told, or is not to be told."""
        return self._over

    @property
    def running_id(self) -> str:
        """The engine's id while the container runs; else empty."""
        return "" if self._over else self._id

    def start(self) -> None:
        """Start its thread."""
        self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """Ask it to end, and kill it if it lives after that real time; returns when it was done."""
        from docker.errors import APIError  # noqa: PLC0415 - loaded with the runtime
        from requests import RequestException  # noqa: PLC0415 - as above

        with self._lock:
            self._stop_asked = True
            running = self._id
        if not running:
            self._finish(self._stopped(None))
            return
        with self._surround.engine.client() as client:
            # Podman answers with an error when the container ends at that very moment.
            with suppress(APIError, RequestException):
                client.stop(running, timeout=round(timeout_seconds))
                return
            with suppress(APIError, RequestException):
                client.kill(running)

    def kill(self) -> None:
        """Send SIGKILL; its thread tells of the end as of any other."""
        from docker.errors import APIError  # noqa: PLC0415 - loaded with the runtime
        from requests import RequestException  # noqa: PLC0415 - as above

        with self._surround.engine.client() as client, suppress(APIError, RequestException):
            client.kill(self._id)

    def drop(self) -> None:
        """Say nothing more of it; its thread removes what there is."""
        with self._lock:
            self._over = True
            running = self._id
        self._ended.set()
        self.settled.set()
        if running:
            with self._surround.engine.client() as client:
                remove_container(client, running)

    def _run(self) -> None:
        from docker.errors import DockerException  # noqa: PLC0415 - loaded with the runtime
        from requests import ConnectionError as EngineGone  # noqa: PLC0415 - as above
        from requests import RequestException  # noqa: PLC0415 - as above

        task_id, name = self.task.task_id, self.order.name
        try:
            with self._surround.engine.client() as client:
                creation = Creation(client, self._surround.maker.ports)
                try:
                    self._live(client, creation)
                finally:
                    creation.remove()
        except PullError as error:
            self._finish(PullFailed(task_id=task_id, container=name, message=str(error)))
        except (StartError, SecretError) as error:
            self._finish(self._stopped(None, str(error)))
        except EngineGone:
            self._finish(self._stopped(None, f"CannotCreateContainerError: {engine_gone(self._surround.engine.url)}"))
        except (DockerException, RequestException) as error:
            self._finish(self._stopped(None, f"ContainerRuntimeError: {explanation(error)}"))
        except Exception as error:  # noqa: BLE001 - the task must learn of it; it is logged with its trace
            _log.exception("container %s of task %s failed", name, task_id)
            self._finish(self._stopped(None, f"ContainerRuntimeError: {error}"))
        finally:
            self.settled.set()

    def _live(self, client: Client, creation: Creation) -> None:
        made = self._surround.maker.make(creation, self.task, self.order, hosts=self._linked, pulling=self._pulling)
        with self._lock:
            if self._over or self._stop_asked:
                return
            output = self._surround.maker.start(client, made)
            self._id = made.id
        try:
            reader = threading.Thread(target=self._read, args=(output,), name=self._thread.name + "-log", daemon=True)
            reader.start()
            self._started(client, made, reader)
            state = self._wait(client, made.id, reader)
        finally:
            end_stream(output)
        self._finish(self._end(state))

    def _started(self, client: Client, made: Created, reader: threading.Thread) -> None:
        """Tell of the start, unless the container fails right away."""
        facts = self._surround.maker.facts(client, made, self.task, self.order)
        self.address = facts.address
        self.settled.set()
        if self.order.definition.get("essential", True):
            reader.join(SETTLE_SECONDS)
            if not reader.is_alive() and self._wait(client, made.id, reader).get("ExitCode"):
                return
        with self._lock:
            if self._over:
                return
            self._surround.report(
                Started(
                    task_id=self.task.task_id,
                    container=self.order.name,
                    host_ports=facts.host_ports,
                    addresses=facts.addresses,
                    runtime_id=made.id,
                    image_digest=made.image_digest,
                )
            )
        check: Mapping[str, Any] = self.order.definition.get("healthCheck") or {}
        if check_command(check):
            threading.Thread(
                target=self._check, args=(made.id, check), name=self._thread.name + "-health", daemon=True
            ).start()

    def _wait(self, client: Client, container_id: str, reader: threading.Thread) -> Mapping[str, Any]:
        """Wait for the end; an engine that does not answer for a while changes nothing (T27).

        The end of the output is the sign of it, which costs the engine nothing; a look now and then makes sure.
        """
        from docker.errors import APIError, NotFound  # noqa: PLC0415 - loaded with the runtime
        from requests import RequestException  # noqa: PLC0415 - as above

        while not self._over:
            reader.join(_LOOK_SECONDS)
            try:
                state: Mapping[str, Any] = client.inspect_container(container_id)["State"]
            except NotFound:
                return {"Removed": True}
            except (APIError, RequestException):
                self._ended.wait(_LOOK_AGAIN_SECONDS)
                continue
            if not state.get("Running") and state.get("Status") not in _UNDER_WAY:
                reader.join(_LAST_LINES_SECONDS)
                return state
            if not reader.is_alive():
                self._ended.wait(_LOOK_AGAIN_SECONDS)
        return {}

    def _check(self, container_id: str, check: Mapping[str, Any]) -> None:
        """Run the container's own health check again and again.

        The interval is simulated; what the program inside needs (timeout, start period) is real.
        """
        from docker.errors import DockerException  # noqa: PLC0415 - loaded with the runtime
        from requests import RequestException  # noqa: PLC0415 - as above

        verdict, command = verdict_of(check), check_command(check)
        interval, clock = float(check.get("interval") or INTERVAL_SECONDS), self._surround.clock
        timeout = float(check.get("timeout") or TIMEOUT_SECONDS)
        started = time.monotonic()
        with self._surround.engine.client() as client:
            while not self._ended.wait(clock.wall_seconds(interval)):
                try:
                    passed = passes(client, container_id, command, timeout)
                except (DockerException, RequestException, OSError):
                    passed = False
                status = verdict.observe(passed=passed, age_seconds=time.monotonic() - started)
                with self._lock:
                    if status is not None and not self._over:
                        self._surround.report(
                            Health(task_id=self.task.task_id, container=self.order.name, status=status)
                        )

    def _read(self, output: Any) -> None:
        """Pass lines on as they come, the two streams each by itself."""
        streams = (Lines(), Lines())
        with suppress(OSError, ValueError):
            for pieces in output:
                for lines, piece in zip(streams, pieces, strict=True):
                    self._say(lines.feed(piece or b""))
        for lines in streams:
            self._say(lines.end())

    def _say(self, lines: list[str]) -> None:
        if self._over:
            return
        for line in lines:
            self._surround.report(LogLine(task_id=self.task.task_id, container=self.order.name, text=line))

    @contextmanager
    def _pulling(self) -> Generator[None]:
        """Tell when the pull begins and ends, however it ends."""
        place = {"task_id": self.task.task_id, "container": self.order.name}
        self._surround.report(PullStarted(**place))
        try:
            yield
        finally:
            self._surround.report(PullStopped(**place))

    def _linked(self) -> dict[str, str]:
        """Address per name of the containers that this one is linked to, once they run."""
        found: dict[str, str] = {}
        for link in members(self.order.definition, "links"):
            name, _, alias = str(link).partition(":")
            other = self._surround.find(self.task.task_id, name)
            if other is None or not other.settled.wait(_LINK_SECONDS) or not other.address:
                raise StartError(f"CannotStartContainerError: Error response from daemon: Cannot link to {name}")
            found |= {name: other.address, alias or name: other.address}
        return found

    def _end(self, state: Mapping[str, Any]) -> Stopped:
        if state.get("Removed"):
            return self._stopped(None, "CannotInspectContainerError: the container was removed from outside")
        return self._stopped(int(state.get("ExitCode") or 0), end_reason(state, self._id))

    def _stopped(self, exit_code: int | None, reason: str = "") -> Stopped:
        return Stopped(task_id=self.task.task_id, container=self.order.name, exit_code=exit_code, reason=reason)

    def _finish(self, event: Stopped | PullFailed) -> None:
        """Tell of the end, once."""
        with self._lock:
            if self._over:
                return
            self._over = True
            self._surround.report(event)
        self._ended.set()

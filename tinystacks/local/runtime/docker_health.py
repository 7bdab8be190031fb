"""Health checks of containers, run from outside: Podman runs none by itself.

Source: ECS API reference, HealthCheck (T11): interval 30 s, timeout 5 s, retries 3, no start period; failures in the
start period do not count, a success in it ends it.
"""

from __future__ import annotations

import select
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.local.documents import members
from tinystacks.local.runtime.docker_engine import end_stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.runtime.docker_engine import Client

INTERVAL_SECONDS = 30.0
TIMEOUT_SECONDS = 5.0
RETRIES = 3
_PIECE = 4096


@dataclass(slots=True, kw_only=True)
class HealthVerdict:
    """Counts the results of checks.

    Attributes:
        retries: failures in a row that make a container unhealthy.
        start_period_seconds: how long after the start failures do not count.
    """

    retries: int = RETRIES
    start_period_seconds: float = 0.0
    status: str = "UNKNOWN"
    _failures: int = 0
    _started: bool = False

    def observe(self, *, passed: bool, age_seconds: float) -> str | None:
        """Take over one result.

        Args:
            passed: whether the command ended with 0 in time.
            age_seconds: time since the container's start.

        Returns:
            The new status when it changed.
        """
        before = self.status
        if passed:
            self._started, self._failures, self.status = True, 0, "HEALTHY"
        elif self._started or age_seconds >= self.start_period_seconds:
            self._failures += 1
            if self._failures >= self.retries:
                self.status = "UNHEALTHY"
        return self.status if self.status != before else None


def verdict_of(check: Mapping[str, Any]) -> HealthVerdict:
    """A container's verdict before its first check."""
    return HealthVerdict(
        retries=int(check.get("retries") or RETRIES), start_period_seconds=float(check.get("startPeriod") or 0)
    )


def check_command(check: Mapping[str, Any]) -> list[str]:
    """The program to run; empty when the definition asks for no check."""
    given = [str(one) for one in members(check, "command")]
    if not given or given[0] == "NONE":
        return []
    if given[0] == "CMD":
        return given[1:]
    return ["/bin/sh", "-c", *given[1:]] if given[0] == "CMD-SHELL" else ["/bin/sh", "-c", " ".join(given)]


def passes(client: Client, container_id: str, command: list[str], timeout_seconds: float) -> bool:
    """Run a check once.

    Args:
        client: of the engine.
        container_id: a running container.
        command: program and arguments.
        timeout_seconds: real time after which it has failed.
    """
    made: str = client.exec_create(container_id, command)["Id"]
    stream: Any = client.exec_start(made, socket=True)
    try:
        if not _ended(stream, time.monotonic() + timeout_seconds):
            return False
    finally:
        end_stream(stream)
    result: Mapping[str, Any] = client.exec_inspect(made)
    return not result.get("Running") and result.get("ExitCode") == 0


def _ended(stream: Any, deadline: float) -> bool:
    """Whether what a command writes ends in time; the text itself is thrown away."""
    descriptor: int = stream.fileno()
    while (left := deadline - time.monotonic()) > 0:
        if select.select([descriptor], [], [], left)[0] and not _read(stream):
            return True
    return False


def _read(stream: Any) -> bytes:
    """A piece of what comes: over HTTP the client gives a file, over TLS a socket."""
    return stream.recv(_PIECE) if hasattr(stream, "recv") else stream.read(_PIECE)

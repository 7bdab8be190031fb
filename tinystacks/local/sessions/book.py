"""The sessions that were asked for: each waits a minute for the one client that shows its token."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

WAIT_SECONDS = 60.0
"""How long a session waits for its client; the AWS CLI starts the plugin at once."""
_MOST_WAITING = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellOrder:
    """A program to run in a container.

    Attributes:
        runtime_id: the container's id in the runtime.
        command: the command line, as it was given.
    """

    runtime_id: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PortOrder:
    """A port of a container to reach.

    Attributes:
        runtime_id: the container's id in the runtime.
        port: number inside the container.
        local_port: where the plugin listens; empty for any.
    """

    runtime_id: str
    port: int
    local_port: str = ""


Order = ShellOrder | PortOrder


@dataclass(slots=True, kw_only=True)
class Waiting:
    """A session whose client has not come yet."""

    session_id: str
    token: str
    order: Order
    until: float = field(default_factory=lambda: time.monotonic() + WAIT_SECONDS)


class SessionBook:
    """Sessions by id; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, Waiting] = OrderedDict()

    def add(self, prefix: str, order: Order) -> Waiting:
        """Note a session.

        Args:
            prefix: begin of its id, such as `ecs-execute-command`.
            order: what it is for.
        """
        made = Waiting(session_id=f"{prefix}-{secrets.token_hex(9)[:17]}", token=secrets.token_urlsafe(48), order=order)
        with self._lock:
            self._forget_old()
            self._waiting[made.session_id] = made
        return made

    def knows(self, session_id: str) -> bool:
        """Whether a session waits for its client."""
        with self._lock:
            self._forget_old()
            return session_id in self._waiting

    def claim(self, session_id: str, token: str) -> Order | None:
        """Give what a session is for, once, to whoever shows its token; None to anybody else."""
        with self._lock:
            self._forget_old()
            found = self._waiting.get(session_id)
            if found is None or not hmac.compare_digest(found.token.encode(), token.encode()):
                return None
            del self._waiting[session_id]
            return found.order

    def drop(self, session_id: str) -> None:
        """A session is not wanted any more."""
        with self._lock:
            self._waiting.pop(session_id, None)

    def _forget_old(self) -> None:
        now = time.monotonic()
        while self._waiting:
            first = next(iter(self._waiting.values()))
            if first.until > now and len(self._waiting) < _MOST_WAITING:
                return
            self._waiting.popitem(last=False)

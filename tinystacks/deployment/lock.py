"""One change of a stage at a time, on one host (trap A5); between hosts the engine's own lock holds.

The file is locked with `flock`, which the kernel lets go when its process dies, and holds who has it as JSON. A file
that can be locked but still names a holder tells that the holder died midway: the next command says so and goes on.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from tinystacks.errors import LockedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who changes a stage.

    Attributes:
        operation: `up`, `up --refresh`, `drift`, `destroy` or `repair`.
        user: login name.
        host: host name.
        pid: process that holds the lock.
        since: ISO 8601 with time zone.
        engine_pid: the engine that this process runs; 0 when none runs.
    """

    operation: str
    user: str
    host: str
    pid: int
    since: str
    engine_pid: int = 0

    @classmethod
    def this_process(cls, operation: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Holder:
        """Describe the process that runs this."""
        return cls(
            operation=operation,
            user=_login_name(),
            host=socket.gethostname(),
            pid=os.getpid(),
            since=now().isoformat(timespec="seconds"),
        )

    @property
    def words(self) -> str:
        """One phrase with who, where and since when."""
        return f"`{self.operation}` by {self.user} on {self.host}, process {self.pid}, since {self.since}"


class StageLock:
    """The lock of one stage; use it in a `with` statement.

    Args:
        path: the lock file; its folder exists.
        operation: what it is taken for.

    Attributes:
        previous: the holder that died with the lock in its hands; none when the last one ended well.

    Raises:
        LockedError: on entering, when another process has it; says who.
    """

    def __init__(self, path: Path, operation: str) -> None:
        self.path = path
        self.holder = Holder.this_process(operation)
        self.previous: Holder | None = None
        self._handle: int | None = None

    def __enter__(self) -> Self:
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise locked_error(read_holder(self.path)) from None
        self._handle = handle
        self.previous = read_holder(self.path)
        self._write(self.holder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None

    def engine_runs(self, pid: int) -> None:
        """Note which engine this process runs, so that a later command can find it if this process dies."""
        self._write(replace(self.holder, engine_pid=pid))

    def _write(self, holder: Holder) -> None:
        if self._handle is None:
            return
        data = json.dumps(asdict(holder)).encode()
        os.pwrite(self._handle, data, 0)
        os.ftruncate(self._handle, len(data))
        self.holder = holder


def read_holder(path: Path) -> Holder | None:
    """Give the holder that a lock file names; none when nobody has it or the file is damaged."""
    try:
        data = json.loads(path.read_text(encoding="utf-8") or "null")
        return Holder(**data) if data else None
    except (OSError, ValueError, TypeError):
        return None


def is_held(path: Path) -> bool:
    """Whether some process holds the lock now."""
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(handle)


def locked_error(holder: Holder | None) -> LockedError:
    """Say who changes the stage and what to do."""
    if holder is None:
        return LockedError(
            "Another command is changing this stage.", hint="Wait for it to end, then repeat this command."
        )
    return LockedError(
        f"This stage is being changed by {holder.words}.",
        hint="Wait for it to end, then repeat this command. Nothing was changed by this one.",
    )


def process_lives(pid: int) -> bool:
    """Whether a process of this host lives; a zombie does not count."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # noqa: PTH123 - a kernel file, not a path of ours
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return True


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())

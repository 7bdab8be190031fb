"""Start, find, stop and reset the background process of the local AWS.

A server holds `server.lock` for as long as it lives, so that "is it there" never rests on a process id that may belong
to somebody else by now.
"""

from __future__ import annotations

import dataclasses
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tinystacks.errors import LocalAwsError, UsageError
from tinystacks.local.control_client import ask
from tinystacks.local.status import RUNTIMES, StateFolder
from tinystacks.local_parts import INSTALL_LOCAL_PARTS, LOCAL_PARTS, missing_parts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tinystacks.local.status import LocalStatus

START_TIMEOUT_SECONDS = 60.0
"""A cold start takes about 3 s; a loaded machine may take many times that."""
STOP_TIMEOUT_SECONDS = 15.0
_POLL_SECONDS = 0.02
_LOG_TAIL_LINES = 15


class LocalAws:
    """The background process of one user's local AWS.

    Args:
        home: folder with its files; by default `TINYSTACKS_LOCAL_HOME`, else the user's state folder.
        providers: start the process that stands for the Pulumi plugins; without it only AWS clients can use it.
        parts: packages that have to be installed for it to start.
    """

    def __init__(self, *, home: Path | None = None, providers: bool = True, parts: Sequence[str] = LOCAL_PARTS) -> None:
        self.folder = StateFolder(home)
        self._providers = providers
        self._parts = parts

    def status(self) -> LocalStatus | None:
        """The running local AWS, or None; files of a dead one are left for `start` to clean and report."""
        return self.folder.read() if self.folder.server_lives() else None

    def start(self, runtime: str | None = None, speed: float | None = None) -> LocalStatus:
        """Start it, or return the one that runs already.

        Args:
            runtime: `docker` or `simulated`; by default the server chooses and says so in the status.
            speed: simulated seconds per real second; by default 20 for `simulated`, 1 for `docker`.

        Raises:
            UsageError: there is no such runtime.
            LocalAwsError: it could not be started, or one with other settings runs.
        """
        if runtime not in {None, *RUNTIMES}:
            choices = " or ".join(f"`{one}`" for one in RUNTIMES)
            raise UsageError(f"the local AWS has no runtime `{runtime}`", hint=f"Use {choices}.")
        with self._starting():
            running = self.status()
            if running is not None:
                _refuse_other_settings(running, runtime, speed)
                return running
            notice = self._clean_dead()
            status = self._launch(runtime, speed, port=0)
            notices = [notice] if notice else []
            if runtime is None and status.container_engine:
                notices.append(
                    f"Tasks run as containers in {status.container_engine}; `--runtime simulated` runs none."
                )
            return dataclasses.replace(status, notice=" ".join(notices), is_new=True)

    def set_speed(self, speed: float) -> LocalStatus:
        """Run its simulated time faster or slower from now on.

        Args:
            speed: simulated seconds per real second, above 0, at most 1000.

        Raises:
            UsageError: no clock can run so.
            LocalAwsError: none runs.
        """
        running = self._running()
        ask(running, "speed", speed=speed)
        return dataclasses.replace(running, speed=speed)

    def failures(self) -> list[dict[str, Any]]:
        """What is broken in it, oldest first; nothing when none runs."""
        running = self.status()
        return [] if running is None else ask(running, "failures")["failures"]

    def break_(
        self, kind: str, what: str = "", *, for_seconds: float | None = None, every_seconds: float | None = None
    ) -> dict[str, Any]:
        """Make something in it fail, until it is mended.

        Args:
            kind: `task`, `instance`, `zone`, `health`, `pull`, `capacity`, `agent`, `spot` or `throttling`.
            what: the thing by its name or id; empty for the kind's default.
            for_seconds: mend it by itself after so many simulated seconds.
            every_seconds: simulated seconds between two tasks that are killed; by default 30.

        Returns:
            The failure: its id, kind, what it is about and what it does.

        Raises:
            UsageError: there is no such thing.
            LocalAwsError: none runs.
        """
        answer = ask(
            self._running(), "break", kind=kind, what=what, for_seconds=for_seconds, every_seconds=every_seconds
        )
        return answer["failure"]

    def mend(self, what: str = "all") -> list[dict[str, Any]]:
        """End failures: by id, by kind, by the broken thing's name, or all.

        Returns:
            What was mended.

        Raises:
            UsageError: nothing that is broken has this name.
            LocalAwsError: none runs.
        """
        return ask(self._running(), "mend", what=what)["mended"]

    def stop(self) -> bool:
        """End it and wait until it is gone; False when none ran.

        Raises:
            LocalAwsError: it did not end, not even when killed.
        """
        running = self.status()
        if running is None:
            self.folder.forget()
            return False
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.kill(running.pid, sign)
            if self._ended():
                self.folder.forget()
                return True
        raise LocalAwsError(
            f"the local AWS (process {running.pid}) does not end", hint=f"Look at {self.folder.log_file}."
        )

    def reset(self) -> LocalStatus:
        """Throw away everything in it: a new life with the same settings and, where it is still free, the same port.

        Raises:
            LocalAwsError: none runs, or it could not be started again.
        """
        running = self._running()
        self.stop()
        with self._starting():
            port = int(running.endpoint_url.rsplit(":", 1)[-1])
            return self._launch(running.runtime, running.speed, port=port)

    def _running(self) -> LocalStatus:
        running = self.status()
        if running is None:
            raise LocalAwsError("the local AWS does not run", hint="Start it with `tstack local start`.")
        return running

    def _starting(self) -> _Held:
        return _Held(self.folder)

    def _clean_dead(self) -> str:
        """Forget a server that ended without cleaning up."""
        dead = self.folder.read()
        self.folder.forget()
        if dead is None:
            return ""
        return (
            f"The local AWS started at {dead.started_at} (process {dead.pid}) had ended without being stopped; "
            "everything in it is gone."
        )

    def _launch(self, runtime: str | None, speed: float | None, *, port: int) -> LocalStatus:
        if missing := missing_parts(self._parts):
            raise LocalAwsError(
                f"the local AWS needs packages that are not installed: {', '.join(missing)}",
                hint=f"Install them: {INSTALL_LOCAL_PARTS}. Without --local, nothing needs them.",
            )
        self.folder.make()
        ready, written = os.pipe()
        command = [sys.executable, "-P", "-m", "tinystacks.local.server", "--home", str(self.folder.path)]
        command += ["--port", str(port), "--ready-fd", str(written)]
        command += [] if self._providers else ["--no-provider"]
        command += ["--runtime", runtime] if runtime else []
        command += ["--speed", str(speed)] if speed is not None else []
        try:
            with self.folder.log_file.open("ab") as log:
                # The program forks once at its very start and its first half ends: nothing is left to wait for here.
                subprocess.run(  # noqa: S603 - our own interpreter and module
                    command, check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(written,)
                )
        except subprocess.CalledProcessError as error:
            os.close(ready)
            raise self._failure(f"it ended at once with exit code {error.returncode}") from error
        finally:
            os.close(written)
        try:
            answer = _read_line(ready, START_TIMEOUT_SECONDS)
        finally:
            os.close(ready)
        status = self.folder.read()
        if answer != "ready" or status is None:
            raise self._failure(answer or "it ended before it was ready")
        return status

    def _failure(self, why: str) -> LocalAwsError:
        try:
            tail = self.folder.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_TAIL_LINES:]
        except OSError:
            tail = []
        return LocalAwsError(
            f"the local AWS could not be started: {why}",
            hint="\n".join([f"The end of {self.folder.log_file}:", *tail] if tail else []),
        )

    def _ended(self) -> bool:
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        while self.folder.server_lives():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True


class _Held:
    """Two that start at once take turns; the second finds the first one's server."""

    def __init__(self, folder: StateFolder) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        self._handle = self._folder.take_lock("start.lock", wait=True)

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            self._handle.close()


def _refuse_other_settings(running: LocalStatus, runtime: str | None, speed: float | None) -> None:
    differing = [
        f"{name} {have} (asked: {asked})"
        for name, have, asked in (("runtime", running.runtime, runtime), ("speed", running.speed, speed))
        if asked is not None and asked != have
    ]
    if not differing:
        return
    if runtime in {None, running.runtime}:
        hint = f"Change it with `tstack local speed {speed:g}`."
    else:
        hint = "Stop it with `tstack local stop` (everything in it is lost), then start it with the new settings."
    raise LocalAwsError(f"a local AWS runs already with {' and '.join(differing)}", hint=hint)


def _read_line(descriptor: int, timeout_seconds: float) -> str:
    """What the server says over the pipe; an empty string when it closed the pipe or time is up."""
    deadline = time.monotonic() + timeout_seconds
    said = b""
    while not said.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            return ""
        chunk = os.read(descriptor, 4096)
        if not chunk:
            break
        said += chunk
    return said.decode("utf-8", errors="replace").strip()

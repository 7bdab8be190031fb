"""Running the engine so that it can be interrupted (trap A4).

The engine gets a process group of its own: a Ctrl-C in the terminal then reaches only us, and we hand it on. Without
that, engine and program would be told together, and the program that the engine still needs could be gone first.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a run of the engine left."""

    stdout: str
    stderr: str
    code: int


class EngineProcess:
    """Starts engine commands, one at a time, and passes interrupts on.

    Args:
        program: path of the engine.
        on_start: is told the process id of every command.
    """

    def __init__(self, program: str, on_start: Callable[[int], None] = lambda _pid: None) -> None:
        self.program = program
        self._on_start = on_start
        self._process: subprocess.Popen[str] | None = None
        self._guard = threading.RLock()  # a second Ctrl-C may arrive while the first is being passed on

    def run(
        self,
        arguments: Sequence[str],
        *,
        folder: str,
        environment: Mapping[str, str | None],
        on_output: Callable[[str], object] | None = None,
        on_error: Callable[[str], object] | None = None,
    ) -> Finished:
        """Run one command to its end.

        Args:
            arguments: without the program.
            folder: work folder of the command.
            environment: added to this process's own; a value of none takes a variable away.
            on_output: is given every line of stdout, in a thread of its own.
            on_error: the same for stderr.
        """
        merged = {**os.environ, **{key: value for key, value in environment.items() if value is not None}}
        for key, value in environment.items():
            if value is None:
                merged.pop(key, None)
        # The engine looks for plugins that were installed beside it on PATH.
        merged["PATH"] = os.pathsep.join([os.path.dirname(self.program), merged.get("PATH", "")])  # noqa: PTH120 - text, as PATH is
        with self._guard:
            process = subprocess.Popen(  # noqa: S603 - the engine that was found and checked
                [self.program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env=merged,
                encoding="utf-8",
                errors="replace",
                process_group=0,
            )
            self._process = process
        self._on_start(process.pid)
        try:
            return _drain(process, on_output, on_error)
        finally:
            with self._guard:
                self._process = None

    def interrupt(self) -> bool:
        """Ask the running command to stop; the first time it ends what it has begun, the second time it stops at once.

        Returns:
            Whether a command was running.
        """
        return self._signal(signal.SIGINT)

    def kill(self) -> bool:
        """End the running command without its consent; leaves what it was doing half done."""
        return self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> bool:
        with self._guard:
            if self._process is None or self._process.poll() is not None:
                return False
            self._process.send_signal(number)
            return True


def _drain(
    process: subprocess.Popen[str],
    on_output: Callable[[str], object] | None,
    on_error: Callable[[str], object] | None,
) -> Finished:
    """Read both streams to their ends, then wait."""
    assert process.stdout is not None
    assert process.stderr is not None
    errors: list[str] = []
    reader = threading.Thread(target=_collect, args=(process.stderr, on_error, errors), daemon=True)
    reader.start()
    output: list[str] = []
    _collect(process.stdout, on_output, output)
    reader.join()
    code = process.wait()
    return Finished(stdout="\n".join(output), stderr="\n".join(errors), code=code)


def _collect(stream: IO[str], callback: Callable[[str], object] | None, lines: list[str]) -> None:
    with stream:
        for line in stream:
            stripped = line.rstrip()
            lines.append(stripped)
            if callback is not None:
                callback(stripped)

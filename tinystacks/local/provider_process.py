"""The child process that stands for the Pulumi plugins `aws` and `awsx`."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger(__name__)

READY_TIMEOUT_SECONDS = 45.0
STOP_TIMEOUT_SECONDS = 1.0


class ProviderProcess:
    """Starts the provider process and ends it; it ends by itself when its stdin closes, thus also when we are killed.

    Args:
        endpoint_url: where it makes resources.
        module: module to run.
    """

    def __init__(self, endpoint_url: str, *, module: str = "tinystacks.local.provider") -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", module, "--endpoint", endpoint_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def ports(self) -> Mapping[str, int] | None:
        """Wait for the line that names its ports.

        Returns:
            Port per Pulumi package; None when it ended, or said nothing in time.
        """
        stdout = cast("IO[str]", self._process.stdout)
        watchdog = threading.Timer(READY_TIMEOUT_SECONDS, self._process.kill)
        watchdog.start()
        try:
            line = stdout.readline()
        finally:
            watchdog.cancel()
        try:
            document: Any = json.loads(line)
            ports = {str(package): int(port) for package, port in document.items()}
        except (ValueError, AttributeError, TypeError):
            _log.warning("the provider process did not start: %r", line)
            return None
        threading.Thread(target=self._drain, args=(stdout,), name="provider-output", daemon=True).start()
        return ports

    def stop(self) -> None:
        """End it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _drain(self, stdout: IO[str]) -> None:
        """Read what else it prints, so that it never waits for a reader."""
        with stdout:
            for line in stdout:
                _log.info("provider: %s", line.rstrip())

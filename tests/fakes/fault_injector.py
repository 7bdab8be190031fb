"""An injector of AWS failures (`microburst`) between clients and the local AWS, in the very wire format of AWS."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tests.fakes.local_stage import eventually
from tinystacks.local.provider_process import ProviderProcess
from tinystacks.local.target import LocalTarget

if TYPE_CHECKING:
    from collections.abc import Generator

    from tinystacks.local.status import LocalStatus

THROTTLED = {"error": {"code": "ThrottlingException", "status": 400, "message": "Rate exceeded"}}
TIMED_OUT = {"timeout_ms": 50}
"""The connection is held, then answered with 504."""
RESET = {"reset": True}


@dataclass(frozen=True)
class FaultInjector:
    """A running injector.

    Attributes:
        url: where clients go.
    """

    url: str

    def break_with(self, *faults: dict[str, Any]) -> None:
        """Have only these faults happen from now on."""
        self._call("DELETE", [])
        if faults:
            self._call("PATCH", [{"service": "*", **fault} for fault in faults])

    def fired(self) -> int:
        """How often something was broken."""
        with urllib.request.urlopen(f"{self.url}/_microburst/stats", timeout=10) as answer:
            return int(json.load(answer)["requests"]["faulted"])

    def _call(self, method: str, rules: list[dict[str, Any]]) -> None:
        request = urllib.request.Request(
            f"{self.url}/_microburst/rules",
            method=method,
            data=json.dumps(rules).encode(),
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=10).close()


@contextmanager
def fault_injector(upstream: str) -> Generator[FaultInjector]:
    """Run an injector in front of an endpoint."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "microburst", "--upstream", upstream, "--port", str(port), "--no-resign"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        injector = FaultInjector(f"http://127.0.0.1:{port}")

        def answers() -> bool:
            try:
                injector.fired()
            except OSError:
                return False
            return True

        try:
            eventually(answers, what="the injector answers")
            yield injector
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def target_behind_faults(status: LocalStatus) -> Generator[tuple[FaultInjector, LocalTarget]]:
    """Give a local AWS that clients and providers reach through an injector only."""
    with fault_injector(status.endpoint_url) as injector:
        providers = ProviderProcess(injector.url)
        try:
            ports = providers.ports()
            assert ports is not None
            behind = replace(status, endpoint_url=injector.url, providers=dict(ports))
            yield injector, LocalTarget(behind, "us-east-1")
        finally:
            providers.stop()

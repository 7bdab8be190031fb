"""A world for the provider: moto as AWS, the provider process attached, the real engine on a file backend."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from moto.server import ThreadedMotoServer
from pulumi import automation as auto

from tinystacks.deployment.program_run import ended_in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
REGION = "us-east-1"
ACCOUNT_ID = "123456789012"


@dataclass
class LocalWorld:
    """What a test drives: an endpoint, the provider's ports, and stacks."""

    endpoint_url: str
    debug_providers: str
    engine: Path
    folder: Path
    events: list[Any] = field(default_factory=list)

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client of the outside world, which knows nothing of the engine."""
        session: Any = boto3.session.Session(
            aws_access_key_id="local",
            aws_secret_access_key="local",
            region_name=region,
        )
        return session.client(service, endpoint_url=self.endpoint_url)

    def stack(self, name: str, program: Callable[[], None]) -> auto.Stack:
        """A stack of its own with an inline program."""
        state = self.folder / "state"
        state.mkdir(exist_ok=True)
        work = self.folder / name
        work.mkdir(exist_ok=True)
        # root is the folder above `bin`; a bare program is found through the link made here.
        root = self.folder / "engine"
        (root / "bin").mkdir(parents=True, exist_ok=True)
        link = root / "bin" / "pulumi"
        if not link.exists():
            link.symlink_to(self.engine)
        return auto.create_or_select_stack(
            stack_name=name,
            project_name="provider-test",
            program=program,
            work_dir=str(work),
            opts=auto.LocalWorkspaceOptions(
                work_dir=str(work),
                pulumi_home=str(self.folder / "home"),
                pulumi_command=auto.PulumiCommand(root=str(root), skip_version_check=True),
                project_settings=auto.ProjectSettings(
                    name="provider-test",
                    runtime="python",
                    backend=auto.ProjectBackend(url=f"file://{state}"),
                ),
                env_vars={
                    **CREDENTIALS,
                    "PULUMI_CONFIG_PASSPHRASE": "test",
                    "PULUMI_SKIP_UPDATE_CHECK": "true",
                    "PULUMI_DEBUG_PROVIDERS": self.debug_providers,
                    "PULUMI_EXPERIMENTAL": "",
                },
            ),
        )

    def up(self, stack: auto.Stack) -> dict[str, int]:
        """Update; how many resources were created, changed, left as they are."""
        with _program_of(stack) as run:
            return _counts(stack.up(color="never", program=run).summary.resource_changes)

    def preview(self, stack: auto.Stack) -> dict[str, int]:
        """What an update would do."""
        with _program_of(stack) as run:
            return _counts(stack.preview(color="never", program=run).change_summary)

    def refresh(self, stack: auto.Stack) -> dict[str, int]:
        """Read everything anew."""
        return _counts(stack.refresh(color="never").summary.resource_changes)


def _program_of(stack: auto.Stack) -> contextlib.AbstractContextManager[Callable[[], Any]]:
    program = stack.workspace.program
    assert program is not None
    return ended_in_order(program)


def _counts(changes: Any) -> dict[str, int]:
    return {getattr(kind, "value", kind): count for kind, count in (changes or {}).items() if count}


@contextlib.contextmanager
def local_world(engine: Path, folder: Path) -> Generator[LocalWorld]:
    """Start moto and the provider process; end both."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    # moto keeps its state per process: other tests may have left something.
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST"), timeout=10).close()
    process = subprocess.Popen(
        [sys.executable, "-m", "tinystacks.local.provider", "--endpoint", endpoint],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        ports = json.loads(process.stdout.readline())
        debug = ",".join(f"{package}:{number}" for package, number in ports.items())
        yield LocalWorld(endpoint_url=endpoint, debug_providers=debug, engine=engine, folder=folder)
    finally:
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()
        server.stop()

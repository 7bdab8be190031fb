"""A deployed stage that commands, clients and providers reach through an injector of AWS failures only."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import pytest

from tests.fakes.command_line import CommandLine, a_user
from tests.fakes.engine_found import engine_or_skip
from tests.fakes.fault_injector import FaultInjector, target_behind_faults
from tinystacks.deployment.deployment import Deployment
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget
from tinystacks.operations.stage_reads import Operations
from tinystacks.spec.loader import load_stack_text

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

FILE = """\
name: shop
services:
  web: {image: example/web:1, port: 80, health_check: {path: /}}
stages: {dev: {}}
"""


@dataclass
class FaultyWorld:
    """A local AWS behind an injector.

    Attributes:
        injector: what breaks calls.
        target: the way through the injector.
        straight: the way past it.
        user: a command line whose `--local` goes through the injector.
        deployment: the stage `dev` of the user's file.
    """

    injector: FaultInjector
    target: LocalTarget
    straight: LocalTarget
    user: CommandLine
    deployment: Deployment

    @property
    def operations(self) -> Operations:
        return Operations(self.deployment.outputs(), self.target.client)

    def with_file(self, text: str) -> Deployment:
        """Write the file, and give its stage `dev`."""
        path = self.user.write(text)
        self.deployment = Deployment(load_stack_text(text).stage("dev"), self.target, workspace=path.parent)
        return self.deployment


@contextmanager
def faulty_world(folder: Path, *, speed: float = 60) -> Generator[FaultyWorld]:
    """Start a local AWS and an injector in front of it; nothing is deployed yet."""
    engine = engine_or_skip()
    local = LocalAws(home=folder / "straight")
    status = local.start(runtime="simulated", speed=speed)
    try:
        with target_behind_faults(status) as (injector, behind), pytest.MonkeyPatch.context() as environment:
            environment.setenv("TINYSTACKS_ENGINE", str(engine.path))
            user = a_user(folder, TINYSTACKS_ENGINE=str(engine.path))
            user.local_home.mkdir()
            # The same server, by its lock, whose record leads through the injector.
            (user.local_home / "server.lock").symlink_to(folder / "straight" / "server.lock")
            record = {**asdict(behind.status), "home": str(user.local_home)}
            (user.local_home / "server.json").write_text(json.dumps(record), encoding="utf-8")
            stage = load_stack_text(FILE).stage("dev")
            deployment = Deployment(stage, behind, workspace=user.write(FILE).parent)
            yield FaultyWorld(injector, behind, LocalTarget(status, "us-east-1"), user, deployment)
    finally:
        local.stop()

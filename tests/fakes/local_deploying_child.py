"""A process that runs one operation of a whole stage on a running local AWS, to be killed from outside.

Usage: python -m tests.fakes.local_deploying_child OPERATION WORKSPACE LOCAL_HOME ENGINE
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tests.fakes.stages import small_stage
from tinystacks.deployment.deployment import Deployment
from tinystacks.deployment.engine_model import EngineSettings
from tinystacks.deployment.settings import DeploymentSettings
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget


def local_deployment(workspace: Path, home: Path, engine: Path, **overrides: Any) -> Deployment:
    status = LocalAws(home=home).status()
    assert status is not None
    return Deployment(
        small_stage(**overrides),
        LocalTarget(status, "us-east-1"),
        workspace=workspace,
        settings=DeploymentSettings(engine=EngineSettings(path=engine)),
    )


def main(operation: str, workspace: str, home: str, engine: str) -> int:
    def say(event: object) -> None:
        sys.stdout.write(f"{event}\n")
        sys.stdout.flush()

    getattr(local_deployment(Path(workspace), Path(home), Path(engine)), operation)(say)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

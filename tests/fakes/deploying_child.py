"""A process that runs one operation on the small stage, to be interrupted or killed from outside.

Usage: python -m tests.fakes.deploying_child OPERATION WORKSPACE ENGINE PROVIDER_PORT
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.fakes.deployment_target import FakeTarget
from tests.fakes.stages import plain_program, small_stage
from tinystacks.deployment.deployment import Deployment
from tinystacks.deployment.engine_model import EngineSettings
from tinystacks.deployment.settings import DeploymentSettings
from tinystacks.errors import TinystacksError


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(operation: str, workspace: str, engine: str, port: str) -> int:
    deployment = Deployment(
        small_stage(),
        FakeTarget(name="local", variables={"PULUMI_DEBUG_PROVIDERS": f"aws:{port}"}),
        workspace=Path(workspace),
        program=plain_program(),
        settings=DeploymentSettings(engine=EngineSettings(path=Path(engine))),
    )
    try:
        getattr(deployment, operation)(lambda event: say(str(event)))
    except TinystacksError as error:
        say(f"{error.kind}: {error}")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Deploy a stage, read its status and destroy it, all from Python.

Run it with `python examples/embed.py`: it uses the local AWS, so it needs no account. With
`AwsTarget(region="eu-west-1")` in place of the local target, the same lines deploy to the account you are signed in to.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tinystacks import Deployment, LocalAws, LocalTarget, Operations, ServiceSpec, StackSpec


def main() -> int:
    """Take one stage through its life."""
    stack = StackSpec(
        name="embedded",
        services={"web": ServiceSpec(image="public.ecr.aws/nginx/nginx:1.27", port=80)},
    )
    target = LocalTarget(LocalAws().start(runtime="simulated"), region="eu-west-1")
    with tempfile.TemporaryDirectory() as folder:
        deployment = Deployment(stack.stage(), target, workspace=Path(folder))

        result = deployment.up(on_event=lambda event: print(event, file=sys.stderr))
        print(f"{result.stack}/{result.stage} is {result.result} at {result.endpoint}")

        outputs = deployment.outputs()
        assert outputs is not None
        status = Operations(outputs, target.client).status()
        for task in status.tasks:
            print(f"task {task.id} of {task.service}: {task.status} in {task.zone}")

        removed = deployment.destroy()
        print(f"removed {len(removed.removed)} resources, kept {len(removed.kept)}")
        return 0 if result.result.good and not removed.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""`examples/embed.py`, as somebody would run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.fakes.command_line import a_user
from tests.fakes.engine_found import engine_or_skip
from tests.fakes.stage_remains import remains
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

EXAMPLE = Path(__file__).parents[2] / "examples" / "embed.py"


def test_the_embedding_example_deploys_reads_and_destroys(tmp_path):
    user = a_user(tmp_path, TINYSTACKS_ENGINE=str(engine_or_skip().path))
    local = LocalAws(home=user.local_home)
    status = local.start("simulated")
    try:
        done = subprocess.run(
            [sys.executable, EXAMPLE],
            cwd=user.folder,
            env=user.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )
        assert done.returncode == 0, done.stderr
        deployed, *tasks, removed = done.stdout.splitlines()
        assert deployed.startswith("embedded/dev is steady at http://")
        assert len(tasks) == 2
        assert all(line.startswith("task ") and ": RUNNING in eu-west-1" in line for line in tasks)
        assert removed.endswith(" resources, kept 0")
        assert list(user.folder.iterdir()) == []
        assert remains(LocalTarget(status, "eu-west-1").client, "embedded") == []
    finally:
        local.stop()

"""The example that people copy runs as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tinystacks.local.process import LocalAws

ROOT = Path(__file__).parents[2]


def test_embed_deploys_reads_and_destroys(tmp_path, engine_path):
    environment = {
        **os.environ,
        "TINYSTACKS_LOCAL_HOME": str(tmp_path / "home"),
        "TINYSTACKS_ENGINE": str(engine_path),
        "PYTHONPATH": str(ROOT),
    }
    try:
        run = subprocess.run(
            [sys.executable, str(ROOT / "examples" / "embed.py")],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    finally:
        LocalAws(home=tmp_path / "home").stop()
    assert run.returncode == 0, run.stderr[-4000:]
    assert "embedded/dev is steady at http://localhost:" in run.stdout
    assert run.stdout.count("RUNNING in eu-west-1") == 2
    assert "kept 0" in run.stdout

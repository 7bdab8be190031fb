"""AWS's own Session Manager plugin, built once with Go from its module proxy and kept in the user's cache.

Its module names no versions of what it needs, so `session_manager_plugin/go.mod` does; `uuid` there stands for a
package whose later versions the plugin does not compile with.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import platformdirs

from tests.fakes.lacking import lacking

VERSION = "1.3.0.0"
NAME = "session-manager-plugin"
_PACKAGE = "github.com/aws/session-manager-plugin/src/sessionmanagerplugin-main"
_SOURCES = Path(__file__).with_name("session_manager_plugin")


def plugin_or_skip() -> Path:
    """Give the plugin's program; where it cannot be built the test is skipped on a laptop and fails in CI."""
    place = platformdirs.user_cache_path("tinystacks") / NAME / VERSION / NAME
    if place.exists():
        return place
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        lacking("the Session Manager plugin is built with Go, and there is no Go")
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            _build(go, place)
    return place


def _build(go: str, place: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".build-", dir=place.parent) as folder:
        work = Path(folder) / "module"
        shutil.copytree(_SOURCES, work)
        done = subprocess.run(
            [go, "build", "-trimpath", "-ldflags", "-s -w", "-o", str(work / NAME), _PACKAGE],
            cwd=work,
            env={**os.environ, "GOWORK": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local"},
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        if done.returncode:
            lacking(f"the Session Manager plugin could not be built: {done.stderr.strip()[-500:]}")
        (work / NAME).replace(place)

"""Where Docker and Podman answer on this machine.

Sources: Docker CLI reference (DOCKER_HOST); Docker manuals, pages on Desktop and rootless mode;
podman-system-service(1).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNIX = "unix://"


def engine_sockets(environment: Mapping[str, str] | None = None) -> list[Path]:
    """Give where an engine may answer, whether or not one does, in the order in which to ask: `DOCKER_HOST` first.

    Args:
        environment: environment variables; this process's by default.
    """
    variables = os.environ if environment is None else environment
    given = variables.get("DOCKER_HOST", "")
    home = Path(variables["HOME"]) if variables.get("HOME") else Path.home()
    runtime = Path(variables.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    usual = [
        Path("/var/run/docker.sock"),
        runtime / "docker.sock",
        home / ".docker" / "run" / "docker.sock",
        runtime / "podman" / "podman.sock",
        Path("/run/podman/podman.sock"),
    ]
    return [Path(given.removeprefix(_UNIX)), *usual] if given.startswith(_UNIX) else usual

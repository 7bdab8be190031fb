"""Downloading the engine from get.pulumi.com with the Automation API's own installer.

The installer waits long where there is no network, so the address is asked first, for a few seconds only.
"""

from __future__ import annotations

import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from tinystacks.deployment.engine_build import alone, move_into_place
from tinystacks.deployment.engine_model import Obtain
from tinystacks.deployment.engine_versions import ENGINE_VERSION
from tinystacks.errors import EngineMissingError

if TYPE_CHECKING:
    from collections.abc import Callable

INSTALLER_URL = "https://get.pulumi.com/install.sh"
_PROBE_TIMEOUT = 5.0


def way(url: str = INSTALLER_URL, install: Callable[[Path, str], Path] | None = None) -> Obtain:
    """Describe downloading as a way to get an engine.

    Args:
        url: address that must answer before the installer is started.
        install: installs a version below a folder and gives the program; the Automation API's installer by default.
    """

    def run(place: Path, say: Callable[[str], None]) -> None:
        with alone(place.parent.parent, say):
            if place.exists():
                return
            say(f"Downloading the engine (pulumi {ENGINE_VERSION}).")
            with tempfile.TemporaryDirectory(prefix=".download-", dir=place.parent.parent) as folder:
                move_into_place((install or _install)(Path(folder), ENGINE_VERSION), place)

    return Obtain(origin="download", place=f"download ({url})", refusal=lambda: _refusal(url), run=run)


def _refusal(url: str) -> str:
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - a fixed https address
    try:
        with urllib.request.urlopen(request, timeout=_PROBE_TIMEOUT):  # noqa: S310 - as above
            return ""
    except (urllib.error.URLError, OSError, ValueError) as error:
        return f"cannot be reached: {getattr(error, 'reason', error)}"


def _install(folder: Path, version: str) -> Path:
    from tinystacks.deployment.automation import install_engine  # noqa: PLC0415 - loads the Automation API

    try:
        return install_engine(folder, version)
    except Exception as error:
        # The installer is a script of its own; whatever it ends with means that there is no engine.
        raise EngineMissingError(f"the installer failed: {error}") from error

"""Which versions of the engine are accepted, and which one a program is."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ENGINE_VERSION = "3.259.0"
"""The version that is downloaded or built: the one tinystacks is tested with."""
OLDEST_VERSION = (3, 206, 0)
"""The Automation API streams events over gRPC to engines newer than 3.205.0 (`pulumi.automation._stack`)."""
NEXT_MAJOR = 4
_VERSION_TIMEOUT = 30.0


def version_of(path: Path) -> str:
    """Ask a program for its version.

    Raises:
        OSError: it cannot be started.
        subprocess.SubprocessError: it failed, or did not answer in time.
    """
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    done = subprocess.run(  # noqa: S603 - the path is the user's own choice or their PATH
        [str(path), "version"], capture_output=True, text=True, timeout=_VERSION_TIMEOUT, check=True, env=environment
    )
    return done.stdout.strip().removeprefix("v")


def accepted(version: str) -> str:
    """Give an empty text for an accepted version, else why it is not."""
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if match is None:
        return f"`{version[:40]}` is no version"
    numbers = tuple(int(part) for part in match.groups())
    if numbers[0] >= NEXT_MAJOR:
        return f"version {version} is too new; accepted: {range_words()}"
    if numbers < OLDEST_VERSION:
        return f"version {version} is too old; accepted: {range_words()}"
    return ""


def version_numbers(version: str) -> tuple[int, ...]:
    """Give a version as numbers that can be compared; empty for no version."""
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    return tuple(int(part) for part in match.groups()) if match else ()


def range_words() -> str:
    """Say which versions are accepted."""
    return f"{'.'.join(map(str, OLDEST_VERSION))} or newer, below {NEXT_MAJOR}"

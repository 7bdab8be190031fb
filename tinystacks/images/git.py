"""Which version of the sources a folder holds, as git knows it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = 10
_LETTERS = 12


def source_version(folder: Path) -> str:
    """Give the commit, with `-dirty` behind it when there are changes; empty without git.

    Args:
        folder: within the work tree.
    """
    commit = _git(folder, "rev-parse", f"--short={_LETTERS}", "HEAD")
    if not commit:
        return ""
    # What tinystacks writes into the folder itself is ignored by a file of its own.
    return f"{commit}-dirty" if _git(folder, "status", "--porcelain", "--", ".") else commit


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program with fixed arguments
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's own git, wherever it is
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""

"""Names of the file that describes a stack, known without loading what reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAMES = ("tstack.yaml", "tstack.yml")
"""Looked for in this order."""


def file_in(folder: Path) -> Path | None:
    """Give the file of a folder, the first in order where there are several; none where there is none."""
    return next((folder / name for name in FILE_NAMES if (folder / name).exists()), None)

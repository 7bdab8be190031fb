"""The packages that only the local AWS needs: `pip install tinystacks` leaves them out."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LOCAL_PARTS = ("moto", "docker", "werkzeug", "aiohttp", "grpc")
INSTALL_LOCAL_PARTS = "pip install 'tinystacks[local]', or in the folder of its source: pip install '.[local]'"


def missing_parts(parts: Iterable[str] = LOCAL_PARTS) -> list[str]:
    """Give those that are not installed; nothing is imported.

    Args:
        parts: names of top-level packages.
    """
    return [part for part in parts if find_spec(part) is None]

"""Where the engine keeps its state."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tinystacks.spec.checks.finding import Finding, error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinystacks.spec.model import StageSpec

_BACKEND = re.compile(r"(s3|gs|azblob|file|postgres|https?)://.+")
"""Pulumi documentation, "Managing state and backend options"."""


def check(stage: StageSpec) -> Iterator[Finding]:
    """Check that the engine has such a backend: it would refuse another only after everything else is ready."""
    if stage.state is not None and not _BACKEND.fullmatch(stage.state):
        message = (
            "must be `s3://bucket`, `gs://bucket`, `azblob://container`, `file:///folder` or the `https://` URL of a "
            "Pulumi service"
        )
        yield error(("state",), "state-scheme", message)

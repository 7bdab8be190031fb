"""The words for how an operation or the deployment of a service ended."""

from __future__ import annotations

from enum import StrEnum


class Result(StrEnum):
    """How an operation ended."""

    STEADY = "steady"
    ROLLED_BACK = "rolled_back"
    TIMED_OUT = "timed_out"
    FAILED = "failed"
    UNCHANGED = "unchanged"
    PREVIEWED = "previewed"
    REFRESHED = "refreshed"
    DESTROYED = "destroyed"
    IN_PROGRESS = "in_progress"

    @property
    def good(self) -> bool:
        """Whether the stage is as asked for."""
        return self not in {Result.ROLLED_BACK, Result.TIMED_OUT, Result.FAILED, Result.IN_PROGRESS}

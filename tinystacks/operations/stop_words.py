"""Why a task stopped, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinystacks.operations.model import TaskStatus


def stop_words(task: TaskStatus) -> str:
    """Say why a task stopped, with the exit codes of its containers; what is in another part is not told again."""
    codes = [f"{one.name} exited with {one.exit_code}" for one in task.containers if one.exit_code is not None]
    parts = dict.fromkeys([task.stopped_reason, *codes, *(one.reason for one in task.containers)])
    return "; ".join(part for part in parts if part and not any(part != one and part in one for one in parts))

"""Lines that containers wrote, and where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of one container.

    Attributes:
        at: when it was written.
        service: name in the file.
        task: id of the task; empty where the stream's name does not tell it.
        container: name of the container.
        message: the line without its end.
    """

    at: datetime
    service: str
    task: str
    container: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlace:
    """Where containers of a service write.

    Attributes:
        service: name in the file.
        group: CloudWatch log group.
        prefix: `awslogs-stream-prefix`; empty when there is none.
    """

    service: str
    group: str
    prefix: str

    def stream_prefix(self, container: str, task: str) -> str:
        """Name the stream of a container, `PREFIX/CONTAINER/TASK` (ECS Developer Guide, "awslogs")."""
        return f"{self.prefix}/{container}/{task}"

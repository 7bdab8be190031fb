"""What an API of the local AWS answers when it refuses a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.controlplane.errors import EcsError

if TYPE_CHECKING:
    from collections.abc import Mapping


class ApiError(EcsError):
    """A refusal in AWS's own words, with what the wire carries beside code and message.

    Args:
        code: AWS's error code, sent as `__type`.
        message: AWS's message.
        status: HTTP status; ECS and Application Auto Scaling answer every client error with 400.
        fields: further members of the error's shape, such as `resourceIds` of a `ConflictException`.
    """

    def __init__(self, code: str, message: str, *, status: int = 400, fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(code, message)
        self.status = status
        self.fields = dict(fields or {})

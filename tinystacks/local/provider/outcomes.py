"""What an operation on a resource ends with: a reading, or one of two failures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Mapping


class OperationError(LocalAwsError):
    """An operation on a resource failed; the text is the real provider's."""

    kind = "local-aws-operation"


class InitFailedError(OperationError):
    """The resource exists, but did not become what was asked for; the state holds it.

    Args:
        message: why.
        resource_id: id of the resource.
        state: its state as far as it could be read.
    """

    kind = "local-aws-init-failed"

    def __init__(self, message: str, *, resource_id: str, state: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.resource_id = resource_id
        self.state = state


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a read found.

    Attributes:
        resource_id: id as the state holds it (an import may be given another form).
        state: outputs.
        inputs: the inputs that stand for them.
    """

    resource_id: str
    state: dict[str, Any]
    inputs: dict[str, Any]

"""The error that the control plane raises: ECS's own code and text."""

from __future__ import annotations

from tinystacks.errors import AwsError


class EcsError(AwsError):
    """ECS or Application Auto Scaling refuses a call.

    Args:
        code: the error code of the API model, such as `ServiceNotFoundException`.
        message: the text as the service writes it.
        service: `ecs` or `application-autoscaling`.
    """

    kind = "ecs"

    def __init__(self, code: str, message: str, *, service: str = "ecs") -> None:
        super().__init__(message, service=service, code=code)


def invalid_parameter(message: str) -> EcsError:
    """Make ECS's answer to arguments that contradict each other or the state."""
    return EcsError("InvalidParameterException", message)


def client_error(message: str) -> EcsError:
    """Make ECS's answer to a request that it cannot read or allow."""
    return EcsError("ClientException", message)

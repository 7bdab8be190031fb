"""Application Auto Scaling's API: operations by name, each on the control plane of its region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.controlplane.errors import EcsError
from tinystacks.local.appautoscaling_api.operations import OPERATIONS, Call
from tinystacks.local.appautoscaling_api.refusals import refusal
from tinystacks.local.json_api.service import Service, detached

if TYPE_CHECKING:
    from tinystacks.local.planes import PlaneRegistry


class AppAutoscalingApi:
    """Application Auto Scaling in front of control planes; safe to call from many threads.

    Args:
        planes: the control planes by region.
    """

    internal_error = "InternalServiceException"

    def __init__(self, planes: PlaneRegistry) -> None:
        self._planes = planes
        self._model = Service("application-autoscaling", refusal=refusal)

    @property
    def target_prefix(self) -> str:
        """The part of `X-Amz-Target` before the dot."""
        return self._model.target_prefix

    @property
    def model(self) -> Service:
        """The service's model, against which requests are checked."""
        return self._model

    def handle(self, operation: str, region: str, body: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation.

        Args:
            operation: name as in the API reference, such as `RegisterScalableTarget`.
            region: region of the call.
            body: the request as decoded JSON.

        Returns:
            The response, nothing of which is shared with the control plane.

        Raises:
            EcsError: the service refuses the call.
        """
        request = self._model.request(operation, body)
        answer = OPERATIONS.get(operation)
        if answer is None:
            raise EcsError("ValidationException", f"The local AWS does not offer {operation}.")
        with self._planes.locked(region) as plane:
            return detached(answer(Call(operation=operation, body=request, plane=plane)))

"""Why the load balancer calls a service's tasks unhealthy, remembered: ECS deregisters such targets with their tasks.

Source: Elastic Load Balancing API reference, DescribeTargetHealth and TargetHealth.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.deployment.causes import advice_on
from tinystacks.deployment.service_verdicts import Cause
from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.outputs import ServiceOutputs

_UNHEALTHY = frozenset({"unhealthy", "unhealthy.draining"})
_REASON = "load-balancer-health-check"


class TargetHealth:
    """The last reason that the load balancer gave for an unhealthy target of one service.

    Args:
        client: gives a boto3 client by service name.
        service: names the target group; without one nothing is read.
    """

    def __init__(self, client: Callable[[str], Any], service: ServiceOutputs) -> None:
        self._client = client
        self._service = service
        self._unhealthy = 0
        self.reason = ""

    def look(self) -> None:
        """Read it once more; what AWS refuses to tell is left out, since the verdict holds without it."""
        if not self._service.target_group_arn:
            return
        try:
            with aws_errors("elbv2", f"service `{self._service.name}`"):
                answer = self._client("elbv2").describe_target_health(TargetGroupArn=self._service.target_group_arn)
        except AwsError:
            return
        told = [item.get("TargetHealth", {}) for item in answer.get("TargetHealthDescriptions", [])]
        reasons = [
            str(one.get("Description") or one.get("Reason", "")) for one in told if one.get("State") in _UNHEALTHY
        ]
        if any(reasons):
            self._unhealthy = len(reasons)
            self.reason = next(words for words in reasons if words)

    def explain(self, causes: tuple[Cause, ...]) -> tuple[Cause, ...]:
        """Put the balancer's reason into causes that are about its health checks; where there is no cause, it is one.

        Args:
            causes: why tasks of the service ended.
        """
        if not self.reason:
            return causes
        if not causes:
            found = Cause(
                service=self._service.name,
                reason=_REASON,
                count=self._unhealthy,
                message=self.reason,
                advice=advice_on(_REASON),
                target_health=self.reason,
            )
            return (found,)
        return tuple(self._explained(cause) if cause.reason == _REASON else cause for cause in causes)

    def _explained(self, cause: Cause) -> Cause:
        # ECS's own text may tell it already, as in service events.
        message = cause.message if self.reason in cause.message else f"{cause.message}: {self.reason}"
        return replace(cause, message=message, target_health=self.reason)

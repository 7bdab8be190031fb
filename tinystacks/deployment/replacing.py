"""Whether the deployment that is followed was rolled back by ECS, or replaced by one that somebody else ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tinystacks.deployment.service_deployments import ServiceDeployment

_ROLLING_BACK = ("rolling back", "rolled back")


class OwnDeployment:
    """Which of a service's deployments is the one that was asked for.

    ECS keeps one service deployment from the order to the end of its rollback; whoever orders another one makes a new
    one, which stops it. Source: Amazon ECS API reference, ServiceDeployment; developer guide, "How the Amazon ECS
    deployment circuit breaker detects failures".

    Args:
        asked: ARN of the revision that was asked for.
    """

    def __init__(self, asked: str) -> None:
        self._asked = asked
        self._arn = ""
        self._created_at: datetime | None = None

    def is_replaced(
        self, primary: Mapping[str, Any], deployments: Sequence[Mapping[str, Any]], newest: ServiceDeployment
    ) -> bool:
        """Take one look; whether another deployment of another revision took the place of this one.

        A newer one of the same revision is as good as what was asked for, and is followed from then on.

        Args:
            primary: the service's PRIMARY deployment, as DescribeServices tells it.
            deployments: all of them.
            newest: the newest service deployment; of no ARN where it is unknown, or ended before the order.
        """
        if primary.get("taskDefinition") == self._asked:
            self._arn = newest.arn or self._arn
            self._created_at = primary.get("createdAt", self._created_at)
            return False
        if not primary or newest.status == "PENDING":
            return False
        if newest.arn:
            if not self._arn and newest.status.startswith("ROLLBACK_"):
                self._arn = newest.arn
            return newest.arn != self._arn
        return self._is_newer(primary, deployments)

    def _is_newer(self, primary: Mapping[str, Any], deployments: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the PRIMARY deployment was ordered after this one; in a rollback an earlier one comes back."""
        own = next((one for one in deployments if one.get("taskDefinition") == self._asked), None)
        failed = own is not None and own.get("rolloutState") == "FAILED"
        said = str(primary.get("rolloutStateReason", "")).lower()
        if failed or any(words in said for words in _ROLLING_BACK):
            return False
        begun = (own or {}).get("createdAt") or self._created_at
        created = primary.get("createdAt")
        return begun is not None and created is not None and created > begun

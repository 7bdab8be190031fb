"""The service deployments of ECS, by which one deployment of a service is told from another.

Source: Amazon ECS API reference, ListServiceDeployments and ServiceDeploymentBrief.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.outputs import ServiceOutputs, StageOutputs

_FINISHED = frozenset({"SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"})
_PER_CALL = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDeployment:
    """One service deployment.

    Attributes:
        arn: its ARN; empty where there is none, or none can be read.
        status: such as `IN_PROGRESS` or `ROLLBACK_SUCCESSFUL`; empty as above.
        reason: why it has that status.
    """

    arn: str = ""
    status: str = ""
    reason: str = ""


def newest_deployment(ecs: Any, cluster: str, service: ServiceOutputs) -> ServiceDeployment:
    """Give the newest service deployment of a service.

    Args:
        ecs: boto3 client of Amazon ECS.
        cluster: name of the cluster.
        service: the service.
    """
    try:
        with aws_errors("ecs", f"service `{service.name}`"):
            answer = ecs.list_service_deployments(service=service.service_arn, cluster=cluster, maxResults=_PER_CALL)
    except AwsError:
        # Older policies lack this right; the service's own deployments tell nearly as much.
        return ServiceDeployment()
    found = sorted(answer.get("serviceDeployments", []), key=_begun, reverse=True)
    if not found:
        return ServiceDeployment()
    newest = found[0]
    return ServiceDeployment(
        arn=str(newest.get("serviceDeploymentArn", "")),
        status=str(newest.get("status", "")),
        reason=str(newest.get("statusReason", "")),
    )


def _begun(deployment: Mapping[str, Any]) -> datetime:
    return deployment.get("createdAt") or datetime.min.replace(tzinfo=UTC)


def past_deployments(client: Callable[[str], Any], outputs: StageOutputs | None) -> frozenset[str]:
    """Give the ARNs of the services' newest deployments that have come to an end: what is ordered now is another.

    Args:
        client: gives a boto3 client by service name.
        outputs: names the cluster and the services; none where nothing was deployed.
    """
    if outputs is None:
        return frozenset()
    ecs = client("ecs")
    newest = [newest_deployment(ecs, outputs.cluster_name, service) for service in outputs.services.values()]
    return frozenset(one.arn for one in newest if one.status in _FINISHED)

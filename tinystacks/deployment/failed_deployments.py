"""Services whose last deployment failed and that ECS leaves so (trap B5).

A first deployment has nothing to go back to: once it has failed ECS starts no task any more until it is told to deploy.
What was amended may be no part of the service, such as a missing parameter; then the engine has nothing to tell ECS.

Source: Amazon ECS developer guide, "How the Amazon ECS deployment circuit breaker detects failures"; API reference,
`Deployment.rolloutState` and UpdateService.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.deployment.events import Notice
from tinystacks.deployment.service_deployments import newest_deployment
from tinystacks.ecs_calls import describe_services

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from tinystacks.deployment.events import OnEvent
    from tinystacks.outputs import StageOutputs


def deploy_failed_again(
    outputs: StageOutputs, client: Callable[[str], Any], past: Collection[str], emit: OnEvent
) -> tuple[str, ...]:
    """Have ECS deploy again where a deployment failed before this command and nothing was ordered since.

    Args:
        outputs: names the services.
        client: gives a boto3 client by service name.
        past: service deployments, by ARN, that had ended before this command.
        emit: receives events.

    Returns:
        The services that are deployed again.

    Raises:
        AwsError: ECS refuses.
    """
    ecs = client("ecs")
    by_name = {service.service_name: service for service in outputs.services.values()}
    with aws_errors("ecs", "services of the stage"):
        described = describe_services(ecs, outputs.cluster_name, list(by_name))
    failed = [name for name, one in described.items() if _has_failed(one)]
    again: list[str] = []
    for service_name in failed:
        service = by_name[service_name]
        if newest_deployment(ecs, outputs.cluster_name, service).arn not in past:
            continue
        emit(
            Notice(
                message=f"{service.name}: its last deployment failed, and nothing of it was changed since; ECS deploys "
                "the same revision again."
            )
        )
        with aws_errors("ecs", f"service `{service.name}`"):
            ecs.update_service(cluster=outputs.cluster_name, service=service_name, forceNewDeployment=True)
        again.append(service.name)
    return tuple(again)


def _has_failed(service: Any) -> bool:
    deployments: Sequence[Mapping[str, Any]] = service.get("deployments", [])
    return any(one.get("status") == "PRIMARY" and one.get("rolloutState") == "FAILED" for one in deployments)

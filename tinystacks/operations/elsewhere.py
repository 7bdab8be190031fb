"""Services that were made by something else: what the reads need to know of them, asked from ECS. Read only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors, read_all
from tinystacks.ecs_calls import describe_services
from tinystacks.errors import AwsError, NotDeployedError
from tinystacks.operations.choosing import unknown
from tinystacks.operations.ecs_reads import last_part
from tinystacks.operations.log_model import LogPlace
from tinystacks.outputs import ServiceOutputs, StageOutputs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.kept_clients import KeptClients


def describe_elsewhere(
    clients: KeptClients, cluster: str, service: str | None, region: str
) -> tuple[StageOutputs, dict[str, tuple[LogPlace, ...]]]:
    """Find out where services run and log.

    Args:
        clients: boto3 clients.
        cluster: name or ARN.
        service: name or ARN of the ECS service; all of the cluster when none is given.
        region: AWS region.

    Returns:
        The services as if a stage had them, its name being empty, and where each logs.

    Raises:
        NotDeployedError: no such cluster.
        UsageError: no such service.
        AwsError: AWS refused a call.
    """
    ecs = clients("ecs")
    name = last_part(cluster)
    found = _services(ecs, cluster, service)
    outputs: dict[str, ServiceOutputs] = {}
    places: dict[str, tuple[LogPlace, ...]] = {}
    providers: set[str] = set()
    for item in found:
        service_name = item.get("serviceName", "")
        arn = item.get("taskDefinition", "")
        containers: Sequence[Any] = _containers(ecs, arn) if arn else ()
        balancers: Sequence[Mapping[str, Any]] = item.get("loadBalancers") or ({},)
        targets = balancers[0]
        main = targets.get("containerName") or next((one.get("name", "") for one in containers), "")
        places[service_name] = _places(service_name, containers)
        providers |= {one.get("capacityProvider", "") for one in item.get("capacityProviderStrategy", [])}
        outputs[service_name] = ServiceOutputs(
            name=service_name,
            service_name=service_name,
            service_arn=item.get("serviceArn", ""),
            task_definition_arn="",
            container_name=main,
            log_group=next((place.group for place in places[service_name]), ""),
            image=next((one.get("image", "") for one in containers if one.get("name") == main), ""),
            target_group_arn=targets.get("targetGroupArn", ""),
        )
    group = _group(ecs, sorted(providers))
    stage = StageOutputs(
        stack=name,
        stage="",
        region=region,
        account_id=_account(found),
        cluster_name=name,
        cluster_arn=next((item.get("clusterArn", "") for item in found), ""),
        capacity_providers=tuple(sorted(providers - {"FARGATE", "FARGATE_SPOT", ""})),
        auto_scaling_group=group,
        load_balancer_arn=_load_balancer(clients, outputs),
        services=outputs,
    )
    return stage, places


def _services(ecs: Any, cluster: str, service: str | None) -> list[Any]:
    try:
        with aws_errors("ecs", f"cluster {cluster}"):
            arns = [service] if service else sorted(_listed(ecs, cluster))
            found = list(describe_services(ecs, cluster, arns).values())
            if not found and service:
                others = [last_part(arn) for arn in _listed(ecs, cluster)]
                raise unknown("service", service, others, place=f"cluster {last_part(cluster)}")
    except AwsError as error:
        if error.code != "ClusterNotFoundException":
            raise
        raise NotDeployedError(
            f"There is no cluster {cluster} in this account and region.",
            hint="Look at --profile and --region; `aws ecs list-clusters` lists them.",
        ) from error
    return found


def _listed(ecs: Any, cluster: str) -> list[str]:
    return read_all(ecs, "list_services", "serviceArns", always=True, cluster=cluster)


def _containers(ecs: Any, task_definition: str) -> Sequence[Any]:
    with aws_errors("ecs", f"task definition {last_part(task_definition)}"):
        described = ecs.describe_task_definition(taskDefinition=task_definition)["taskDefinition"]
    return described.get("containerDefinitions", [])


def _places(service: str, containers: Sequence[Any]) -> tuple[LogPlace, ...]:
    """Give each pair of group and prefix once."""
    found: dict[tuple[str, str], LogPlace] = {}
    for container in containers:
        configuration: Mapping[str, Any] = container.get("logConfiguration") or {}
        options: Mapping[str, str] = configuration.get("options") or {}
        group = options.get("awslogs-group", "")
        if configuration.get("logDriver") == "awslogs" and group:
            prefix = options.get("awslogs-stream-prefix", "")
            found[group, prefix] = LogPlace(service=service, group=group, prefix=prefix)
    return tuple(found.values())


def _group(ecs: Any, providers: Sequence[str]) -> str:
    if not providers:
        return ""
    with aws_errors("ecs", "capacity providers"):
        described = ecs.describe_capacity_providers(capacityProviders=list(providers))["capacityProviders"]
    for provider in described:
        own: Mapping[str, Any] = provider.get("autoScalingGroupProvider") or {}
        if own.get("autoScalingGroupArn"):
            return last_part(own["autoScalingGroupArn"])
    return ""


def _load_balancer(clients: KeptClients, services: Mapping[str, ServiceOutputs]) -> str:
    groups = [service.target_group_arn for service in services.values() if service.target_group_arn]
    if not groups:
        return ""
    try:
        with aws_errors("elbv2", "target groups"):
            answer = clients("elbv2").describe_target_groups(TargetGroupArns=groups[:1])
    except AwsError:
        return ""  # only figures of requests need it
    return next((arn for one in answer.get("TargetGroups", []) for arn in one.get("LoadBalancerArns", [])), "")


def _account(services: Sequence[Any]) -> str:
    parts = str(next((item.get("serviceArn", "") for item in services), "")).split(":")
    return parts[4] if len(parts) > 4 else ""  # noqa: PLR2004 - arn:PARTITION:ecs:REGION:ACCOUNT

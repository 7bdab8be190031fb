"""What of a stage can still be seen through AWS's own APIs, read without any help of the product's own sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TAG = "tinystacks:stack"


def remains(client: Callable[[str], Any], stack: str) -> list[str]:
    """List everything that bears the stack's tag, and what has no tags but the stack's name."""
    found = {f"tagged {arn}" for arn in _by_tagging_api(client("resourcegroupstaggingapi"), stack)}
    for look in (_ecs, _load_balancers, _groups, _roles, _logs, _ec2, _scaling, _alarms, _repositories):
        found |= set(look(client, stack))
    return sorted(found)


def _by_tagging_api(api: Any, stack: str) -> Iterator[str]:
    for page in api.get_paginator("get_resources").paginate(TagFilters=[{"Key": TAG, "Values": [stack]}]):
        yield from (item["ResourceARN"] for item in page["ResourceTagMappingList"])


def _is_ours(tags: list[dict[str, str]], stack: str) -> bool:
    return any((tag.get("Key") or tag.get("key"), tag.get("Value") or tag.get("value")) == (TAG, stack) for tag in tags)


def _ecs(client: Callable[[str], Any], stack: str) -> Iterator[str]:
    ecs = client("ecs")
    arns = ecs.list_clusters()["clusterArns"]
    for cluster in ecs.describe_clusters(clusters=arns, include=["TAGS"])["clusters"] if arns else []:
        if _is_ours(cluster.get("tags", []), stack):
            yield f"cluster {cluster['clusterName']}"
            yield from ecs.list_services(cluster=cluster["clusterArn"])["serviceArns"]
            yield from ecs.list_tasks(cluster=cluster["clusterArn"])["taskArns"]
            yield from ecs.list_container_instances(cluster=cluster["clusterArn"])["containerInstanceArns"]
    for provider in ecs.describe_capacity_providers(include=["TAGS"])["capacityProviders"]:
        if provider["status"] == "ACTIVE" and _is_ours(provider.get("tags", []), stack):
            yield f"capacity provider {provider['name']}"
    for status in ("ACTIVE", "INACTIVE"):
        yield from ecs.list_task_definitions(familyPrefix=stack, status=status)["taskDefinitionArns"]
    families = ecs.list_task_definition_families(status="ALL")["families"]
    yield from (f"family {family}" for family in families if family.startswith(f"{stack}-"))


def _load_balancers(client: Callable[[str], Any], stack: str) -> Iterator[str]:
    elb = client("elbv2")
    arns = [item["LoadBalancerArn"] for item in elb.describe_load_balancers()["LoadBalancers"]]
    arns += [item["TargetGroupArn"] for item in elb.describe_target_groups()["TargetGroups"]]
    for arn in arns:
        for described in elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]:
            if _is_ours(described["Tags"], stack):
                yield arn


def _groups(client: Callable[[str], Any], stack: str) -> Iterator[str]:
    for group in client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]:
        if _is_ours(group["Tags"], stack):
            yield f"Auto Scaling group {group['AutoScalingGroupName']}"


def _roles(client: Callable[[str], Any], stack: str) -> Iterator[str]:
    iam = client("iam")
    for operation, key, name in (
        ("list_roles", "Roles", "RoleName"),
        ("list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
        ("list_policies", "Policies", "PolicyName"),
    ):
        arguments = {"Scope": "Local"} if operation == "list_policies" else {}
        for page in iam.get_paginator(operation).paginate(**arguments):
            yield from (f"{key} {item[name]}" for item in page[key] if item[name].startswith(f"{stack}-"))


def _logs(client: Callable[[str], Any], stack: str) -> Iterator[str]:
    for page in client("logs").get_paginator("describe_log_groups").paginate():
        yield from (item["logGroupName"] for item in page["logGroups"] if _names(item["logGroupName"], stack))


def _names(log_group: str, stack: str) -> bool:
    return any(part == stack or part.startswith(f"{stack}-") for part in log_group.split("/"))


def _ec2(client: Callable[[str], Any], stack: str) -> Iterator[str]:
    ec2 = client("ec2")
    filters = [{"Name": "key", "Values": [TAG]}, {"Name": "value", "Values": [stack]}]
    for page in ec2.get_paginator("describe_tags").paginate(Filters=filters):
        yield from (f"{tag['ResourceType']} {tag['ResourceId']}" for tag in page["Tags"])
    for reservation in ec2.describe_instances()["Reservations"]:
        for instance in reservation["Instances"]:
            if instance["State"]["Name"] != "terminated" and _is_ours(instance.get("Tags", []), stack):
                yield f"instance {instance['InstanceId']}"


def _scaling(client: Callable[[str], Any], stack: str) -> Iterator[str]:
    targets = client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    yield from (item["ResourceId"] for item in targets if item["ResourceId"].startswith(f"service/{stack}-"))


def _alarms(client: Callable[[str], Any], stack: str) -> Iterator[str]:
    alarms = client("cloudwatch").describe_alarms()["MetricAlarms"]
    yield from (item["AlarmName"] for item in alarms if f"{stack}-" in item["AlarmName"])


def _repositories(client: Callable[[str], Any], stack: str) -> Iterator[str]:
    for repository in client("ecr").describe_repositories()["repositories"]:
        if repository["repositoryName"].startswith((f"{stack}-", f"{stack}/")):
            yield f"repository {repository['repositoryName']}"

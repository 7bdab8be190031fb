"""What still exists of a stage, found by its tags and names and not by the state (traps A3, C10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors, batches, read_all
from tinystacks.deployment.wording import type_words
from tinystacks.ecs_calls import describe_services
from tinystacks.errors import AwsError
from tinystacks.naming import TAG_STACK, TAG_STAGE, cluster_name, is_of_stage, tag_values

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

CLUSTER = "aws:ecs/cluster:Cluster"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
REPOSITORY = "aws:ecr/repository:Repository"
_ELB_TAGS_PER_CALL = 20
"""Elastic Load Balancing API, DescribeTags."""
_EC2_TOKENS = {
    "vpc": "aws:ec2/vpc:Vpc",
    "subnet": "aws:ec2/subnet:Subnet",
    "internet-gateway": "aws:ec2/internetGateway:InternetGateway",
    "route-table": "aws:ec2/routeTable:RouteTable",
    "security-group": "aws:ec2/securityGroup:SecurityGroup",
    "natgateway": "aws:ec2/natGateway:NatGateway",
    "elastic-ip": "aws:ec2/eip:Eip",
    "vpc-endpoint": "aws:ec2/vpcEndpoint:VpcEndpoint",
    "vpc-flow-log": "aws:ec2/flowLog:FlowLog",
}
"""Types of EC2's DescribeTags that a stage is made of; instances and volumes end with their group."""

_LINGERING = {
    "natgateway": ("describe_nat_gateways", "NatGateways", "NatGatewayId", "nat-gateway-id"),
    "vpc-endpoint": ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", "vpc-endpoint-id"),
}
"""Types that are told of with their tags for up to an hour after their deletion (Amazon VPC User Guide, "Delete a NAT
gateway"): how their state is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """One resource that bears the stage's tags or name.

    Attributes:
        resource_type: the engine's type token.
        id: as the type's own API names it.
        arn: empty where the API gives none.
        by_name: whether only its name says that it is the stage's, which somebody else may have given it.
        alias: what AWS's errors name in place of its id: a name where that is an ARN, the group of a rule.
    """

    resource_type: str
    id: str
    arn: str = ""
    by_name: bool = False
    alias: str = ""

    @property
    def type(self) -> str:
        """The type as people say it."""
        return type_words(self.resource_type)


class Sweep:
    """Looks for everything of one stage.

    Args:
        client: gives a boto3 client by service name.
        stack: name of the stack.
        stage: name of the stage.

    Attributes:
        not_read: services that could not be looked at, with the reason.
    """

    def __init__(self, client: Callable[[str], Any], *, stack: str, stage: str) -> None:
        self._client = client
        self._stack = stack
        self._stage = stage
        self.not_read: list[str] = []

    def find(self, only: Container[str] | None = None) -> list[Leftover]:
        """Look at every service that a stage uses; one that refuses is noted in `not_read`.

        Args:
            only: the services to look at, as boto3 calls them; all by default.
        """
        found: list[Leftover] = []
        for service, look in (
            ("ecs", self._ecs),
            ("elbv2", self._load_balancers),
            ("autoscaling", self._groups),
            ("ec2", self._ec2),
            ("logs", self._log_groups),
            ("ecr", self._repositories),
            ("iam", self._roles_and_profiles),
            ("cloudwatch", self._alarms),
        ):
            if only is not None and service not in only:
                continue
            try:
                with aws_errors(service, "looking for what is left"):
                    found.extend(look(self._client(service)))
            except AwsError as error:
                self.not_read.append(f"{service}: {error.message}")
        return found

    def _ours(self, tags: list[dict[str, str]]) -> bool:
        """Whether tags, in any of AWS's two spellings, are the stage's."""
        return is_of_stage(tag_values(tags), self._stack, self._stage)

    def _ecs(self, ecs: Any) -> Iterator[Leftover]:
        name = cluster_name(self._stack, self._stage)
        for cluster in ecs.describe_clusters(clusters=[name], include=["TAGS"]).get("clusters", []):
            if cluster["status"] == "INACTIVE":
                continue
            yield Leftover(
                resource_type=CLUSTER,
                id=cluster["clusterName"],
                arn=cluster["clusterArn"],
                by_name=not self._ours(cluster.get("tags", [])),
            )
            arns = read_all(ecs, "list_services", "serviceArns", always=True, cluster=name)
            for service in describe_services(ecs, name, arns, tags=True).values():
                yield Leftover(
                    resource_type="aws:ecs/service:Service",
                    id=service["serviceName"],
                    arn=service["serviceArn"],
                    by_name=not self._ours(service.get("tags", [])),
                )
        providers = ecs.describe_capacity_providers(include=["TAGS"]).get("capacityProviders", [])
        for item in providers:
            if item.get("status") == "ACTIVE" and self._ours(item.get("tags", [])):
                yield Leftover(
                    resource_type="aws:ecs/capacityProvider:CapacityProvider",
                    id=item["name"],
                    arn=item["capacityProviderArn"],
                )

    def _load_balancers(self, elb: Any) -> Iterator[Leftover]:
        for token, operation, key, arn_key in (
            ("aws:lb/loadBalancer:LoadBalancer", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
            ("aws:lb/targetGroup:TargetGroup", "describe_target_groups", "TargetGroups", "TargetGroupArn"),
        ):
            arns = [item[arn_key] for item in read_all(elb, operation, key)]
            for batch in batches(arns, _ELB_TAGS_PER_CALL):
                for item in elb.describe_tags(ResourceArns=batch)["TagDescriptions"]:
                    if self._ours(item["Tags"]):
                        arn = item["ResourceArn"]
                        yield Leftover(resource_type=token, id=arn, arn=arn, alias=arn.split("/")[-2])

    def _groups(self, autoscaling: Any) -> Iterator[Leftover]:
        for group in read_all(autoscaling, "describe_auto_scaling_groups", "AutoScalingGroups"):
            if self._ours(group.get("Tags", [])):
                yield Leftover(
                    resource_type="aws:autoscaling/group:Group",
                    id=group["AutoScalingGroupName"],
                    arn=group.get("AutoScalingGroupARN", ""),
                )

    def _ec2(self, ec2: Any) -> Iterator[Leftover]:
        filters = [{"Name": "key", "Values": [TAG_STACK, TAG_STAGE]}]
        tags: dict[tuple[str, str], list[dict[str, str]]] = {}
        for tag in read_all(ec2, "describe_tags", "Tags", Filters=filters):
            tags.setdefault((tag["ResourceType"], tag["ResourceId"]), []).append(tag)
        tagged = [key for key, own in tags.items() if key[0] in _EC2_TOKENS and self._ours(own)]
        deleted = _deleted(ec2, tagged)
        for kind, resource_id in tagged:
            if resource_id not in deleted:
                yield Leftover(resource_type=_EC2_TOKENS[kind], id=resource_id)
        ours = [
            {"Name": f"tag:{TAG_STACK}", "Values": [self._stack]},
            {"Name": f"tag:{TAG_STAGE}", "Values": [self._stage]},
        ]
        for template in read_all(ec2, "describe_launch_templates", "LaunchTemplates", Filters=ours):
            yield Leftover(
                resource_type="aws:ec2/launchTemplate:LaunchTemplate",
                id=template["LaunchTemplateId"],
                alias=template["LaunchTemplateName"],
            )
        for rule in read_all(ec2, "describe_security_group_rules", "SecurityGroupRules", Filters=ours):
            direction = "Egress" if rule["IsEgress"] else "Ingress"
            yield Leftover(
                resource_type=f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule",
                id=rule["SecurityGroupRuleId"],
                alias=rule["GroupId"],
            )

    def _log_groups(self, logs: Any) -> Iterator[Leftover]:
        for prefix in (
            f"/tinystacks/{self._stack}/{self._stage}/",
            # Made by Container Insights itself when nobody else made it (trap C9).
            f"/aws/ecs/containerinsights/{cluster_name(self._stack, self._stage)}/",
        ):
            for group in read_all(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=prefix):
                arn = group["arn"].removesuffix(":*")
                tags = logs.list_tags_for_resource(resourceArn=arn)["tags"]
                yield Leftover(
                    resource_type=LOG_GROUP,
                    id=group["logGroupName"],
                    arn=arn,
                    by_name=not is_of_stage(tags, self._stack, self._stage),
                )

    def _repositories(self, ecr: Any) -> Iterator[Leftover]:
        for repository in read_all(ecr, "describe_repositories", "repositories"):
            arn = repository["repositoryArn"]
            if self._ours(ecr.list_tags_for_resource(resourceArn=arn).get("tags", [])):
                yield Leftover(resource_type=REPOSITORY, id=repository["repositoryName"], arn=arn)

    def _roles_and_profiles(self, iam: Any) -> Iterator[Leftover]:
        for role in read_all(iam, "list_roles", "Roles"):
            name = role["RoleName"]
            if name.startswith(f"{self._stack}-") and self._ours(iam.list_role_tags(RoleName=name).get("Tags", [])):
                yield Leftover(resource_type="aws:iam/role:Role", id=name, arn=role["Arn"])
        for profile in read_all(iam, "list_instance_profiles", "InstanceProfiles"):
            name = profile["InstanceProfileName"]
            if name.startswith(f"{self._stack}-"):
                tags = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"].get("Tags", [])
                if self._ours(tags):
                    yield Leftover(resource_type="aws:iam/instanceProfile:InstanceProfile", id=name, arn=profile["Arn"])

    def _alarms(self, cloudwatch: Any) -> Iterator[Leftover]:
        alarms = read_all(cloudwatch, "describe_alarms", "MetricAlarms", AlarmNamePrefix=f"{self._stack}-")
        for alarm in alarms:
            arn = alarm["AlarmArn"]
            if self._ours(cloudwatch.list_tags_for_resource(ResourceARN=arn).get("Tags", [])):
                yield Leftover(resource_type="aws:cloudwatch/metricAlarm:MetricAlarm", id=alarm["AlarmName"], arn=arn)


def _deleted(ec2: Any, tagged: Iterable[tuple[str, str]]) -> set[str]:
    """Give the ids of those that only linger."""
    gone: set[str] = set()
    for kind, (operation, key, id_key, filter_name) in _LINGERING.items():
        ids = [resource_id for its_kind, resource_id in tagged if its_kind == kind]
        if ids:
            seen = read_all(ec2, operation, key, Filters=[{"Name": filter_name, "Values": ids}])
            gone |= set(ids) - {one[id_key] for one in seen if not one["State"].lower().startswith("delet")}
    return gone

"""Whether the stage's instances join the cluster, and why they do not (trap E7)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.deployment.service_verdicts import Cause
from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tinystacks.outputs import StageOutputs

REGISTRATION_SECONDS = 300
"""An instance boots and registers in 80 s to 3 minutes, as people measured."""
_AGENT_POLICY = "AmazonEC2ContainerServiceforEC2Role"
_AGENT_ACTION = "ecs:RegisterContainerInstance"
"""What the agent may do (ECS Developer Guide, "Amazon ECS container instance IAM role")."""
_AGENT_ENDPOINTS = (".ecs", ".ecs-agent", ".ecs-telemetry")
"""Endpoints that the agent needs where there is no way out (ECS Developer Guide, "VPC endpoints")."""
_EVERYWHERE = frozenset({"0.0.0.0/0", "::/0"})


class Registration:
    """Watches a cluster until as many instances as the stage has at least are registered.

    Args:
        outputs: names the cluster and the Auto Scaling group.
        minimum: `compute.instances.min`.
        client: gives a boto3 client by service name.
    """

    def __init__(self, *, outputs: StageOutputs, minimum: int, client: Callable[[str], Any]) -> None:
        self._outputs = outputs
        self._client = client
        self._minimum = minimum
        self.count = 0

    @property
    def complete(self) -> bool:
        """Whether enough instances have been seen."""
        return self.count >= self._minimum

    @property
    def words(self) -> str:
        """How far it is."""
        return f"{self.count} of {self._minimum} instances registered with the cluster"

    def look(self) -> None:
        """Count again, until there are enough.

        Raises:
            AwsError: ECS refuses to be read.
        """
        if not self.complete:
            with aws_errors("ecs", "instances of the cluster"):
                answer = self._client("ecs").list_container_instances(cluster=self._outputs.cluster_name)
                self.count = len(answer.get("containerInstanceArns", []))

    def causes(self, service: str) -> tuple[Cause, ...]:
        """Say why instances are missing, as far as AWS can be asked; none when there are enough.

        Args:
            service: that waits for them.
        """
        if self.complete:
            return ()
        try:
            with aws_errors("autoscaling", "Auto Scaling group"):
                return tuple(self._causes(service)) or (
                    self._cause(
                        service, "instances-not-registered", self.words, "Look at the agent: `docker logs ecs-agent`."
                    ),
                )
        except AwsError as error:
            return (self._cause(service, "instances-not-registered", f"{self.words}; {error}", ""),)

    def _causes(self, service: str) -> Iterator[Cause]:
        scaling = self._client("autoscaling")
        name = self._outputs.auto_scaling_group
        groups = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        if not groups:
            return
        group: Mapping[str, Any] = groups[0]
        launched = len(group.get("Instances", []))
        if launched < self._minimum:
            activities = scaling.describe_scaling_activities(AutoScalingGroupName=name, MaxRecords=20)["Activities"]
            failed = [one.get("StatusMessage", "") for one in activities if one.get("StatusCode") == "Failed"]
            if failed:
                advice = "EC2 launches no instances: mend that, or choose other `compute.instance_types`."
                yield self._cause(service, "instances-not-launched", failed[0], advice)
        if launched <= self.count:
            return
        template = self._template(group)
        if f"ECS_CLUSTER={self._outputs.cluster_name}" not in _text_of(template.get("UserData", "")):
            message = f"The user data of the launch template does not say ECS_CLUSTER={self._outputs.cluster_name}."
            yield self._cause(service, "instances-without-cluster", message, "Somebody changed it: run `tstack up`.")
        if not self._way_out(str(group.get("VPCZoneIdentifier", "")).split(",")):
            message = "The instances' subnets have no route to the internet and no endpoints of ECS."
            advice = "Set `network.nat`, add VPC endpoints for ecs, ecs-agent and ecs-telemetry, or mend the routes."
            yield self._cause(service, "instances-without-way-out", message, advice)
        if not self._may_register(template.get("IamInstanceProfile", {})):
            message = f"The instances' role does not allow {_AGENT_ACTION}."
            yield self._cause(service, "instances-with-wrong-role", message, f"Attach {_AGENT_POLICY} to it.")

    def _cause(self, service: str, reason: str, message: str, advice: str) -> Cause:
        missing = self._minimum - self.count
        return Cause(service=service, reason=reason, count=missing, message=message, advice=advice)

    def _template(self, group: Mapping[str, Any]) -> Mapping[str, Any]:
        mixed: Mapping[str, Any] = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
        told: Mapping[str, Any] = group.get("LaunchTemplate") or mixed.get("LaunchTemplateSpecification", {})
        versions = self._client("ec2").describe_launch_template_versions(
            LaunchTemplateId=told["LaunchTemplateId"], Versions=[told.get("Version", "$Default")]
        )["LaunchTemplateVersions"]
        return versions[0]["LaunchTemplateData"] if versions else {}

    def _way_out(self, subnet_ids: list[str]) -> bool:
        ec2 = self._client("ec2")
        vpc = [{"Name": "vpc-id", "Values": [self._outputs.vpc_id]}]
        endpoints = ec2.describe_vpc_endpoints(Filters=vpc)["VpcEndpoints"]
        names = {endpoint["ServiceName"] for endpoint in endpoints}
        if all(any(name.endswith(ending) for name in names) for ending in _AGENT_ENDPOINTS):
            return True
        tables = ec2.describe_route_tables(Filters=vpc)["RouteTables"]
        main = next((table for table in tables if any(one.get("Main") for one in table["Associations"])), None)
        own = {one["SubnetId"]: table for table in tables for one in table["Associations"] if "SubnetId" in one}
        return all(_leads_out(own.get(subnet, main)) for subnet in subnet_ids)

    def _may_register(self, profile: Mapping[str, Any]) -> bool:
        """Whether the role may register; a policy of somebody's own is believed."""
        iam = self._client("iam")
        name = profile.get("Name") or str(profile.get("Arn", "")).rpartition("/")[2]
        if not name:
            return False
        roles = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]
        if not roles:
            return False
        role = roles[0]["RoleName"]
        attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        if any(_AGENT_POLICY in one["PolicyArn"] or ":aws:policy" not in one["PolicyArn"] for one in attached):
            return True
        documents = (
            str(iam.get_role_policy(RoleName=role, PolicyName=one)["PolicyDocument"])
            for one in iam.list_role_policies(RoleName=role)["PolicyNames"]
        )
        return any(_AGENT_ACTION in document or "'ecs:*'" in document for document in documents)


def _leads_out(table: Mapping[str, Any] | None) -> bool:
    routes: list[Mapping[str, Any]] = table.get("Routes", []) if table else []
    return any(
        _EVERYWHERE & {route.get("DestinationCidrBlock"), route.get("DestinationIpv6CidrBlock")}
        and route.get("State", "active") == "active"
        for route in routes
    )


def _text_of(user_data: str) -> str:
    return base64.b64decode(user_data or "").decode("utf-8", "replace")

"""A small stage made with boto3: what a deployment makes on AWS, without the engine."""

from __future__ import annotations

import base64
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

IMAGE_PARAMETER = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"


def eventually(look: Callable[[], T | None], *, what: str, seconds: float = 60) -> T:
    """Look until there is an answer, which nothing empty is; the local AWS works by its own clock."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not seen in {seconds:g} s: {what}")
        time.sleep(0.1)


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """Make a call that must be refused; AWS's code and text."""
    try:
        call(**parameters)
    except ClientError as error:
        told: Any = error.response
        return told["Error"]["Code"], told["Error"]["Message"]
    raise AssertionError("the call was not refused")


def fetch(url: str) -> tuple[int, str]:
    """GET a URL; the code and the text."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@dataclass(kw_only=True)
class LocalStage:
    """A VPC, a group of instances that join a cluster, a load balancer and a service."""

    client: Callable[[str], Any]
    name: str = "shop"
    zones: Sequence[str] = ("us-east-1a", "us-east-1b")
    made: dict[str, str] = field(default_factory=dict)
    subnets: list[str] = field(default_factory=list)
    url: str = ""

    def make_network(self) -> None:
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
        for number, zone in enumerate(self.zones):
            subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.7.{number}.0/24", AvailabilityZone=zone)
            self.subnets.append(subnet["Subnet"]["SubnetId"])
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        [main] = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
        ec2.create_route(RouteTableId=main["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        group = ec2.create_security_group(GroupName=f"{self.name}-instances", Description="i", VpcId=vpc)["GroupId"]
        self.made |= {"vpc": vpc, "security_group": group, "gateway": gateway}

    def make_instances(
        self, *, minimum: int = 2, maximum: int = 4, managed_scaling: str = "ENABLED", profile: str = ""
    ) -> None:
        ec2, asg, ecs = self.client("ec2"), self.client("autoscaling"), self.client("ecs")
        ecs.create_cluster(clusterName=self.name)
        image = self.client("ssm").get_parameter(Name=IMAGE_PARAMETER)["Parameter"]["Value"]
        data = base64.b64encode(f"#!/bin/bash\necho ECS_CLUSTER={self.name} >> /etc/ecs/ecs.config\n".encode())
        template = ec2.create_launch_template(
            LaunchTemplateName=self.name,
            LaunchTemplateData={
                "ImageId": image,
                "InstanceType": "t3.small",
                "UserData": data.decode(),
                "SecurityGroupIds": [self.made["security_group"]],
                **({"IamInstanceProfile": {"Arn": profile}} if profile else {}),
            },
        )["LaunchTemplate"]["LaunchTemplateId"]
        asg.create_auto_scaling_group(
            AutoScalingGroupName=self.name,
            MinSize=minimum,
            MaxSize=maximum,
            LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
            VPCZoneIdentifier=",".join(self.subnets),
        )
        group = asg.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])["AutoScalingGroups"][0]
        ecs.create_capacity_provider(
            name=f"{self.name}-capacity",
            autoScalingGroupProvider={
                "autoScalingGroupArn": group["AutoScalingGroupARN"],
                "managedScaling": {"status": managed_scaling, "targetCapacity": 100},
                "managedTerminationProtection": "DISABLED",
            },
        )
        ecs.put_cluster_capacity_providers(
            cluster=self.name,
            capacityProviders=[f"{self.name}-capacity"],
            defaultCapacityProviderStrategy=[{"capacityProvider": f"{self.name}-capacity", "weight": 1}],
        )
        self.made |= {"template": template, "group": self.name}
        # Tasks placed while only some have registered share a zone, from which zone rebalancing moves them later.
        eventually(
            lambda: len(ecs.list_container_instances(cluster=self.name)["containerInstanceArns"]) >= minimum,
            what=f"{minimum} container instances",
            seconds=120,
        )

    def make_endpoint(self, *, path: str = "/") -> None:
        elb = self.client("elbv2")
        balancer = elb.create_load_balancer(Name=self.name, Subnets=self.subnets)["LoadBalancers"][0]
        target_group = elb.create_target_group(
            Name=self.name,
            Protocol="HTTP",
            Port=80,
            VpcId=self.made["vpc"],
            HealthCheckPath=path,
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        elb.modify_target_group_attributes(
            TargetGroupArn=target_group,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "10"}],
        )
        listener = elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": target_group}],
        )["Listeners"][0]["ListenerArn"]
        self.made |= {"balancer": balancer["LoadBalancerArn"], "target_group": target_group, "listener": listener}
        self.url = f"http://{balancer['DNSName']}"

    def register(self, *, simulate: str = "", log_group: str = "", **settings: Any) -> str:
        container: dict[str, Any] = {
            "name": "web",
            "image": "example/web:1",
            "cpu": 256,
            "memory": 256,
            "essential": True,
            "portMappings": [{"containerPort": 8080, "hostPort": 0}],
            "environment": [{"name": "TINYSTACKS_SIMULATE", "value": simulate}] if simulate else [],
        }
        container |= settings
        if log_group:
            options = {"awslogs-group": log_group, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web"}
            container["logConfiguration"] = {"logDriver": "awslogs", "options": options}
        registered = self.client("ecs").register_task_definition(
            family=self.name, networkMode="bridge", containerDefinitions=[container]
        )
        return registered["taskDefinition"]["taskDefinitionArn"]

    def make_service(self, task_definition: str, *, count: int = 2, rollback: bool = True) -> None:
        self.client("ecs").create_service(
            cluster=self.name,
            serviceName="web",
            taskDefinition=task_definition,
            desiredCount=count,
            loadBalancers=[
                {"targetGroupArn": self.made["target_group"], "containerName": "web", "containerPort": 8080}
            ],
            capacityProviderStrategy=[{"capacityProvider": f"{self.name}-capacity", "weight": 1}],
            placementStrategy=[
                {"type": "spread", "field": "attribute:ecs.availability-zone"},
                {"type": "spread", "field": "instanceId"},
            ],
            deploymentConfiguration={
                "minimumHealthyPercent": 100,
                "maximumPercent": 200,
                "deploymentCircuitBreaker": {"enable": True, "rollback": rollback},
            },
            healthCheckGracePeriodSeconds=5,
        )

    def service(self) -> dict[str, Any]:
        return self.client("ecs").describe_services(cluster=self.name, services=["web"])["services"][0]

    def tasks(self, status: str = "RUNNING") -> list[dict[str, Any]]:
        ecs = self.client("ecs")
        arns = ecs.list_tasks(cluster=self.name, serviceName="web", desiredStatus=status)["taskArns"]
        return ecs.describe_tasks(cluster=self.name, tasks=arns)["tasks"] if arns else []

    def wait_steady(self, *, task_definition: str = "", seconds: float = 60) -> dict[str, Any]:
        """Wait for one COMPLETED deployment, of this revision when one is named."""

        def look() -> dict[str, Any] | None:
            service = self.service()
            done = (
                len(service["deployments"]) == 1
                and service["runningCount"] == service["desiredCount"]
                and service["deployments"][0]["rolloutState"] == "COMPLETED"
                and task_definition in {"", service["taskDefinition"]}
            )
            return service if done else None

        return eventually(look, what=f"steady service {self.name}", seconds=seconds)

    def remove(self) -> None:
        """Take it down in the order that AWS wants."""
        ecs, asg, elb, ec2 = (self.client(name) for name in ("ecs", "autoscaling", "elbv2", "ec2"))
        if self.made.get("balancer"):
            ecs.update_service(cluster=self.name, service="web", desiredCount=0)
            ecs.delete_service(cluster=self.name, service="web", force=True)
            eventually(lambda: self.service()["status"] == "INACTIVE", what="service INACTIVE")
            elb.delete_listener(ListenerArn=self.made["listener"])
            elb.delete_load_balancer(LoadBalancerArn=self.made["balancer"])
            elb.delete_target_group(TargetGroupArn=self.made["target_group"])
        ecs.put_cluster_capacity_providers(cluster=self.name, capacityProviders=[], defaultCapacityProviderStrategy=[])
        ecs.delete_capacity_provider(capacityProvider=f"{self.name}-capacity")
        asg.delete_auto_scaling_group(AutoScalingGroupName=self.name, ForceDelete=True)
        eventually(
            lambda: not ecs.list_container_instances(cluster=self.name)["containerInstanceArns"] or None,
            what="no container instances",
        )
        ecs.delete_cluster(cluster=self.name)
        ec2.delete_launch_template(LaunchTemplateId=self.made["template"])
        ec2.delete_security_group(GroupId=self.made["security_group"])
        for subnet in self.subnets:
            ec2.delete_subnet(SubnetId=subnet)
        ec2.detach_internet_gateway(InternetGatewayId=self.made["gateway"], VpcId=self.made["vpc"])
        ec2.delete_internet_gateway(InternetGatewayId=self.made["gateway"])
        ec2.delete_vpc(VpcId=self.made["vpc"])

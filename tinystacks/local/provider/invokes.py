"""Functions of the package `aws`: data sources, answered from the local AWS or from static facts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from tinystacks.local.provider import (
    ec2_invokes,
    identity_invokes,
    instance_type_invoke,
    policy_document,
    registry_invokes,
    service_invokes,
)
from tinystacks.local.provider.errors_text import error_text
from tinystacks.local.provider.handler import PlanError
from tinystacks.local.provider.invocation import InvokeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.local.provider.invocation import Invocation

    Function = Callable[[Invocation], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionEntry:
    """A function and what it takes."""

    call: Function
    arguments: frozenset[str]
    required: frozenset[str] = frozenset()
    service: str = "EC2"


@cache
def functions() -> Mapping[str, FunctionEntry]:
    """All functions by token."""
    region = frozenset({"region"})
    identity, ec2 = identity_invokes, ec2_invokes
    entries: dict[str, tuple[Function, set[str], set[str], str]] = {
        "aws:index/getCallerIdentity:getCallerIdentity": (identity.caller_identity, set(), set(), "STS"),
        "aws:index/getPartition:getPartition": (identity.partition, {"id"}, set(), ""),
        "aws:index/getRegion:getRegion": (identity.region, {"name", "endpoint", "id"}, set(), ""),
        "aws:index/getAvailabilityZones:getAvailabilityZones": (
            ec2.availability_zones,
            {"allAvailabilityZones", "excludeNames", "excludeZoneIds", "filters", "state"},
            set(),
            "EC2",
        ),
        "aws:ec2/getVpc:getVpc": (
            ec2.vpc,
            {"id", "cidrBlock", "default", "dhcpOptionsId", "state", "tags", "filters"},
            set(),
            "EC2",
        ),
        "aws:ec2/getSubnets:getSubnets": (ec2.subnets, {"filters", "tags"}, set(), "EC2"),
        "aws:ec2/getSubnet:getSubnet": (ec2.subnet, {*ec2.SUBNET_CRITERIA, "id", "tags", "filters"}, set(), "EC2"),
        "aws:ec2/getInstanceType:getInstanceType": (
            instance_type_invoke.instance_type,
            {"instanceType"},
            {"instanceType"},
            "EC2",
        ),
        "aws:ec2/getAmi:getAmi": (ec2.ami, set(ec2.AMI_ARGUMENTS), set(), "EC2"),
        "aws:iam/getPolicyDocument:getPolicyDocument": (
            policy_document.policy_document,
            set(policy_document.ARGUMENTS),
            set(),
            "",
        ),
        "aws:ssm/getParameter:getParameter": (service_invokes.parameter, {"name", "withDecryption"}, {"name"}, "SSM"),
        "aws:ecr/getRepository:getRepository": (
            registry_invokes.repository,
            {"name", "registryId", "tags"},
            {"name"},
            "ECR",
        ),
        "aws:ecr/getImage:getImage": (
            registry_invokes.image,
            {"repositoryName", "registryId", "imageDigest", "imageTag", "mostRecent"},
            {"repositoryName"},
            "ECR",
        ),
        "aws:lb/getLoadBalancer:getLoadBalancer": (
            service_invokes.load_balancer,
            {"arn", "name", "tags"},
            set(),
            "Elastic Load Balancing v2",
        ),
        "aws:ecs/getCluster:getCluster": (
            service_invokes.cluster,
            {"clusterName", "tags"},
            {"clusterName"},
            "ECS",
        ),
    }
    return {
        token: FunctionEntry(
            call=call,
            arguments=frozenset(arguments) | region,
            required=frozenset(required),
            service=service,
        )
        for token, (call, arguments, required, service) in entries.items()
    }


def invoke(invocation: Invocation) -> tuple[dict[str, Any], list[PlanError]]:
    """Answer a function: its result, or what is wrong with its arguments.

    Raises:
        InvokeError: the local AWS does not know the function, or AWS refused.
    """
    entry = functions().get(invocation.token)
    if entry is None:
        raise InvokeError(
            f"the local AWS does not know the function {invocation.token}",
            hint="Deploy this program to an AWS account, or give the value by hand for the local stage.",
        )
    failures = [
        PlanError(property=name, reason=f"the local AWS does not know the argument '{name}' of {invocation.token}")
        for name in invocation.args
        if name not in entry.arguments and not name.startswith("__")
    ]
    failures += [
        PlanError(property=name, reason=f'Missing required argument. The argument "{name}" is required.')
        for name in sorted(entry.required)
        if invocation.args.get(name) is None
    ]
    if failures:
        return {}, failures
    try:
        return entry.call(invocation), []
    except InvokeError:
        raise
    except Exception as error:
        raise InvokeError(f"invoking {invocation.token}: {error_text(error, entry.service)}") from error

"""One ECS service: REPLICA tasks spread over zones, rolled without interruption, rolled back when they do not start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from programs.hosting import network_mode, on_fargate
from programs.sdk import aws
from tinystacks.naming import TAG_SERVICE, logical_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from programs.load_balancer import LoadBalancer
    from programs.network import Network
    from programs.settings import ProgramSettings
    from programs.strategy import ClusterCapacity
    from tinystacks.spec.model import StageSpec
    from tinystacks.spec.service import ServiceSpec

ZONE = "attribute:ecs.availability-zone"
_DELETE_RESERVE_SECONDS = 1200
"""What deleting a service may take besides draining and stopping its tasks: the provider's own 20 minutes."""
_FULL_PERCENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlace:
    """What a service of a stage is put into.

    Attributes:
        cluster: the cluster.
        capacity: where its tasks find room.
        network: VPC and subnets.
        load_balancer: None when no service of the stage has a port.
        reachable: rules that let the load balancer reach the container instances.
    """

    cluster: aws.ecs.Cluster
    capacity: ClusterCapacity
    network: Network
    load_balancer: LoadBalancer | None
    reachable: Sequence[pulumi.Resource] = ()


def ecs_service(
    stage: StageSpec,
    name: str,
    *,
    place: ServicePlace,
    task_definition: pulumi.Input[str],
    security_group_id: pulumi.Output[str] | None,
    depends_on: Sequence[pulumi.Resource],
    settings: ProgramSettings,
    opts: pulumi.ResourceOptions,
) -> aws.ecs.Service:
    """Make the ECS service.

    On the way down it goes first: before its capacity, the rights its tasks need to stop in order (trap C4), and the
    instances (trap C5). On the way up it waits for the listener, without which ECS refuses its target group (B13).

    Args:
        stage: the stage.
        name: name of the service.
        place: what it is put into.
        task_definition: ARN of the revision that it runs.
        security_group_id: group of the tasks' own interfaces (awsvpc).
        depends_on: policies and groups of its own.
        settings: how to wait.
        opts: parent.
    """
    spec = stage.services[name]
    fargate = on_fargate(stage)
    ready = [] if place.load_balancer is None or spec.port is None else list(place.load_balancer.ready)
    ignored = ["desiredCount"] if spec.tasks.autoscaling else []
    if not settings.deploy_id:
        # A deployment forced earlier must not be forced again, nor its mark be taken away.
        ignored += ["triggers", "forceNewDeployment"]
    network = _network(stage, spec, place.network, security_group_id)
    return aws.ecs.Service(
        logical_name(stage.stack, name, "service"),
        cluster=place.cluster.arn,
        task_definition=task_definition,
        scheduling_strategy="REPLICA",
        # Application Auto Scaling owns the number when it may change (trap D1); a fixed number is obeyed.
        desired_count=spec.tasks.min,
        # By strategy, never by launch type: only such tasks wait for new instances (trap D7).
        capacity_provider_strategies=[
            aws.ecs.ServiceCapacityProviderStrategyArgs(
                capacity_provider=item.capacity_provider, base=item.base, weight=item.weight
            )
            for item in place.capacity.strategy
        ],
        ordered_placement_strategies=None if fargate else placement(spec),
        deployment_circuit_breaker=aws.ecs.ServiceDeploymentCircuitBreakerArgs(
            enable=spec.rolling_update.circuit_breaker, rollback=spec.rolling_update.circuit_breaker
        ),
        deployment_minimum_healthy_percent=spec.rolling_update.min_healthy_percent,
        deployment_maximum_percent=spec.rolling_update.max_percent,
        # On by itself for new services since 2025; said here so that it is a decision (trap D11).
        availability_zone_rebalancing="ENABLED" if rebalances(spec) else "DISABLED",
        enable_execute_command=spec.exec,
        enable_ecs_managed_tags=True,
        propagate_tags="SERVICE",
        health_check_grace_period_seconds=None if spec.port is None else spec.health_check.grace_period,
        load_balancers=_load_balancers(name, spec, place.load_balancer),
        network_configuration=network,
        force_new_deployment=True if settings.deploy_id else None,
        triggers={"deploy": settings.deploy_id} if settings.deploy_id else None,
        wait_for_steady_state=settings.wait_for_steady_state,
        force_delete=True,
        tags={TAG_SERVICE: name},
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                depends_on=[place.capacity.association, place.network, *place.reachable, *ready, *depends_on],
                ignore_changes=ignored,
                # ECS never takes it from a service; tasks without interfaces of their own need another one (trap K1).
                replace_on_changes=[] if network else ["networkConfiguration"],
                custom_timeouts=_timeouts(spec),
            ),
        ),
    )


def task_security_group(
    stage: StageSpec, name: str, *, network: Network, opts: pulumi.ResourceOptions
) -> aws.ec2.SecurityGroup:
    """Make the group of a service's own network interfaces (awsvpc); it reaches everything.

    Args:
        stage: the stage.
        name: name of the service.
        network: the VPC.
        opts: parent.
    """
    group = aws.ec2.SecurityGroup(
        logical_name("tasks", stage.stack, name),
        # Never changed: a new text would replace a group that interfaces hold (trap G4).
        description="tinystacks tasks",
        vpc_id=network.vpc_id,
        tags={TAG_SERVICE: name},
        opts=opts,
    )
    aws.vpc.SecurityGroupEgressRule(
        logical_name(stage.stack, name, "out"),
        security_group_id=group.id,
        ip_protocol="-1",
        cidr_ipv4="0.0.0.0/0",
        opts=opts,
    )
    return group


def placement(spec: ServiceSpec) -> list[aws.ecs.ServiceOrderedPlacementStrategyArgs]:
    """Give the placement strategies on EC2: zones first, then evenly over instances or as few as possible (D13)."""
    second = ("binpack", "memory") if spec.placement == "binpack" else ("spread", "instanceId")
    return [
        aws.ecs.ServiceOrderedPlacementStrategyArgs(type=kind, field=field)
        for kind, field in (("spread", ZONE), second)
    ]


def rebalances(spec: ServiceSpec) -> bool:
    """Say whether ECS may move tasks between zones; it refuses to where no task may be added first.

    ECS developer guide, "Balancing an Amazon ECS service across Availability Zones": not with a maximum of 100 %.
    """
    return spec.zone_rebalancing and spec.rolling_update.max_percent > _FULL_PERCENT


def _load_balancers(
    name: str, spec: ServiceSpec, balancer: LoadBalancer | None
) -> list[aws.ecs.ServiceLoadBalancerArgs] | None:
    if spec.port is None or balancer is None:
        return None
    return [
        aws.ecs.ServiceLoadBalancerArgs(
            container_name=name, container_port=spec.port, target_group_arn=balancer.target_groups[name].arn
        )
    ]


def _network(
    stage: StageSpec, spec: ServiceSpec, network: Network, security_group_id: pulumi.Output[str] | None
) -> aws.ecs.ServiceNetworkConfigurationArgs | None:
    if network_mode(stage, spec) != "awsvpc" or security_group_id is None:
        return None
    return aws.ecs.ServiceNetworkConfigurationArgs(
        subnets=network.task_subnet_ids,
        security_groups=[security_group_id],
        # Only Fargate gives tasks public addresses (trap E3), and only public subnets have use for them (ECS.2).
        assign_public_ip=on_fargate(stage) and not stage.network.private,
    )


def _timeouts(spec: ServiceSpec) -> pulumi.CustomTimeouts:
    stopping = spec.deregistration_delay + max(
        [spec.stop_timeout, *(sidecar.stop_timeout for sidecar in spec.sidecars.values())]
    )
    deadline = f"{spec.rolling_update.deadline}s"
    return pulumi.CustomTimeouts(create=deadline, update=deadline, delete=f"{_DELETE_RESERVE_SECONDS + stopping}s")

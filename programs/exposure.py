"""Security group rules by which the load balancer, and nothing else, reaches tasks.

Rules are resources of their own: two groups that name each other inside could never be deleted (traps C7, G4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from programs.hosting import network_mode
from programs.sdk import aws
from tinystacks.naming import logical_name

if TYPE_CHECKING:
    import pulumi

    from programs.load_balancer import LoadBalancer
    from tinystacks.spec.model import StageSpec

DYNAMIC_PORTS: tuple[int, int] = (1024, 65535)
"""Host ports that bridge tasks may get; wider than the common ephemeral range on some images (trap E5)."""


def instance_ports(stage: StageSpec) -> list[tuple[int, int]]:
    """Give the port ranges on which container instances answer for services with a port."""
    modes = {name: network_mode(stage, service) for name, service in stage.exposed_services.items()}
    ranges: set[tuple[int, int]] = {DYNAMIC_PORTS} if "bridge" in modes.values() else set()
    for name, service in stage.exposed_services.items():
        if modes[name] == "host" and service.port is not None:
            ranges.add((service.port, service.port))
    return sorted(ranges)


def open_instances(
    stage: StageSpec, *, balancer: LoadBalancer, group_id: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """Let the load balancer reach the container instances.

    Args:
        stage: the stage.
        balancer: where requests come from.
        group_id: security group of the instances.
        opts: parent.

    Returns:
        The rules, for services to wait for.
    """
    return [
        rule
        for low, high in instance_ports(stage)
        for rule in _open(
            stage.stack, ("instances", f"{low}"), ports=(low, high), balancer=balancer, group_id=group_id, opts=opts
        )
    ]


def open_tasks(
    stage: StageSpec,
    name: str,
    *,
    balancer: LoadBalancer,
    group_id: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    """Let the load balancer reach the tasks of a service at their own interfaces, on the service's port only.

    Args:
        stage: the stage.
        name: name of the service.
        balancer: where requests come from.
        group_id: security group of the tasks.
        opts: parent.

    Returns:
        The rules, for the service to wait for.
    """
    port = stage.services[name].port
    if port is None:
        return []
    return _open(stage.stack, (name,), ports=(port, port), balancer=balancer, group_id=group_id, opts=opts)


def _open(
    stack: str,
    words: tuple[str, ...],
    *,
    ports: tuple[int, int],
    balancer: LoadBalancer,
    group_id: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    low, high = ports
    return [
        aws.vpc.SecurityGroupIngressRule(
            logical_name(stack, *words, "in"),
            security_group_id=group_id,
            referenced_security_group_id=balancer.security_group_id,
            ip_protocol="tcp",
            from_port=low,
            to_port=high,
            opts=opts,
        ),
        aws.vpc.SecurityGroupEgressRule(
            logical_name(stack, *words, "to"),
            security_group_id=balancer.security_group_id,
            referenced_security_group_id=group_id,
            ip_protocol="tcp",
            from_port=low,
            to_port=high,
            opts=opts,
        ),
    ]

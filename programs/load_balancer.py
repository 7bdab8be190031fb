"""The Application Load Balancer of a stage: who may reach it, what answers, which service gets which request."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pulumi

from programs.hosting import network_mode
from programs.routing import default_service, listener_rules
from programs.sdk import aws
from tinystacks.naming import TAG_SERVICE, logical_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from programs.network import Network
    from programs.routing import ListenerRule
    from tinystacks.spec.compute import EndpointSpec
    from tinystacks.spec.model import StageSpec
    from tinystacks.spec.service import ServiceSpec

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
"""TLS 1.3 and 1.2 with forward secrecy (Elastic Load Balancing user guide, "Security policies")."""
TARGET_GROUP_PORT = 80
"""The group's own port. Tasks register with their real port, so this never changes and replaces nothing (trap G1)."""
HTTP, HTTPS = 80, 443


class LoadBalancer(pulumi.ComponentResource):
    """Load balancer, its security group, one target group per service with a port, listeners and rules.

    Names of load balancer and target groups are left to the provider: a fixed one stops a replacement halfway (G1).

    Args:
        stage: the stage; at least one service has a port.
        network: where it stands.
    """

    def __init__(self, stage: StageSpec, *, network: Network, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tinystacks:aws:LoadBalancer", logical_name("balancer", stage.stack), None, opts)
        self._stack = stage.stack
        self._child = pulumi.ResourceOptions(parent=self)
        endpoint = stage.endpoint
        self.security_group_id = self._security_group(endpoint, network)
        self.balancer = aws.lb.LoadBalancer(
            # Names beginning with `internal-` are refused, so the stack's name does not come first.
            logical_name("balancer", stage.stack),
            load_balancer_type="application",
            internal=endpoint.internal,
            subnets=network.public_subnet_ids,
            security_groups=[self.security_group_id],
            idle_timeout=endpoint.idle_timeout,
            drop_invalid_header_fields=True,
            desync_mitigation_mode="defensive",
            enable_deletion_protection=deletion_protection(stage),
            access_logs=_access_logs(stage),
            # The internet gateway has to be there before and after an internet-facing balancer.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[network]),
        )
        self.target_groups: Mapping[str, aws.lb.TargetGroup] = {
            name: self._target_group(name, service, network, ip=network_mode(stage, service) == "awsvpc")
            for name, service in stage.exposed_services.items()
        }
        listener = self._listeners(endpoint, default_service(stage.exposed_services))
        rules = [self._rule(rule, listener) for rule in listener_rules(stage.exposed_services)]
        self.ready: Sequence[pulumi.Resource] = (listener, *rules)
        """What must exist before a service may use a target group (trap B13)."""
        self.url: pulumi.Output[str] = endpoint_url(endpoint, self.balancer.dns_name)
        self.register_outputs({"url": self.url})

    def _security_group(self, endpoint: EndpointSpec, network: Network) -> pulumi.Output[str]:
        group = aws.ec2.SecurityGroup(
            logical_name("balancer", self._stack),
            # Never changed: a new text would replace a group that interfaces hold (trap G4).
            description="tinystacks load balancer",
            vpc_id=network.vpc_id,
            opts=self._child,
        )
        ports = (HTTP,) if endpoint.certificate is None else (HTTP, HTTPS)
        for port in ports:
            for cidr in sorted(set(endpoint.allow)):
                aws.vpc.SecurityGroupIngressRule(
                    logical_name(self._stack, "from", _digest(f"{port} {cidr}")),
                    security_group_id=group.id,
                    ip_protocol="tcp",
                    from_port=port,
                    to_port=port,
                    cidr_ipv4=None if ":" in cidr else cidr,
                    cidr_ipv6=cidr if ":" in cidr else None,
                    opts=self._child,
                )
        return group.id

    def _target_group(self, name: str, service: ServiceSpec, network: Network, *, ip: bool) -> aws.lb.TargetGroup:
        check = service.health_check
        return aws.lb.TargetGroup(
            logical_name(self._stack, name),
            port=TARGET_GROUP_PORT,
            protocol="HTTP",
            target_type="ip" if ip else "instance",
            vpc_id=network.vpc_id,
            # Five minutes by default: every step of a deployment would idle that long (trap B15).
            deregistration_delay=service.deregistration_delay,
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                enabled=True,
                protocol="HTTP",
                # Host ports are dynamic; a fixed port would be refused (trap E6).
                port="traffic-port",
                path=check.path,
                matcher=check.matcher,
                interval=check.interval,
                timeout=check.timeout,
                healthy_threshold=check.healthy_threshold,
                unhealthy_threshold=check.unhealthy_threshold,
            ),
            tags={TAG_SERVICE: name},
            opts=self._child,
        )

    def _listeners(self, endpoint: EndpointSpec, default: str | None) -> aws.lb.Listener:
        """Make the listeners and give the one that serves."""
        action = (
            aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=self.target_groups[default].arn)
            if default is not None
            else aws.lb.ListenerDefaultActionArgs(
                type="fixed-response",
                fixed_response=aws.lb.ListenerDefaultActionFixedResponseArgs(
                    content_type="text/plain", message_body="Not found", status_code="404"
                ),
            )
        )
        if endpoint.certificate is None:
            return aws.lb.Listener(
                logical_name(self._stack, "http"),
                load_balancer_arn=self.balancer.arn,
                port=HTTP,
                protocol="HTTP",
                default_actions=[action],
                opts=self._child,
            )
        aws.lb.Listener(
            logical_name(self._stack, "redirect"),
            load_balancer_arn=self.balancer.arn,
            port=HTTP,
            protocol="HTTP",
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(
                    type="redirect",
                    redirect=aws.lb.ListenerDefaultActionRedirectArgs(
                        protocol="HTTPS", port=str(HTTPS), status_code="HTTP_301"
                    ),
                )
            ],
            opts=self._child,
        )
        return aws.lb.Listener(
            logical_name(self._stack, "https"),
            load_balancer_arn=self.balancer.arn,
            port=HTTPS,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=endpoint.certificate,
            default_actions=[action],
            opts=self._child,
        )

    def _rule(self, rule: ListenerRule, listener: aws.lb.Listener) -> aws.lb.ListenerRule:
        conditions: list[aws.lb.ListenerRuleConditionArgs] = []
        if rule.hosts:
            conditions.append(
                aws.lb.ListenerRuleConditionArgs(
                    host_header=aws.lb.ListenerRuleConditionHostHeaderArgs(values=list(rule.hosts))
                )
            )
        if rule.paths:
            conditions.append(
                aws.lb.ListenerRuleConditionArgs(
                    path_pattern=aws.lb.ListenerRuleConditionPathPatternArgs(values=list(rule.paths))
                )
            )
        return aws.lb.ListenerRule(
            logical_name(self._stack, rule.service, "rule", str(rule.index)),
            listener_arn=listener.arn,
            priority=rule.priority,
            actions=[
                aws.lb.ListenerRuleActionArgs(type="forward", target_group_arn=self.target_groups[rule.service].arn)
            ],
            conditions=conditions,
            tags={TAG_SERVICE: rule.service},
            opts=self._child,
        )


def deletion_protection(stage: StageSpec) -> bool:
    """Say whether the load balancer refuses deletion (ELB.6): as set, else for stages that a person approves."""
    asked = stage.endpoint.deletion_protection
    return stage.approval == "manual" if asked is None else asked


def endpoint_url(endpoint: EndpointSpec, dns_name: pulumi.Output[str]) -> pulumi.Output[str]:
    """Give the URL where the stage answers: its domain, else the load balancer's own name."""
    scheme = "http" if endpoint.certificate is None else "https"
    if endpoint.domain is not None:
        return pulumi.Output.from_input(f"{scheme}://{endpoint.domain}")
    return pulumi.Output.concat(scheme, "://", dns_name)


def _access_logs(stage: StageSpec) -> aws.lb.LoadBalancerAccessLogsArgs | None:
    bucket = stage.endpoint.access_logs
    if bucket is None:
        return None
    return aws.lb.LoadBalancerAccessLogsArgs(bucket=bucket, prefix=stage.full_name, enabled=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]

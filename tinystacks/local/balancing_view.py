"""moto's load balancers and target groups as the balancer and the health checker read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.local.listener_rules import Listener, ListenerRule, LoadBalancer, in_order
from tinystacks.local.targets import TargetGroup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.elbv2.models import ELBv2Backend, FakeListener, FakeLoadBalancer, FakeTargetGroup

_DEFAULT_IDLE_TIMEOUT_SECONDS = 60.0
_DEFAULT_KEEP_ALIVE_SECONDS = 3600.0


def load_balancers(backend: ELBv2Backend) -> dict[str, LoadBalancer]:
    """Every load balancer of a region by ARN."""
    return {arn: _load_balancer(one) for arn, one in list(backend.load_balancers.items())}


def target_groups(backend: ELBv2Backend) -> dict[str, TargetGroup]:
    """Every target group of a region by ARN."""
    used = target_groups_in_use(backend)
    return {arn: _target_group(one, in_use=arn in used) for arn, one in list(backend.target_groups.items())}


def target_groups_in_use(backend: ELBv2Backend) -> set[str]:
    """ARNs of target groups that a rule of any listener forwards to."""
    return {arn for one in load_balancers(backend).values() for arn in one.target_group_arns()}


def _load_balancer(load_balancer: FakeLoadBalancer) -> LoadBalancer:
    attributes: Mapping[str, Any] = load_balancer.attrs
    logged = _true(attributes, "access_logs.s3.enabled")
    return LoadBalancer(
        arn=load_balancer.arn,
        name=load_balancer.name,
        listeners=tuple(_listener(one) for one in list(load_balancer.listeners.values())),
        idle_timeout=float(attributes.get("idle_timeout.timeout_seconds") or _DEFAULT_IDLE_TIMEOUT_SECONDS),
        client_keep_alive=float(attributes.get("client_keep_alive.seconds") or _DEFAULT_KEEP_ALIVE_SECONDS),
        zones=tuple(dict.fromkeys(str(one.zone_name) for one in load_balancer.availability_zones)),
        desync_mode=str(attributes.get("routing.http.desync_mitigation_mode") or "defensive"),
        drop_invalid_headers=_true(attributes, "routing.http.drop_invalid_header_fields.enabled"),
        forwarded_for=str(attributes.get("routing.http.xff_header_processing.mode") or "append"),
        forwarded_port=_true(attributes, "routing.http.xff_client_port.enabled"),
        tls_headers=_true(attributes, "routing.http.x_amzn_tls_version_and_cipher_suite.enabled"),
        log_bucket=str(attributes.get("access_logs.s3.bucket") or "") if logged else "",
        log_prefix=str(attributes.get("access_logs.s3.prefix") or ""),
    )


def _true(attributes: Mapping[str, Any], name: str) -> bool:
    return str(attributes.get(name, "")).lower() == "true"


def _listener(listener: FakeListener) -> Listener:
    rules: list[ListenerRule] = []
    for rule in list(listener.rules.values()):
        # moto keeps a changed default action on the listener only, not on its default rule
        actions: list[Any] = listener.default_actions if rule.is_default else rule.actions
        rules.append(
            ListenerRule(
                priority=None if rule.is_default else int(rule.priority),
                conditions=tuple(rule.conditions),
                actions=tuple(_action(one) for one in actions),
            )
        )
    certificates: list[str] = listener.certificates or []
    return Listener(
        arn=listener.arn,
        port=int(listener.port or 80),
        protocol=listener.protocol or "HTTP",
        rules=in_order(rules),
        certificate_arn=str(certificates[0]) if certificates else "",
    )


def _action(action: Any) -> Mapping[str, Any]:
    data: Mapping[str, Any] = getattr(action, "data", action)
    return data


def _target_group(group: FakeTargetGroup, *, in_use: bool) -> TargetGroup:
    check_port = str(group.health_check_port or "traffic-port")
    attributes: Mapping[str, Any] = group.attributes
    kind = str(attributes.get("stickiness.type") or "lb_cookie")
    matcher: Mapping[str, Any] = getattr(group, "matcher", None) or {}
    return TargetGroup(
        arn=group.arn,
        port=int(group.port or 80),
        check_enabled=bool(group.health_check_enabled),
        check_protocol=str(group.health_check_protocol or "HTTP"),
        check_path=group.health_check_path or "/",
        check_port=int(check_port) if check_port.isdigit() else None,
        interval=float(group.health_check_interval_seconds or 30),
        timeout=float(group.health_check_timeout_seconds or 5),
        healthy_threshold=int(group.healthy_threshold_count or 5),
        unhealthy_threshold=int(group.unhealthy_threshold_count or 2),
        codes=str(matcher.get("HttpCode") or "200"),
        deregistration_delay=float(attributes.get("deregistration_delay.timeout_seconds") or 0),
        in_use=in_use,
        algorithm=str(attributes.get("load_balancing.algorithm.type") or "round_robin"),
        protocol=str(group.protocol or "HTTP"),
        protocol_version=str(group.protocol_version or "HTTP1"),
        slow_start=float(attributes.get("slow_start.duration_seconds") or 0),
        sticky=kind if _true(attributes, "stickiness.enabled") else "",
        sticky_seconds=float(attributes.get(f"stickiness.{kind}.duration_seconds") or 86400),
        sticky_cookie=str(attributes.get("stickiness.app_cookie.cookie_name") or ""),
    )

"""What a load balancer's listeners say, and which rule a request meets.

Sources: Application Load Balancer user guide, pages listener-rules (order, conditions, wildcards) and
load-balancer-listeners (redirect placeholders); Elastic Load Balancing API reference, RuleCondition and Action.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tinystacks.local.documents import members, structure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_VALUES_OF = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What rules look at.

    Attributes:
        host: host name without a port, lower case.
        path: path without the query.
        query: decoded pairs of the query.
        headers: first value per lower-case name.
        source_ip: address of the client.
    """

    method: str
    host: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    source_ip: str = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerRule:
    """One rule; `conditions` and `actions` in the API's own form, `priority` None for the default rule."""

    priority: int | None
    conditions: tuple[Mapping[str, Any], ...] = ()
    actions: tuple[Mapping[str, Any], ...] = ()

    def meets(self, request: Request) -> bool:
        """Whether all conditions hold."""
        return all(_holds(condition, request) for condition in self.conditions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One listener with its rules, the default rule last."""

    arn: str
    port: int
    protocol: str
    rules: tuple[ListenerRule, ...]
    certificate_arn: str = ""

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return self.protocol.lower()

    def rule_for(self, request: Request) -> ListenerRule | None:
        """The rule with the lowest priority number whose conditions hold."""
        return next((rule for rule in self.rules if rule.meets(request)), None)

    def target_group_arns(self) -> set[str]:
        """Every target group that one of its rules can forward to."""
        return {arn for rule in self.rules for action in rule.actions for arn, _ in forward_weights(action)}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer:
    """One load balancer with its listeners and attributes (ALB user guide, application-load-balancers).

    Attributes:
        idle_timeout: seconds a connection may be silent.
        client_keep_alive: seconds after which a client's connection takes no further request.
        zones: where its nodes are.
        desync_mode: `monitor`, `defensive` or `strictest`.
        drop_invalid_headers: whether headers with other characters than letters, digits and `-` are removed.
        forwarded_for: what is done with X-Forwarded-For: `append`, `preserve` or `remove`.
        forwarded_port: whether X-Forwarded-For names the client's port.
        tls_headers: whether targets are told the TLS version and cipher.
        log_bucket: where access logs go; empty for none.
    """

    arn: str
    name: str
    listeners: tuple[Listener, ...] = ()
    idle_timeout: float = 60.0
    client_keep_alive: float = 3600.0
    zones: tuple[str, ...] = ()
    desync_mode: str = "defensive"
    drop_invalid_headers: bool = False
    forwarded_for: str = "append"
    forwarded_port: bool = False
    tls_headers: bool = False
    log_bucket: str = ""
    log_prefix: str = ""

    def main_listener(self) -> Listener | None:
        """The listener that its DNS name reaches here: that of port 80, else 443, else the first."""
        by_port = {listener.port: listener for listener in self.listeners}
        return by_port.get(80) or by_port.get(443) or next(iter(self.listeners), None)

    def secure_listener(self) -> Listener | None:
        """The listener that its DNS name reaches over TLS: that of port 443, or the main one where it is HTTPS."""
        secure = [listener for listener in self.listeners if listener.scheme == "https"]
        main = self.main_listener()
        return main if main in secure else next((one for one in secure if one.port == 443), None)  # noqa: PLR2004 - HTTPS

    def named_listeners(self) -> list[Listener]:
        """The listeners that its DNS name reaches."""
        return [one for one in (self.main_listener(), self.secure_listener()) if one is not None]

    def target_group_arns(self) -> set[str]:
        """Every target group that one of its listeners can forward to."""
        return {arn for listener in self.listeners for arn in listener.target_group_arns()}


def in_order(rules: Iterable[ListenerRule]) -> tuple[ListenerRule, ...]:
    """Rules by priority, the default rule last."""
    return tuple(sorted(rules, key=lambda rule: (rule.priority is None, rule.priority or 0)))


def forward_weights(action: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Target groups of a forward action with their weights; empty for other actions."""
    if action.get("Type") != "forward":
        return []
    groups = members(structure(action, "ForwardConfig"), "TargetGroups")
    if groups:
        return [(str(one["TargetGroupArn"]), _weight(one)) for one in groups]
    return [(str(action["TargetGroupArn"]), 1)] if action.get("TargetGroupArn") else []


def group_stickiness(action: Mapping[str, Any]) -> float | None:
    """Seconds for which a forward action binds a client to a target group; None where it does not."""
    config = structure(structure(action, "ForwardConfig"), "TargetGroupStickinessConfig")
    if str(config.get("Enabled", "")).lower() != "true":
        return None
    return float(config.get("DurationSeconds") or 3600)


def final_action(actions: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The action that answers: the last by `Order`; authentication before it is taken as passed."""
    ordered = sorted(actions, key=lambda action: int(action.get("Order") or 0))
    answering = [one for one in ordered if one.get("Type") in {"forward", "redirect", "fixed-response"}]
    return answering[-1] if answering else None


def redirect_location(config: Mapping[str, Any], request: Request, *, protocol: str, port: int, query: str) -> str:
    """Where a redirect action sends a client.

    Args:
        config: `RedirectConfig`; absent parts keep the request's own, `#{…}` stand for them.
        request: the request.
        protocol: `HTTP` or `HTTPS`, of the listener.
        port: of the listener.
        query: the raw query string.
    """
    own = {
        "protocol": protocol.lower(),
        "host": request.host,
        "port": str(port),
        "path": request.path.lstrip("/"),
        "query": query,
    }

    def filled(name: str, default: str) -> str:
        value = config.get(name)
        text = default if value is None else str(value)
        return re.sub(r"#\{(\w+)\}", lambda match: own.get(match.group(1), match.group(0)), text)

    scheme = filled("Protocol", "#{protocol}").lower()
    wanted_port = filled("Port", "#{port}")
    asked = filled("Query", "#{query}")
    usual = {"http": "80", "https": "443"}.get(scheme)
    authority = filled("Host", "#{host}") + ("" if wanted_port == usual else f":{wanted_port}")
    path = filled("Path", "/#{path}")
    return f"{scheme}://{authority}{path}" + (f"?{asked}" if asked else "")


def _weight(group: Mapping[str, Any]) -> int:
    weight = group.get("Weight")
    return 1 if weight is None else int(weight)


def _values(condition: Mapping[str, Any]) -> list[Any]:
    config = structure(condition, _VALUES_OF.get(str(condition.get("Field")), ""))
    return members(config, "Values") or members(condition, "Values")


def _holds(condition: Mapping[str, Any], request: Request) -> bool:  # noqa: PLR0911 - one answer per kind of condition
    values = _values(condition)
    match condition.get("Field"):
        case "host-header":
            return any(_wild(str(value).lower(), request.host) for value in values)
        case "path-pattern":
            return any(_wild(str(value), request.path) for value in values)
        case "http-request-method":
            return request.method in values
        case "http-header":
            config = structure(condition, "HttpHeaderConfig")
            present = request.headers.get(str(config.get("HttpHeaderName", "")).lower())
            return present is not None and any(_wild(str(value).lower(), present.lower()) for value in values)
        case "query-string":
            return any(_query_holds(value, request.query) for value in values)
        case "source-ip":
            source = ipaddress.ip_address(request.source_ip)
            return any(source in ipaddress.ip_network(str(value), strict=False) for value in values)
        case _:
            return False


def _query_holds(wanted: Mapping[str, Any], pairs: Sequence[tuple[str, str]]) -> bool:
    key = wanted.get("Key")
    value = str(wanted.get("Value", "")).lower()
    return any(
        (key is None or _wild(str(key).lower(), name.lower())) and _wild(value, has.lower()) for name, has in pairs
    )


def _wild(pattern: str, text: str) -> bool:
    """`*` is any text, also none; `?` is exactly one character."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(character, re.escape(character)) for character in pattern), re.DOTALL)

"""When two values of one property mean the same although they are written differently.

The real provider suppresses such differences (`DiffSuppressFunc` and normalisers in
https://github.com/hashicorp/terraform-provider-aws, `internal/verify/json.go`, `internal/service/ecs/
task_definition_equivalency.go`, `internal/service/ecr/lifecycle_policy.go`). Each rule brings both sides to one form.
"""

from __future__ import annotations

import ipaddress
import json
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from tinystacks.local.provider.values import is_empty

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Normaliser = Callable[[Any, Mapping[str, Any]], Any]

PROTOCOL_NAMES: Final = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": "-1"}

HEALTH_CHECK_DEFAULTS: Final = {"interval": 30, "retries": 3, "timeout": 5}
"""What ECS fills into a container's health check (API reference, HealthCheck)."""


def normalised(rule: str, value: Any, siblings: Mapping[str, Any]) -> Any:
    """One form for all values that mean the same.

    Args:
        rule: name of the rule as in the tables' `compare`; empty compares values as they are.
        value: a value of the property, or None when it is absent.
        siblings: the properties beside it, for rules that depend on one of them.
    """
    return NORMALISERS[rule](value, siblings) if rule else value


def _policy(value: Any, _siblings: Mapping[str, Any]) -> Any:
    return _policy_text(value) if isinstance(value, str) else value


@lru_cache(maxsize=2048)
def _policy_text(text: str) -> str:
    document = _parsed(text or "{}")
    return text if document is None else _canonical(_policy_form(document))


def _policy_form(node: Any) -> Any:
    """Order of lists does not matter in a policy, nor whether one element stands in a list."""
    if isinstance(node, dict):
        entries = cast("dict[str, Any]", node)
        return {key: _principal(key, _policy_form(inner)) for key, inner in entries.items()}
    if isinstance(node, list):
        items = sorted({_canonical(_policy_form(item)) for item in cast("list[Any]", node)})
        return json.loads(items[0]) if len(items) == 1 else [json.loads(item) for item in items]
    return node


def _principal(key: str, value: Any) -> Any:
    """`"*"` and `{"AWS": "*"}` are one principal; so are an account id and the ARN of its root."""
    if key in {"Principal", "NotPrincipal"} and value == {"AWS": "*"}:
        return "*"
    if key == "AWS" and isinstance(value, str):
        return re.sub(r"^(\d{12})$", r"arn:aws:iam::\1:root", value)
    return value


def _json_document(value: Any, _siblings: Mapping[str, Any]) -> Any:
    if not isinstance(value, str):
        return value
    document = _parsed(value)
    return value if document is None else _canonical(document)


def _container_definitions(value: Any, siblings: Mapping[str, Any]) -> Any:
    return _container_text(value, siblings.get("networkMode") == "awsvpc") if isinstance(value, str) else value


@lru_cache(maxsize=512)
def _container_text(text: str, awsvpc: bool) -> str:  # noqa: FBT001 - lru_cache keys by position
    document = _parsed(text)
    if not isinstance(document, list):
        return text
    containers = [_container(item, awsvpc=awsvpc) for item in cast("list[Any]", document) if isinstance(item, dict)]
    return _canonical(sorted(containers, key=lambda container: str(container.get("name", ""))))


def _container(raw: Any, *, awsvpc: bool) -> dict[str, Any]:
    container = {_first_lower(key): inner for key, inner in raw.items()}
    # Missing means true here, unlike every other flag, so that false must not count as empty below.
    container["essential"] = "yes" if container.get("essential", True) is True else "no"
    for named in ("environment", "secrets"):
        if isinstance(container.get(named), list):
            container[named] = sorted(container[named], key=_canonical)
    if isinstance(container.get("portMappings"), list):
        container["portMappings"] = [_port_mapping(port, awsvpc=awsvpc) for port in container["portMappings"]]
    if isinstance(container.get("healthCheck"), dict):
        check: dict[str, Any] = container["healthCheck"]
        container["healthCheck"] = {
            key: inner for key, inner in check.items() if HEALTH_CHECK_DEFAULTS.get(key) != inner
        }
    return cast("dict[str, Any]", _without_empties(container))


def _port_mapping(raw: dict[str, Any], *, awsvpc: bool) -> dict[str, Any]:
    port = dict(raw)
    if port.get("protocol") == "tcp":
        port.pop("protocol")
    if not port.get("hostPort") or (awsvpc and port["hostPort"] == port.get("containerPort")):
        port.pop("hostPort", None)
    return port


def _ecr_lifecycle(value: Any, _siblings: Mapping[str, Any]) -> Any:
    document = _parsed(value) if isinstance(value, str) else None
    if not isinstance(document, dict):
        return value
    rules = [_lifecycle_rule(rule) for rule in cast("dict[str, Any]", document).get("rules", [])]
    return _canonical(sorted(rules, key=lambda rule: rule.get("rulePriority", 0)))


def _lifecycle_rule(raw: dict[str, Any]) -> dict[str, Any]:
    rule = cast("dict[str, Any]", _without_empties(raw))
    selection = cast("dict[str, Any]", rule.get("selection", {}))
    for tags in ("tagPrefixList", "tagPatternList"):
        if tags in selection:
            selection[tags] = sorted(selection[tags])
    return rule


def _case(value: Any, _siblings: Mapping[str, Any]) -> Any:
    return value.upper() if isinstance(value, str) else value


def _ip_protocol(value: Any, _siblings: Mapping[str, Any]) -> Any:
    text = str(value).lower() if value is not None else None
    return PROTOCOL_NAMES.get(text, text) if text is not None else None


def _key_id(value: Any, _siblings: Mapping[str, Any]) -> Any:
    return value.rsplit("/", 1)[-1] if isinstance(value, str) and ":key/" in value else value


def _instant(value: Any, _siblings: Mapping[str, Any]) -> Any:
    try:
        parsed = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return value
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _cidr(value: Any, _siblings: Mapping[str, Any]) -> Any:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        return value


def _log_group_arn(value: Any, _siblings: Mapping[str, Any]) -> Any:
    return value.removesuffix(":*") if isinstance(value, str) else value


def _dns_name(value: Any, _siblings: Mapping[str, Any]) -> Any:
    return value.lower().removesuffix(".") if isinstance(value, str) else value


def _none_word(value: Any, _siblings: Mapping[str, Any]) -> Any:
    return "" if value in (None, "NONE") else value


def _placement_field(value: Any, _siblings: Mapping[str, Any]) -> Any:
    text = value.lower() if isinstance(value, str) else ""
    return "instanceid" if text == "host" else text


NORMALISERS: Final[Mapping[str, Normaliser]] = {
    "policy": _policy,
    "json": _json_document,
    "container_definitions": _container_definitions,
    "ecr_lifecycle": _ecr_lifecycle,
    "case": _case,
    "ip_protocol": _ip_protocol,
    "key_id": _key_id,
    "instant": _instant,
    "cidr": _cidr,
    "log_group_arn": _log_group_arn,
    "dns_name": _dns_name,
    "none_word": _none_word,
    "placement_field": _placement_field,
}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _canonical(document: Any) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _first_lower(key: str) -> str:
    return key[:1].lower() + key[1:]


def _without_empties(node: Any) -> Any:
    if isinstance(node, dict):
        entries = cast("dict[str, Any]", node)
        kept = {key: _without_empties(inner) for key, inner in entries.items()}
        return {key: inner for key, inner in kept.items() if not is_empty(inner)}
    if isinstance(node, list):
        kept_items = [_without_empties(item) for item in cast("list[Any]", node)]
        return [item for item in kept_items if not is_empty(item)]
    return node

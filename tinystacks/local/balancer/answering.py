"""One request and its answer.

The stages: which listener rule it meets; an answer of the balancer's own, or a target; the request goes there, the
answer comes back, both piece by piece; what happened is counted and logged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from tinystacks.local.balancer.answers import fixed_response, redirect
from tinystacks.local.balancer.forwarding import Forwarding
from tinystacks.local.balancer.requests import blocks
from tinystacks.local.balancer.stickiness import cookies
from tinystacks.local.documents import structure
from tinystacks.local.listener_rules import Request, final_action, redirect_location

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.balancer.exchange import Exchange
    from tinystacks.local.balancer.heads import RequestHead

_HTTP_VERSIONS = {"", "HTTP1"}


async def answer(exchange: Exchange) -> bool:
    """Answer the request.

    Returns:
        Whether the client's connection stays open.
    """
    head, balancer = exchange.head, exchange.balancer
    if head.classification:
        exchange.parts.traffic.add(exchange.path(), "DesyncMitigationMode_NonCompliant_Request_Count")
        exchange.entry.classification, exchange.entry.reason = head.classification, head.reason
    if blocks(head, balancer.desync_mode):
        return await exchange.refuse(400)
    asked = understand(head, exchange.client.address)
    rule = exchange.listener.rule_for(asked)
    action = final_action(rule.actions) if rule is not None else None
    if rule is None or action is None:
        return await exchange.refuse(503)
    exchange.entry.priority = str(rule.priority or 0)
    exchange.entry.actions.append(str(action["Type"]))
    if action["Type"] == "forward":
        return await _forward(exchange, action)
    if action["Type"] == "fixed-response":
        exchange.parts.traffic.add(exchange.path(), "HTTP_Fixed_Response_Count")
        return await exchange.tell(fixed_response(structure(action, "FixedResponseConfig")))
    location = _location(exchange, structure(action, "RedirectConfig"), asked)
    exchange.entry.redirect = location
    exchange.parts.traffic.add(exchange.path(), "HTTP_Redirect_Count")
    exchange.parts.traffic.refused(exchange.path(), 301)
    return await exchange.tell(redirect(structure(action, "RedirectConfig"), location))


async def _forward(exchange: Exchange, action: Mapping[str, Any]) -> bool:
    choice = exchange.parts.chooser.choose(
        exchange.parts.book_of(exchange.balancer.arn),
        exchange.listener.arn,
        action,
        cookies(exchange.head.headers),
        secure=exchange.client.secure,
    )
    exchange.entry.group_arn = choice.group_arn or "-"
    if choice.target is None or choice.group is None:
        return await exchange.refuse(503)
    if choice.group.protocol_version not in _HTTP_VERSIONS:
        return await exchange.refuse(464)
    path = exchange.path(choice.group_arn)
    exchange.parts.traffic.chosen(path)
    if choice.group.sticky and not choice.kept:
        exchange.parts.traffic.add(path, "NonStickyRequestCount")
    return await Forwarding(exchange=exchange, choice=choice, path=path).run()


def _location(exchange: Exchange, config: Any, asked: Request) -> str:
    """Where a redirect leads; one to a listener of this load balancer names the port where that really is."""
    query = exchange.head.target.partition("?")[2]
    location = redirect_location(
        config, asked, protocol=exchange.listener.protocol, port=exchange.listener.port, query=query
    )
    for other in exchange.balancer.listeners:
        usual = {"http": 80, "https": 443}.get(other.scheme)
        here = f"{other.scheme}://{asked.host}" + ("" if other.port == usual else f":{other.port}")
        if location == here or location.startswith((f"{here}/", f"{here}?")):
            real = exchange.parts.local_authority(exchange.balancer, other)
            if real is not None:
                return f"{real[0]}://{asked.host}:{real[1]}{location[len(here) :]}"
    return location


def understand(head: RequestHead, address: str) -> Request:
    """What listener rules look at."""
    uri = head.target
    if "://" in uri.partition("?")[0]:
        uri = "/" + uri.partition("://")[2].partition("/")[2]
    path, _, query = uri.partition("?")
    host = head.get("host")
    return Request(
        method=head.method,
        host=(host if host.endswith("]") else host.rsplit(":", 1)[0]).lower(),
        path=unquote(path),
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers={name.lower(): value for name, value in reversed(head.headers)},
        source_ip=address,
    )

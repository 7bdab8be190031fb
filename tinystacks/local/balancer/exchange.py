"""One request and its answer.

The stages: which listener rule it meets; an answer of the balancer's own, or a target; the request goes there, the
answer comes back, both piece by piece; what happened is counted and logged.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from tinystacks.local.balancer.answers import OwnAnswer, fixed_response, page, redirect
from tinystacks.local.balancer.forwarding import Forwarding
from tinystacks.local.balancer.requests import blocks
from tinystacks.local.balancer.stickiness import cookies
from tinystacks.local.documents import structure
from tinystacks.local.listener_rules import Request, final_action, redirect_location
from tinystacks.local.traffic import Path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tinystacks.local.balancer.access_log import AccessLogs, Entry
    from tinystacks.local.balancer.choice import Chooser
    from tinystacks.local.balancer.heads import RequestHead
    from tinystacks.local.balancer.links import Links
    from tinystacks.local.balancer.listening import Client
    from tinystacks.local.listener_rules import Listener, LoadBalancer
    from tinystacks.local.targets import TargetBook
    from tinystacks.local.traffic import TrafficBook

_HTTP_VERSIONS = {"", "HTTP1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What all exchanges share.

    Attributes:
        book_of: the targets of the region that an ARN names.
        local_authority: where a listener of a load balancer really listens, by load balancer and listener.
    """

    book_of: Callable[[str], TargetBook]
    traffic: TrafficBook
    chooser: Chooser
    logs: AccessLogs
    links_of: Callable[[str], Links]
    local_authority: Callable[[LoadBalancer, Listener], tuple[str, int] | None]


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request on one connection.

    Attributes:
        keeps: whether the client's connection may carry another one after this.
    """

    parts: Parts
    balancer: LoadBalancer
    listener: Listener
    client: Client
    head: RequestHead
    entry: Entry
    keeps: bool

    async def run(self) -> bool:
        """Answer the request.

        Returns:
            Whether the client's connection stays open.
        """
        head, balancer = self.head, self.balancer
        if head.classification:
            self.parts.traffic.add(self._path(), "DesyncMitigationMode_NonCompliant_Request_Count")
            self.entry.classification, self.entry.reason = head.classification, head.reason
        if blocks(head, balancer.desync_mode):
            return await self.refuse(400)
        asked = understand(head, self.client.address)
        rule = self.listener.rule_for(asked)
        action = final_action(rule.actions) if rule is not None else None
        if rule is None or action is None:
            return await self.refuse(503)
        self.entry.priority = str(rule.priority or 0)
        self.entry.actions.append(str(action["Type"]))
        if action["Type"] == "forward":
            return await self._forward(action)
        if action["Type"] == "fixed-response":
            self.parts.traffic.add(self._path(), "HTTP_Fixed_Response_Count")
            return await self.tell(fixed_response(structure(action, "FixedResponseConfig")))
        location = self._location(structure(action, "RedirectConfig"), asked)
        self.entry.redirect = location
        self.parts.traffic.add(self._path(), "HTTP_Redirect_Count")
        self.parts.traffic.refused(self._path(), 301)
        return await self.tell(redirect(structure(action, "RedirectConfig"), location))

    async def _forward(self, action: Mapping[str, Any]) -> bool:
        choice = self.parts.chooser.choose(
            self.parts.book_of(self.balancer.arn),
            self.listener.arn,
            action,
            cookies(self.head.headers),
            secure=self.client.secure,
        )
        self.entry.group_arn = choice.group_arn or "-"
        if choice.target is None or choice.group is None:
            return await self.refuse(503)
        if choice.group.protocol_version not in _HTTP_VERSIONS:
            return await self.refuse(464)
        path = self._path(choice.group_arn)
        self.parts.traffic.chosen(path)
        if choice.group.sticky and not choice.kept:
            self.parts.traffic.add(path, "NonStickyRequestCount")
        return await Forwarding(exchange=self, choice=choice, path=path).run()

    async def refuse(self, code: int) -> bool:
        """Answer with an error of the balancer's own."""
        self.parts.traffic.refused(self._path(), code)
        return await self.tell(page(code))

    async def tell(self, answer: OwnAnswer) -> bool:
        """Answer without a target; a body that nobody reads ends the connection."""
        keeps = self.keeps and not self.head.has_body
        text = answer.encoded(self.head.method, keeps=keeps)
        self.entry.code = answer.code
        self.entry.sent += len(text)
        self.client.writer.write(text)
        await self.client.drain(self.balancer.idle_timeout)
        return keeps

    def log(self) -> None:
        """Write the line of the access log."""
        self.parts.traffic.add(self._path(), "ProcessedBytes", self.entry.received + self.entry.sent)
        self.parts.logs.add(self.balancer, self.entry, time.time())

    def _path(self, group_arn: str = "") -> Path:
        return Path(self.balancer.arn, group_arn, self.client.zone)

    def _location(self, config: Any, asked: Request) -> str:
        """Where a redirect leads; one to a listener of this load balancer names the port where that really is."""
        query = self.head.target.partition("?")[2]
        location = redirect_location(
            config, asked, protocol=self.listener.protocol, port=self.listener.port, query=query
        )
        for other in self.balancer.listeners:
            usual = {"http": 80, "https": 443}.get(other.scheme)
            here = f"{other.scheme}://{asked.host}" + ("" if other.port == usual else f":{other.port}")
            if location == here or location.startswith((f"{here}/", f"{here}?")):
                real = self.parts.local_authority(self.balancer, other)
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

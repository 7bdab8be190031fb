"""One request on one connection, and what the balancer says to it by itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinystacks.local.balancer.answers import OwnAnswer, page
from tinystacks.local.traffic import Path

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.local.balancer.access_log import AccessLogs, Entry
    from tinystacks.local.balancer.choice import Chooser
    from tinystacks.local.balancer.heads import RequestHead
    from tinystacks.local.balancer.links import Links
    from tinystacks.local.balancer.listening import Client
    from tinystacks.local.listener_rules import Listener, LoadBalancer
    from tinystacks.local.targets import TargetBook
    from tinystacks.local.traffic import TrafficBook


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

    async def refuse(self, code: int) -> bool:
        """Answer with an error of the balancer's own."""
        self.parts.traffic.refused(self.path(), code)
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
        self.parts.traffic.add(self.path(), "ProcessedBytes", self.entry.received + self.entry.sent)
        self.parts.logs.add(self.balancer, self.entry, time.time())

    def path(self, group_arn: str = "") -> Path:
        """What it is counted under."""
        return Path(self.balancer.arn, group_arn, self.client.zone)

"""One client's connection: requests one after the other, until it or the balancer has enough.

Sources: Application Load Balancer user guide, connection idle timeout, HTTP client keepalive duration,
load-balancer-troubleshooting (400, 408, 414).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinystacks.local.balancer.access_log import Entry
from tinystacks.local.balancer.answering import answer
from tinystacks.local.balancer.answers import page
from tinystacks.local.balancer.exchange import Exchange
from tinystacks.local.balancer.heads import BadMessageError, tokens
from tinystacks.local.balancer.requests import read_request
from tinystacks.local.traffic import Path

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.local.balancer.exchange import Parts
    from tinystacks.local.balancer.heads import RequestHead
    from tinystacks.local.balancer.listening import Client
    from tinystacks.local.listener_rules import Listener, LoadBalancer

_PLAIN_ON_SECURE = "The plain HTTP request was sent to HTTPS port"


@dataclass(slots=True, kw_only=True)
class Conversation:
    """All requests of one connection.

    Attributes:
        settings: the load balancer and the listener as they are at this moment.
    """

    parts: Parts
    client: Client
    settings: Callable[[], tuple[LoadBalancer, Listener | None]]

    async def run(self) -> None:
        """Answer requests until the connection is closed."""
        until = time.monotonic() + self.settings()[0].client_keep_alive
        while await self._next(until):
            pass
        await self.client.close()

    async def _next(self, until: float) -> bool:
        idle = self.settings()[0].idle_timeout
        reader = self.client.reader
        before = reader.received if reader.quiet() else -1
        try:
            async with asyncio.timeout(idle):
                head = await read_request(reader)
        except BadMessageError as error:
            return self._refuse(error.code, error.reason)
        except TimeoutError:
            # A connection that was merely kept is closed without a word.
            return False if reader.received == before else self._refuse(408)
        if head is None:
            return False
        balancer, listener = self.settings()
        if listener is None:
            return self._refuse(503)
        if listener.scheme == "https" and not self.client.secure:
            return self._refuse(400, text=_PLAIN_ON_SECURE)
        exchange = Exchange(
            parts=self.parts,
            balancer=balancer,
            listener=listener,
            client=self.client,
            head=head,
            entry=self._entry(head, listener),
            keeps=_keeps(head) and time.monotonic() < until,
        )
        try:
            return await answer(exchange)
        finally:
            exchange.log()

    def _refuse(self, code: int, reason: str = "", text: str = "") -> bool:
        """Answer what is no request, and end the connection."""
        balancer, listener = self.settings()
        refusal = page(code, text).encoded("GET", keeps=False)
        self.client.writer.write(refusal)
        self.parts.traffic.refused(Path(balancer.arn, "", self.client.zone), code)
        entry = self._entry(None, listener)
        entry.code, entry.sent = code, len(refusal)
        if reason:
            entry.classification, entry.reason = "Severe", reason
            self.parts.traffic.add(
                Path(balancer.arn, "", self.client.zone), "DesyncMitigationMode_NonCompliant_Request_Count"
            )
        self.parts.logs.add(balancer, entry, time.time())
        return False

    def _entry(self, head: RequestHead | None, listener: Listener | None) -> Entry:
        client = self.client
        entry = Entry(
            kind="https" if client.secure else "http", client=f"{client.address}:{client.port}", began=time.time()
        )
        if client.secure and listener is not None:
            entry.cipher, entry.tls_version = client.cipher or "-", client.tls_version or "-"
            entry.certificate_arn = listener.certificate_arn or "-"
        if head is not None and listener is not None:
            host = head.get("host").rsplit(":", 1)[0] or "-"
            uri = head.target if "://" in head.target else f"{listener.scheme}://{host}:{listener.port}{head.target}"
            entry.request = f"{head.method} {uri} HTTP/{head.version}"
            entry.agent = head.get("user-agent")
            entry.received = head.size
        return entry


def _keeps(head: RequestHead) -> bool:
    connection = tokens(head.headers, "connection")
    return "keep-alive" in connection if head.version == "1.0" else "close" not in connection

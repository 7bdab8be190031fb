"""Connections to targets: kept open between requests, closed when their target leaves."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from typing import TYPE_CHECKING

from tinystacks.local.balancer.streams import connect

if TYPE_CHECKING:
    from tinystacks.local.balancer.streams import Reader
    from tinystacks.local.targets import Address, Target

CONNECT_SECONDS = 10.0
"""A target that takes no connection in this time: 504 (ALB user guide, load-balancer-troubleshooting)."""


class Link:
    """One connection to a target.

    Attributes:
        reused: it has carried a request before.
        target: whom it serves now.
    """

    def __init__(
        self, address: Address, *, secure: bool, reader: Reader, writer: asyncio.StreamWriter, target: Target
    ) -> None:
        self.address = address
        self.secure = secure
        self.reader = reader
        self.writer = writer
        self.target = target
        self.reused = False
        self.idle_until = 0.0

    def abort(self) -> None:
        """Close at once; whoever reads from it is told."""
        self.writer.transport.abort()


class Links:
    """All connections to the targets of one load balancer."""

    def __init__(self) -> None:
        self._idle: dict[tuple[Address, bool], list[Link]] = defaultdict(list)
        self._busy: set[Link] = set()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._busy) + sum(map(len, self._idle.values()))

    async def take(self, target: Target, address: Address, *, secure: bool, fresh: bool = False) -> Link:
        """Take a kept connection that is still good, or make one.

        Args:
            target: whom it shall serve.
            address: where that listens.
            secure: TLS to the target; its certificate is not looked at, as an ALB does not.
            fresh: do not take a kept one.

        Raises:
            TimeoutError: the target takes no connection.
            OSError: it refuses.
        """
        kept = self._idle[address, secure]
        while kept and not fresh:
            link = kept.pop()
            if link.reader.quiet() and not link.writer.is_closing():
                link.target, link.reused = target, True
                self._busy.add(link)
                return link
            link.abort()
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await connect(*address, _unchecked() if secure else None)
        link = Link(address, secure=secure, reader=reader, writer=writer, target=target)
        self._busy.add(link)
        return link

    def give_back(self, link: Link, idle_seconds: float) -> None:
        """Keep a connection whose answer was read to its end."""
        self._busy.discard(link)
        if link.target.draining_until is not None or not link.reader.quiet():
            link.abort()
            return
        link.idle_until = asyncio.get_running_loop().time() + idle_seconds
        self._idle[link.address, link.secure].append(link)

    def drop(self, link: Link) -> None:
        """Close a connection that cannot be used again."""
        self._busy.discard(link)
        link.abort()

    def tidy(self) -> None:
        """Close what was idle for too long or whose target drains, and cut off targets whose draining is over."""
        now = asyncio.get_running_loop().time()
        for key, links in list(self._idle.items()):
            for link in list(links):
                if link.idle_until < now or link.target.draining_until is not None or link.reader.lost:
                    links.remove(link)
                    link.abort()
            if not links:
                del self._idle[key]
        for link in [one for one in self._busy if one.target.gone]:
            link.abort()

    def close(self) -> None:
        """Close all."""
        for link in [*self._busy, *(link for links in self._idle.values() for link in links)]:
            link.abort()
        self._busy.clear()
        self._idle.clear()


def _unchecked() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context

"""Connections as the balancer needs them: it must know at once when the other side is gone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tinystacks.local.balancer.heads import LINE_BYTES

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

_HANDSHAKE_SECONDS = 10.0
"""ALB user guide, load-balancer-troubleshooting: time for a TLS handshake."""


class Reader(asyncio.StreamReader):
    """The reading side, which tells when the other side has closed."""

    def __init__(self) -> None:
        super().__init__(limit=LINE_BYTES)
        self.lost = False
        self.received = 0
        self.on_lost: Callable[[], None] | None = None

    def feed_data(self, data: bytes) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - the stubs of asyncio differ in the type of bytes
        """Bytes came."""
        self.received += len(data)
        super().feed_data(data)

    def feed_eof(self) -> None:
        """The other side has closed."""
        super().feed_eof()
        self._lose()

    def set_exception(self, exc: Exception) -> None:
        """The connection broke: what came before is still read, then it ends."""
        del exc
        self.feed_eof()

    def quiet(self) -> bool:
        """Whether the connection is open and nothing has come that nobody asked for."""
        return not self.lost and not self._buffer  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - asyncio's own buffer, in its subclass

    def _lose(self) -> None:
        if not self.lost:
            self.lost = True
            if self.on_lost is not None:
                self.on_lost()


async def connect(host: str, port: int, context: ssl.SSLContext | None) -> tuple[Reader, asyncio.StreamWriter]:
    """Connect to a target."""
    loop = asyncio.get_running_loop()
    reader = Reader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.create_connection(lambda: protocol, host, port, ssl=context)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def accept(connection: socket.socket, context: ssl.SSLContext | None) -> tuple[Reader, asyncio.StreamWriter]:
    """Take over a client's connection, after its TLS handshake where there is one."""
    loop = asyncio.get_running_loop()
    reader = Reader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(
        lambda: protocol,
        connection,
        ssl=context,
        ssl_handshake_timeout=_HANDSHAKE_SECONDS if context is not None else None,
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

"""Ports on 127.0.0.1: they take connections, plain or TLS, told apart by the first byte.

A load balancer's DNS name leads to one port here, which therefore serves its listeners on 80 and on 443.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinystacks.local.balancer.streams import Reader, accept
from tinystacks.local.listening_port import ListeningPort

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tinystacks.local.balancer.certificates import Certificates

_log = logging.getLogger(__name__)

_HELLO = b"\x16"
"""First byte of a TLS handshake record (RFC 8446, section 5.1)."""
_FIRST_BYTE_SECONDS = 60.0
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 32 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Client:
    """A client's connection.

    Attributes:
        zone: of the load balancer's node that it reached; nodes take turns, as DNS gives them.
        cipher: name of the TLS cipher; empty for a plain connection.
    """

    reader: Reader
    writer: asyncio.StreamWriter
    address: str
    port: int
    secure: bool
    zone: str = ""
    tls_version: str = ""
    cipher: str = ""

    async def drain(self, seconds: float) -> None:
        """Wait until the client has taken what was written.

        Raises:
            TimeoutError: it does not.
        """
        if self.writer.transport.get_write_buffer_size():
            async with asyncio.timeout(seconds):
                await self.writer.drain()

    def abort(self) -> None:
        """Close at once."""
        self.writer.transport.abort()

    async def close(self) -> None:
        """Close in order: a client that still sends would never see the answer if this side were just gone."""
        self.writer.transport.set_write_buffer_limits(0)
        with contextlib.suppress(OSError):
            async with asyncio.timeout(_LINGER_SECONDS):
                await self.writer.drain()
                if self.writer.can_write_eof():
                    self.writer.write_eof()
                    left = _LINGER_BYTES
                    while left > 0 and (piece := await self.reader.read(64 * 1024)):
                        left -= len(piece)
        self.writer.close()
        with contextlib.suppress(OSError):
            async with asyncio.timeout(_LINGER_SECONDS):
                await self.writer.wait_closed()


class Front:
    """One port.

    Args:
        serve: takes over a client.
        secure: whether it speaks TLS: True, False, or None for either.
        certificates: for TLS.
        failed: told of each handshake that failed.
    """

    def __init__(
        self,
        *,
        serve: Callable[[Client], Awaitable[None]],
        secure: Callable[[], bool | None],
        certificates: Certificates,
        failed: Callable[[], None],
    ) -> None:
        self._serve = serve
        self._secure = secure
        self._certificates = certificates
        self._failed = failed
        self._listening = ListeningPort(self._take)
        self.port = 0

    def __len__(self) -> int:
        """How many connections it has."""
        return len(self._listening)

    def open(self) -> None:
        """Listen."""
        self.port = self._listening.open()

    async def close(self) -> None:
        """Close the port and every connection."""
        await self._listening.close()

    async def _take(self, connection: socket.socket, address: tuple[str, int]) -> None:
        client: Client | None = None
        try:
            client = await self._welcome(connection, address)
            await self._serve(client)
        except (OSError, ssl.SSLError) as error:
            if client is None and isinstance(error, ssl.SSLError | ConnectionError):
                self._failed()
        except Exception:  # noqa: BLE001 - one bad connection must not end the port; it is logged with its trace
            _log.exception("a connection to port %s failed", self.port)
        finally:
            if client is None:
                connection.close()
            else:
                client.abort()

    async def _welcome(self, connection: socket.socket, address: tuple[str, int]) -> Client:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secure = self._secure()
        if secure is None or secure:
            async with asyncio.timeout(_FIRST_BYTE_SECONDS):
                secure = await _first_byte(connection) == _HELLO
        reader, writer = await accept(connection, self._certificates.context() if secure else None)
        client = Client(reader=reader, writer=writer, address=address[0], port=address[1], secure=secure)
        if secure:
            cipher = writer.get_extra_info("cipher") or ("", "", 0)
            client.cipher, client.tls_version = str(cipher[0]), str(cipher[1])
        return client


async def _first_byte(connection: socket.socket) -> bytes:
    """The first byte that a client sends, left where it is."""
    loop = asyncio.get_running_loop()
    while True:
        with contextlib.suppress(BlockingIOError):
            return connection.recv(1, socket.MSG_PEEK)
        readable: asyncio.Future[None] = loop.create_future()
        loop.add_reader(connection, readable.set_result, None)
        try:
            await readable
        finally:
            loop.remove_reader(connection)

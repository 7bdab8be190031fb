"""Bodies passed on as they come: never more of one in memory than a piece."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tinystacks.local.balancer.heads import LINE_BYTES, BadMessageError

if TYPE_CHECKING:
    from collections.abc import Callable

PIECE_BYTES = 64 * 1024
_SIZE_DIGITS = 16


class BrokenOffError(ConnectionError):
    """A body ended before its end."""


async def pass_length(reader: asyncio.StreamReader, write: Writing, length: int, idle_seconds: float) -> None:
    """Pass a body of known length.

    Args:
        reader: where it comes from.
        write: where it goes.
        length: bytes.
        idle_seconds: longest time without a byte.

    Raises:
        BrokenOffError: it is shorter.
        TimeoutError: nothing came for so long, or nobody took it.
    """
    left = length
    while left:
        piece = await _piece(reader, min(left, PIECE_BYTES), idle_seconds)
        left -= len(piece)
        await write.piece(piece, idle_seconds)


async def pass_until_close(reader: asyncio.StreamReader, write: Writing, idle_seconds: float) -> None:
    """Pass what comes until the connection ends."""
    while True:
        async with asyncio.timeout(idle_seconds):
            piece = await reader.read(PIECE_BYTES)
        if not piece:
            return
        await write.piece(piece, idle_seconds)


async def pass_chunks(reader: asyncio.StreamReader, write: Writing, idle_seconds: float) -> list[str]:
    """Pass a chunked body, piece by piece as it comes.

    Returns:
        The trailer's lines.

    Raises:
        BadMessageError: 400, it is not chunked as RFC 9112 says.
        BrokenOffError: it broke off.
        TimeoutError: nothing came for so long, or nobody took it.
    """
    while left := _chunk_size(await _line(reader, idle_seconds)):
        while left:
            piece = await _piece(reader, min(left, PIECE_BYTES), idle_seconds)
            left -= len(piece)
            await write.piece(piece, idle_seconds)
        if await _line(reader, idle_seconds):
            raise BadMessageError(400)
    trailer: list[str] = []
    while line := await _line(reader, idle_seconds):
        trailer.append(line.decode("latin-1"))
        if sum(map(len, trailer)) > LINE_BYTES:
            raise BadMessageError(400)
    return trailer


class Writing:
    """The side that a body goes to.

    Args:
        writer: of the connection.
        chunked: whether pieces are written as chunks.
        count: told the bytes of each piece.
        head: goes out with the first piece, in one packet where it fits.
    """

    def __init__(
        self, writer: asyncio.StreamWriter, *, chunked: bool, count: Callable[[int], None], head: bytes = b""
    ) -> None:
        self._writer = writer
        self._head = head
        self._chunked = chunked
        self._count = count

    async def piece(self, piece: bytes, idle_seconds: float) -> None:
        """Write a piece and wait until there is room for the next."""
        self._count(len(piece))
        self._put(b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked else piece)
        if self._writer.transport.get_write_buffer_size():
            async with asyncio.timeout(idle_seconds):
                await self._writer.drain()

    def flush(self) -> None:
        """Write the head when no piece comes soon."""
        if self._head:
            self._put(b"")

    def end(self, trailer: list[str] | None = None) -> None:
        """Write the end of a chunked body; others end by themselves."""
        self.flush()
        if self._chunked:
            lines = "".join(f"{line}\r\n" for line in trailer or [])
            self._writer.write(f"0\r\n{lines}\r\n".encode("latin-1"))

    def _put(self, piece: bytes) -> None:
        text, self._head = self._head + piece, b""
        self._writer.write(text)


async def _piece(reader: asyncio.StreamReader, size: int, idle_seconds: float) -> bytes:
    async with asyncio.timeout(idle_seconds):
        piece = await reader.read(size)
    if not piece:
        raise BrokenOffError("the body broke off")
    return piece


async def _line(reader: asyncio.StreamReader, idle_seconds: float) -> bytes:
    try:
        async with asyncio.timeout(idle_seconds):
            line = await reader.readline()
    except ValueError as error:
        raise BadMessageError(400) from error
    if not line.endswith(b"\n"):
        raise BrokenOffError("the body broke off")
    if not line.endswith(b"\r\n"):
        raise BadMessageError(400)
    return line[:-2]


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip(b" \t")
    if not digits or len(digits) > _SIZE_DIGITS or not all(byte in b"0123456789abcdefABCDEF" for byte in digits):
        raise BadMessageError(400)
    return int(digits, 16)

"""What a simulated task answers: the same document, who it is, on every path."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

_REASONS = {200: "OK", 503: "Service Unavailable"}
_PIECE_BYTES = 64 * 1024
_HEALTH_CHECKER = "ELB-HealthChecker/"
"""How a load balancer's health checks name themselves (ALB user guide, target-group-health-checks)."""


async def answer(
    connection: socket.socket, *, code: Callable[[], int], identity: Mapping[str, object], log: Callable[[str], None]
) -> None:
    """Answer the requests of one connection until it ends.

    Args:
        connection: of the client.
        code: status of the answer, 200 or 503, asked for with each request.
        identity: what every answer says.
        log: is told of each request that is no health check.
    """
    reader, writer = await asyncio.open_connection(sock=connection)
    try:
        while await _answer_one(reader, writer, code, identity, log):
            pass
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
        pass
    finally:
        writer.close()


async def _answer_one(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    code: Callable[[], int],
    identity: Mapping[str, object],
    log: Callable[[str], None],
) -> bool:
    """Answer one request; False when the connection ends after it."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    await _skip_body(reader, headers)
    status = code()
    body = json.dumps(identity).encode() + b"\n"
    keep = headers.get("connection", "").lower() != "close"
    writer.write(
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"Connection: {'keep-alive' if keep else 'close'}\r\n\r\n".encode()
        + (b"" if method == "HEAD" else body)
    )
    await writer.drain()
    if not headers.get("user-agent", "").startswith(_HEALTH_CHECKER):
        log(f"{method} {path} {status}")
    return keep


async def _skip_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> None:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        while size := int((await reader.readline()).split(b";")[0], 16):
            await reader.readexactly(size + 2)
        await reader.readline()
        return
    left = int(headers.get("content-length") or 0)
    while left > 0:
        left -= len(await reader.readexactly(min(left, _PIECE_BYTES)))

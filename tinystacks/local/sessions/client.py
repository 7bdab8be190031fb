"""A client of sessions of the local AWS, for where the Session Manager plugin is not installed.

It speaks what the plugin speaks, gives only what the program writes, and its exit code, which the plugin does not know.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import uuid
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from tinystacks.errors import AccessError
from tinystacks.local.documents import members
from tinystacks.local.sessions.channel import DataChannel
from tinystacks.local.sessions.messages import INPUT, OUTPUT, Payload
from tinystacks.local.sessions.server import OWN_CLIENT
from tinystacks.local.sessions.terminal import raw, size, watched_size

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

VERSION = f"{OWN_CLIENT}-1"
_END_OF_INPUT = b"\x04"
_PIECE = 1024
_NOT_TOLD = 1
_RULER = "----------ERROR-------"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a session ended.

    Attributes:
        exit_code: of the program; 1 when the session broke before it was told.
        said: why the session ended, where that was not the program's own end.
    """

    exit_code: int
    said: str


def run_shell(session: Mapping[str, str], *, stdin: int = 0, stdout: int = 1) -> Ended:
    """Run a session on this process's terminal, or between its pipes.

    Args:
        session: `streamUrl` and `tokenValue`, as ExecuteCommand gave them.
        stdin: descriptor that is read; at its end the program sees the end of its input.
        stdout: descriptor that is written.

    Raises:
        AccessError: the session did not open.
    """
    with raw(stdin):
        return asyncio.run(_shell(session, stdin, stdout))


async def _shell(session: Mapping[str, str], stdin: int, stdout: int) -> Ended:
    loop = asyncio.get_running_loop()
    typed: asyncio.Queue[bytes] = asyncio.Queue()
    code, screen = _NOT_TOLD, _Screen(stdout)
    async with opened(session["streamUrl"], session["tokenValue"]) as channel:
        resized = asyncio.Event()
        resized.set()
        with watched_size(loop, resized.set):
            tasks = [
                asyncio.ensure_future(one) for one in (_tell_size(channel, resized, stdout), _type(channel, typed))
            ]
            # A thread, since a terminal or a file cannot be waited for everywhere; it ends with the process.
            threading.Thread(target=_read, args=(stdin, loop, typed), name="session-keys", daemon=True).start()
            try:
                while (message := await channel.take()) is not None:
                    if message.payload_type == Payload.OUTPUT:
                        screen.write(message.payload)
                    elif message.payload_type == Payload.EXIT_CODE:
                        code = int(message.payload)
            finally:
                for one in tasks:
                    one.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        screen.end()
        said = "" if channel.closing is None else str(channel.closing.document().get("Output") or "")
    return Ended(exit_code=code, said=said.strip().removeprefix(_RULER).strip())


async def _tell_size(channel: DataChannel, resized: asyncio.Event, stdout: int) -> None:
    with suppress(ConnectionError):
        while await resized.wait():
            resized.clear()
            columns, rows = size(stdout)
            await channel.send(Payload.SIZE, json.dumps({"cols": columns, "rows": rows}).encode())


async def _type(channel: DataChannel, typed: asyncio.Queue[bytes]) -> None:
    with suppress(ConnectionError):
        while True:
            await channel.send(Payload.OUTPUT, await typed.get())


def _read(stdin: int, loop: asyncio.AbstractEventLoop, typed: asyncio.Queue[bytes]) -> None:
    """Read until the end; the program sees it as Ctrl-D."""
    with suppress(OSError, RuntimeError):
        while data := os.read(stdin, _PIECE):
            loop.call_soon_threadsafe(typed.put_nowait, data)
        loop.call_soon_threadsafe(typed.put_nowait, _END_OF_INPUT)


class _Screen:
    """Where output goes; a file or a pipe gets lines without the carriage returns of a terminal."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._plain = not os.isatty(descriptor)
        self._held = b""

    def write(self, data: bytes) -> None:
        if self._plain:
            data = self._held + data
            self._held = b"\r" if data.endswith(b"\r") else b""
            data = data.removesuffix(b"\r").replace(b"\r\n", b"\n")
        self._write(data)

    def end(self) -> None:
        self._write(self._held)

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._descriptor, data) :]


@asynccontextmanager
async def opened(stream_url: str, token: str) -> AsyncGenerator[DataChannel]:
    """Open a session and shake hands; the channel ends with the block.

    Args:
        stream_url: address of the session.
        token: what opens it.

    Raises:
        AccessError: the session did not open.
    """
    async with aiohttp.ClientSession() as http:
        try:
            socket = await http.ws_connect(stream_url)
        except (aiohttp.ClientError, OSError) as error:
            raise AccessError(f"the session did not open: {error}", hint="Try again; a session opens once.") from error
        async with socket:
            channel = DataChannel(socket.send_bytes, sends=INPUT, takes=OUTPUT)
            shown = {
                "MessageSchemaVersion": "1.0",
                "RequestId": str(uuid.uuid4()),
                "TokenValue": token,
                "ClientId": str(uuid.uuid4()),
                "ClientVersion": VERSION,
            }
            await socket.send_str(json.dumps(shown))
            tasks = [asyncio.ensure_future(one) for one in (_listen(socket, channel), channel.resend())]
            try:
                await _shake_hands(channel)
                yield channel
            finally:
                channel.end()
                for one in tasks:
                    one.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


async def _listen(socket: aiohttp.ClientWebSocketResponse, channel: DataChannel) -> None:
    try:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                await channel.receive(message.data)
            if channel.closing is not None:
                return
    finally:
        channel.end()


async def _shake_hands(channel: DataChannel) -> None:
    while (message := await channel.take()) is not None:
        if message.payload_type == Payload.HANDSHAKE_REQUEST:
            actions = members(message.document(), "RequestedClientActions")
            done = [{"ActionType": one.get("ActionType"), "ActionStatus": 1, "ActionResult": None} for one in actions]
            answer = {"ClientVersion": VERSION, "ProcessedClientActions": done, "Errors": None}
            await channel.send(Payload.HANDSHAKE_RESPONSE, json.dumps(answer).encode())
        elif message.payload_type == Payload.HANDSHAKE_COMPLETE:
            return
    raise AccessError("the session was closed before it began", hint="Try again; a session opens once.")

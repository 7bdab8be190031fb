"""The WebSocket endpoint of sessions: what `streamUrl` of ExecuteCommand and StartSession names.

A client shows its token in the first message, a text; then both sides shake hands and the session runs. One client has
one session: an id that is not known, or was used, is refused before the WebSocket opens.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import aiohttp
from aiohttp import web

from tinystacks.local.sessions.book import PortOrder, SessionBook
from tinystacks.local.sessions.channel import DataChannel
from tinystacks.local.sessions.messages import (
    INPUT,
    LARGEST_MESSAGE,
    OUTPUT,
    MessageError,
    Payload,
    closing,
)
from tinystacks.local.sessions.port_session import port_session
from tinystacks.local.sessions.shell_session import shell_session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.loop_thread import LoopThread
    from tinystacks.local.sessions.book import Order
    from tinystacks.local.sessions.process import Containers

AGENT_VERSION = "3.3.2299.0"
"""Above 3.0.196.0, so that the plugin carries many connections at once, and above 3.1.1511.0, so that it sends none to
keep them alive (src/config, the two TCPMultiplexing constants)."""
OWN_CLIENT = "tinystacks"
"""How the client of this package begins its version: it is told exit codes, and has one connection in a session."""
IDLE_SECONDS = 20 * 60.0
"""After which a session ends (ECS developer guide, "Using Amazon ECS Exec"; I5)."""
_PATH = "/v1/data-channel/"
_TOKEN_SECONDS = 10.0
_LAST_WORDS_SECONDS = 5.0
_log = logging.getLogger(__name__)


class SessionServer:
    """Serves sessions.

    Args:
        loop: thread in which they run.
        book: the sessions that were asked for.
        containers: what they lead into.
        idle_seconds: real time without a word from either side after which a session ends.
    """

    def __init__(
        self, loop: LoopThread, book: SessionBook, containers: Containers, *, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._loop = loop
        self._book = book
        self._containers = containers
        self._idle_seconds = idle_seconds
        self._runner: web.ServerRunner | None = None
        self._open: set[asyncio.Task[Any]] = set()
        self.port = 0

    def start(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self.port = self._loop.call(self._listen())

    def stop(self) -> None:
        """End every session and free the port."""
        self._loop.call(self._close())

    def url(self, session_id: str) -> str:
        """Give the address of a session, in the form of Session Manager's."""
        return f"ws://127.0.0.1:{self.port}{_PATH}{session_id}?role=publish_subscribe"

    async def _listen(self) -> int:
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None))
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def _close(self) -> None:
        for one in list(self._open):
            one.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        session_id = request.path.removeprefix(_PATH)
        if not request.path.startswith(_PATH) or not self._book.knows(session_id):
            return web.Response(status=403, text="no session waits here; it may have been used, or be too old\n")
        socket = web.WebSocketResponse(max_msg_size=LARGEST_MESSAGE)
        if not socket.can_prepare(request).ok:
            return web.Response(status=426, text="sessions speak WebSocket\n", headers={"Upgrade": "websocket"})
        await socket.prepare(request)
        current = asyncio.current_task()
        if current is not None:
            self._open.add(current)
            current.add_done_callback(self._open.discard)
        try:
            shown = await _shown_token(socket)
            order = self._book.claim(session_id, str(shown.get("TokenValue")))
            if order is None:
                await socket.close(code=aiohttp.WSCloseCode.POLICY_VIOLATION, message=b"wrong token")
            else:
                await self._run(socket, session_id, order, str(shown.get("ClientVersion") or ""))
        except (ConnectionError, MessageError) as error:
            _log.info("session %s ended: %s", session_id, error)
        finally:
            with suppress(ConnectionError):
                await socket.close()
        return socket

    async def _run(self, socket: web.WebSocketResponse, session_id: str, order: Order, client: str) -> None:

        async def write(data: bytes) -> None:
            await socket.send_bytes(data)

        channel = DataChannel(write, sends=OUTPUT, takes=INPUT)
        own = client.startswith(OWN_CLIENT)
        tasks = [asyncio.ensure_future(one) for one in (_listen_to(socket, channel), channel.resend())]
        reader = tasks[0]
        session = asyncio.ensure_future(self._session(channel, order, own=own))
        try:
            while not (session.done() or reader.done()) and (left := self._idle_seconds - channel.idle_seconds) > 0:
                await asyncio.wait({session, reader}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if not (session.done() or reader.done()):
                said = "Session timed out: nothing was typed or written for 20 minutes."
            elif session.done():
                said = session.result()
                await channel.flushed(_LAST_WORDS_SECONDS)
            else:
                reader.result()
                return
            await socket.send_bytes(closing(session_id, said).encode())
            # The plugin ends at this word, and its connection with it.
            await asyncio.wait({reader}, timeout=_LAST_WORDS_SECONDS)
        finally:
            channel.end()
            for one in (session, *tasks):
                one.cancel()
            await asyncio.gather(session, *tasks, return_exceptions=True)

    async def _session(self, channel: DataChannel, order: Order, *, own: bool) -> str:
        """Shake hands, run, and give what the client is told at the end."""
        started = time.monotonic()
        await channel.send(Payload.HANDSHAKE_REQUEST, json.dumps(_request(order)).encode())
        while (message := await channel.take()) is not None and message.payload_type != Payload.HANDSHAKE_RESPONSE:
            pass
        if message is None:
            return ""
        errors = message.document().get("Errors")
        if errors:
            return f"The client refused the session: {errors}"
        complete = {"HandshakeTimeToComplete": round((time.monotonic() - started) * 1e9), "CustomerMessage": ""}
        await channel.send(Payload.HANDSHAKE_COMPLETE, json.dumps(complete).encode())
        if isinstance(order, PortOrder):
            return await port_session(channel, order, self._containers, many=not own)
        return await shell_session(channel, order, self._containers, tells_exit_code=own)


async def _shown_token(socket: web.WebSocketResponse) -> Mapping[str, Any]:
    try:
        first = await socket.receive(timeout=_TOKEN_SECONDS)
    except TimeoutError:
        return {}
    if first.type is not aiohttp.WSMsgType.TEXT:
        return {}
    try:
        shown: object = json.loads(first.data)
    except ValueError:
        return {}
    return cast("dict[str, Any]", shown) if isinstance(shown, dict) else {}


async def _listen_to(socket: web.WebSocketResponse, channel: DataChannel) -> None:
    try:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                await channel.receive(message.data)
    finally:
        channel.end()


def _request(order: Order) -> dict[str, Any]:
    """What the agent asks of the plugin: the type of the session (src/message/handshakemessage.go)."""
    if isinstance(order, PortOrder):
        properties = {
            "portNumber": str(order.port),
            "localPortNumber": order.local_port,
            "type": "LocalPortForwarding",
        }
        parameters: dict[str, Any] = {"SessionType": "Port", "Properties": properties}
    else:
        parameters = {"SessionType": "InteractiveCommands", "Properties": {"command": order.command}}
    action = {"ActionType": "SessionType", "ActionParameters": parameters}
    return {"AgentVersion": AGENT_VERSION, "RequestedClientActions": [action]}

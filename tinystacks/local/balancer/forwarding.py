"""The way of one request to its target and of the answer back.

A request is tried a second time in one case only: it may be repeated (RFC 9110, section 9.2.2), has no body, and the
kept connection it went out on turned out to be closed before a byte of an answer came.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from tinystacks.local.balancer.bodies import (
    BrokenOffError,
    Writing,
    pass_chunks,
    pass_length,
    pass_until_close,
)
from tinystacks.local.balancer.forwarded import homeward, interim, onward
from tinystacks.local.balancer.heads import BadMessageError, ResponseHead, read_response
from tinystacks.local.balancer.requests import closes
from tinystacks.local.balancer.tunnel import tunnel

if TYPE_CHECKING:
    from tinystacks.local.balancer.choice import Choice
    from tinystacks.local.balancer.exchange import Exchange
    from tinystacks.local.balancer.links import Link
    from tinystacks.local.traffic import Path

_REPEATABLE = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}
_SWITCHING = 101
_FINAL = 200
_CLIENT_CLOSED = 460


class Forwarding:
    """One request on its way.

    Args:
        exchange: the request.
        choice: its target.
        path: what it is counted under.
    """

    def __init__(self, *, exchange: Exchange, choice: Choice, path: Path) -> None:
        self._exchange = exchange
        self._choice = choice
        self._path = path
        self._client = exchange.client
        self._entry = exchange.entry
        self._idle = exchange.balancer.idle_timeout
        self._links = exchange.parts.links_of(exchange.balancer.arn)
        self._traffic = exchange.parts.traffic
        self._sending: asyncio.Task[None] | None = None
        self._client_failed = 0
        self._cut = False

    async def run(self) -> bool:
        """Forward the request and pass the answer back.

        Returns:
            Whether the client's connection stays open.
        """
        target = self._choice.target
        if target is None:
            raise AssertionError("a request is forwarded to a target")
        target.open_requests += 1
        try:
            answered = await self._attempt(fresh=False)
            if answered is None:
                answered = await self._attempt(fresh=True)
            return bool(answered)
        finally:
            target.open_requests -= 1

    async def _attempt(self, *, fresh: bool) -> bool | None:
        """Try once; None when it may be tried again."""
        link = await self._connected(fresh=fresh)
        if isinstance(link, int):
            return await self._exchange.refuse(link)
        self._client.reader.on_lost = link.abort
        kept = False
        try:
            try:
                head = await self._asked(link)
            except (BadMessageError, OSError) as error:
                if self._client.reader.lost or self._client_failed:
                    return await self._without_client()
                stale = isinstance(error, ConnectionError) and link.reused and not fresh
                if stale and self._may_repeat():
                    return None
                return await self._exchange.refuse(504 if isinstance(error, TimeoutError) else 502)
            if head.code == _SWITCHING:
                return await self._switched(link, head)
            kept = await self._answer(link, head)
            return kept and self._exchange.keeps
        finally:
            self._client.reader.on_lost = None
            if self._sending is not None and not self._sending.done():
                self._sending.cancel()
                # Two may not read at once, and the end of the conversation reads what the client still sends.
                await asyncio.wait({self._sending})
                kept = False
            if not kept:
                self._links.drop(link)

    async def _connected(self, *, fresh: bool) -> Link | int:
        """A connection to the target, or the code of why there is none."""
        choice = self._choice
        target, group = choice.target, choice.group
        if target is None or target.address is None or group is None:
            return 503
        self._entry.target = f"{target.target_id}:{target.port}"
        try:
            link = await self._links.take(target, target.address, secure=group.protocol == "HTTPS", fresh=fresh)
        except OSError as error:
            self._traffic.add(self._path, "TargetConnectionErrorCount")
            return 504 if isinstance(error, TimeoutError) else 502
        if not link.reused:
            self._traffic.add(self._path._replace(target_group_arn=""), "NewConnectionCount")
        return link

    async def _asked(self, link: Link) -> ResponseHead:
        """Send the request; the head of the final answer, or of one that switches protocols."""
        exchange = self._exchange
        text, self._entry.trace, invalid = onward(exchange.head, exchange.balancer, exchange.listener, self._client)
        if invalid:
            dropped = exchange.balancer.drop_invalid_headers
            name = f"{'Dropped' if dropped else 'Forwarded'}InvalidHeaderRequestCount"
            self._traffic.add(self._path._replace(target_group_arn=""), name)
        self._entry.request_seconds = time.time() - self._entry.began
        self._sent_at = time.monotonic()
        link.writer.write(text)
        if exchange.head.has_body:
            self._sending = asyncio.create_task(self._send_body(link))
        while True:
            head = await self._next_head(link)
            if head.code >= _FINAL or (head.code == _SWITCHING and exchange.head.wants_upgrade):
                break
            if head.code == _SWITCHING:
                raise BadMessageError(502)
            if exchange.head.version != "1.0":
                self._client.writer.write(interim(head))
        self._entry.target_seconds = time.monotonic() - self._sent_at
        self._entry.target_code = self._entry.code = head.code
        self._traffic.answered(self._path, head.code, self._entry.target_seconds)
        return head

    async def _next_head(self, link: Link) -> ResponseHead:
        """The next head from the target; while the client still sends, its own pace counts."""
        reading = read_response(link.reader, self._exchange.head.method)
        if self._sending is None or self._sending.done():
            async with asyncio.timeout(self._idle):
                return await reading
        task = asyncio.create_task(reading)
        try:
            await asyncio.wait({task, self._sending}, return_when=asyncio.FIRST_COMPLETED)
            async with asyncio.timeout(self._idle):
                return await task
        finally:
            task.cancel()

    async def _send_body(self, link: Link) -> None:
        """Pass the client's body on; what is wrong with it ends the link, and is told from there."""
        head = self._exchange.head
        into = Writing(link.writer, chunked=head.length is None, count=self._received)
        try:
            if head.length is None:
                into.end(await pass_chunks(self._client.reader, into, self._idle))
            else:
                await pass_length(self._client.reader, into, head.length, self._idle)
        except BadMessageError as error:
            self._client_failed = error.code
            link.abort()
        except BrokenOffError:
            self._client_failed = 400
            link.abort()
        except TimeoutError:
            self._client_failed = 408
            link.abort()
        except OSError:
            # The target takes no more; its answer, if there is one, is read all the same.
            self._cut = True

    def _received(self, size: int) -> None:
        self._entry.received += size

    def _counted(self, size: int) -> None:
        self._entry.sent += size

    def _may_repeat(self) -> bool:
        head = self._exchange.head
        return head.method in _REPEATABLE and not head.has_body

    async def _without_client(self) -> bool:
        """The client is at fault: it left, sent nonsense, or nothing for too long."""
        self._exchange.keeps = False
        if self._client_failed and not self._client.reader.lost:
            return await self._exchange.refuse(self._client_failed)
        self._entry.code = _CLIENT_CLOSED
        self._traffic.refused(self._path, _CLIENT_CLOSED)
        return False

    async def _answer(self, link: Link, head: ResponseHead) -> bool:
        """Pass the answer back; whether both connections are good for another request."""
        exchange, client = self._exchange, self._client
        ambiguous = closes(exchange.head, exchange.balancer.desync_mode)
        sending = self._cut or (self._sending is not None and not self._sending.done())
        chunked = head.length is None and exchange.head.version != "1.0"
        bare = head.length is None and not chunked
        exchange.keeps = exchange.keeps and not ambiguous and not bare and not sending
        added = exchange.parts.chooser.after_answer(self._choice, head.headers, secure=client.secure)
        text = homeward(head, added, chunked=chunked, keeps=exchange.keeps)
        self._entry.response_seconds = time.monotonic() - self._sent_at - self._entry.target_seconds
        self._entry.sent += len(text)
        into = Writing(client.writer, chunked=chunked, count=self._counted, head=text)
        if link.reader.quiet():
            # Nothing of the body is here yet: the client may want to know what comes.
            into.flush()
        try:
            if head.length is not None:
                await pass_length(link.reader, into, head.length, self._idle)
                into.flush()
            elif head.chunked:
                into.end(await pass_chunks(link.reader, into, self._idle))
            else:
                await pass_until_close(link.reader, into, self._idle)
                into.end()
            await client.drain(self._idle)
        except (BadMessageError, OSError):
            # Too late for a page: the client sees the answer break off, as behind an ALB.
            client.abort()
            return False
        if not head.keeps or ambiguous or sending or (head.length is None and not head.chunked):
            self._links.drop(link)
        else:
            self._links.give_back(link, self._idle)
        return True

    async def _switched(self, link: Link, head: ResponseHead) -> bool:
        """The target speaks another protocol from here on, such as WebSocket."""
        self._entry.kind = "wss" if self._client.secure else "ws"
        text = homeward(head, self._choice.cookies, chunked=False, keeps=True)
        self._client.writer.write(text)
        self._client.reader.on_lost = None
        sent, received = await tunnel(self._client, link, self._idle)
        self._entry.sent += len(text) + sent
        self._entry.received += received
        return False

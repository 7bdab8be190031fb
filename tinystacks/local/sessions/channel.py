"""The two streams of a data channel: numbered, acknowledged, sent again until the other side took them.

The plugin drops what comes before it is ready, without acknowledging it, and counts on its being sent again
(datachannel/streaming.go, HandleOutputMessage). A message is acknowledged when it was taken here, so that a sender that
waits for room waits for whoever reads.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinystacks.local.sessions.messages import (
    ACKNOWLEDGE,
    CHANNEL_CLOSED,
    LARGEST_PAYLOAD,
    Message,
    MessageError,
    acknowledgement,
    decode,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

RESEND_SECONDS = 0.2
"""The plugin's first time-out for an acknowledgement (src/config, DefaultTransmissionTimeout)."""
WINDOW = 256
"""Messages that may be on their way; the plugin keeps 10,000."""
_WAITING = 4096


@dataclass(slots=True)
class _Sent:
    message: Message
    at: float


class DataChannel:
    """Both streams of one side.

    Args:
        write: sends one binary message.
        sends: type of the messages of the own stream.
        takes: type of the messages of the other side's.
    """

    def __init__(self, write: Callable[[bytes], Awaitable[None]], *, sends: str, takes: str) -> None:
        self._write = write
        self._sends = sends
        self._takes = takes
        self._next_out = 0
        self._unacknowledged: deque[_Sent] = deque()
        self._moved = asyncio.Event()
        self._next_in = 0
        self._taken = 0
        self._early: dict[int, Message] = {}
        self._arrived: asyncio.Queue[Message | None] = asyncio.Queue(_WAITING)
        self._ended = False
        self._last = time.monotonic()
        self.closing: Message | None = None
        """The other side's last word, once it came."""

    @property
    def idle_seconds(self) -> float:
        """How long neither side has said anything."""
        return time.monotonic() - self._last

    async def send(self, payload_type: int, payload: bytes) -> None:
        """Send something of any length; waits while too much is on its way.

        Raises:
            ConnectionError: the channel has ended.
        """
        for start in range(0, max(len(payload), 1), LARGEST_PAYLOAD):
            await self._until(lambda: len(self._unacknowledged) < WINDOW)
            if self._ended:
                raise ConnectionResetError("the channel has ended")
            piece = payload[start : start + LARGEST_PAYLOAD]
            message = Message(kind=self._sends, sequence=self._next_out, payload_type=payload_type, payload=piece)
            self._next_out += 1
            self._last = time.monotonic()
            self._unacknowledged.append(_Sent(message, time.monotonic()))
            await self._write(message.encode())

    async def take(self) -> Message | None:
        """Give the next message of the other side's stream; None when the channel has ended."""
        message = None if self._ended and self._arrived.empty() else await self._arrived.get()
        if message is None:
            return None
        self._taken += 1
        with suppress(ConnectionError):
            await self._write(acknowledgement(message).encode())
        return message

    async def receive(self, data: bytes) -> None:
        """Take in what the other side sent.

        Raises:
            MessageError: it is no message of this protocol.
        """
        message = decode(data)
        if message.kind == ACKNOWLEDGE:
            self._acknowledged(message)
        elif message.kind == CHANNEL_CLOSED:
            self.closing = message
        elif message.kind == self._takes:
            await self._sort_in(message)

    async def resend(self) -> None:
        """Send again what is not acknowledged, for as long as the channel lives."""
        while not self._ended:
            await asyncio.sleep(RESEND_SECONDS / 2)
            if not self._unacknowledged:
                continue
            oldest = self._unacknowledged[0]
            if time.monotonic() - oldest.at >= RESEND_SECONDS:
                oldest.at = time.monotonic()
                await self._write(oldest.message.encode())

    async def flushed(self, seconds: float) -> bool:
        """Wait until the other side has taken everything; False when it did not in this time."""
        try:
            async with asyncio.timeout(seconds):
                await self._until(lambda: not self._unacknowledged)
        except TimeoutError:
            return False
        return not self._unacknowledged

    def end(self) -> None:
        """No message comes any more: whoever waits goes on."""
        self._ended = True
        self._moved.set()
        with suppress(asyncio.QueueFull):
            self._arrived.put_nowait(None)

    async def _until(self, fits: Callable[[], bool]) -> None:
        while not self._ended and not fits():
            self._moved.clear()
            await self._moved.wait()

    def _acknowledged(self, message: Message) -> None:
        number = message.document().get("AcknowledgedMessageSequenceNumber")
        if not isinstance(number, int):
            raise MessageError("an acknowledgement without a number")
        for sent in self._unacknowledged:
            if sent.message.sequence == number:
                self._unacknowledged.remove(sent)
                self._moved.set()
                return

    async def _sort_in(self, message: Message) -> None:
        """Pass messages on in their order; one that was taken already is only acknowledged again."""
        if message.sequence < self._taken:
            await self._write(acknowledgement(message).encode())
        if message.sequence < self._next_in:
            return
        if len(self._early) < _WAITING:
            self._early[message.sequence] = message
        self._last = time.monotonic()
        while (following := self._early.pop(self._next_in, None)) is not None:
            self._next_in += 1
            await self._arrived.put(following)

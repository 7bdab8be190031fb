"""Session Manager's data channel: its messages as bytes, and two ends that lose nothing."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinystacks.local.sessions.book import PortOrder, SessionBook, ShellOrder
from tinystacks.local.sessions.channel import WINDOW, DataChannel
from tinystacks.local.sessions.messages import (
    INPUT,
    OUTPUT,
    Flag,
    Message,
    MessageError,
    Payload,
    acknowledgement,
    closing,
    decode,
    flag,
    flag_of,
)

ID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")


def test_a_message_is_laid_out_as_the_plugin_reads_it():
    data = Message(kind=INPUT, sequence=5, payload_type=Payload.OUTPUT, payload=b"ls", message_id=ID).encode()
    assert len(data) == 116 + 4 + 2
    assert data[:4] == (116).to_bytes(4, "big")
    assert data[4:36] == b"input_stream_data".ljust(32)
    assert data[36:40] == b"\0\0\0\1"
    assert data[48:56] == (5).to_bytes(8, "big")
    # putUuid of messageparser.go writes the second half first.
    assert data[64:80] == ID.bytes[8:] + ID.bytes[:8]
    assert data[112:116] == b"\0\0\0\1"
    assert data[116:] == b"\0\0\0\2ls"


@given(st.binary(max_size=3000), st.integers(0, 2**62), st.sampled_from(list(Payload)))
def test_what_is_written_is_read_back(payload, sequence, payload_type):
    message = Message(kind=OUTPUT, sequence=sequence, payload_type=payload_type, payload=payload)
    assert decode(message.encode()) == message


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_refused(data):
    try:
        decode(data)
    except MessageError:
        return
    assert len(data) >= 120


@given(st.integers(0, 121), st.integers(1, 255))
def test_a_changed_payload_or_length_is_refused(place, change):
    data = bytearray(Message(kind=OUTPUT, payload=b"ab").encode())
    data[place] ^= change
    if 80 <= place < 112 or place >= 116 or place < 4:
        with pytest.raises(MessageError):
            decode(bytes(data))


def test_the_plugin_is_told_of_what_came_and_of_the_end_in_its_own_members():
    message = Message(kind=INPUT, sequence=9, payload=b"x", message_id=ID)
    assert acknowledgement(message).document() == {
        "AcknowledgedMessageType": "input_stream_data",
        "AcknowledgedMessageId": str(ID),
        "AcknowledgedMessageSequenceNumber": 9,
        "IsSequentialMessage": True,
    }
    assert closing("s-1", "bye").document()["Output"] == "bye"
    assert flag_of(flag(Flag.TERMINATE_SESSION)) == 2
    assert flag_of(b"no") == 0


class Line:
    """Two channels and what lies between them: messages may be lost or come twice."""

    def __init__(self, lose=lambda _number: False, repeat=lambda _number: False):
        self.sent = 0
        self.lose, self.repeat = lose, repeat
        self.server = DataChannel(lambda data: self.carry(data, self.client), sends=OUTPUT, takes=INPUT)
        self.client = DataChannel(lambda data: self.carry(data, self.server), sends=INPUT, takes=OUTPUT)

    async def carry(self, data, to):
        self.sent += 1
        if self.lose(self.sent):
            return
        for _ in range(2 if self.repeat(self.sent) else 1):
            await to.receive(data)


async def both(line, work):
    resending = [asyncio.ensure_future(one.resend()) for one in (line.server, line.client)]
    try:
        async with asyncio.timeout(20):
            return await work
    finally:
        for one in (line.server, line.client):
            one.end()
        await asyncio.gather(*resending)


async def received(channel, length):
    found = b""
    while len(found) < length:
        found += (await channel.take()).payload
    return found


def test_output_of_any_length_arrives_in_pieces_and_in_order():
    data = bytes(range(256)) * 100
    line = Line()

    async def work():
        sending = asyncio.ensure_future(line.server.send(Payload.OUTPUT, data))
        found = await received(line.client, len(data))
        await sending
        return found, await line.server.flushed(5)

    assert asyncio.run(both(line, work())) == (data, True)


@pytest.mark.parametrize("every", [2, 3, 7])
def test_what_is_lost_is_sent_again_and_what_comes_twice_is_taken_once(every):
    data = bytes(range(256)) * 20
    line = Line(lose=lambda number: number < 40 and number % every == 0, repeat=lambda number: number % every == 1)

    async def work():
        sending = asyncio.ensure_future(line.server.send(Payload.OUTPUT, data))
        found = await received(line.client, len(data))
        await sending
        return found

    assert asyncio.run(both(line, work())) == data


def test_a_sender_waits_for_a_reader_that_does_not_take():
    line = Line()

    async def work():
        sending = asyncio.ensure_future(line.server.send(Payload.OUTPUT, b"x" * 1024 * (WINDOW + 10)))
        await asyncio.wait({sending}, timeout=0.3)
        waiting = not sending.done()
        await received(line.client, 1024 * (WINDOW + 10))
        await sending
        return waiting

    assert asyncio.run(both(line, work()))


def test_whoever_waits_goes_on_when_the_channel_ends():
    async def work():
        line = Line(lose=lambda _number: True)
        taking = asyncio.ensure_future(line.client.take())
        flushing = asyncio.ensure_future(line.server.flushed(30))
        await line.server.send(Payload.OUTPUT, b"never comes")
        await asyncio.sleep(0)
        line.client.end()
        line.server.end()
        with pytest.raises(ConnectionError):
            await line.server.send(Payload.OUTPUT, b"more")
        return await taking, await flushing

    assert asyncio.run(work()) in [(None, False), (None, True)]


def test_a_token_opens_its_session_once():
    book = SessionBook()
    order = ShellOrder(runtime_id="r", command="sh")
    made = book.add("ecs-execute-command", order)
    assert book.knows(made.session_id)
    assert book.claim(made.session_id, "guess") is None
    assert book.claim(made.session_id, made.token) == order
    assert book.claim(made.session_id, made.token) is None
    assert not book.knows(made.session_id)


def test_sessions_that_nobody_opens_do_not_pile_up():
    book = SessionBook()
    made = [book.add("x", PortOrder(runtime_id="r", port=1)) for _ in range(10_000)]
    known = sum(book.knows(one.session_id) for one in made)
    assert 0 < known <= 1000
    assert book.knows(made[-1].session_id)

"""One message of Session Manager's data channel, as bytes.

Big-endian, a header of 116 bytes, the length of the payload, the payload:

| bytes | what |
| --- | --- |
| 4 | length of the header without the payload's length |
| 32 | type, padded with spaces |
| 4 | version of the schema, 1 |
| 8 | created, milliseconds since the epoch |
| 8 | sequence number |
| 8 | flags: 1 the first of its sequence, 2 the last |
| 16 | id, its second half first |
| 32 | SHA-256 of the payload |
| 4 | type of the payload |

Source: https://github.com/aws/session-manager-plugin, src/message (clientmessage.go, messageparser.go).
"""

from __future__ import annotations

import hashlib
import json
import struct
import time
import uuid
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, cast

INPUT = "input_stream_data"
OUTPUT = "output_stream_data"
ACKNOWLEDGE = "acknowledge"
CHANNEL_CLOSED = "channel_closed"

LARGEST_PAYLOAD = 1024
"""Bytes that the plugin puts into one message of a stream (src/config, StreamDataPayloadSize)."""
LARGEST_MESSAGE = 64 * 1024
"""A message above this is no client's; a paste is sent in pieces of `LARGEST_PAYLOAD`."""

_HEADER = struct.Struct(">I32sIQqQ16s32sI")
_LENGTH = struct.Struct(">I")
_SINGLE = 3
_HALF = 8


class Payload(IntEnum):
    """What a payload of a stream is (PayloadType in clientmessage.go)."""

    OUTPUT = 1
    ERROR = 2
    SIZE = 3
    PARAMETER = 4
    HANDSHAKE_REQUEST = 5
    HANDSHAKE_RESPONSE = 6
    HANDSHAKE_COMPLETE = 7
    FLAG = 10
    STANDARD_ERROR = 11
    EXIT_CODE = 12


class Flag(IntEnum):
    """What a payload of the type `FLAG` says (PayloadTypeFlag)."""

    DISCONNECT_TO_PORT = 1
    TERMINATE_SESSION = 2
    CONNECT_TO_PORT_ERROR = 3


class MessageError(ValueError):
    """Bytes that are no message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message.

    Attributes:
        kind: its type, such as `input_stream_data`.
        sequence: place in its stream, from 0.
        payload_type: a `Payload`, or 0 for messages of no stream.
        payload: what it carries.
        flags: see the module.
        message_id: by which it is acknowledged.
    """

    kind: str
    payload: bytes
    sequence: int = 0
    payload_type: int = 0
    flags: int = 0
    message_id: uuid.UUID = field(default_factory=uuid.uuid4)

    def encode(self) -> bytes:
        """Give the bytes of it."""
        halves = self.message_id.bytes
        header = _HEADER.pack(
            _HEADER.size,
            self.kind.encode("ascii").ljust(32),
            1,
            round(time.time() * 1000),
            self.sequence,
            self.flags,
            halves[_HALF:] + halves[:_HALF],
            hashlib.sha256(self.payload).digest(),
            self.payload_type,
        )
        return header + _LENGTH.pack(len(self.payload)) + self.payload

    def document(self) -> dict[str, Any]:
        """Read the payload as a JSON object.

        Raises:
            MessageError: it is none.
        """
        try:
            found: object = json.loads(self.payload)
        except ValueError as error:
            raise MessageError(f"a payload that is no JSON: {error}") from error
        if not isinstance(found, dict):
            raise MessageError("a payload that is no JSON object")
        return cast("dict[str, Any]", found)


def decode(data: bytes) -> Message:
    """Read a message.

    Args:
        data: one binary message of the WebSocket.

    Raises:
        MessageError: it is too short, or its payload does not have the digest that it names.
    """
    if len(data) < _HEADER.size + _LENGTH.size:
        raise MessageError(f"a message of {len(data)} bytes")
    size, kind, _, _, sequence, flags, halves, digest, payload_type = _HEADER.unpack_from(data)
    start = size + _LENGTH.size
    if size < _HEADER.size or start > len(data):
        raise MessageError(f"a message whose header says {size} bytes")
    (length,) = _LENGTH.unpack_from(data, size)
    payload = data[start:]
    if length != len(payload):
        raise MessageError(f"a message of {len(payload)} bytes that says {length}")
    if payload and hashlib.sha256(payload).digest() != digest:
        raise MessageError("a payload with another digest than its message says")
    return Message(
        kind=kind.decode("ascii", errors="replace").strip("\0 "),
        sequence=sequence,
        flags=flags,
        message_id=uuid.UUID(bytes=halves[_HALF:] + halves[:_HALF]),
        payload_type=payload_type,
        payload=payload,
    )


def acknowledgement(of: Message) -> Message:
    """Make the message that says another one came."""
    content = {
        "AcknowledgedMessageType": of.kind,
        "AcknowledgedMessageId": str(of.message_id),
        "AcknowledgedMessageSequenceNumber": of.sequence,
        "IsSequentialMessage": True,
    }
    return Message(kind=ACKNOWLEDGE, payload=json.dumps(content).encode(), flags=_SINGLE)


def closing(session_id: str, output: str) -> Message:
    """Make the message that ends a channel.

    Args:
        session_id: the session.
        output: what its user is told; empty for a plain end.
    """
    message_id = uuid.uuid4()
    content = {
        "MessageId": str(message_id),
        "CreatedDate": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "DestinationId": session_id,
        "SessionId": session_id,
        "MessageType": CHANNEL_CLOSED,
        "SchemaVersion": 1,
        "Output": output,
    }
    return Message(kind=CHANNEL_CLOSED, payload=json.dumps(content).encode(), flags=_SINGLE, message_id=message_id)


def flag(value: Flag) -> bytes:
    """Give the payload of a flag."""
    return _LENGTH.pack(value)


def flag_of(payload: bytes) -> int:
    """Read the payload of a flag; 0 when it is none."""
    return _LENGTH.unpack(payload)[0] if len(payload) == _LENGTH.size else 0

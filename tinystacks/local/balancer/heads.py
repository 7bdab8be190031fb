"""Heads of HTTP/1 messages: read within the balancer's limits, kept as they came.

Limits: Application Load Balancer user guide, load-balancer-limits (16 K a request line, 16 K a header, 64 K all
headers of a request, 32 K of a response) and load-balancer-troubleshooting (400, 414).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

LINE_BYTES = 16 * 1024
REQUEST_HEAD_BYTES = 64 * 1024
RESPONSE_HEAD_BYTES = 32 * 1024
_STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-5]\d\d)(?: (.*))?")

Header = tuple[str, str]


class BadMessageError(Exception):
    """A message that is not passed on.

    Args:
        code: what the client is answered.
        reason: the classification's name, as in the access log; empty for none.
    """

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


@dataclass(slots=True, kw_only=True)
class RequestHead:
    """Request line and headers; names and values as they came.

    Attributes:
        target: URI of the request line.
        version: `1.1` or `1.0`.
        size: bytes read.
        classification: `Acceptable`, `Ambiguous`, or empty for what complies with RFC 7230.
        reason: why.
        length: bytes of the body, 0 without one; None where it is chunked.
        declared: whether the client told a length.
    """

    method: str
    target: str
    version: str
    headers: list[Header]
    size: int
    classification: str = ""
    reason: str = ""
    length: int | None = 0
    declared: bool = False

    def get(self, name: str) -> str:
        """The first value of a header, by lower-case name; empty without it."""
        return first(self.headers, name)

    @property
    def has_body(self) -> bool:
        """Whether a body follows."""
        return self.length is None or self.length > 0

    @property
    def wants_upgrade(self) -> bool:
        """Whether the client asks for another protocol on this connection."""
        return bool(self.get("upgrade")) and "upgrade" in tokens(self.headers, "connection")


@dataclass(slots=True, kw_only=True)
class ResponseHead:
    """Status line and headers of a target's answer.

    Attributes:
        length: bytes of the body; None where it is chunked or ends with the connection.
        chunked: whether the body is chunked.
        keeps: whether the target keeps the connection.
    """

    code: int
    reason: str
    headers: list[Header] = field(default_factory=list[Header])
    length: int | None = None
    chunked: bool = False
    keeps: bool = True


def first(headers: list[Header], name: str) -> str:
    """The first value of a header, by lower-case name; empty without it."""
    return next((value for key, value in headers if key.lower() == name), "")


def tokens(headers: list[Header], name: str) -> set[str]:
    """The comma-separated words of a header, in lower case."""
    return {
        word.strip().lower()
        for key, value in headers
        if key.lower() == name
        for word in value.split(",")
        if word.strip()
    }


async def read_lines(reader: asyncio.StreamReader, limit: int) -> list[str]:
    """The lines of a head without their ends, up to the empty line; empty when the connection ended before it.

    Raises:
        BadMessageError: 414 for a first line that is too long, 400 for headers that are, or that broke off.
    """
    lines: list[str] = []
    size = 0
    while True:
        try:
            line = await reader.readline()
        except ValueError as error:
            raise BadMessageError(400 if lines else 414) from error
        if not line.endswith(b"\n"):
            if size + len(line):
                raise BadMessageError(400)
            return []
        size += len(line)
        if size > limit:
            raise BadMessageError(400)
        text = line[:-2] if line.endswith(b"\r\n") else line[:-1]
        if text:
            lines.append(text.decode("latin-1"))
        elif lines:
            return lines


async def read_response(reader: asyncio.StreamReader, method: str) -> ResponseHead:
    """A target's answer, up to its body.

    Args:
        reader: of the connection to the target.
        method: of the request; an answer to HEAD has no body.

    Raises:
        BadMessageError: 502 for what is not HTTP/1 or breaks the limits.
        ConnectionResetError: the target closed before it answered.
    """
    try:
        lines = await read_lines(reader, RESPONSE_HEAD_BYTES)
    except BadMessageError as error:
        raise BadMessageError(502) from error
    if not lines:
        raise ConnectionResetError("the target closed the connection")
    status = _STATUS_LINE.fullmatch(lines[0])
    if status is None:
        raise BadMessageError(502)
    head = ResponseHead(code=int(status[2]), reason=status[3] or "")
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip() or "\r" in value or "\0" in value:
            raise BadMessageError(502)
        head.headers.append((name, value.strip(" \t")))
    _frame(head, method)
    connection = tokens(head.headers, "connection")
    head.keeps = "close" not in connection and (status[1] == "1" or "keep-alive" in connection)
    return head


def _frame(head: ResponseHead, method: str) -> None:
    """How long the body is (RFC 9112, section 6.3)."""
    lengths = {value for name, value in head.headers if name.lower() == "content-length"}
    if method == "HEAD" or head.code in {204, 304} or head.code < 200:  # noqa: PLR2004 - interim answers
        head.length = 0
    elif codings := tokens(head.headers, "transfer-encoding"):
        if codings != {"chunked"}:
            raise BadMessageError(502)
        head.chunked = True
    elif lengths:
        if len(lengths) > 1 or not (text := lengths.pop()).isascii() or not text.isdigit():
            raise BadMessageError(502)
        head.length = int(text)

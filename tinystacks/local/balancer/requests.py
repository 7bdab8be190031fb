"""What clients send: parsed, classified against HTTP desync, and refused where a balancer refuses.

Sources: Application Load Balancer user guide, desync mitigation mode, classification reasons, troubleshooting (400,
405, 463, 501). What cannot be framed is refused in every mode, also in `monitor`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tinystacks.local.balancer.heads import REQUEST_HEAD_BYTES, BadMessageError, Header, RequestHead, read_lines

if TYPE_CHECKING:
    import asyncio

FORWARDED_ADDRESSES = 30
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VERSION = re.compile(r"HTTP/(\d)\.(\d)")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_FRAMING = {"content-length", "transfer-encoding"}
_CODINGS = {"gzip", "x-gzip", "compress", "x-compress", "deflate", "trailers"}
_RANK = {"": 0, "Acceptable": 1, "Ambiguous": 2}


async def read_request(reader: asyncio.StreamReader) -> RequestHead | None:
    """The head of the next request; None when the client closed instead.

    Raises:
        BadMessageError: it is refused.
    """
    lines = await read_lines(reader, REQUEST_HEAD_BYTES)
    if not lines:
        return None
    head = _request_line(lines[0])
    head.size = sum(map(len, lines)) + 2 * len(lines) + 2
    for line in lines[1:]:
        name, value = _header(line, head)
        if name:
            head.headers.append((name, value))
    _frame(head)
    _check(head)
    return head


def blocks(head: RequestHead, mode: str) -> bool:
    """Whether a desync mitigation mode refuses a request."""
    return mode == "strictest" and head.classification != ""


def closes(head: RequestHead, mode: str) -> bool:
    """Whether both connections are closed after a request, as the defensive mode does with ambiguous ones."""
    return mode != "monitor" and head.classification == "Ambiguous"


def _note(head: RequestHead, classification: str, reason: str) -> None:
    if _RANK[classification] > _RANK[head.classification]:
        head.classification, head.reason = classification, reason


def _request_line(line: str) -> RequestHead:
    method, _, rest = line.partition(" ")
    target, _, version = rest.rpartition(" ")
    if _TOKEN.fullmatch(method) is None:
        raise BadMessageError(400, "BadMethod")
    known = _VERSION.fullmatch(version)
    if known is None or known[1] != "1":
        raise BadMessageError(400, "BadVersion")
    if "\0" in target or "\r" in target or not target:
        raise BadMessageError(400, "BadUri")
    head = RequestHead(method=method, target=target, version="1.0" if known[2] == "0" else "1.1", headers=[], size=0)
    if known[2] not in {"0", "1"}:
        _note(head, "Acceptable", "NonCompliantVersion")
    if _CONTROL.search(target):
        _note(head, "Ambiguous", "AmbiguousUri")
    elif " " in target:
        head.target = target.replace(" ", "%20")
        _note(head, "Acceptable", "SpaceInUri")
    return head


def _header(line: str, head: RequestHead) -> Header:
    name, colon, value = line.partition(":")
    if "\0" in line or "\r" in line:
        raise BadMessageError(400, "BadHeader")
    if not colon or line[0] in " \t":
        raise BadMessageError(400, "BadHeader")
    shape = re.sub(r"[\s_]", "-", name.strip().lower())
    if name.lower() not in _FRAMING and shape.strip("-") in _FRAMING:
        _note(head, "Ambiguous", "SuspiciousHeader")
    if not name.strip():
        _note(head, "Ambiguous", "EmptyHeader")
    elif _TOKEN.fullmatch(name) is None or not value.isascii() or _CONTROL.search(value):
        _note(head, "Acceptable", "NonCompliantHeader")
    return name.strip(), value.strip(" \t")


def _frame(head: RequestHead) -> None:
    """How long the body is; a length beside a transfer encoding does not count and is not passed on."""
    lengths = [value for name, value in head.headers if name.lower() == "content-length"]
    codings = [value.lower() for name, value in head.headers if name.lower() == "transfer-encoding"]
    bodiless = head.method in {"GET", "HEAD"}
    if any(not value.isascii() or not value.isdigit() for value in lengths):
        raise BadMessageError(400, "BadContentLength")
    if len({int(value) for value in lengths}) > 1:
        raise BadMessageError(400, "MultipleContentLength")
    if len(lengths) > 1:
        _note(head, "Ambiguous", "DuplicateContentLength")
    if lengths:
        head.length, head.declared = int(lengths[0]), True
        if bodiless and head.length:
            _note(head, "Ambiguous", "UndefinedContentLengthSemantics")
        elif bodiless:
            _note(head, "Acceptable", "GetHeadZeroContentLength")
    if codings:
        _transfer(head, codings)
        if lengths:
            _note(head, "Ambiguous", "BothTeClPresent")
        elif bodiless:
            _note(head, "Ambiguous", "UndefinedTransferEncodingSemantics")
    head.headers = [(name, value) for name, value in head.headers if name.lower() not in _FRAMING]


def _transfer(head: RequestHead, codings: list[str]) -> None:
    words = [word.strip() for value in codings for word in value.split(",")]
    if words.count("chunked") > 1:
        raise BadMessageError(400, "MultipleTransferEncodingChunked")
    if words == ["chunked"]:
        head.length = None
    elif set(words) != {"identity"}:
        raise BadMessageError(501 if set(words) <= _CODINGS | {"chunked", "identity"} else 400, "BadTransferEncoding")


def _check(head: RequestHead) -> None:
    hosts = [value for name, value in head.headers if name.lower() == "host"]
    if len(hosts) > 1 or (head.version == "1.1" and not hosts):
        raise BadMessageError(400)
    if head.method == "TRACE":
        raise BadMessageError(405)
    forwarded = [value for name, value in head.headers if name.lower() == "x-forwarded-for"]
    if sum(value.count(",") + 1 for value in forwarded) > FORWARDED_ADDRESSES:
        raise BadMessageError(463)

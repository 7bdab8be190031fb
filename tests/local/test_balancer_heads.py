"""Heads and bodies from anyone: parsed or refused, never anything else; nothing hides behind a line's end."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tinystacks.local.balancer.bodies import BrokenOffError, Writing, pass_chunks
from tinystacks.local.balancer.forwarded import onward
from tinystacks.local.balancer.heads import BadMessageError, read_response
from tinystacks.local.balancer.requests import blocks, read_request
from tinystacks.local.balancer.streams import Reader
from tinystacks.local.listener_rules import Listener, LoadBalancer

LISTENER = Listener(arn="l", port=80, protocol="HTTP", rules=())
BALANCER = LoadBalancer(arn="a", name="n")
CLIENT: Any = SimpleNamespace(address="127.0.0.1", port=1, cipher="", tls_version="", secure=False)

LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                b"GET / HTTP/1.1",
                b"POST /x HTTP/1.0",
                b"Host: a",
                b"Content-Length: 3",
                b"content-length : 3",
                b"Content-Length: 3, 3",
                b"Transfer-Encoding: chunked",
                b"Transfer-Encoding:\x0bchunked",
                b"Transfer_Encoding: chunked",
                b" folded",
                b"Connection: close, X-Mine",
                b"X-Mine: 1",
                b": empty",
                b"",
            ]
        ),
        st.binary(max_size=30),
    ),
    max_size=8,
)


def fed(data):
    async def read(function):
        reader = Reader()
        reader.feed_data(data)
        reader.feed_eof()
        return await function(reader)

    return lambda function: asyncio.run(read(function))


def outcome(function):
    """What comes of it: a value, or one of the errors that are allowed."""
    try:
        return function()
    except (BadMessageError, BrokenOffError, ConnectionResetError) as error:
        return error


@given(LINES)
@example([b"GET / HTTP/1.1", b"Host: a", b"X: \xff\xfe"])
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_request_or_refused(lines):
    data = b"\r\n".join([*lines, b"", b""])
    head: Any = outcome(lambda: fed(data)(read_request))
    if isinstance(head, BadMessageError):
        assert head.code in {400, 405, 414, 463, 501}
        return
    if head is None:
        return
    text, _, _ = onward(head, BALANCER, LISTENER, CLIENT)
    passed = text.decode("latin-1")
    assert passed.count("\r\n\r\n") == 1
    assert passed.endswith("\r\n\r\n")
    assert "\n" not in passed.replace("\r\n", "")
    names = [line.partition(":")[0].lower() for line in passed.split("\r\n")[1:-2]]
    assert names.count("content-length") + names.count("transfer-encoding") <= 1
    assert "connection" not in names or head.wants_upgrade


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_an_answer_or_refused(data):
    for given_bytes in (data, b"HTTP/1.1 200 OK\r\n" + data + b"\r\n\r\n"):
        head: Any = outcome(lambda one=given_bytes: fed(one)(lambda reader: read_response(reader, "GET")))
        assert isinstance(head, ConnectionResetError) or 100 <= head.code <= 599


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_chunks_or_refused(data):
    written = []
    writer: Any = SimpleNamespace(write=written.append, transport=SimpleNamespace(get_write_buffer_size=lambda: 0))
    into = Writing(writer, chunked=True, count=lambda _: None)
    told = outcome(lambda: fed(data)(lambda reader: pass_chunks(reader, into, 5)))
    assert isinstance(told, list | BadMessageError | BrokenOffError)
    assert sum(map(len, written)) <= 8 * len(data)


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=5))
@settings(max_examples=100, deadline=None)
def test_chunks_pass_whole(pieces):
    written = []
    writer: Any = SimpleNamespace(write=written.append, transport=SimpleNamespace(get_write_buffer_size=lambda: 0))
    into = Writing(writer, chunked=False, count=lambda _: None)
    body = b"".join(b"%X;ext=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nX-End: 1\r\n\r\n"
    assert fed(body)(lambda reader: pass_chunks(reader, into, 5)) == ["X-End: 1"]
    assert b"".join(written) == b"".join(pieces)


@pytest.mark.parametrize(
    ("lines", "classification", "reason"),
    [
        (["GET / HTTP/1.1", "Host: a"], "", ""),
        (["GET /a b HTTP/1.1", "Host: a"], "Acceptable", "SpaceInUri"),
        (["GET / HTTP/1.2", "Host: a"], "Acceptable", "NonCompliantVersion"),
        (["GET / HTTP/1.1", "Host: a", "X: \u00e9"], "Acceptable", "NonCompliantHeader"),
        (["GET / HTTP/1.1", "Host: a", "Content-Length: 0"], "Acceptable", "GetHeadZeroContentLength"),
        (["GET / HTTP/1.1", "Host: a", "Content-Length: 2"], "Ambiguous", "UndefinedContentLengthSemantics"),
        (
            ["GET / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"],
            "Ambiguous",
            "UndefinedTransferEncodingSemantics",
        ),
        (["GET /\x01 HTTP/1.1", "Host: a"], "Ambiguous", "AmbiguousUri"),
        (["POST / HTTP/1.1", "Host: a", "Content_Length: 2"], "Ambiguous", "SuspiciousHeader"),
        (["POST / HTTP/1.1", "Host: a", "Content-Length : 2"], "Ambiguous", "SuspiciousHeader"),
        (["POST / HTTP/1.1", "Host: a", ": 2"], "Ambiguous", "EmptyHeader"),
        (["POST / HTTP/1.1", "Host: a", "Transfer-Encoding: identity"], "", ""),
    ],
)
def test_requests_are_classified_as_documented(lines, classification, reason):
    """ALB user guide, load-balancer-access-logs, classification reasons."""
    head = fed("\r\n".join([*lines, "", ""]).encode("latin-1"))(read_request)
    assert head is not None
    assert (head.classification, head.reason) == (classification, reason)
    assert blocks(head, "strictest") is (classification != "")
    assert not blocks(head, "defensive")

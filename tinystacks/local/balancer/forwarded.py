"""Headers on their way to a target and back.

Source: Application Load Balancer user guide, x-forwarded-headers, load-balancer-request-tracing, and the attributes of
load balancers (`routing.http.…`).
"""

from __future__ import annotations

import re
import time
import uuid
from typing import TYPE_CHECKING

from tinystacks.local.balancer.heads import tokens

if TYPE_CHECKING:
    from tinystacks.local.balancer.heads import Header, RequestHead, ResponseHead
    from tinystacks.local.balancer.listening import Client
    from tinystacks.local.listener_rules import Listener, LoadBalancer

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)
_VALID_NAME = re.compile(r"[A-Za-z0-9-]+")
_TLS_HEADERS = ("x-amzn-tls-version", "x-amzn-tls-cipher-suite")


def onward(head: RequestHead, balancer: LoadBalancer, listener: Listener, client: Client) -> tuple[bytes, str, int]:
    """The request's head as the target gets it.

    Returns:
        The head, the trace id, and how many headers have names that a balancer calls invalid.
    """
    dropped = tokens(head.headers, "connection") | _HOP_BY_HOP
    headers = [(name, value) for name, value in head.headers if name.lower() not in dropped]
    invalid = sum(1 for name, _ in headers if _VALID_NAME.fullmatch(name) is None)
    if balancer.drop_invalid_headers:
        headers = [(name, value) for name, value in headers if _VALID_NAME.fullmatch(name)]
    headers = _forwarded_for(headers, balancer, client)
    trace = _trace(head.get("x-amzn-trace-id"))
    own = {"x-forwarded-proto": listener.scheme, "x-forwarded-port": str(listener.port), "x-amzn-trace-id": trace}
    headers = [(name, value) for name, value in headers if name.lower() not in own]
    headers += [
        ("X-Forwarded-Proto", listener.scheme),
        ("X-Forwarded-Port", str(listener.port)),
        ("X-Amzn-Trace-Id", trace),
    ]
    if balancer.tls_headers:
        headers = [(name, value) for name, value in headers if name.lower() not in _TLS_HEADERS]
        if client.cipher:
            headers += [(_TLS_HEADERS[0], client.tls_version), (_TLS_HEADERS[1], client.cipher)]
    if head.length is None:
        headers.append(("Transfer-Encoding", "chunked"))
    elif head.length or head.declared:
        headers.append(("Content-Length", str(head.length)))
    if head.wants_upgrade:
        headers += [("Connection", "Upgrade"), ("Upgrade", head.get("upgrade"))]
    return _encoded(f"{head.method} {head.target} HTTP/1.1", headers), trace, invalid


def homeward(head: ResponseHead, added: list[Header], *, chunked: bool, keeps: bool) -> bytes:
    """The answer's head as the client gets it.

    Args:
        head: of the target's answer.
        added: headers of the balancer.
        chunked: whether the body goes out in chunks.
        keeps: whether the client's connection stays open.
    """
    line = f"HTTP/1.1 {head.code} {head.reason}"
    if head.code == 101:  # noqa: PLR2004 - Switching Protocols
        return _encoded(line, head.headers + added)
    dropped = tokens(head.headers, "connection") | _HOP_BY_HOP
    if head.length is None:
        dropped.add("content-length")
    headers = [(name, value) for name, value in head.headers if name.lower() not in dropped]
    headers += added
    if chunked:
        headers.append(("Transfer-Encoding", "chunked"))
    headers.append(("Connection", "keep-alive" if keeps else "close"))
    return _encoded(line, headers)


def interim(head: ResponseHead) -> bytes:
    """An answer such as 100 Continue as the client gets it."""
    return _encoded(f"HTTP/1.1 {head.code} {head.reason}", head.headers)


def _forwarded_for(headers: list[Header], balancer: LoadBalancer, client: Client) -> list[Header]:
    if balancer.forwarded_for == "preserve":
        return headers
    before = [value for name, value in headers if name.lower() == "x-forwarded-for"]
    kept = [(name, value) for name, value in headers if name.lower() != "x-forwarded-for"]
    if balancer.forwarded_for == "remove":
        return kept
    source = f"{client.address}:{client.port}" if balancer.forwarded_port else client.address
    return [*kept, ("X-Forwarded-For", ", ".join([*before, source]))]


def _trace(given: str) -> str:
    own = f"1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"
    if not given:
        return f"Root={own}"
    fields = [field.strip() for field in given.split(";") if field.strip() and not field.strip().startswith("Self=")]
    if not any(field.startswith("Root=") for field in fields):
        return ";".join([f"Root={own}", *fields])
    return ";".join([f"Self={own}", *fields])


def _encoded(line: str, headers: list[Header]) -> bytes:
    lines = [line, *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

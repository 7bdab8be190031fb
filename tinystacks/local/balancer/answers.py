"""Answers of the balancer itself: error pages, fixed responses, redirects.

Source: Application Load Balancer user guide, load-balancer-troubleshooting, load-balancer-listeners.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n{1}</body>\r\n</html>\r\n"
)
_OWN_REASONS = {
    405: "Not Allowed",
    408: "Request Time-out",
    414: "Request-URI Too Large",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}
"""Words that differ from those of the HTTP specification."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAnswer:
    """An answer that no target gave."""

    code: int
    content_type: str = "text/html"
    body: bytes = b""
    location: str = ""

    def encoded(self, method: str, *, keeps: bool) -> bytes:
        """The whole answer as it goes to the client.

        Args:
            method: of the request; HEAD gets no body.
            keeps: whether the connection stays open.
        """
        lines = [
            f"HTTP/1.1 {self.code} {reason(self.code)}",
            "Server: awselb/2.0",
            f"Date: {formatdate(usegmt=True)}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            f"Connection: {'keep-alive' if keeps else 'close'}",
        ]
        if self.location:
            lines.append(f"Location: {self.location}")
        head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
        return head if method == "HEAD" else head + self.body


def reason(code: int) -> str:
    """The words of a code."""
    if code in _OWN_REASONS:
        return _OWN_REASONS[code]
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return ""


def page(code: int, text: str = "") -> OwnAnswer:
    """The page of an error; `text` is a line below the title."""
    line = f"<center>{text}</center>\r\n" if text else ""
    return OwnAnswer(code=code, body=_PAGE.format(f"{code} {reason(code)}".strip(), line).encode())


def fixed_response(config: Mapping[str, Any]) -> OwnAnswer:
    """The answer of a fixed-response action."""
    return OwnAnswer(
        code=int(config.get("StatusCode") or 503),
        content_type=f"{config.get('ContentType') or 'text/plain'}; charset=utf-8",
        body=str(config.get("MessageBody") or "").encode(),
    )


def redirect(config: Mapping[str, Any], location: str) -> OwnAnswer:
    """The answer of a redirect action."""
    moved = page(301 if config.get("StatusCode") == "HTTP_301" else 302)
    return OwnAnswer(code=moved.code, body=moved.body, location=location)

"""Cookies that bind a client to a target or to a target group.

Source: Application Load Balancer user guide, sticky-sessions; their content is opaque there, and sealed here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from email.utils import formatdate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tinystacks.local.balancer.heads import Header

TARGET_COOKIE = "AWSALB"
APPLICATION_COOKIE = "AWSALBAPP-0"
GROUP_COOKIE = "AWSALBTG"
APPLICATION_COOKIE_SECONDS = 7 * 86400.0
"""How long a browser keeps `AWSALBAPP`; the configured duration is inside."""
_SEAL_BYTES = 16


class Seal:
    """Makes and opens the cookies' values; a new one for each life of the local AWS."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def close(self, content: list[str], until: float) -> str:
        """A value for a cookie that is good until then."""
        text = json.dumps([content, until]).encode()
        return base64.b64encode(self._mark(text) + text).decode()

    def open(self, value: str, now: float) -> list[str] | None:
        """What was sealed; None for what is forged, broken or too old."""
        try:
            raw = base64.b64decode(value, validate=True)
        except ValueError:
            return None
        mark, text = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if not hmac.compare_digest(mark, self._mark(text)):
            return None
        content, until = json.loads(text)
        return content if until > now else None

    def _mark(self, text: bytes) -> bytes:
        return hmac.new(self._key, text, hashlib.sha256).digest()[:_SEAL_BYTES]


def cookies(headers: Iterable[Header]) -> dict[str, str]:
    """The cookies of a request."""
    found: dict[str, str] = {}
    for name, value in headers:
        if name.lower() == "cookie":
            for pair in value.split(";"):
                key, _, text = pair.strip().partition("=")
                found.setdefault(key, text)
    return found


def sets_cookie(headers: Iterable[Header], cookie: str) -> bool:
    """Whether an answer sets a cookie."""
    return any(name.lower() == "set-cookie" and value.strip().startswith(f"{cookie}=") for name, value in headers)


def set_cookies(name: str, value: str, expires: float, *, secure: bool) -> list[Header]:
    """The headers that set a cookie, and its twin for requests from other sites.

    Args:
        name: of the cookie.
        value: sealed.
        expires: seconds since the epoch.
        secure: the client speaks TLS.
    """
    until = f"Expires={formatdate(expires, usegmt=True)}; Path=/"
    found = [("Set-Cookie", f"{name}={value}; {until}")]
    if name in {TARGET_COOKIE, GROUP_COOKIE}:
        twin = f"{name}CORS={value}; {until}; SameSite=None" + ("; Secure" if secure else "")
        found.append(("Set-Cookie", twin))
    return found


def value_of(given: Mapping[str, str], name: str) -> str:
    """A cookie's value, or that of its twin."""
    return given.get(name) or given.get(f"{name}CORS") or ""

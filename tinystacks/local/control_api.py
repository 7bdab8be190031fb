"""What the local AWS answers about itself, under `/_tinystacks/`: its status, its speed, and what is broken in it.

`GET status` and `GET failures` read; `POST speed`, `POST break` and `POST mend` take one JSON object. A web page in a
browser cannot send them: it would have to ask first for leave to send JSON, which nobody here gives.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, cast

from tinystacks.errors import LocalAwsError, TinystacksError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

    from tinystacks.local.failures.breaking import Breaker

PREFIX = "/_tinystacks/"
_LARGEST_BODY = 64 * 1024
_STATUS = {200: "200 OK", 400: "400 Bad Request", 404: "404 Not Found", 405: "405 Method Not Allowed"}
_log = logging.getLogger(__name__)


class ControlApi:
    """The WSGI application of these paths.

    Args:
        status: gives what `GET status` answers.
        set_speed: sets how fast simulated time runs.
        breaker: breaks and mends.
    """

    def __init__(
        self, *, status: Callable[[], Mapping[str, Any]], set_speed: Callable[[float], None], breaker: Breaker
    ) -> None:
        self._status = status
        self._set_speed = set_speed
        self._breaker = breaker

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        name = str(environ.get("PATH_INFO", "")).removeprefix(PREFIX)
        code, document = self._answer(name, environ)
        data = json.dumps(document).encode()
        start_response(_STATUS[code], [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
        return [data]

    def _answer(self, name: str, environ: WSGIEnvironment) -> tuple[int, Mapping[str, Any]]:
        reads: dict[str, Callable[[], Mapping[str, Any]]] = {
            "status": self._status,
            "failures": lambda: {"failures": self._breaker.document()},
        }
        writes: dict[str, Callable[[dict[str, Any]], Mapping[str, Any]]] = {
            "speed": self._speed,
            "break": self._break,
            "mend": self._mend,
        }
        is_post = environ.get("REQUEST_METHOD") == "POST"
        if name not in {*reads, *writes}:
            return 404, _error(LocalAwsError(f"the local AWS has no {PREFIX}{name}"))
        if is_post != (name in writes):
            return 405, _error(LocalAwsError(f"{PREFIX}{name} is for {'GET' if is_post else 'POST'}"))
        try:
            return 200, writes[name](_body(environ)) if is_post else reads[name]()
        except TinystacksError as error:
            return 400, _error(error)

    def _speed(self, given: dict[str, Any]) -> Mapping[str, Any]:
        speed = _number(given, "speed")
        if speed is None:
            raise UsageError("`speed` is missing")
        self._set_speed(speed)
        _log.info("simulated time runs at speed %g from now on", speed)
        return self._status()

    def _break(self, given: dict[str, Any]) -> Mapping[str, Any]:
        broken = self._breaker.begin(
            _text(given, "kind"),
            _text(given, "what"),
            seconds=_number(given, "for_seconds"),
            every=_number(given, "every_seconds"),
        )
        _log.info("broken: %s", broken["doing"])
        return {"failure": broken}

    def _mend(self, given: dict[str, Any]) -> Mapping[str, Any]:
        return {"mended": self._breaker.end(_text(given, "what") or "all")}


def _body(environ: WSGIEnvironment) -> dict[str, Any]:
    if not str(environ.get("CONTENT_TYPE", "")).startswith("application/json"):
        raise UsageError("the body must be of type application/json")
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > _LARGEST_BODY:
        raise UsageError("the body is too large")
    try:
        document: object = json.loads(environ["wsgi.input"].read(length) or b"{}")
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UsageError("the body must be one JSON object")
    return cast("dict[str, Any]", document)


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name) or ""
    if not isinstance(value, str):
        raise UsageError(f"`{name}` must be text")
    return value


def _number(given: Mapping[str, Any], name: str) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UsageError(f"`{name}` must be a number")
    return float(value)


def _error(error: TinystacksError) -> dict[str, Any]:
    return {"error": {"kind": error.kind, "message": error.message, "hint": error.hint}}

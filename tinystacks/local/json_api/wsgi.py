"""The WSGI face of JSON 1.1 APIs: target header to operation, body to request, errors to `__type` and `message`."""

from __future__ import annotations

import json
import logging
import math
import re
import uuid
from typing import TYPE_CHECKING, Any, Protocol, cast

from tinystacks.controlplane.errors import EcsError
from tinystacks.local.json_api.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from wsgiref.types import StartResponse, WSGIEnvironment

_log = logging.getLogger(__name__)

CONTENT_TYPE = "application/x-amz-json-1.1"
BODY_LIMIT = 4 * 1024 * 1024
"""Largest request body taken, in bytes: far above the 64 KiB of a task definition, far below what could hurt."""
_DISCARD_LIMIT = 64 * 1024 * 1024
_CHUNK = 64 * 1024
_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/([a-z0-9-]+)/(?:([a-z0-9-]+)/)?", re.IGNORECASE)
_STATUS = {
    200: "200 OK",
    400: "400 Bad Request",
    404: "404 Not Found",
    413: "413 Content Too Large",
    500: "500 Internal Server Error",
}


class JsonApi(Protocol):
    """One API that speaks JSON 1.1."""

    @property
    def target_prefix(self) -> str:
        """The part of `X-Amz-Target` before the dot."""
        ...

    @property
    def internal_error(self) -> str:
        """The code that says the service itself failed."""
        ...

    def handle(self, operation: str, region: str, body: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation; refusals are raised as errors with a `code` and a `message`."""
        ...


class JsonEndpoint:
    """A WSGI application over JSON 1.1 APIs; safe to call from many threads if the APIs are.

    Args:
        apis: the APIs served, told apart by their target prefixes.
        single: single operations of other APIs, by their whole target such as `AmazonSSM.StartSession`.
        signing_names: services in credential scopes whose requests are all served here, so that a wrong or missing
            target is refused as the service does it.
        default_region: region of a request that is not signed.
    """

    def __init__(
        self,
        apis: Sequence[JsonApi],
        *,
        single: Mapping[str, JsonApi] | None = None,
        signing_names: Sequence[str] = (),
        default_region: str = "us-east-1",
    ) -> None:
        self._apis = {api.target_prefix: api for api in apis}
        self._single = dict(single or {})
        self._signing_names = frozenset(signing_names)
        self._default_region = default_region

    def serves(self, environ: WSGIEnvironment) -> bool:
        """Tell whether the request is for one of the APIs, by its target or its signature."""
        target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
        if target in self._single or target.partition(".")[0] in self._apis:
            return True
        signed = _SCOPE.search(str(environ.get("HTTP_AUTHORIZATION", "")))
        return signed is not None and str(signed.group(2)).lower() in self._signing_names

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        status, payload, error_code = self._answer(environ)
        headers = [
            ("Content-Type", CONTENT_TYPE),
            ("Content-Length", str(len(payload))),
            ("x-amzn-RequestId", str(uuid.uuid4())),
        ]
        if error_code:
            headers.append(("x-amzn-ErrorType", error_code))
        start_response(_STATUS.get(status, f"{status} Error"), headers)
        return [payload]

    def _answer(self, environ: WSGIEnvironment) -> tuple[int, bytes, str]:
        """Give the status, the body and, for a refusal, its code."""
        target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
        prefix, _, operation = target.partition(".")
        api = self._single.get(target) or self._apis.get(prefix)
        try:
            raw = _read(environ)
            if environ.get("REQUEST_METHOD") != "POST":
                return _refused(404, "UnknownOperationException", "")
            if api is None:
                return _refused(400, "UnknownOperationException", "")
            return 200, _encode(api.handle(operation, self._region(environ), _decode(raw))), ""
        except ApiError as error:
            return _refused(error.status, error.code, error.message, **error.fields)
        except EcsError as error:
            return _refused(400, error.code, error.message)
        except Exception:  # noqa: BLE001 - a fault in one operation must not end the server
            _log.exception("%s of %s failed", operation, prefix)
            return _refused(500, api.internal_error if api else "InternalFailure", "Service Unavailable.")

    def _region(self, environ: WSGIEnvironment) -> str:
        scope = _SCOPE.search(str(environ.get("HTTP_AUTHORIZATION", "")))
        return scope.group(1) if scope else self._default_region


def _refused(status: int, code: str, message: str, **fields: Any) -> tuple[int, bytes, str]:
    return status, _encode({"__type": code, "message": message, **fields}), code


def _encode(body: dict[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()


def _read(environ: WSGIEnvironment) -> bytes:
    """Read the body up to the limit; the rest is read and dropped, so that the client gets to read the refusal."""
    stream = environ["wsgi.input"]
    terminated = bool(environ.get("wsgi.input_terminated"))
    try:
        length = int(environ.get("CONTENT_LENGTH") or (_DISCARD_LIMIT if terminated else 0))
    except ValueError:
        length = 0
    chunks: list[bytes] = []
    kept, left = 0, min(max(length, 0), _DISCARD_LIMIT)
    while left > 0:
        chunk = stream.read(min(_CHUNK, left))
        if not chunk:
            break
        left -= len(chunk)
        kept += len(chunk)
        if kept <= BODY_LIMIT:
            chunks.append(chunk)
        else:
            chunks.clear()
    if kept > BODY_LIMIT or length > _DISCARD_LIMIT:
        raise ApiError(
            "RequestEntityTooLargeException",
            f"Request body is larger than {BODY_LIMIT} bytes.",
            status=413,
        )
    return b"".join(chunks)


def _decode(raw: bytes) -> dict[str, Any]:
    try:
        value: Any = json.loads(raw or b"{}", parse_float=_finite_float, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ApiError("SerializationException", "") from None
    if not isinstance(value, dict):
        raise ApiError("SerializationException", "Unexpected field type")
    return cast("dict[str, Any]", value)


def _finite_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _no_constant(text: str) -> float:
    """Refuse NaN and Infinity, which Python reads and JSON does not have."""
    raise ValueError(text)

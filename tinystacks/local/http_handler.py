"""How the endpoint speaks HTTP: 1.1 with connections kept alive.

werkzeug's own handler closes each connection and waits 10 ms for stray bytes; hundreds of calls make up one `up`.
"""

from __future__ import annotations

import logging
from typing import IO, TYPE_CHECKING, Any, cast

from tinystacks.local.call import receive_body

if TYPE_CHECKING:
    from werkzeug.serving import WSGIRequestHandler

_log = logging.getLogger(__name__)

SILENT_SECONDS = 300.0
"""A connection on which nothing comes for so long is closed, so that half-open ones do not add up."""
_DRAIN_LIMIT = 64 * 1024 * 1024
_CHUNK = 64 * 1024
_BODILESS = frozenset({204, 304})


class BoundedInput:
    """A request body that ends where its length says, so that the next request begins where this one ends.

    Args:
        stream: the connection.
        length: of the body, bytes.
    """

    def __init__(self, stream: IO[bytes], length: int) -> None:
        self._stream = stream
        self.left = length

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes; all that is left when negative."""
        wanted = self.left if size < 0 else min(size, self.left)
        data = self._stream.read(wanted) if wanted else b""
        self.left -= len(data)
        return data

    def readline(self, size: int = -1) -> bytes:
        """Read one line."""
        data = self._stream.readline(self.left if size < 0 else min(size, self.left)) if self.left else b""
        self.left -= len(data)
        return data

    def readlines(self, _hint: int = -1) -> list[bytes]:
        """Read every line that is left."""
        return self.read().splitlines(keepends=True)

    def __iter__(self) -> BoundedInput:
        return self

    def __next__(self) -> bytes:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def drain(self) -> bool:
        """Read and drop what the application left; False when that would take too long."""
        if self.left > _DRAIN_LIMIT:
            return False
        while self.left and self.read(_CHUNK):
            pass
        return self.left == 0


def handler_class() -> type[WSGIRequestHandler]:  # noqa: C901 - it only wraps a class whose base is loaded late
    """Make the request handler; moto's own keeps header names with underscores, which S3 metadata needs."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler  # noqa: PLC0415 - moto takes seconds to load

    class KeepAliveHandler(MotoRequestHandler):
        """Keeps connections; writes requests to the log only when somebody debugs."""

        protocol_version = "HTTP/1.1"
        timeout = SILENT_SECONDS
        disable_nagle_algorithm = True  # or the last packet of an answer waits for the client's ACK, up to 40 ms

        def run_wsgi(self) -> None:
            """Answer one request."""
            environ = self.make_environ()
            body = None
            try:
                if environ.get("wsgi.input_terminated"):
                    _take_chunks(environ)
                else:
                    body = BoundedInput(cast("IO[bytes]", self.rfile), _length(environ))
                    environ["wsgi.input"] = body
            except ValueError as error:
                # Where the next request begins cannot be known.
                self.close_connection = True
                self._write("400 Bad Request", [("Content-Type", "text/plain")], str(error).encode())
                return
            started: list[Any] = []

            def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
                started[:] = [status, headers]
                return _ignore

            try:
                answer = cast("Any", self.server).app(environ, start_response)
                data = b"".join(answer)
                if hasattr(answer, "close"):
                    answer.close()
            except Exception:  # noqa: BLE001 - one request that fails must not end the server; it is logged
                _log.exception("%s %s failed", environ["REQUEST_METHOD"], environ["PATH_INFO"])
                started[:] = ["500 Internal Server Error", [("Content-Type", "text/plain")]]
                data = b"Internal Server Error"
            if body is None or not body.drain():
                self.close_connection = True
            self._write(str(started[0]), list(started[1]), data)

        def _write(self, status: str, headers: list[tuple[str, str]], data: bytes) -> None:
            number, _, reason = status.partition(" ")
            code = int(number)
            self.send_response(code, reason)
            head = self.command == "HEAD"
            for name, value in headers:
                if name.lower() not in {"content-length", "connection", "transfer-encoding"} or (
                    head and name.lower() == "content-length"
                ):
                    self.send_header(name, value)
            if not head and code not in _BODILESS:
                self.send_header("Content-Length", str(len(data)))
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            if not head and code not in _BODILESS:
                self.wfile.write(data)

        def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's own name
            """Write one line about a request."""
            _log.debug("%s: " + message, type, *args)

    return KeepAliveHandler


def _ignore(_data: bytes) -> None:
    """WSGI's old way to write, which nothing here uses."""


def _length(environ: dict[str, Any]) -> int:
    """Read the length of a body (RFC 9110, section 8.6: digits only)."""
    told = str(environ.get("CONTENT_LENGTH") or "0")
    if not (told.isascii() and told.isdigit()):
        raise ValueError("Invalid Content-Length.")
    return int(told)


def _take_chunks(environ: dict[str, Any]) -> None:
    """Read a chunked body whole, so that nothing acts on one that is malformed (RFC 9112, section 7.1)."""
    try:
        environ["CONTENT_LENGTH"] = str(receive_body(environ))
    except OSError as error:
        raise ValueError("Malformed chunked body.") from error

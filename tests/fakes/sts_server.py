"""STS on 127.0.0.1: says whose credentials a caller has, or why they are no good."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

_NAMESPACE = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'


def identity_of(account: str) -> tuple[int, str]:
    """The answer of GetCallerIdentity."""
    result = f"<Account>{account}</Account><UserId>U</UserId><Arn>arn:aws:iam::{account}:user/u</Arn>"
    body = f"<GetCallerIdentityResult>{result}</GetCallerIdentityResult>"
    return 200, f"<GetCallerIdentityResponse {_NAMESPACE}>{body}</GetCallerIdentityResponse>"


def refusal(code: str, message: str) -> tuple[int, str]:
    """An error as STS writes it."""
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return 403, f"<ErrorResponse {_NAMESPACE}>{error}</ErrorResponse>"


@contextmanager
def sts_that_says(answer: tuple[int, str]) -> Generator[dict[str, str]]:
    """Serve one answer; gives the variables that lead a caller with keys here."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            code, text = answer
            body = text.encode()
            self.send_response(code)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield {
            "AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{server.server_port}",
            "AWS_ACCESS_KEY_ID": "of-somebody",
            "AWS_SECRET_ACCESS_KEY": "of-somebody",
            "AWS_REGION": "us-east-1",
        }
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""Something that is not AWS answers every call with a page of its own, as a proxy or a portal to sign in does."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.fakes.command_line import a_user

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = b"<html><body>Sign in</body></html>"


class _Portal(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Write nothing."""


@pytest.fixture(scope="module")
def portal() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Portal)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.mark.parametrize("command", ["status", "tasks", "events", "logs", "metrics"])
def test_a_page_in_place_of_an_answer_is_an_error_and_no_empty_cluster(tmp_path, portal, command):
    user = a_user(
        tmp_path,
        AWS_ENDPOINT_URL=portal,
        AWS_ACCESS_KEY_ID="a",
        AWS_SECRET_ACCESS_KEY="b",
        AWS_REGION="us-east-1",
    )
    ran = user.run(command, "--cluster", "main")
    assert (ran.code, ran.out) == (1, ""), ran.err
    assert "cluster main: an answer of ecs lacks 'serviceArns'" in ran.err
    assert "between this machine and AWS" in ran.err

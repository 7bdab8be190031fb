"""One balancer with real sockets, and targets whose path says how they behave; no AWS."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import ssl
from typing import TYPE_CHECKING, Any

from tinystacks.local.balancer.access_log import AccessLogs
from tinystacks.local.balancer.balancers import Balancers
from tinystacks.local.balancer.streams import accept
from tinystacks.local.listener_rules import Listener, ListenerRule, LoadBalancer, in_order
from tinystacks.local.listening_port import ListeningPort
from tinystacks.local.loop_thread import LoopThread
from tinystacks.local.targets import CheckResult, TargetBook, TargetGroup
from tinystacks.local.traffic import TrafficBook

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/1"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/2"


class EchoTarget:
    """Tells what reached it.

    Attributes:
        port: where it listens.
        connections: how many it took.
        heads: first lines of requests, in order.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self.port = 0
        self.connections = 0
        self.heads: list[str] = []
        self.release = asyncio.Event()
        self._listening = ListeningPort(self._serve)

    async def open(self) -> None:
        self.port = self._listening.open()

    async def close(self) -> None:
        await self._listening.close()

    async def _serve(self, connection: socket.socket, _client: tuple[str, int]) -> None:
        self.connections += 1
        reader, writer = await accept(connection, self._context)
        try:
            while await self._request(reader, writer):
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:  # noqa: C901, PLR0911, PLR0912, PLR0915 - one answer per behaviour
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rest = head.split("\r\n")
        self.heads.append(first)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        path = first.split(" ")[1]
        match path.split("?")[0]:
            case "/hang-up":
                return False
            case "/hang":
                await asyncio.sleep(60)
            case "/half":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
                return False
            case "/early":
                writer.write(b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n")
                await self.release.wait()
                return False
            case "/nonsense":
                writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
                return False
            case "/bad-length":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4, 5\r\n\r\nfour")
                return False
            case "/large-head":
                writer.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000 + b"\r\n\r\n")
                return False
            case "/ws":
                writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
                while piece := await reader.read(1000):
                    writer.write(piece.upper())
                return False
            case "/stream":
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
                await self.release.wait()
                writer.write(b"6\r\nsecond\r\n0\r\n\r\n")
                return True
            case "/until-close":
                writer.write(b"HTTP/1.1 200 OK\r\n\r\nto the end")
                return False
            case "/cookie":
                writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: app=1\r\nContent-Length: 0\r\n\r\n")
                return True
            case "/hints":
                writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            case _:
                pass
        if headers.get("expect") == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        sent = b""
        if headers.get("transfer-encoding") == "chunked":
            while size := int(await reader.readline(), 16):
                sent += (await reader.readexactly(size + 2))[:-2]
            await reader.readline()
        else:
            sent = await reader.readexactly(int(headers.get("content-length") or 0))
        if path == "/silent-next":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await writer.drain()
            await reader.readexactly(1)
            # The next request has begun to come when this side closes, as at the end of a keep-alive time.
            return False
        told = {"line": first, "headers": headers, "length": len(sent), "port": self.port, "raw": head}
        body = json.dumps(told).encode()
        code = "500 Oops" if path == "/fail" else "200 OK"
        writer.write(f"HTTP/1.1 {code}\r\nContent-Length: {len(body)}\r\nX-Own: yes\r\n\r\n".encode())
        writer.write(b"" if first.startswith("HEAD") else body)
        return True


class BalancerWorld:
    """The balancer, its targets, and what a client says to it."""

    def __init__(self) -> None:
        self.loop = LoopThread("test-loop")
        self.loop.start()
        self.book = TargetBook()
        self.group = TargetGroup(arn=GROUP, interval=5, timeout=2)
        self.book.set_groups({GROUP: self.group})
        self.traffic = TrafficBook()
        self.now = 0.0
        self.objects: dict[str, bytes] = {}
        self.balancers = Balancers(
            self.loop,
            lambda _: self.book,
            traffic=self.traffic,
            logs=AccessLogs(lambda _service, _region: self),
            now=lambda: self.now,
        )
        self.port = self.balancers.open(ARN)
        self._targets: list[EchoTarget] = []

    def put_object(self, **given: Any) -> None:
        """What access logs ask of S3."""
        self.objects[f"{given['Bucket']}/{given['Key']}"] = given["Body"]

    def target(self, *, group: str = GROUP) -> EchoTarget:
        """A registered target that is healthy."""
        made = self.unregistered()
        self.register(made.port, group=group)
        return made

    def unregistered(self, context: ssl.SSLContext | None = None) -> EchoTarget:
        """A target that no group knows."""
        made = EchoTarget(context)
        self.loop.call(made.open())
        self._targets.append(made)
        return made

    def register(self, port: int, *, group: str = GROUP) -> None:
        self.book.register(group, "i-1", port, address=("127.0.0.1", port), now=0)
        for one, settings in self.book.due(1e9):
            self.book.checked(one, settings, CheckResult(passed=True))

    def stop(self, target: EchoTarget) -> None:
        """End a target, without a word to the balancer."""
        self.loop.call(target.close())

    def listen(self, *listeners: Listener, **attributes: Any) -> None:
        """Give the balancer its listeners and attributes."""
        self.balancers.sync({ARN: LoadBalancer(arn=ARN, name="web", listeners=listeners, **attributes)})

    def get(
        self,
        path: str = "/",
        *,
        port: int | None = None,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        secure: bool = False,
    ) -> tuple[int, http.client.HTTPMessage, str]:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("localhost", port or self.port, timeout=10)
        if secure:
            connection = http.client.HTTPSConnection("localhost", port or self.port, timeout=10, context=unchecked())
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers=dict(headers or {}))
            with connection.getresponse() as answer:
                return answer.status, answer.headers, answer.read().decode()

    def connect(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def say(self, *pieces: bytes) -> bytes:
        """Send bytes; all that comes back until the balancer closes."""
        with self.connect() as connection:
            for piece in pieces:
                with contextlib.suppress(ConnectionError):
                    connection.sendall(piece)
            return read_all(connection)

    def close(self) -> None:
        self.balancers.close()
        for target in self._targets:
            self.loop.call(target.close())
        self.loop.stop()


def read_all(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65536):
            found += piece
    return found


def read_until(connection: socket.socket, end: bytes) -> bytes:
    """What comes until these bytes were seen."""
    found = b""
    while end not in found:
        piece = connection.recv(65536)
        if not piece:
            raise AssertionError(f"closed after {found!r}")
        found += piece
    return found


def unchecked() -> ssl.SSLContext:
    """TLS without a look at the certificate, as `curl -k`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def forwarding(port: int = 80, *rules: ListenerRule, protocol: str = "HTTP", action: Any = None) -> Listener:
    """A listener that forwards to the group."""
    forward = action or {"Type": "forward", "TargetGroupArn": GROUP}
    default = ListenerRule(priority=None, actions=(forward,))
    return Listener(arn=f"listener-{port}", port=port, protocol=protocol, rules=in_order([default, *rules]))


@contextlib.contextmanager
def balancer_world() -> Generator[BalancerWorld]:
    """A world for one test."""
    made = BalancerWorld()
    try:
        yield made
    finally:
        made.close()

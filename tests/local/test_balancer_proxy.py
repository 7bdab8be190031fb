"""The balancer over HTTP: real sockets, real targets, no AWS."""

import asyncio
import contextlib
import http.client
import json
import socket
import ssl
from dataclasses import replace

import pytest

from tests.fakes.local_stage import eventually
from tinystacks.local.balancer.access_log import AccessLogs
from tinystacks.local.balancer.balancers import Balancers
from tinystacks.local.clock import SpeededClock
from tinystacks.local.listener_rules import Listener, ListenerRule, LoadBalancer, in_order
from tinystacks.local.loop_thread import LoopThread
from tinystacks.local.target_health import HealthChecker
from tinystacks.local.targets import CheckResult, TargetBook, TargetGroup
from tinystacks.local.traffic import Path, TrafficBook

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/1"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/2"


async def _echo(reader, writer):
    """A target that tells what reached it; its path says how to behave."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *rest = head.split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
            sent = b""
            if headers.get("transfer-encoding") == "chunked":
                while size := int(await reader.readline(), 16):
                    sent += (await reader.readexactly(size + 2))[:-2]
                await reader.readline()
            else:
                sent = await reader.readexactly(int(headers.get("content-length") or 0))
            if " /hang-up" in first:
                return
            if " /hang" in first:
                await asyncio.sleep(60)
            body = json.dumps({"line": first, "headers": headers, "length": len(sent)}).encode()
            if " /half" in first:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
                return
            code = "500 Oops" if " /fail" in first else "200 OK"
            writer.write(f"HTTP/1.1 {code}\r\nContent-Length: {len(body)}\r\nX-Own: yes\r\n\r\n".encode())
            writer.write(b"" if first.startswith("HEAD") else body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


class World:
    """One balancer with a port, two targets, and what listens behind them."""

    def __init__(self):
        self.loop = LoopThread("test-loop")
        self.loop.start()
        self.book = TargetBook()
        self.group = TargetGroup(arn=GROUP, interval=5, timeout=2)
        self.book.set_groups({GROUP: self.group})
        self.traffic = TrafficBook()
        self.now = 0.0
        self.balancers = Balancers(
            self.loop, lambda _: self.book, traffic=self.traffic, logs=AccessLogs(self.s3), now=lambda: self.now
        )
        self.port = self.balancers.open(ARN)
        self.servers = []

    def s3(self, service, region):
        raise AssertionError("no log is asked for")

    def target(self):
        server = self.loop.call(self._listen())
        self.servers.append(server)
        return server, server.sockets[0].getsockname()[1]

    async def _listen(self):
        return await asyncio.start_server(_echo, "127.0.0.1", 0)

    def register(self, port):
        self.book.register(GROUP, "i-1", port, address=("127.0.0.1", port), now=0)
        for one, settings in self.book.due(1e9):
            self.book.checked(one, settings, CheckResult(passed=True))

    def listen(self, *listeners, idle_timeout=60.0):
        self.balancers.sync({ARN: LoadBalancer(arn=ARN, name="web", listeners=listeners, idle_timeout=idle_timeout)})

    def get(self, path="/", *, port=None, method="GET", body=None, headers=None, secure=False):
        connection = http.client.HTTPConnection("localhost", port or self.port, timeout=10)
        if secure:
            unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
            connection = http.client.HTTPSConnection("localhost", self.port, timeout=10, context=unchecked)
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers=headers or {})
            with connection.getresponse() as answer:
                return answer.status, dict(answer.getheaders()), answer.read().decode()


def forwarding(port=80, *rules):
    default = ListenerRule(priority=None, actions=({"Type": "forward", "TargetGroupArn": GROUP},))
    return Listener(arn=f"listener-{port}", port=port, protocol="HTTP", rules=in_order([default, *rules]))


@pytest.fixture
def world():
    made = World()
    yield made
    made.balancers.close()
    for server in made.servers:
        made.loop.call(_shut(server))
    made.loop.stop()


def test_requests_go_round_and_carry_the_balancers_headers(world):
    ports = []
    for _ in range(2):
        _, port = world.target()
        world.register(port)
        ports.append(port)
    world.listen(forwarding())
    seen = []
    for _ in range(4):
        status, headers, text = world.get("/a%20b?x=1", headers={"X-Forwarded-For": "1.2.3.4"})
        assert status == 200
        assert headers["X-Own"] == "yes"
        told = json.loads(text)
        assert told["line"] == "GET /a%20b?x=1 HTTP/1.1"
        seen.append(told["headers"])
    assert seen[0]["x-forwarded-for"] == "1.2.3.4, 127.0.0.1"
    assert (seen[0]["x-forwarded-proto"], seen[0]["x-forwarded-port"]) == ("http", "80")
    assert seen[0]["x-amzn-trace-id"].startswith("Root=1-")
    assert seen[0]["host"] == f"localhost:{world.port}"
    counted = world.traffic.take()[Path(ARN, GROUP)]
    assert (counted.requests, counted.numbers["HTTPCode_Target_2XX_Count"]) == (4, 4)


def test_bodies_pass_with_a_length_and_chunked(world):
    _, port = world.target()
    world.register(port)
    world.listen(forwarding())
    assert json.loads(world.get("/", method="POST", body=b"x" * 200_000)[2])["length"] == 200_000
    assert json.loads(world.get("/", method="POST", body=iter([b"ab", b"cde"]))[2])["length"] == 5
    assert world.get("/", method="HEAD")[0] == 200


def test_connections_are_kept(world):
    _, port = world.target()
    world.register(port)
    world.listen(forwarding())
    connection = http.client.HTTPConnection("127.0.0.1", world.port, timeout=10)
    own = set()
    for _ in range(3):
        connection.request("GET", "/")
        connection.getresponse().read()
        own.add(connection.sock.getsockname())
    assert len(own) == 1
    connection.close()


def test_l9_no_target_is_503_and_l10_a_dead_one_502_a_slow_one_504(world):
    world.listen(forwarding(), idle_timeout=0.3)
    assert world.get()[0] == 503
    server, port = world.target()
    world.register(port)
    assert world.get("/hang")[0] == 504
    assert world.get("/hang-up")[0] == 502
    world.loop.call(_shut(server))
    status, headers, text = world.get()
    assert status == 502
    assert headers["Server"] == "awselb/2.0"
    assert "502 Bad Gateway" in text
    numbers = world.traffic.take()[Path(ARN)].numbers
    assert {name: numbers[f"HTTPCode_ELB_{name}_Count"] for name in ("5XX", "502", "503", "504")} == {
        "5XX": 4,
        "502": 2,
        "503": 1,
        "504": 1,
    }


async def _shut(server):
    server.close()


def test_an_answer_that_breaks_off_breaks_off_for_the_client_too(world):
    _, port = world.target()
    world.register(port)
    world.listen(forwarding())
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        world.get("/half")
    assert world.get()[0] == 200


def test_l11_a_targets_own_500_passes_and_counts_as_the_targets(world):
    _, port = world.target()
    world.register(port)
    world.listen(forwarding())
    assert world.get("/fail")[0] == 500
    counted = world.traffic.take()
    assert counted[Path(ARN, GROUP)].numbers == {"HTTPCode_Target_5XX_Count": 1}
    assert not [name for count in counted.values() for name in count.numbers if name.startswith("HTTPCode_ELB")]


def test_rules_fixed_responses_and_redirects(world):
    fixed = {
        "Type": "fixed-response",
        "FixedResponseConfig": {"StatusCode": "418", "MessageBody": "tea", "ContentType": "text/plain"},
    }
    teapot = ListenerRule(priority=1, conditions=({"Field": "path-pattern", "Values": ["/tea*"]},), actions=(fixed,))
    secure = ListenerRule(
        priority=None,
        actions=(
            {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}},
        ),
    )
    plain = Listener(arn="plain", port=80, protocol="HTTP", rules=in_order([secure, teapot]))
    tls = Listener(arn="tls", port=443, protocol="HTTPS", rules=forwarding().rules)
    _, port = world.target()
    world.register(port)
    world.listen(plain, tls)
    status, _, text = world.get("/tea/time")
    assert (status, text) == (418, "tea")
    status, headers, _ = world.get("/x?y=1")
    assert status == 301
    assert headers["Location"] == f"https://localhost:{world.port}/x?y=1"
    status, _, text = world.get("/x", secure=True)
    assert status == 200
    assert json.loads(text)["headers"]["x-forwarded-proto"] == "https"


def test_weights_split_requests_between_groups(world):
    other = GROUP + "b"
    world.book.set_groups({GROUP: world.group, other: replace(world.group, arn=other)})
    _, port = world.target()
    world.register(port)
    groups = [{"TargetGroupArn": GROUP, "Weight": 3}, {"TargetGroupArn": other, "Weight": 1}]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    rules = (ListenerRule(priority=None, actions=(action,)),)
    world.listen(Listener(arn="l", port=80, protocol="HTTP", rules=rules))
    assert sorted(world.get()[0] for _ in range(8)) == [200] * 6 + [503] * 2


def test_a_balancer_without_a_listener_says_503_and_a_deleted_one_nothing(world):
    assert world.get()[0] == 503
    world.listen()
    world.balancers.sync({})
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", world.port), timeout=2)


def test_l3_health_checks_follow_what_a_target_answers(world):
    clock = SpeededClock(50)
    checks = world.loop.spawn(HealthChecker(world.book, clock).run())
    server, port = world.target()
    world.book.register(GROUP, "i-1", port, address=("127.0.0.1", port), now=clock.now())
    eventually(lambda: world.book.describe(GROUP)[0].state == "healthy" or None, what="healthy", seconds=10)
    world.book.set_groups({GROUP: replace(world.group, check_path="/fail")})
    eventually(lambda: world.book.describe(GROUP)[0].state == "unhealthy" or None, what="unhealthy", seconds=10)
    assert world.book.describe(GROUP)[0].description == "Health checks failed with these codes: [500]"
    world.book.set_groups({GROUP: replace(world.group, check_path="/hang")})
    eventually(lambda: world.book.describe(GROUP)[0].reason == "Target.Timeout" or None, what="timeout", seconds=10)
    world.loop.call(_shut(server))
    checks.cancel()

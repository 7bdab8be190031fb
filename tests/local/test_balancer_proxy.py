"""The balancer over HTTP: real sockets, real targets, no AWS."""

import http.client
import json
import socket
from dataclasses import replace

import pytest

from tests.fakes.balancer_world import ARN, GROUP, balancer_world, forwarding
from tests.fakes.local_stage import eventually
from tinystacks.local.clock import SpeededClock
from tinystacks.local.listener_rules import Listener, ListenerRule, in_order
from tinystacks.local.target_health import HealthChecker
from tinystacks.local.traffic import Path


@pytest.fixture
def world():
    with balancer_world() as made:
        yield made


def test_requests_go_round_and_carry_the_balancers_headers(world):
    ports = [world.target().port for _ in range(2)]
    world.listen(forwarding())
    seen, answered = [], []
    for _ in range(4):
        status, headers, text = world.get("/a%20b?x=1", headers={"X-Forwarded-For": "1.2.3.4"})
        assert status == 200
        assert headers["X-Own"] == "yes"
        told = json.loads(text)
        assert told["line"] == "GET /a%20b?x=1 HTTP/1.1"
        seen.append(told["headers"])
        answered.append(told["port"])
    assert sorted(answered) == sorted(ports * 2)
    assert seen[0]["x-forwarded-for"] == "1.2.3.4, 127.0.0.1"
    assert (seen[0]["x-forwarded-proto"], seen[0]["x-forwarded-port"]) == ("http", "80")
    assert seen[0]["x-amzn-trace-id"].startswith("Root=1-")
    assert seen[0]["host"] == f"localhost:{world.port}"
    counted = world.traffic.take()[Path(ARN, GROUP)]
    assert (counted.requests, counted.numbers["HTTPCode_Target_2XX_Count"]) == (4, 4)


def test_bodies_pass_with_a_length_and_chunked(world):
    world.target()
    world.listen(forwarding())
    assert json.loads(world.get("/", method="POST", body=b"x" * 200_000)[2])["length"] == 200_000
    assert json.loads(world.get("/", method="POST", body=iter([b"ab", b"cde"]))[2])["length"] == 5
    assert world.get("/", method="HEAD")[0] == 200


def test_connections_are_kept(world):
    world.target()
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
    """Source: Application Load Balancer user guide, target-group-health-checks, load-balancer-troubleshooting;
    Application Load Balancer user guide, load-balancer-troubleshooting; Elastic Load Balancing API,
    LoadBalancerAttribute.
    """
    world.listen(forwarding(), idle_timeout=0.3)
    assert world.get()[0] == 503
    server = world.target()
    assert world.get("/hang")[0] == 504
    assert world.get("/hang-up")[0] == 502
    world.stop(server)
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


def test_an_answer_that_breaks_off_breaks_off_for_the_client_too(world):
    world.target()
    world.listen(forwarding())
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        world.get("/half")
    assert world.get()[0] == 200


def test_l11_a_targets_own_500_passes_and_counts_as_the_targets(world):
    """Source: Application Load Balancer user guide, load-balancer-troubleshooting; Elastic Load Balancing API,
    LoadBalancerAttribute.
    """
    world.target()
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
    world.target()
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
    world.target()
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
    """Source: Application Load Balancer user guide, target-group-health-checks."""
    clock = SpeededClock(50)
    checks = world.loop.spawn(HealthChecker(world.book, clock).run())
    server = world.unregistered()
    port = server.port
    world.book.register(GROUP, "i-1", port, address=("127.0.0.1", port), now=clock.now())
    eventually(lambda: world.book.describe(GROUP)[0].state == "healthy", what="healthy", seconds=10)
    world.book.set_groups({GROUP: replace(world.group, check_path="/fail")})
    eventually(lambda: world.book.describe(GROUP)[0].state == "unhealthy", what="unhealthy", seconds=10)
    assert world.book.describe(GROUP)[0].description == "Health checks failed with these codes: [500]"
    world.book.set_groups({GROUP: replace(world.group, check_path="/hang")})
    eventually(lambda: world.book.describe(GROUP)[0].reason == "Target.Timeout", what="timeout", seconds=10)
    world.stop(server)
    checks.cancel()

"""HTTP/1.1 through the balancer: streams, upgrades, limits, and what is no HTTP.

Sources: Application Load Balancer user guide, load-balancer-troubleshooting, load-balancer-limits, desync mitigation
mode and its classification reasons, x-forwarded-headers, load-balancer-request-tracing.
"""

import json
import re
import socket
import time
from dataclasses import replace

import pytest

from tests.fakes.balancer_world import ARN, GROUP, balancer_world, forwarding, read_all, read_until, unchecked
from tests.fakes.local_stage import eventually
from tinystacks.local.balancer.certificates import Certificates
from tinystacks.local.clock import SpeededClock
from tinystacks.local.listener_rules import Listener
from tinystacks.local.target_health import HealthChecker
from tinystacks.local.traffic import Path, merged

HOST = b"Host: shop.example.com\r\n"


@pytest.fixture
def world():
    with balancer_world() as made:
        yield made


def counted(world):
    counts = merged(world.traffic.take(), groups=False, zones=False)
    return counts[Path(ARN)].numbers if counts else {}


def status(answer):
    return int(answer.split(b" ", 2)[1])


def request(line, *headers, body=b""):
    return (
        line.encode() + b" HTTP/1.1\r\n" + HOST + b"".join(one.encode() + b"\r\n" for one in headers) + b"\r\n" + body
    )


def test_an_answer_passes_piece_by_piece(world):
    target = world.target()
    world.listen(forwarding())
    with world.connect() as connection:
        connection.sendall(request("GET /stream", "Connection: close"))
        assert b"first" in read_until(connection, b"first\r\n")
        world.loop.call(_set(target.release))
        assert read_all(connection) == b"6\r\nsecond\r\n0\r\n\r\n"


async def _set(event):
    event.set()


def test_a_request_body_passes_piece_by_piece_and_is_never_whole_in_memory(world):
    world.target()
    world.listen(forwarding())
    piece = b"x" * 100_000
    with world.connect() as connection:
        connection.sendall(request("POST /", "Transfer-Encoding: chunked", "Connection: close"))
        for _ in range(100):
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        connection.sendall(b"0\r\n\r\n")
        answer = read_all(connection)
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["length"] == 10_000_000


def test_an_answer_that_ends_with_its_connection_is_chunked_for_http_1_1_and_bare_for_1_0(world):
    world.target()
    world.listen(forwarding())
    assert world.get("/until-close")[2] == "to the end"
    answer = world.say(b"GET /until-close HTTP/1.0\r\n\r\n")
    assert answer.endswith(b"\r\n\r\nto the end")
    assert b"chunked" not in answer


def test_a_websocket_passes_both_ways_and_ends_with_either_side(world):
    world.target()
    world.listen(forwarding())
    with world.connect() as connection:
        connection.sendall(request("GET /ws", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x"))
        head = read_until(connection, b"\r\n\r\n")
        assert status(head) == 101
        assert b"upgrade: websocket" in head.lower()
        for word in (b"hello", b"again"):
            connection.sendall(word)
            assert read_until(connection, word.upper()) == word.upper()
    eventually(lambda: world.balancers.connections()[ARN] == 0, what="both connections closed")


def test_a_quiet_websocket_ends_when_the_idle_timeout_has_passed_once(world):
    """ALB user guide, application-load-balancers (connection idle timeout): no data for that long ends it."""
    world.target()
    world.listen(forwarding(), idle_timeout=1.0)
    with world.connect() as connection:
        connection.sendall(request("GET /ws", "Connection: Upgrade", "Upgrade: websocket"))
        read_until(connection, b"\r\n\r\n")
        connection.sendall(b"still here")
        assert read_until(connection, b"HERE") == b"STILL HERE"
        quiet_since = time.monotonic()
        assert read_all(connection) == b""
        assert 0.9 < time.monotonic() - quiet_since < 1.8


def test_a_websocket_that_says_something_now_and_then_stays_open(world):
    world.target()
    world.listen(forwarding(), idle_timeout=1.0)
    with world.connect() as connection:
        connection.sendall(request("GET /ws", "Connection: Upgrade", "Upgrade: websocket"))
        read_until(connection, b"\r\n\r\n")
        for _ in range(4):
            time.sleep(0.5)
            connection.sendall(b"still here")
            assert read_until(connection, b"HERE") == b"STILL HERE"


def test_continue_comes_from_the_target_before_the_body_goes(world):
    world.target()
    world.listen(forwarding())
    with world.connect() as connection:
        connection.sendall(request("POST /", "Content-Length: 4", "Expect: 100-continue", "Connection: close"))
        assert status(read_until(connection, b"\r\n\r\n")) == 100
        connection.sendall(b"body")
        answer = read_all(connection)
    assert status(answer) == 200
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["length"] == 4


def test_early_hints_pass(world):
    world.target()
    world.listen(forwarding())
    answer = world.say(request("GET /hints", "Connection: close"))
    assert status(answer) == 103
    assert b"\r\n\r\nHTTP/1.1 200 OK\r\n" in answer


def test_an_answer_before_the_body_was_read_reaches_the_client(world):
    world.target()
    world.listen(forwarding())
    answer = world.say(request("POST /early", "Content-Length: 30000000"), b"x" * 3_000_000)
    assert status(answer) == 413
    assert b"Connection: close" in answer


def test_an_answer_that_comes_while_the_client_holds_its_body_back_ends_the_connection_in_order(world, caplog):
    """RFC 9112 section 9.6: what the client still sends is taken, or it would lose the answer to a reset."""
    world.target()
    world.listen(forwarding())
    with world.connect() as connection:
        connection.sendall(request("POST /early", "Expect: 100-continue", "Content-Length: 300000"))
        answer = read_until(connection, b"\r\n\r\n")
        time.sleep(0.2)
        connection.sendall(b"x" * 1000)
        time.sleep(0.2)
        connection.sendall(b"x" * 1000)
        answer += read_all(connection)
    assert status(answer) == 413
    assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == []


def test_pipelined_requests_are_answered_in_order(world):
    world.target()
    world.listen(forwarding())
    answer = world.say(request("GET /1") + request("GET /2", "Connection: close"))
    assert answer.index(b"GET /1 HTTP") < answer.index(b"GET /2 HTTP")


def test_a_head_answer_keeps_its_length_and_has_no_body(world):
    world.target()
    world.listen(forwarding())
    answer = world.say(request("HEAD /", "Connection: close"))
    assert b"Content-Length: " in answer
    assert answer.endswith(b"\r\n\r\n")


def test_headers_of_one_connection_only_do_not_pass(world):
    world.target()
    world.listen(forwarding())
    told = world.get(
        "/", headers={"Connection": "X-Mine, keep-alive", "X-Mine": "1", "Keep-Alive": "5", "X-Yours": "2"}
    )
    seen = json.loads(told[2])["headers"]
    assert seen["x-yours"] == "2"
    assert not seen.keys() & {"x-mine", "keep-alive", "connection", "te"}


@pytest.mark.parametrize(
    ("attributes", "given", "seen"),
    [
        ({}, "1.2.3.4", "1.2.3.4, 127.0.0.1"),
        ({}, None, "127.0.0.1"),
        ({"forwarded_for": "preserve"}, "1.2.3.4", "1.2.3.4"),
        ({"forwarded_for": "remove"}, "1.2.3.4", None),
    ],
)
def test_forwarded_for_by_its_mode(world, attributes, given, seen):
    world.target()
    world.listen(forwarding(), **attributes)
    told = json.loads(world.get("/", headers={"X-Forwarded-For": given} if given else {})[2])
    assert told["headers"].get("x-forwarded-for") == seen


def test_forwarded_for_with_the_clients_port(world):
    world.target()
    world.listen(forwarding(), forwarded_port=True)
    told = json.loads(world.get("/")[2])["headers"]["x-forwarded-for"]
    assert told.startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("given", "pattern"),
    [
        (None, r"^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$"),
        ("Root=1-67891233-abcdef012345678912345678", r"^Self=1-\S+;Root=1-67891233-abcdef012345678912345678$"),
        ("Self=1-a-b;Root=1-67891233-abcdef012345678912345678;CalledFrom=app", r"^Self=1-(?!a-b)\S+;Root=1-.*=app$"),
        ("CalledFrom=app", r"^Root=1-\S+;CalledFrom=app$"),
    ],
)
def test_trace_ids_keep_their_root(world, given, pattern):
    world.target()
    world.listen(forwarding())
    told = json.loads(world.get("/", headers={"X-Amzn-Trace-Id": given} if given else {})[2])
    assert re.match(pattern, told["headers"]["x-amzn-trace-id"])


@pytest.mark.parametrize("drop", [False, True])
def test_headers_with_odd_names_pass_or_are_dropped(world, drop):
    world.target()
    world.listen(forwarding(), drop_invalid_headers=drop)
    told = json.loads(world.get("/", headers={"X_Odd": "1", "X-Even": "2"})[2])["headers"]
    assert ("x_odd" in told, told["x-even"]) == (not drop, "2")
    assert counted(world)[f"{'Dropped' if drop else 'Forwarded'}InvalidHeaderRequestCount"] == 1


MALFORMED = {
    "no method": (b"\x16\x03\x01 / HTTP/1.1\r\n" + HOST, 400),
    "no version": (b"GET /\r\n" + HOST, 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\n" + HOST + HOST, 400),
    "no colon": (b"GET / HTTP/1.1\r\n" + HOST + b"nonsense\r\n", 400),
    "folded header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: 1\r\n 2\r\n", 400),
    "null in a header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n", 400),
    "bare return in a header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\rY: b\r\n", 400),
    "length no number": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4x\r\n", 400),
    "length with a sign": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +4\r\n", 400),
    "two lengths": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nContent-Length: 5\r\n", 400),
    "twice chunked": (
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        400,
    ),
    "coding unknown": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n", 400),
    "coding not done": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n", 501),
    "chunk no number": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    "chunk too long": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n", 400),
    "TRACE": (b"TRACE / HTTP/1.1\r\n" + HOST, 405),
    "31 addresses": (b"GET / HTTP/1.1\r\n" + HOST + b"X-Forwarded-For: " + b"1.1.1.1, " * 30 + b"1.1.1.1\r\n", 463),
    "long line": (b"GET /" + b"x" * 17_000 + b" HTTP/1.1\r\n" + HOST, 414),
    "long header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"x" * 17_000 + b"\r\n", 400),
    "many headers": (
        b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: %b\r\n" % (n, b"x" * 1000) for n in range(70)),
        400,
    ),
    "10 MB of headers": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"x" * 10_000_000 + b"\r\n", 400),
    "broken off": (b"GET / HTTP/1.1\r\nHos", 400),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_no_request_gets_its_code_and_the_connection_ends(world, case):
    text, code = MALFORMED[case]
    target = world.target()
    world.listen(forwarding())
    with world.connect() as connection:
        connection.sendall(text if case == "broken off" else text + b"\r\n")
        if case == "broken off":
            connection.shutdown(socket.SHUT_WR)
        answer = read_all(connection)
    assert status(answer) == code
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"Server: awselb/2.0\r\n" in answer
    assert b"Connection: close" in answer
    assert counted(world)["HTTPCode_ELB_5XX_Count" if code >= 500 else "HTTPCode_ELB_4XX_Count"] == 1
    assert not [head for head in target.heads if not head.startswith("POST")]
    assert world.get("/")[0] == 200


AMBIGUOUS = {
    "both": (["Transfer-Encoding: chunked", "Content-Length: 4"], b"3\r\nabc\r\n0\r\n\r\n", 3),
    "length twice": (["Content-Length: 3", "Content-Length: 3"], b"abc", 3),
    "look-alike": (["Content-Length: 3", "Transfer_Encoding: chunked"], b"abc", 3),
}


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_ambiguous_requests_pass_once_and_close_both_connections(world, case):
    """Defensive mode; what follows on the connection is never taken for a request."""
    headers, body, length = AMBIGUOUS[case]
    target = world.target()
    world.listen(forwarding())
    answer = world.say(request("POST /first", *headers, body=body) + request("GET /smuggled"))
    assert status(answer) == 200
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert told["length"] == length
    assert not {"transfer-encoding", "content-length"} <= told["headers"].keys()
    assert target.heads == ["POST /first HTTP/1.1"]
    assert counted(world)["DesyncMitigationMode_NonCompliant_Request_Count"] == 1
    assert world.get("/")[0] == 200
    assert target.connections == 2


@pytest.mark.parametrize(("mode", "code"), [("strictest", 400), ("monitor", 200)])
def test_the_other_desync_modes(world, mode, code):
    target = world.target()
    world.listen(forwarding(), desync_mode=mode)
    both = request("POST /", "Transfer-Encoding: chunked", "Content-Length: 4", body=b"3\r\nabc\r\n0\r\n\r\n")
    answer = world.say(both + request("GET /next", "Connection: close"))
    assert status(answer) == code
    assert len(target.heads) == (2 if mode == "monitor" else 0)


@pytest.mark.parametrize("path", ["/nonsense", "/bad-length", "/large-head", "/hang-up"])
def test_l10_answers_that_are_none_are_502(world, path):
    """Source: Application Load Balancer user guide, load-balancer-troubleshooting; Elastic Load Balancing API,
    LoadBalancerAttribute.
    """
    world.target()
    world.listen(forwarding())
    assert world.get(path)[0] == 502
    assert counted(world)["HTTPCode_ELB_502_Count"] == 1


def test_a_stale_connection_costs_no_request_that_can_be_repeated(world):
    target = world.target()
    world.listen(forwarding())
    assert world.get("/silent-next")[0] == 200
    assert world.get("/again")[0] == 200
    assert target.connections == 2
    assert counted(world).get("HTTPCode_ELB_502_Count", 0) == 0


def test_a_stale_connection_costs_a_post(world):
    world.target()
    world.listen(forwarding())
    assert world.get("/silent-next")[0] == 200
    assert world.get("/again", method="POST", body=b"pay")[0] == 502


def test_a_kept_connection_that_its_target_closed_is_not_used(world):
    target = world.target()
    world.listen(forwarding())
    assert world.get("/")[0] == 200
    world.stop(target)
    assert world.get("/")[0] == 502
    assert counted(world)["TargetConnectionErrorCount"] == 1


def test_a_client_that_leaves_early_is_460(world):
    target = world.target()
    world.listen(forwarding())
    with world.connect() as connection:
        connection.sendall(request("GET /hang"))
        eventually(lambda: target.heads, what="the request at its target")
    numbers = eventually(lambda: counted(world).get("HTTPCode_ELB_4XX_Count"), what="the count")
    assert numbers == 1
    eventually(lambda: world.balancers.connections()[ARN] == 0, what="both connections closed")


def test_a_slow_client_is_408_and_a_silent_one_is_closed_without_a_word(world):
    world.target()
    world.listen(forwarding(), idle_timeout=0.5)
    with world.connect() as slow, world.connect() as silent:
        began = time.monotonic()
        slow.sendall(b"GET / HTTP/1.1\r\nHost")
        assert status(read_all(slow)) == 408
        assert time.monotonic() - began < 5
        assert read_all(silent) == b""


def test_a_client_that_drips_its_head_is_ended_too(world):
    world.target()
    world.listen(forwarding(), idle_timeout=0.5)
    with world.connect() as connection:
        connection.settimeout(0.05)
        answer = b""
        for byte in request("GET /" + "x" * 5000):
            try:
                connection.sendall(bytes([byte]))
                answer += connection.recv(1000)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            if answer:
                break
        assert status(answer) == 408


def test_a_body_that_stops_is_408(world):
    world.target()
    world.listen(forwarding(), idle_timeout=0.3)
    assert status(world.say(request("POST /", "Content-Length: 10", body=b"abc"))) == 408


def test_a_kept_connection_ends_after_its_duration(world):
    world.target()
    world.listen(forwarding(), client_keep_alive=0.0)
    assert b"Connection: close" in world.say(request("GET /"))


def test_a_thousand_half_open_connections_leave_room_for_others(world):
    world.target()
    world.listen(forwarding())
    opened = [world.connect() for _ in range(200)]
    for one in opened[::2]:
        one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
    assert world.get("/")[0] == 200
    for one in opened:
        one.close()
    eventually(lambda: world.balancers.connections()[ARN] <= 1, what="all closed", seconds=10)


def test_a_target_that_leaves_gets_no_new_request_and_finishes_what_it_has(world):
    target = world.target()
    other = world.target()
    world.listen(forwarding())
    with world.connect() as first, world.connect() as second:
        for connection in (first, second):
            connection.sendall(request("GET /stream", "Connection: close"))
            read_until(connection, b"first\r\n")
        world.book.deregister(GROUP, "i-1", target.port, now=0)
        assert {json.loads(world.get("/")[2])["port"] for _ in range(6)} == {other.port}
        for one in (target, other):
            world.loop.call(_set(one.release))
        assert read_all(first).endswith(b"0\r\n\r\n")
        assert read_all(second).endswith(b"0\r\n\r\n")


def test_what_is_left_after_the_deregistration_delay_is_cut_off(world):
    target = world.target()
    world.listen(forwarding())
    with world.connect() as connection:
        connection.sendall(request("GET /hang"))
        eventually(lambda: target.heads, what="the request at its target")
        world.book.deregister(GROUP, "i-1", target.port, now=0)
        world.book.advance(world.group.deregistration_delay - 1)
        world.book.advance(world.group.deregistration_delay)
        assert status(read_until(connection, b"</html>")) == 502


def test_https_is_tls_with_a_certificate_for_the_name_asked(world):
    world.target()
    world.listen(forwarding(80), forwarding(443, protocol="HTTPS"), tls_headers=True)
    context = unchecked()
    with world.connect() as bare, context.wrap_socket(bare, server_hostname="shop.example.com") as connection:
        assert b"shop.example.com" in (connection.getpeercert(binary_form=True) or b"")
        connection.sendall(request("GET /", "Connection: close"))
        told = json.loads(read_all(connection).partition(b"\r\n\r\n")[2])["headers"]
    assert (told["x-forwarded-proto"], told["x-forwarded-port"]) == ("https", "443")
    assert told["x-amzn-tls-version"] == "TLSv1.3"
    plain = json.loads(world.get("/")[2])["headers"]
    assert (plain["x-forwarded-proto"], plain["x-forwarded-port"]) == ("http", "80")
    assert world.get("/", secure=True)[0] == 200


def test_a_listener_on_another_port_is_plain_or_tls_only(world):
    world.target()
    tls = forwarding(8443, protocol="HTTPS")
    world.listen(forwarding(80), tls)
    port = world.balancers.port(ARN, tls.arn)
    assert world.get("/", port=port, secure=True)[0] == 200
    code, _, text = world.get("/", port=port)
    assert (code, "plain HTTP request was sent to HTTPS port" in text) == (400, True)


def test_a_broken_handshake_is_counted(world):
    world.listen(forwarding(443, protocol="HTTPS"))
    with world.connect() as connection:
        connection.sendall(b"\x16\x03\x01\x00\x05hello")
        read_all(connection)
    eventually(lambda: counted(world).get("ClientTLSNegotiationErrorCount"), what="the count")


def test_464_where_the_target_group_speaks_another_version(world):
    world.book.set_groups({GROUP: replace(world.group, protocol_version="GRPC")})
    world.target()
    world.listen(forwarding())
    assert world.get("/")[0] == 464


def test_a_listener_without_rules_is_503(world):
    world.listen(Listener(arn="l", port=80, protocol="HTTP", rules=()))
    assert world.get("/")[0] == 503


def test_targets_that_speak_tls_are_checked_and_reached_over_it(world):
    context = Certificates().context()
    world.book.set_groups({GROUP: replace(world.group, protocol="HTTPS", check_protocol="HTTPS")})
    checks = world.loop.spawn(HealthChecker(world.book, SpeededClock(50), lambda *_: False).run())
    target = world.unregistered(context)
    world.book.register(GROUP, "i-1", target.port, address=("127.0.0.1", target.port), now=0)
    eventually(lambda: world.book.describe(GROUP)[0].state == "healthy", what="healthy", seconds=10)
    world.listen(forwarding())
    assert json.loads(world.get("/mine")[2])["line"] == "GET /mine HTTP/1.1"
    checks.cancel()

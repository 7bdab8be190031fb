"""Access logs (ALB user guide, load-balancer-access-logs)."""

import gzip
import re
import shlex
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fakes.balancer_world import ARN, GROUP, balancer_world, forwarding, read_until, unchecked
from tests.fakes.local_stage import eventually
from tinystacks.local.balancer.access_log import INTERVAL_SECONDS, KEPT_LINES, AccessLogs, Entry
from tinystacks.local.listener_rules import Listener, ListenerRule, LoadBalancer, in_order

LOGGED: dict[str, Any] = {"log_bucket": "logs", "log_prefix": "web/"}
FOLDER = "logs/web/AWSLogs/123456789012/"


@pytest.fixture
def world():
    with balancer_world() as made:
        yield made


def lines(world, *listeners, **attributes):
    """What is written when the next interval ends."""
    world.now += INTERVAL_SECONDS
    world.listen(*listeners, **LOGGED | attributes)
    files = [body for name, body in world.objects.items() if name.endswith(".log.gz")]
    return [shlex.split(line) for body in files for line in gzip.decompress(body).decode().splitlines()]


def test_a_line_has_the_documented_fields(world):
    target = world.target()
    world.listen(forwarding(), **LOGGED)
    world.get("/a%20b?x=1", headers={"User-Agent": 'odd "agent"', "Host": "shop.example.com"})
    [line] = eventually(lambda: lines(world, forwarding()), what="the line")
    assert len(line) == 30
    assert line[0] == "http"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line[1])
    assert line[2] == "app/web/1"
    assert line[3].startswith("127.0.0.1:")
    assert line[4] == f"i-1:{target.port}"
    assert all(0 <= float(span) < 5 for span in line[5:8])
    assert line[8:10] == ["200", "200"]
    assert int(line[10]) > 30
    assert int(line[11]) > 100
    assert line[12] == "GET http://shop.example.com:80/a%20b?x=1 HTTP/1.1"
    assert line[13] == r"odd \x22agent\x22"
    assert line[14:16] == ["-", "-"]
    assert line[16] == GROUP
    assert line[17].startswith("Root=1-")
    assert line[18:21] == ["-", "-", "0"]
    assert line[22:25] == ["forward", "-", "-"]
    assert line[25:29] == [f"i-1:{target.port}", "200", "-", "-"]
    assert line[29].startswith("TID_")


def test_what_no_target_got_is_logged_too(world):
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "418", "ContentType": "text/plain"}}
    rule = ListenerRule(priority=7, conditions=({"Field": "path-pattern", "Values": ["/tea"]},), actions=(fixed,))
    listener = Listener(arn="l", port=80, protocol="HTTP", rules=in_order([*forwarding().rules, rule]))
    world.listen(listener, **LOGGED)
    world.get("/tea")
    world.get("/nobody")
    world.say(b"nonsense\r\n\r\n")
    found = eventually(lambda: one if len(one := lines(world, listener)) == 3 else None, what="three lines")
    by_code = {line[8]: line for line in found}
    assert by_code["418"][20] == "7"
    assert by_code["418"][22] == "fixed-response"
    assert by_code["503"][4:8] == ["-", "-1", "-1", "-1"]
    assert by_code["400"][20] == "-"
    assert by_code["400"][27:29] == ["Severe", "BadMethod"] or by_code["400"][28] == "BadVersion"


def test_secure_requests_and_websockets_have_their_kinds(world):
    world.target()
    listener = Listener(
        arn="s", port=443, protocol="HTTPS", rules=forwarding().rules, certificate_arn="arn:aws:acm:x:y:certificate/z"
    )
    world.listen(listener, **LOGGED)
    world.get("/", secure=True)
    with world.connect() as bare, unchecked().wrap_socket(bare, server_hostname="a.example") as connection:
        connection.sendall(b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        read_until(connection, b"\r\n\r\n")
        connection.sendall(b"hello")
        read_until(connection, b"HELLO")
    found = eventually(lambda: one if len(one := lines(world, listener)) == 2 else None, what="two lines")
    kinds = {line[0]: line for line in found}
    assert kinds.keys() == {"https", "wss"}
    assert kinds["https"][15] == "TLSv1.3"
    assert kinds["https"][19] == "arn:aws:acm:x:y:certificate/z"
    assert kinds["wss"][8:10] == ["101", "101"]


def test_files_are_named_as_documented_and_a_test_file_comes_first(world):
    world.target()
    world.listen(forwarding(), **LOGGED)
    assert list(world.objects) == [f"{FOLDER}ELBAccessLogTestFile"]
    world.get("/")
    eventually(lambda: lines(world, forwarding()), what="the line")
    [name] = [name for name in world.objects if name.endswith(".gz")]
    assert re.fullmatch(
        rf"{FOLDER}elasticloadbalancing/us-east-1/\d{{4}}/\d\d/\d\d/"
        r"123456789012_elasticloadbalancing_us-east-1_app\.web\.1_\d{8}T\d{4}Z_127\.0\.0\.1_[0-9a-f]{8}\.log\.gz",
        name,
    )


def test_what_waits_is_written_when_the_log_ends_or_the_balancer_does(world):
    logs = AccessLogs(lambda _service, _region: world)
    balancer = LoadBalancer(arn=ARN, name="web", **LOGGED)
    logs.deliver({ARN: balancer}, 0)
    for present in ({ARN: LoadBalancer(arn=ARN, name="web")}, {}):
        logs.deliver({ARN: balancer}, 1)
        logs.add(balancer, Entry(kind="http", client="c:1", began=0.0), 1.0)
        before = len(world.objects)
        logs.deliver(present, 2)
        assert len(world.objects) == before + 1


def test_a_request_that_ends_while_a_file_is_written_is_in_the_next(world):
    logs = AccessLogs(lambda _service, _region: world)
    balancer = LoadBalancer(arn=ARN, name="web", **LOGGED)
    logs.deliver({ARN: balancer}, 0)

    class Late(Entry):
        def line(self, load_balancer_arn: str, ended: float) -> str:
            logs.deliver({ARN: balancer}, 2 * INTERVAL_SECONDS)
            return super().line(load_balancer_arn, ended)

    logs.add(balancer, Entry(kind="http", client="early:1", began=0.0), 1.0)
    logs.add(balancer, Late(kind="http", client="late:1", began=0.0), 1.0)
    logs.deliver({}, 2 * INTERVAL_SECONDS)
    files = [gzip.decompress(body).decode() for name, body in world.objects.items() if name.endswith(".log.gz")]
    assert ["early:1" in text for text in files] == [True, False]
    assert ["late:1" in text for text in files] == [False, True]


def test_a_bucket_that_is_not_there_costs_the_lines_only():
    class NoBucket:
        def put_object(self, **_):
            raise ClientError({"Error": {"Code": "NoSuchBucket", "Message": "gone"}}, "PutObject")

    logs = AccessLogs(lambda _service, _region: NoBucket())
    balancer = LoadBalancer(arn=ARN, name="web", **LOGGED)
    logs.deliver({ARN: balancer}, 0)
    for _ in range(3 * KEPT_LINES):
        logs.add(balancer, Entry(kind="http", client="c:1", began=0.0, connection="t"), 1.0)
    logs.deliver({ARN: balancer}, INTERVAL_SECONDS)
    logs.deliver({}, INTERVAL_SECONDS)

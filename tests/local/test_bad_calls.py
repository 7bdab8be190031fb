"""Ten thousand wrong calls, too large ones, and connections left half open: refused one by one, and nothing is kept."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

CALLS = 10_000
WARM_UP = 1_000
MOST_GROWTH_MIB = 24
TARGET = "AmazonEC2ContainerServiceV20141113"
SIGNED = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=0"
LARGE = {
    "family": "large",
    "containerDefinitions": [{"name": "a", "image": "i", "memory": 8, "command": ["x" * 70_000]}],
}
WRONG = [
    ("NoSuchOperation", b"{}"),
    ("DescribeServices", b"{"),
    ("DescribeServices", b"[]"),
    ("DescribeServices", b'{"services": "web"}'),
    ("DescribeServices", b'{"cluster": "nowhere", "services": ["web"]}'),
    ("CreateService", b'{"serviceName": "", "desiredCount": -1}'),
    ("RunTask", b'{"taskDefinition": "no:1", "surprise": {"deep": [1, 2, 3]}}'),
    ("RegisterTaskDefinition", json.dumps(LARGE).encode()),
    ("RegisterTaskDefinition", b'{"family": "x", "containerDefinitions": [{"name": "a"}]}'),
    ("DeleteCluster", b"\xff\xfe\x00"),
    ("ListTasks", b'{"nextToken": "garbage"}'),
]


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    made = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
    made.start(runtime="simulated", speed=20)
    yield made
    made.stop()


def address(local):
    return urlsplit(local.status().endpoint_url).netloc


def memory_mib(local):
    lines = Path(f"/proc/{local.status().pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def wrong_calls(local, count):
    """Make wrong calls over one connection; the codes that came back."""
    seen = set()
    connection = http.client.HTTPConnection(address(local), timeout=30)
    for operation, body in itertools.islice(itertools.cycle(WRONG), count):
        headers = {"X-Amz-Target": f"{TARGET}.{operation}", "Authorization": SIGNED}
        connection.request("POST", "/", body, headers | {"Content-Type": "application/x-amz-json-1.1"})
        answer = connection.getresponse()
        seen.add((operation, answer.status, json.loads(answer.read())["__type"]))
    connection.close()
    return seen


def test_ten_thousand_wrong_calls_get_ecs_own_errors_and_leave_nothing_behind(local):
    wrong_calls(local, WARM_UP)
    before = memory_mib(local)
    seen = wrong_calls(local, CALLS)
    assert memory_mib(local) - before < MOST_GROWTH_MIB
    assert {status for _, status, _ in seen} == {400}
    codes = {(operation, code) for operation, _, code in seen}
    assert {
        ("NoSuchOperation", "UnknownOperationException"),
        ("DescribeServices", "SerializationException"),
        ("DescribeServices", "ClusterNotFoundException"),
        ("RegisterTaskDefinition", "ClientException"),
    } <= codes


def test_bodies_of_ten_megabytes_are_refused_and_not_kept(local):
    body = b'{"family": "' + b"x" * (10 * 1024 * 1024) + b'"}'
    codes = []
    before = 0.0
    for number in range(12):
        connection = http.client.HTTPConnection(address(local), timeout=30)
        connection.request("POST", "/", body, {"X-Amz-Target": f"{TARGET}.RegisterTaskDefinition"})
        codes.append(connection.getresponse().status)
        connection.close()
        if number == 1:
            before = memory_mib(local)
    assert set(codes) == {413}
    assert memory_mib(local) - before < MOST_GROWTH_MIB


HALF_A_BODY = "Content-Length: 99\r\n\r\n{"
TO_S3 = SIGNED.replace("/ecs/", "/s3/")


@pytest.mark.parametrize(
    "said",
    [
        "",
        "POST / HTTP/1.1\r\nHost: x\r\n",
        f"POST / HTTP/1.1\r\n{HALF_A_BODY}",
        f"PUT /bucket/key HTTP/1.1\r\nHost: x\r\nAuthorization: {TO_S3}\r\n{HALF_A_BODY}",
    ],
)
def test_connections_left_half_open_keep_nobody_from_being_served(local, said):
    place = urlsplit(local.status().endpoint_url)
    left = []
    for _ in range(100):
        one = socket.create_connection((place.hostname, place.port), timeout=5)
        one.sendall(said.encode())
        left.append(one)
    target = LocalTarget(local.status(), "us-east-1")
    ecs, s3 = target.client("ecs"), target.client("s3")
    assert ecs.list_clusters()["clusterArns"] == []
    assert s3.list_buckets()["Buckets"] == []
    for one in left:
        one.close()
    assert ecs.list_clusters()["clusterArns"] == []
    assert s3.list_buckets()["Buckets"] == []


@pytest.mark.parametrize(
    "said", [b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"NONSENSE / HTTP/9.9\r\n\r\n", b"\x00" * 4096]
)
def test_what_is_no_http_is_answered_or_closed(local, said):
    place = urlsplit(local.status().endpoint_url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as one:
        one.sendall(said)
        one.shutdown(socket.SHUT_WR)
        told = b""
        while chunk := one.recv(4096):
            told += chunk
    assert told == b"" or b" 4" in told or b" 5" in told.split(b"\r\n")[0]
    assert local.status() is not None

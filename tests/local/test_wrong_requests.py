"""Requests that name no operation or no service, and bodies whose length cannot be told: 4xx in AWS's own form."""

from __future__ import annotations

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest

from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

FORM = "application/x-www-form-urlencoded"
ECS = "AmazonEC2ContainerServiceV20141113"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("local")


@pytest.fixture(scope="module")
def local(home):
    made = LocalAws(home=home, providers=False)
    made.start(runtime="simulated", speed=20)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def _no_traces(local, home):  # pyright: ignore[reportUnusedFunction] - every test uses it
    yield
    assert "Traceback" not in "".join(one.read_text() for one in home.rglob("server.log"))


def signed(service):
    return (
        f"AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )


def post(local, service, body, **headers):
    connection = http.client.HTTPConnection(urlsplit(local.status().endpoint_url).netloc, timeout=30)
    connection.request("POST", "/", body, {"Authorization": signed(service)} | headers)
    answer = connection.getresponse()
    told = answer.read().decode()
    connection.close()
    return answer.status, told


@pytest.mark.parametrize("service", ["ecs", "application-autoscaling"])
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{}", {"X-Amz-Target": "Foo.Bar"}),
        (b"{}", {"X-Amz-Target": f"{ECS}.Foo"}),
        (b"{}", {}),
        (b"Action=Foo1&Version=2014", {}),
        (b"Action=Foo1&Version=2014", {"Content-Type": FORM}),
    ],
)
def test_a_target_that_names_no_operation_is_refused_a1(local, service, body, headers):
    """ECS API reference, "Common Error Types"; JSON 1.1 services answer UnknownOperationException."""
    status, told = post(local, service, body, **headers)
    assert (status, json.loads(told)["__type"]) == (400, "UnknownOperationException")


@pytest.mark.parametrize(
    ("service", "target"),
    [
        ("ssm", "AmazonSSM.Foo"),
        ("logs", "Logs_20140328.Foo"),
        ("logs", "Foo.Bar"),
        ("tagging", "ResourceGroupsTaggingAPI_20170126.Foo"),
        ("dynamodb", "Foo.Bar"),
    ],
)
def test_an_unknown_operation_of_another_json_service_is_refused(local, service, target):
    status, told = post(local, service, b"{}", **{"X-Amz-Target": target})
    assert (status, json.loads(told)["__type"]) == (400, "UnknownOperationException")


@pytest.mark.parametrize(
    "service", ["acm", "dynamodb", "ecr", "events", "kms", "logs", "secretsmanager", "ssm", "tagging"]
)
def test_a_json_service_that_is_told_no_target_does_not_know_the_operation(local, service):
    """Smithy, AWS JSON 1.1 protocol: X-Amz-Target is required; "Common error types" in the API references."""
    status, told = post(local, service, b"{}", **{"Content-Type": "application/x-amz-json-1.1"})
    assert (status, json.loads(told)["__type"]) == (400, "UnknownOperationException")


@pytest.mark.parametrize(
    ("service", "version"),
    [
        ("ec2", "2016-11-15"),
        ("autoscaling", "2011-01-01"),
        ("iam", "2010-05-08"),
        ("elasticloadbalancing", "2015-12-01"),
        ("elasticloadbalancing", "2012-06-01"),
        ("elasticloadbalancing", "2014-01-01"),
        ("monitoring", "2010-08-01"),
    ],
)
def test_an_unknown_action_of_a_query_service_is_an_invalid_action(local, service, version):
    """EC2 API reference, "Error codes": InvalidAction, the action or operation requested is not valid."""
    status, told = post(local, service, f"Action=Foo&Version={version}".encode(), **{"Content-Type": FORM})
    assert status == 400
    assert "<Code>InvalidAction</Code>" in told
    assert ("<Response>" in told) == (service == "ec2")


def test_a_signature_for_a_service_that_is_not_there_is_refused(local):
    status, told = post(local, "nosuch", b"{}", **{"X-Amz-Target": "Foo.Bar"})
    assert (status, json.loads(told)["__type"]) == (400, "InvalidSignatureException")
    assert "nosuch" in told
    status, told = post(local, "nosuch", b"Action=Foo&Version=1", **{"Content-Type": FORM})
    assert status == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in told


def said(local, head, body=b""):
    """Send bytes as they are; the status line of the answer."""
    place = urlsplit(local.status().endpoint_url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as one:
        lines = [
            "POST / HTTP/1.1",
            "Host: local",
            f"X-Amz-Target: {ECS}.ListClusters",
            f"Authorization: {signed('ecs')}",
            *head,
        ]
        one.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return one.recv(4096).split(b"\r\n")[0].decode()


@pytest.mark.parametrize("length", ["abc", "-5", "+2", "0x2", "1_0"])
def test_a_length_that_is_no_number_is_refused(local, length):
    """RFC 9110, section 8.6: Content-Length is digits, and anything else makes the message invalid."""
    assert said(local, [f"Content-Length: {length}"], b"{}") == "HTTP/1.1 400 Bad Request"


@pytest.mark.parametrize("body", [b"xyz\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n", b"2\r\n{}00\r\n\r\n"])
def test_a_malformed_chunk_is_refused(local, body):
    """RFC 9112, section 7.1: a chunk is its size in hexadecimal digits, the data, and an end of line."""
    assert said(local, ["Transfer-Encoding: chunked"], body) == "HTTP/1.1 400 Bad Request"


def test_chunks_are_read_by_our_own_apis_and_by_moto(local):
    assert said(local, ["Transfer-Encoding: chunked"], b"2\r\n{}\r\n0\r\n\r\n") == "HTTP/1.1 200 OK"
    s3 = LocalTarget(local.status(), "us-east-1").client("s3")
    s3.create_bucket(Bucket="chunks")
    s3.put_object(Bucket="chunks", Key="one", Body=b"x" * 3_000_000)
    assert len(s3.get_object(Bucket="chunks", Key="one")["Body"].read()) == 3_000_000
    action = b"Action=DescribeVpcs&Version=2016-11-15"
    place = urlsplit(local.status().endpoint_url)
    connection = http.client.HTTPConnection(place.netloc, timeout=30)
    connection.request("POST", "/", iter([action]), {"Authorization": signed("ec2"), "Content-Type": FORM})
    answer = connection.getresponse()
    assert (answer.status, b"<vpcSet>" in answer.read()) == (200, True)
    connection.close()

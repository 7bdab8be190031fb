"""The JSON 1.1 layer: checks against botocore's models, pages, and bad input (rule A1)."""

from __future__ import annotations

import io
import json
from typing import Any

import botocore.loaders
import pytest
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from tinystacks.controlplane.errors import EcsError, invalid_parameter
from tinystacks.local.appautoscaling_api.refusals import refusal as scaling_refusal
from tinystacks.local.ecs_api.refusals import refusal
from tinystacks.local.json_api.errors import ApiError
from tinystacks.local.json_api.paging import Pages
from tinystacks.local.json_api.service import Service
from tinystacks.local.json_api.wsgi import BODY_LIMIT, JsonEndpoint

ECS = Service("ecs", refusal=refusal)
SCALING = Service("application-autoscaling", refusal=scaling_refusal)
ECS_MODEL = ServiceModel(botocore.loaders.Loader().load_service_model("ecs", "service-2"), "ecs")

CREATE_SERVICE: dict[str, Any] = {
    "cluster": "main",
    "serviceName": "web",
    "taskDefinition": "web:1",
    "desiredCount": 2,
    "enableExecuteCommand": True,
    "loadBalancers": [{"targetGroupArn": "arn:x", "containerName": "web", "containerPort": 80}],
    "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True}, "maximumPercent": 200},
    "capacityProviderStrategy": [{"capacityProvider": "cp", "weight": 1, "base": 0}],
    "tags": [{"key": "a", "value": "b"}],
}


class Echo:
    """An API that answers what it was asked, fails on demand, and refuses on demand."""

    target_prefix = "Echo"
    internal_error = "ServerException"

    def handle(self, operation: str, region: str, body: dict[str, Any]) -> dict[str, Any]:
        if operation == "Fail":
            raise RuntimeError(operation)
        if operation == "Refuse":
            raise ApiError("ConflictException", "taken", fields={"resourceIds": ["a"]})
        return {"operation": operation, "region": region, "body": body}


def call(
    body: bytes, *, target: str = "Echo.Do", method: str = "POST", **extra: Any
) -> tuple[str, dict[str, Any], dict[str, str]]:
    seen: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], _exc: object = None) -> Any:
        seen.update(status=status, headers=dict(headers))

    environ = {
        "REQUEST_METHOD": method,
        "HTTP_X_AMZ_TARGET": target,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **extra,
    }
    answer = b"".join(JsonEndpoint([Echo()])(environ, start_response))  # pyright: ignore[reportArgumentType] - the stub's start_response returns a writer nobody uses
    return seen["status"], json.loads(answer), seen["headers"]


def test_region_is_read_from_the_signature() -> None:
    authorization = "AWS4-HMAC-SHA256 Credential=local/20261123/eu-west-1/ecs/aws4_request, SignedHeaders=host"
    status, answer, headers = call(b'{"a": 1}', HTTP_AUTHORIZATION=authorization)
    assert (status, answer) == ("200 OK", {"operation": "Do", "region": "eu-west-1", "body": {"a": 1}})
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert call(b"")[1]["region"] == "us-east-1"


def test_a1_a_refusal_is_http_400_with_type_and_message_and_its_fields() -> None:
    """Source: developer guide, ECS_Idempotency; ECS API reference."""
    status, answer, headers = call(b"{}", target="Echo.Refuse")
    assert status == "400 Bad Request"
    assert answer == {"__type": "ConflictException", "message": "taken", "resourceIds": ["a"]}
    assert headers["x-amzn-ErrorType"] == "ConflictException"


def test_a_fault_of_our_own_is_http_500_in_the_service_s_words(caplog: pytest.LogCaptureFixture) -> None:
    status, answer, _ = call(b"{}", target="Echo.Fail")
    assert status.startswith("500")
    assert answer["__type"] == "ServerException"
    assert "Fail of Echo failed" in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b"[]",
        b'"text"',
        b"null",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a":' * 200_000,
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_object_is_a_serialization_error(body: bytes) -> None:
    status, answer, _ = call(body)
    assert status.startswith("400")
    assert answer["__type"] == "SerializationException"


def test_a_body_over_the_limit_is_refused_after_it_was_read() -> None:
    stream = io.BytesIO(b"x" * (BODY_LIMIT + 1))
    environ: dict[str, Any] = {"wsgi.input": stream, "CONTENT_LENGTH": str(BODY_LIMIT + 1)}
    status, answer, _ = call(b"", **environ)
    assert status.startswith("413")
    assert answer["__type"] == "RequestEntityTooLargeException"
    assert stream.read() == b""


@pytest.mark.parametrize("length", ["-5", "abc", "99999999999999"])
def test_a_senseless_content_length_is_a_clean_refusal_or_an_empty_body(length: str) -> None:
    status, _, _ = call(b"", CONTENT_LENGTH=length)
    assert status.startswith(("200", "413"))


@pytest.mark.parametrize(("target", "method"), [("", "POST"), ("Nobody.Do", "POST"), ("Echo.Do", "GET")])
def test_what_no_api_serves_is_an_unknown_operation(target: str, method: str) -> None:
    status, answer, _ = call(b"{}", target=target, method=method)
    assert status.startswith("400" if method == "POST" else "404")
    assert answer["__type"] == "UnknownOperationException"


def test_a_good_request_passes_unchanged_and_nulls_are_dropped() -> None:
    assert ECS.request("CreateService", CREATE_SERVICE) == CREATE_SERVICE
    assert ECS.request("CreateService", {**CREATE_SERVICE, "role": None}) == CREATE_SERVICE


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"serviceName": None}, "InvalidParameterException", 'Missing required parameter in input: "serviceName"'),
        ({"desiredCounts": 1}, "InvalidParameterException", 'Unknown parameter in input: "desiredCounts"'),
        ({"launchType": "EC3"}, "InvalidParameterException", 'Invalid value "EC3" for parameter launchType'),
        ({"desiredCount": "2"}, "SerializationException", "STRING_VALUE can not be converted to an Integer"),
        ({"desiredCount": True}, "SerializationException", "TRUE_VALUE can not be converted to an Integer"),
        ({"desiredCount": 2**31}, "SerializationException", "NUMBER_VALUE can not be converted to an Integer"),
        ({"tags": {}}, "SerializationException", "Start of structure or map found where not expected."),
        ({"tags": [None]}, "SerializationException", "Unexpected null."),
        ({"serviceName": ["a"]}, "SerializationException", "Start of list found where not expected."),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "cp", "weight": 1001}]},
            "InvalidParameterException",
            "Invalid value for parameter capacityProviderStrategy.1.member.weight, maximum 1000",
        ),
    ],
)
def test_a1_bad_values_are_refused_in_ecs_words(change: dict[str, Any], code: str, words: str) -> None:
    """Source: developer guide, ECS_Idempotency; ECS API reference."""
    with pytest.raises(ApiError) as caught:
        ECS.request("CreateService", {**CREATE_SERVICE, **change})
    assert caught.value.code == code
    assert words in caught.value.message


def test_application_auto_scaling_names_every_violation_in_one_message() -> None:
    with pytest.raises(ApiError) as caught:
        SCALING.request("RegisterScalableTarget", {"ServiceNamespace": "ecz", "ResourceId": "service/c/s"})
    assert caught.value.code == "ValidationException"
    assert caught.value.message.startswith("2 validation errors detected: ")
    assert "Value null at 'scalableDimension' failed to satisfy constraint: Member must not be null" in str(
        caught.value
    )
    assert "Value 'ecz' at 'serviceNamespace' failed to satisfy constraint: Member must satisfy enum" in str(
        caught.value
    )


def test_an_unknown_operation_of_a_known_service_is_refused() -> None:
    with pytest.raises(ApiError) as caught:
        ECS.request("CreateEverything", {})
    assert caught.value.code == "UnknownOperationException"


JSON_VALUES = st.recursive(
    st.booleans() | st.integers(-(2**33), 2**33) | st.text(max_size=4) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A request with one part, at any depth, dropped, replaced or added."""
    request = json.loads(json.dumps(CREATE_SERVICE))
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        keys = node.keys() if isinstance(node, dict) else range(len(node))
        for key in keys:
            places.append((node, key))
            if isinstance(node[key], (dict, list)):
                walk(node[key])

    walk(request)
    node, key = draw(st.sampled_from(places))
    match draw(st.sampled_from(["drop", "replace", "add"])):
        case "drop":
            del node[key]
        case "add" if isinstance(node, dict):
            node[draw(st.text(min_size=1, max_size=5))] = draw(JSON_VALUES)
        case _:
            node[key] = draw(JSON_VALUES)
    return request


@settings(max_examples=300, deadline=None)
@given(mutated())
def test_what_botocore_s_validator_refuses_is_refused(request_body: dict[str, Any]) -> None:
    shape = ECS_MODEL.operation_model("CreateService").input_shape
    assert shape is not None
    if ParamValidator().validate(request_body, shape).has_errors():
        with pytest.raises(ApiError):
            ECS.request("CreateService", request_body)


def pages() -> Pages:
    return Pages(lambda: invalid_parameter("Invalid token."))


def walk_pages(items: list[str], size: int) -> list[list[str]]:
    result: list[list[str]] = []
    token: str | None = None
    while True:
        page, token = pages().cut(items, name="L", key=lambda item: (item,), size=size, token=token)
        result.append(page)
        if token is None:
            return result


@given(st.sets(st.text(max_size=5)), st.integers(1, 5))
def test_a32_pages_hold_every_item_once_in_order(items: set[str], size: int) -> None:
    """Source: ECS API reference."""
    result = walk_pages(list(items), size)
    assert [item for page in result for item in page] == sorted(items)
    assert all(len(page) == size for page in result[:-1])


def test_a32_items_that_go_between_two_pages_hide_no_others() -> None:
    """Source: ECS API reference."""
    items = ["a", "b", "c", "d"]
    _, token = pages().cut(items, name="L", key=lambda item: (item,), size=2, token=None)
    assert pages().cut(["a", "c", "d"], name="L", key=lambda item: (item,), size=2, token=token) == (["c", "d"], None)


@pytest.mark.parametrize(
    "token", ["", "x", "eyJhIjogMX0=", "WyJPdGhlciIsICJhIl0=", "WyJMIiwgW11d", "WyJMIiwgMV0=", "é"]
)
def test_a32_a_token_of_another_list_is_refused(token: str) -> None:
    """Source: ECS API reference."""
    with pytest.raises(EcsError, match="Invalid token"):
        pages().cut(["a", "b"], name="L", key=lambda item: (item,), size=1, token=token)

"""One AWS call as it reaches the endpoint: whose service, which operation, which parameters."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

    from moto.core.model import OperationModel

ECS_TARGET = "AmazonEC2ContainerServiceV20141113"
APPLICATION_AUTO_SCALING_TARGET = "AnyScaleFrontendService"
ELBV2_VERSION = "2015-12-01"
"""API version that tells `elbv2` from the classic `elb`; both sign as `elasticloadbalancing`."""
ELB_VERSION = "2012-06-01"
READ_SERVICES = frozenset({"autoscaling", "ec2", "elasticloadbalancing", "iam", "ssm", "sts", "tagging"})
"""Services whose requests are small and are read before moto sees them (never S3: its bodies may be large)."""
MAX_BODY_BYTES = 16 * 1024 * 1024
_SPOOL_BYTES = 1024 * 1024


HTTP_ERRORS = 400
HTTP_FAULTS = 500
_XML = '<?xml version="1.0" encoding="UTF-8"?>'


class RefusalError(Exception):
    """What AWS answers instead of doing it.

    Args:
        code: AWS's error code.
        message: AWS's text.
        status: HTTP status.
    """

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCall:
    """A call that was understood.

    Attributes:
        service: botocore's service name (`ec2`, `elbv2`, `autoscaling`, `ssm`, …).
        region: region of the credential scope.
        operation: name as in the API reference.
        parameters: as boto3 takes them.
        model: moto's model of the operation, for the answer.
    """

    service: str
    region: str
    operation: str
    parameters: Mapping[str, Any]
    model: OperationModel = field(repr=False)

    def given(self, name: str) -> list[Any]:
        """A list parameter, empty when it is absent."""
        return list(self.parameters.get(name) or [])


def scope(environ: WSGIEnvironment) -> tuple[str, str]:
    """Signing name and region of a request, from its credential scope; empty strings when it is not signed."""
    authorization = str(environ.get("HTTP_AUTHORIZATION", ""))
    try:
        credential = authorization.split("Credential=", 1)[1].split(",", 1)[0]
        _, _, region, service, _ = credential.strip().rsplit("/", 4)
    except (IndexError, ValueError):
        return "", ""
    return service.lower(), region


def read_body(environ: WSGIEnvironment) -> bytes:
    """Read the whole body and put it back for whoever comes next.

    Raises:
        RefusalError: the body is larger than any AWS request of these services.
    """
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > MAX_BODY_BYTES:
        raise RefusalError("RequestEntityTooLarge", "Request is too large.", status=413)
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def receive_body(environ: WSGIEnvironment) -> int:
    """Wait until a body of any size has come, so that whoever acts on it need not wait for a slow client.

    Returns:
        Its length in bytes.
    """
    body = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115 - lives as long as the request
    shutil.copyfileobj(environ["wsgi.input"], body)
    length = body.tell()
    body.seek(0)
    environ["wsgi.input"] = body
    return length


def understand(environ: WSGIEnvironment) -> AwsCall | None:
    """Parse a request of one of `READ_SERVICES`; None when it is another's or cannot be understood (moto answers then).

    Args:
        environ: the WSGI environment; its body is put back.

    Raises:
        RefusalError: the body is too large, or the API's version is not one that tells whose operation it is.
    """
    service, region = scope(environ)
    if service not in READ_SERVICES:
        return None
    from moto.core.parse import PROTOCOL_PARSERS  # noqa: PLC0415 - moto takes seconds to load
    from moto.core.utils import get_service_model  # noqa: PLC0415 - as above
    from werkzeug.datastructures import MultiDict  # noqa: PLC0415 - as above

    body = read_body(environ)
    values: MultiDict[str, str] = MultiDict()
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    if target:
        operation = target.rsplit(".", 1)[-1]
    else:
        values = MultiDict(_form(environ, body))
        operation = values.get("Action", "")
    if service == "elasticloadbalancing":
        if values.get("Version") != ELBV2_VERSION:
            if operation and values.get("Version") != ELB_VERSION:
                version = values.get("Version") or "NO_VERSION_SPECIFIED"
                raise RefusalError("InvalidAction", f"Could not find operation {operation} for version {version}")
            return None
        service = "elbv2"
    elif service == "tagging":
        service = "resourcegroupstaggingapi"
    model = get_service_model(service)
    if operation not in model.operation_names:
        return None
    operation_model = model.operation_model(operation)
    if target:
        parameters = _json_object(body)
    else:
        protocol = "ec2" if service == "ec2" else "query"
        parser: Any = PROTOCOL_PARSERS[protocol](operation_model)
        try:
            parameters: dict[str, Any] = parser.parse({"values": values})
        except (ValueError, TypeError):
            return None
    return AwsCall(service=service, region=region, operation=operation, parameters=parameters, model=operation_model)


def _form(environ: WSGIEnvironment, body: bytes) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl  # noqa: PLC0415 - beside its only use

    pairs = parse_qsl(str(environ.get("QUERY_STRING", "")), keep_blank_values=True)
    return pairs + parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        document: object = json.loads(body or b"{}")
    except ValueError:
        return {}
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}


def respond(call: AwsCall, answer: Mapping[str, Any] | RefusalError, start_response: StartResponse) -> Iterable[bytes]:
    """Write an answer, or a refusal, in the protocol of the call's service."""
    if isinstance(answer, RefusalError):
        status, content_type, text = answer.status, *_refusal(call, answer)
        headers = [("Content-Type", content_type)]
    else:
        status, headers, text = _success(call, answer)
    data = text.encode()
    start_response(
        f"{status} {'OK' if status < HTTP_ERRORS else 'Refused'}", [*headers, ("Content-Length", str(len(data)))]
    )
    return [data]


def _success(call: AwsCall, answer: Mapping[str, Any]) -> tuple[int, list[tuple[str, str]], str]:
    from moto.core.serialize import SerializationContext, get_serializer_class  # noqa: PLC0415 - seconds to load

    protocol = str(call.model.service_model.metadata["protocol"])
    context = SerializationContext(request_id=str(uuid.uuid4()))
    written: Any = get_serializer_class(call.service, protocol)(call.model, context=context).serialize(answer)
    body: Any = written["body"]
    headers = [(str(name), str(value)) for name, value in written["headers"].items()]
    return int(written["status_code"]), headers, body if isinstance(body, str) else bytes(body).decode()


def _refusal(call: AwsCall, refusal: RefusalError) -> tuple[str, str]:
    """Content type and text of an error; moto's own serializer finds an error's model only for its own classes."""
    return refusal_text(refusal, service=call.service, is_json=call.model.service_model.metadata["protocol"] == "json")


def refusal_text(refusal: RefusalError, *, service: str, is_json: bool) -> tuple[str, str]:
    """Write an error.

    Args:
        refusal: the error.
        service: whose error it is; EC2 has a form of its own.
        is_json: in a JSON protocol, else in a query protocol.

    Returns:
        Content type and text.
    """
    if is_json:
        return "application/x-amz-json-1.1", json.dumps({"__type": refusal.code, "message": refusal.message})
    code, message = escape(refusal.code), escape(refusal.message)
    if service == "ec2":
        error = f"<Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
        return "text/xml", f"{_XML}<Response>{error}<RequestID>{uuid.uuid4()}</RequestID></Response>"
    kind = "Sender" if refusal.status < HTTP_FAULTS else "Receiver"
    error = f"<Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return "text/xml", f"{_XML}<ErrorResponse>{error}<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"

"""gRPC odds and ends of the resource provider protocol: plans as messages, errors with details."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from pulumi.runtime.proto import provider_pb2, status_pb2

from tinystacks.local.provider.values import to_struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tinystacks.local.provider.diffing import Plan
    from tinystacks.local.provider.handler import PlanError

KINDS: Final[Mapping[tuple[str, bool], Any]] = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


def diff_response(plan: Plan) -> provider_pb2.DiffResponse:
    """A plan as the engine wants it: top-level names, and every path with its kind."""
    response = provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if plan.differences else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=sorted(plan.changed),
        replaces=sorted({difference.path for difference in plan.differences if difference.replace}),
        deleteBeforeReplace=plan.replaces and plan.delete_before_replace,
        hasDetailedDiff=True,
    )
    detailed = cast("Any", response.detailedDiff)
    for difference in plan.differences:
        detailed[difference.path].kind = KINDS[difference.kind, difference.replace]
    return response


def check_failures(failures: Iterable[PlanError]) -> list[provider_pb2.CheckFailure]:
    """Refusals as messages."""
    return [provider_pb2.CheckFailure(property=failure.property, reason=failure.reason) for failure in failures]


def fail(context: grpc.ServicerContext, message: str) -> NoReturn:
    """End a call with an error text, under the status that providers written in Go use for any error."""
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError(message)  # abort raises; its stub does not say so


def fail_initialisation(
    context: grpc.ServicerContext,
    message: str,
    *,
    resource_id: str,
    state: Mapping[str, Any],
    inputs: Mapping[str, Any],
) -> NoReturn:
    """End a call with an error that leaves the resource, with its state, in the stack's state."""
    details = provider_pb2.ErrorResourceInitFailed(
        id=resource_id,
        properties=to_struct(state),
        inputs=to_struct(inputs),
        reasons=[message],
    )
    packed = AnyMessage()
    packed.Pack(details)
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=message, details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, message)
    raise AssertionError(message)  # abort raises; its stub does not say so

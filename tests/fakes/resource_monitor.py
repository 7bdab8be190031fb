"""A resource monitor that records registrations and answers id = name + "-id", as the recordings were made with."""

from __future__ import annotations

import threading
from concurrent import futures
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import grpc
from google.protobuf import empty_pb2, struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

if TYPE_CHECKING:
    from types import TracebackType

ZONES = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"]


@dataclass
class ResourceMonitor(resource_pb2_grpc.ResourceMonitorServicer):
    """Serves on a free port while entered."""

    dry_run: bool = False
    """Whether ids and what AWS would decide are left unknown, as in a preview."""
    requests: list[resource_pb2.RegisterResourceRequest] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    invokes: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)
    """Type tokens that the engine refuses."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=32))
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop(None).wait()

    def RegisterResource(self, request, context):
        with self._lock:
            self.requests.append(request)
        if request.type in self.refuse:
            context.abort(grpc.StatusCode.UNKNOWN, f"{request.type} was refused")
        urn = f"urn:pulumi:dev::test::{request.type}::{request.name}"
        state = struct_pb2.Struct()
        state.CopyFrom(request.object)
        identity = "" if self.dry_run or not request.custom else f"{request.name}-id"
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=state)

    def RegisterResourceOutputs(self, request, context):
        with self._lock:
            self.outputs[request.urn] = MessageToDict(request.outputs)
        return empty_pb2.Empty()

    def Invoke(self, request, context):
        with self._lock:
            self.invokes.append((request.tok, MessageToDict(request.args), request.provider))
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").update({"names": ZONES, "zoneIds": ["a", "b", "c", "d"]})
        return response

    def registered(self) -> list[dict[str, Any]]:
        """What was registered, in the form of the recordings."""
        return [
            {
                "type": request.type,
                "name": request.name,
                "parent": request.parent.rsplit("::", 1)[-1],
                "inputs": _whole(MessageToDict(request.object)),
            }
            for request in self.requests
        ]


def _whole(value: Any) -> Any:
    """JSON numbers as a program wrote them."""
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value

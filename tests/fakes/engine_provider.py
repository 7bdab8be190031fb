"""A resource provider for the engine that keeps resources in memory and does as it is told."""

from __future__ import annotations

import threading
from collections import defaultdict
from concurrent import futures
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import grpc
from google.protobuf import empty_pb2, struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

if TYPE_CHECKING:
    from types import TracebackType


@dataclass
class World:
    """What exists, and what shall happen to resources by their logical name."""

    existing: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Texts of errors that the next operations on a name end with."""
    slow: set[str] = field(default_factory=set)
    """Names whose operations wait until `go_on` is set."""
    replace_on: set[str] = field(default_factory=lambda: {"force"})
    """Properties whose change replaces."""
    go_on: threading.Event = field(default_factory=threading.Event)
    busy: threading.Event = field(default_factory=threading.Event)
    """Set when a slow operation has begun."""
    cancelled: threading.Event = field(default_factory=threading.Event)
    calls: list[tuple[str, str]] = field(default_factory=list)
    counter: int = 0
    waiting: int = 0
    patient: bool = False
    """Whether slow operations go on though they are told to stop."""
    told: threading.Event = field(default_factory=threading.Event)


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    result = struct_pb2.Struct()
    result.update(values)
    return result


def name_of(urn: str) -> str:
    return urn.rpartition("::")[2]


class _Servicer(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self, world: World) -> None:
        self.world = world

    def Handshake(self, request, context):
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request, context):
        return empty_pb2.Empty()

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="7.51.1")

    def GetSchema(self, request, context):
        return provider_pb2.GetSchemaResponse(schema="{}")

    def CheckConfig(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request, context):
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    def Check(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request, context):
        old, new = MessageToDict(request.old_inputs), MessageToDict(request.news)
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        response = provider_pb2.DiffResponse
        return response(
            changes=response.DIFF_SOME if changed else response.DIFF_NONE,
            diffs=changed,
            replaces=[key for key in changed if key in self.world.replace_on],
        )

    def Create(self, request, context):
        values = MessageToDict(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(id="", properties=struct(values))
        self._act("create", request.urn, context)
        self.world.counter += 1
        resource_id = f"{name_of(request.urn)}-{self.world.counter}"
        self.world.existing[resource_id] = values
        return provider_pb2.CreateResponse(id=resource_id, properties=struct({**values, "physical": resource_id}))

    def Read(self, request, context):
        self._act("read", request.urn, context)
        if request.id not in self.world.existing:
            return provider_pb2.ReadResponse()
        values = self.world.existing[request.id]
        return provider_pb2.ReadResponse(
            id=request.id, properties=struct({**values, "physical": request.id}), inputs=struct(values)
        )

    def Update(self, request, context):
        values = MessageToDict(request.news)
        if not request.preview:
            self._act("update", request.urn, context)
            self.world.existing[request.id] = values
        return provider_pb2.UpdateResponse(properties=struct({**values, "physical": request.id}))

    def Delete(self, request, context):
        self._act("delete", request.urn, context)
        self.world.existing.pop(request.id, None)
        return empty_pb2.Empty()

    def Cancel(self, request, context):
        # The engine says this to every provider at its end too.
        self.world.told.set()
        if self.world.waiting and not self.world.patient:
            self.world.cancelled.set()
            self.world.go_on.set()
        return empty_pb2.Empty()

    def _act(self, verb: str, urn: str, context: grpc.ServicerContext) -> None:
        name = name_of(urn)
        self.world.calls.append((verb, name))
        if name in self.world.slow:
            self.world.busy.set()
            self.world.waiting += 1
            self.world.go_on.wait(60)
            self.world.waiting -= 1
            if self.world.cancelled.is_set():
                context.abort(grpc.StatusCode.CANCELLED, "the operation was cancelled")
        if self.world.failures[name]:
            context.abort(grpc.StatusCode.UNKNOWN, self.world.failures[name].pop(0))


class EngineProvider:
    """Serves a `World` as the engine's provider `aws`; use it in a `with` statement."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(_Servicer(world), self._server)
        self.port = self._server.add_insecure_port("127.0.0.1:0")

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.world.go_on.set()
        self._server.stop(0).wait()

    @property
    def environment(self) -> dict[str, str]:
        return {"PULUMI_DEBUG_PROVIDERS": f"aws:{self.port}"}

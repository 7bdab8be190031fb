"""What a program of the Automation API leaves open when the engine goes away is closed; with the API's own server."""

from __future__ import annotations

import asyncio
import gc
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import grpc
import pulumi
import pytest
from google.protobuf import empty_pb2
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, language_pb2, resource_pb2

from tests.fakes.resource_monitor import ResourceMonitor
from tinystacks.deployment.program_run import ended_in_order

if TYPE_CHECKING:
    from collections.abc import Callable


class GoingEngine(ResourceMonitor, engine_pb2_grpc.EngineServicer):
    """An engine that answers until it is left, and remembers what it was told."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.told: list[tuple[int, str]] = []
        engine_pb2_grpc.add_EngineServicer_to_server(self, self._server)

    def SupportsFeature(self, request, context):
        return resource_pb2.SupportsFeatureResponse(hasSupport=True)

    def Log(self, request, context):
        self.told.append((request.severity, request.message))
        return empty_pb2.Empty()


@pytest.fixture
def engine():
    return GoingEngine()


@pytest.mark.parametrize("waits", [False, True])
def test_the_event_loop_of_a_program_is_closed_though_its_engine_went_away(engine, waits):
    request = language_pb2.RunRequest(
        project="shop", stack="dev", parallel=2, monitor_address=engine.address, args=[engine.address]
    )
    loops: list[asyncio.AbstractEventLoop] = []

    async def wait():
        await asyncio.sleep(3600)

    def program():
        loops.append(asyncio.get_running_loop())
        engine.__exit__(None, None, None)
        if waits:
            pulumi.export("never", pulumi.Output.from_input(wait()))
        pulumi.ComponentResource("tinystacks:test:Late", "late")

    def serve(run: Callable[[], None]):
        with suppress(grpc.RpcError):  # as gRPC's server does, with a note in the log
            LanguageServer(run).Run(request, cast("Any", None))

    with engine, ended_in_order(program) as run:
        thread = threading.Thread(target=serve, args=(run,))
        thread.start()
        thread.join(60)
        assert not thread.is_alive()
    assert [loop.is_closed() for loop in loops] == [True]
    gc.collect()  # what was left pending would be reported here


def test_debug_messages_are_not_sent_one_by_one_and_all_others_are(engine):
    request = language_pb2.RunRequest(
        project="shop", stack="dev", parallel=2, monitor_address=engine.address, args=[engine.address]
    )

    def program():
        engine.told.clear()
        pulumi.log.debug("nobody asked")
        pulumi.log.info("for your information")
        pulumi.log.warn("mind this")

    with engine, ended_in_order(program) as run:
        assert LanguageServer(run).Run(request, cast("Any", None)).error == ""
    assert engine.told == [(engine_pb2.INFO, "for your information"), (engine_pb2.WARNING, "mind this")]

"""The two gRPC servers of the provider process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, Self

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from tinystacks.local.provider.awsx import AwsxServicer
from tinystacks.local.provider.clients import Clients
from tinystacks.local.provider.servicer import AwsServicer

if TYPE_CHECKING:
    from types import TracebackType

AWS_THREADS: Final = 64
"""Calls at once: the engine sends as many as the update has independent resources, and creates wait for AWS."""

AWSX_THREADS: Final = 8
"""Components at once. A pool of its own: a component waits for its children, which the other pool makes."""

STOP_GRACE_SECONDS: Final = 1.0
MESSAGE_BYTES: Final = 400 * 1024 * 1024
"""Largest message, the limit that Pulumi's own plugins set."""


class ProviderProcess:
    """Serves `aws` and `awsx` on free ports of 127.0.0.1 from entering to leaving the `with` block.

    Args:
        endpoint_url: where the local AWS listens.
    """

    def __init__(self, endpoint_url: str) -> None:
        clients = Clients(endpoint_url)
        self._aws = _server(AWS_THREADS, "aws")
        self._awsx = _server(AWSX_THREADS, "awsx")
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(AwsServicer(clients), self._aws)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(AwsxServicer(), self._awsx)
        self.ports = {
            "aws": self._aws.add_insecure_port("127.0.0.1:0"),
            "awsx": self._awsx.add_insecure_port("127.0.0.1:0"),
        }

    def __enter__(self) -> Self:
        self._aws.start()
        self._awsx.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        stopping = [self._awsx.stop(STOP_GRACE_SECONDS), self._aws.stop(STOP_GRACE_SECONDS)]
        for stopped in stopping:
            stopped.wait()

    @property
    def debug_providers(self) -> str:
        """Value of `PULUMI_DEBUG_PROVIDERS` for an engine that is to attach."""
        return ",".join(f"{package}:{port}" for package, port in self.ports.items())


def _server(threads: int, name: str) -> Any:
    pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=f"provider-{name}")
    options = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]
    return grpc.server(pool, options=options)

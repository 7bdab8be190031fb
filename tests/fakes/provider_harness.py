"""Drives one resource handler through a resource's life against an AWS endpoint, as the provider framework does."""

from __future__ import annotations

import threading
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from tinystacks.local.provider.handler import Call

if TYPE_CHECKING:
    from collections.abc import Generator

    from tinystacks.local.provider.handler import Handler, Inputs

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"


@dataclass
class Resource:
    """One resource that a test made: its handler, id and last known properties."""

    handler: Handler
    id: str
    state: Inputs


@dataclass
class ProviderHarness:
    """What the framework does around a handler: a call's surroundings, a read after each write."""

    endpoint_url: str
    timeout_seconds: float = 10.0
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            make: Any = boto3.client  # its overloads want service names as literals
            self.clients[service] = make(
                service,
                region_name=REGION,
                endpoint_url=self.endpoint_url,
                aws_access_key_id="local",
                aws_secret_access_key="local",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self.clients[service]

    def call(self, name: str = "thing") -> Call:
        return Call(
            clients=self.client,
            region=REGION,
            account_id=ACCOUNT_ID,
            partition="aws",
            urn=f"urn:pulumi:dev::shop::x::{name}",
            timeout_seconds=self.timeout_seconds,
            cancelled=threading.Event(),
        )

    def create(self, handler: Handler, inputs: Inputs) -> Resource:
        """Create and read back; what was given must come back exactly."""
        resource_id = handler.create(self.call(), dict(inputs))
        state = self._read(handler, resource_id, inputs)
        assert state is not None, f"{handler.token} {resource_id} was not found after it was made"
        assert_given(state, inputs)
        resource = Resource(handler, resource_id, state)
        assert self.read(resource) == state, "a refresh without an outside change shows a difference"
        return resource

    def read(self, resource: Resource) -> Inputs | None:
        return self._read(resource.handler, resource.id, resource.state)

    def imported(self, handler: Handler, given: str) -> Inputs | None:
        """Import by the id that a person gives, with nothing known."""
        find = getattr(handler, "import_id", None)
        return handler.read(self.call(), find(self.call(), given) if find else given, {})

    def update(self, resource: Resource, inputs: Inputs) -> None:
        """Bring the resource to `inputs` and read back; what was given must come back exactly."""
        old = resource.state
        changed = frozenset(name for name, value in inputs.items() if not holds(old.get(name), value))
        resource.handler.update(self.call(), resource.id, old, dict(inputs), changed)
        state = self._read(resource.handler, resource.id, _known(old, inputs))
        assert state is not None
        assert_given(state, inputs)
        resource.state = state

    def delete(self, resource: Resource) -> None:
        """Delete, see that it is gone, and delete again, which is no error."""
        resource.handler.delete(self.call(), resource.id, resource.state)
        assert self.read(resource) is None
        resource.handler.delete(self.call(), resource.id, resource.state)

    def _read(self, handler: Handler, resource_id: str, known: Inputs) -> Inputs | None:
        state = handler.read(self.call(), resource_id, dict(known))
        # The framework copies what AWS does not tell from the last known state.
        kept = {name: known[name] for name in KEPT if name in known}
        return None if state is None else kept | state


KEPT = (
    "forceDelete",
    "forceDeleteWarmPool",
    "forceNewDeployment",
    "ignoreFailedScalingActivities",
    "instanceRefresh",
    "revokeRulesOnDelete",
    "skipDestroy",
    "trackLatest",
    "triggers",
    "updateDefaultVersion",
    "waitForCapacityTimeout",
    "waitForSteadyState",
)
"""`kept` in the framework's tables, for the types tested with this harness."""


def assert_given(state: Inputs, inputs: Inputs) -> None:
    """Every property that the program gave stands in the state exactly as given; blocks may hold computed ones too."""
    differing = {name: (value, state.get(name)) for name, value in inputs.items() if not holds(state.get(name), value)}
    assert not differing, f"given and read differ: {differing}"


def holds(found: Any, given: Any) -> bool:
    """Whether `given` is in `found`: the same values, and in blocks at least the same members."""
    if isinstance(given, dict) and isinstance(found, dict):
        return all(name in found and holds(found[name], value) for name, value in given.items())
    if isinstance(given, list) and isinstance(found, list):
        return len(given) == len(found) and all(map(holds, found, given))
    return type(found) is type(given) and found == given


@contextmanager
def moto_endpoint() -> Generator[str]:
    """A fresh emulated AWS on 127.0.0.1."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    request = urllib.request.Request(f"{url}/moto-api/reset", method="POST")
    with urllib.request.urlopen(request):
        pass
    try:
        yield url
    finally:
        server.stop()


def _known(old: Inputs, new: Inputs) -> Inputs:
    """Last known properties after an update: the old ones under the new inputs."""
    return old | new

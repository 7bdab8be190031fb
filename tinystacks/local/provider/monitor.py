"""The engine's resource monitor, spoken to directly.

Pulumi's Python runtime keeps the monitor and the stack in process-wide state; here several engines may be served at
once, so each component speaks to its own engine through this class.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, cast

import grpc
from pulumi.runtime.proto import resource_pb2, resource_pb2_grpc

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.values import UNKNOWN, ResourceReference, Secret, from_struct, to_struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

MESSAGE_BYTES = 400 * 1024 * 1024


class RegistrationError(LocalAwsError):
    """The engine did not register a resource."""

    kind = "local-aws-registration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A resource that the engine has dealt with.

    Attributes:
        urn: its URN.
        id: its id; UNKNOWN in a preview of its creation; empty for a component.
        state: its outputs; secrets stay marked.
        version: version of its package.
    """

    urn: str
    id: Any
    state: Mapping[str, Any] = field(default_factory=dict[str, Any])
    version: str = ""

    def output(self, name: str) -> Any:
        """An output; UNKNOWN while the preview does not tell it."""
        return self.state.get(name, UNKNOWN if self.id is UNKNOWN else None)

    @property
    def reference(self) -> ResourceReference:
        """The resource as a value."""
        return ResourceReference(urn=self.urn, id=self.id if isinstance(self.id, str) else "", version=self.version)


class Monitor:
    """One engine's monitor, for one component.

    Args:
        address: `host:port` as the engine gave it.
        provider: reference of the provider that the children use; empty for the engine's default one.
        version: version of the package that the children ask for when there is no explicit provider.
    """

    def __init__(self, address: str, *, provider: str, version: str) -> None:
        self._channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.max_receive_message_length", MESSAGE_BYTES),
                ("grpc.max_send_message_length", MESSAGE_BYTES),
            ],
        )
        self._stub = cast("Any", resource_pb2_grpc.ResourceMonitorStub(self._channel))
        self._provider = provider
        self._version = version

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._channel.close()

    def register(
        self,
        token: str,
        name: str,
        inputs: Mapping[str, Any],
        *,
        parent: Registered,
        uses: Iterable[tuple[str, Registered]] = (),
        after: Iterable[Registered] = (),
    ) -> Registered:
        """Register a child and wait until the engine is done with it.

        Args:
            token: type token.
            name: logical name.
            inputs: properties; None is left out.
            parent: the resource it belongs to.
            uses: input property and the resource whose output it holds, for the dependency graph.
            after: resources that have to be there first (`dependsOn`).

        Raises:
            RegistrationError: the engine gave up on it; it has said why itself.
        """
        used: dict[str, set[str]] = {}
        for property_name, resource in uses:
            used.setdefault(property_name, set()).add(resource.urn)
        depends = sorted({resource.urn for resource in after}.union(*used.values()))
        given = {key: value for key, value in inputs.items() if value is not None}
        request = resource_pb2.RegisterResourceRequest(
            type=token,
            name=name,
            parent=parent.urn,
            custom=True,
            object=to_struct(given),
            dependencies=depends,
            provider=self._provider,
            version="" if self._provider else self._version,
            acceptSecrets=True,
            acceptResources=True,
            supportsPartialValues=True,
            supportsResultReporting=True,
            aliasSpecs=True,
        )
        dependencies = cast("Any", request.propertyDependencies)
        for key in given:
            dependencies[key].urns.extend(sorted(used.get(key, ())))
        return self._registered(request)

    def register_component(self, request: resource_pb2.RegisterResourceRequest) -> Registered:
        """Register the component itself.

        Raises:
            RegistrationError: the engine gave up on it.
        """
        return self._registered(request)

    def register_outputs(self, component: Registered, outputs: Mapping[str, Any]) -> None:
        """Tell the engine what the component gives; it is complete with that."""
        request = resource_pb2.RegisterResourceOutputsRequest(urn=component.urn, outputs=to_struct(outputs))
        self._stub.RegisterResourceOutputs(request)

    def invoke(self, token: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """Call a function of the children's provider.

        Raises:
            RegistrationError: it refused.
        """
        request = resource_pb2.ResourceInvokeRequest(
            tok=token,
            args=to_struct(args),
            provider=self._provider,
            version="" if self._provider else self._version,
            acceptResources=True,
        )
        response = self._stub.Invoke(request)
        if response.failures:
            raise RegistrationError("; ".join(f"{token}: {failure.reason}" for failure in response.failures))
        return from_struct(getattr(response, "return"))

    def _registered(self, request: resource_pb2.RegisterResourceRequest) -> Registered:
        response = self._stub.RegisterResource(request)
        if response.result != resource_pb2.SUCCESS:
            raise RegistrationError(f"{request.type} '{request.name}' was not made")
        identity: Any = response.id or (UNKNOWN if request.custom else "")
        state = from_struct(response.object, keep_secrets=True)
        return Registered(urn=response.urn, id=identity, state=state, version=self._version)


def unwrapped(value: Any) -> Any:
    """A value without its secret mark."""
    return value.value if isinstance(value, Secret) else value

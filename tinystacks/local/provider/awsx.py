"""The `awsx` plugin to the engine: a provider of components."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, resource_pb2

from tinystacks.errors import TinystacksError
from tinystacks.local.provider.awsx_vpc import VPC_TYPE, VpcComponent
from tinystacks.local.provider.handlers import UnknownTypeError
from tinystacks.local.provider.monitor import Monitor
from tinystacks.local.provider.servicer import AWS_VERSION
from tinystacks.local.provider.values import from_struct, to_struct
from tinystacks.local.provider.wire import fail

AWSX_VERSION: Final = "3.11.0"
"""Version of the Pulumi package `awsx` that is stood in for."""

if TYPE_CHECKING:
    from collections.abc import Mapping


class AwsxServicer(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine for the package `awsx`."""

    def Handshake(  # noqa: N802 - the protocol's name, as all below
        self,
        request: provider_pb2.ProviderHandshakeRequest,  # noqa: ARG002 - the protocol's signature, as all below
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Say how values are to be sent; components have to take secrets."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> Empty:  # noqa: ARG002, N802
        """Each Construct names the monitor to talk to; nothing to remember."""
        return Empty()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: ARG002, N802
        """The version that is stood in for."""
        return plugin_pb2.PluginInfo(version=AWSX_VERSION)

    def GetSchema(  # noqa: N802
        self,
        request: provider_pb2.GetSchemaRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.GetSchemaResponse:
        """The least that is a schema: programs bring their own SDK."""
        return provider_pb2.GetSchemaResponse(schema=json.dumps({"name": "awsx", "version": AWSX_VERSION}))

    def CheckConfig(  # noqa: N802
        self,
        request: provider_pb2.CheckRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.CheckResponse:
        """The package has no settings."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(  # noqa: N802
        self,
        request: provider_pb2.DiffRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.DiffResponse:
        """The package has no settings."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(  # noqa: N802
        self,
        request: provider_pb2.ConfigureRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.ConfigureResponse:
        """The package has no settings."""
        return provider_pb2.ConfigureResponse(acceptSecrets=True, acceptResources=True, supportsPreview=True)

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:  # noqa: ARG002, N802
        """The children's provider is told as well; a component ends when its children do."""
        return Empty()

    def Construct(  # noqa: N802
        self,
        request: provider_pb2.ConstructRequest,
        context: grpc.ServicerContext,
    ) -> provider_pb2.ConstructResponse:
        """Register a component with its children."""
        try:
            return construct(request)
        except TinystacksError as error:
            fail(context, str(error))
        except grpc.RpcError as error:
            # The engine refused a child and has said why at that child.
            fail(context, str(cast("Any", error).details()))


def construct(request: provider_pb2.ConstructRequest) -> provider_pb2.ConstructResponse:
    """Register one component with its children at the engine that asks.

    Raises:
        TinystacksError: the type is not known, its arguments are wrong, or a child was refused.
        grpc.RpcError: the engine's monitor ended the registration.
    """
    if request.type != VPC_TYPE:
        raise UnknownTypeError(
            f"the local AWS does not know {request.type}",
            hint="Deploy this program to an AWS account, or leave this component out of the local stage.",
        )
    providers = cast("Mapping[str, str]", request.providers)
    with Monitor(request.monitorEndpoint, provider=providers.get("aws", ""), version=AWS_VERSION) as monitor:
        component = monitor.register_component(component_request(request))
        arguments = from_struct(request.inputs, keep_secrets=True)
        outputs = VpcComponent(monitor, component, request.name, arguments).build()
        monitor.register_outputs(component, outputs.values)
    response = provider_pb2.ConstructResponse(urn=component.urn, state=to_struct(outputs.values))
    dependencies = cast("Any", response.stateDependencies)
    for name, urns in outputs.dependencies.items():
        dependencies[name].urns.extend(urns)
    return response


def component_request(request: provider_pb2.ConstructRequest) -> resource_pb2.RegisterResourceRequest:
    """The component's own registration: it keeps the options that the program gave."""
    registration = resource_pb2.RegisterResourceRequest(
        type=request.type,
        name=request.name,
        parent=request.parent,
        dependencies=request.dependencies,
        providers=cast("Mapping[str, str]", request.providers),
        protect=request.protect,
        aliases=request.aliases,
        aliasSpecs=True,
        additionalSecretOutputs=request.additionalSecretOutputs,
        deletedWith=request.deletedWith,
        deleteBeforeReplace=request.deleteBeforeReplace,
        ignoreChanges=request.ignoreChanges,
        replaceOnChanges=request.replaceOnChanges,
        retainOnDelete=request.retainOnDelete,
        acceptSecrets=True,
        acceptResources=True,
        supportsPartialValues=True,
        supportsResultReporting=True,
    )
    cast("Any", registration.object).SetInParent()
    return registration

"""The `aws` plugin to the engine: the gRPC service, from messages to plain values and back.

Protocol: https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto. Secrets are not asked for: the
engine then marks what comes back by what went in, and the tables say which outputs are secret anyway.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NoReturn

from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from tinystacks.errors import TinystacksError
from tinystacks.local.provider.configuration import Connections, configuration_failures, settings_from
from tinystacks.local.provider.invocation import Invocation
from tinystacks.local.provider.invokes import invoke
from tinystacks.local.provider.naming import Autonaming
from tinystacks.local.provider.operations import Resource
from tinystacks.local.provider.outcomes import InitFailedError
from tinystacks.local.provider.state_inputs import with_secrets
from tinystacks.local.provider.values import from_struct, to_struct
from tinystacks.local.provider.wire import check_failures, diff_response, fail, fail_initialisation

if TYPE_CHECKING:
    import grpc

    from tinystacks.local.provider.clients import Clients

AWS_VERSION: Final = "7.51.1"
"""Version of the Pulumi package `aws` that the tables follow."""

MODES: Final = ("propose", "enforce", "disable")


class AwsServicer(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine for the package `aws`.

    Args:
        clients: clients at the local AWS.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._connections = Connections()

    def Handshake(  # noqa: N802 - the protocol's name, as all below
        self,
        request: provider_pb2.ProviderHandshakeRequest,  # noqa: ARG002 - the protocol's signature, as all below
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Say how values are to be sent."""
        return provider_pb2.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> Empty:  # noqa: ARG002, N802
        """The engine tells its own address; nothing here calls back to it."""
        return Empty()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: ARG002, N802
        """The version that is stood in for."""
        return plugin_pb2.PluginInfo(version=AWS_VERSION)

    def GetSchema(  # noqa: N802
        self,
        request: provider_pb2.GetSchemaRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.GetSchemaResponse:
        """The least that is a schema: programs bring their own SDK."""
        return provider_pb2.GetSchemaResponse(schema=json.dumps({"name": "aws", "version": AWS_VERSION}))

    def CheckConfig(  # noqa: N802
        self,
        request: provider_pb2.CheckRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.CheckResponse:
        """Check a provider's own inputs; they are kept as they are."""
        failures = configuration_failures(from_struct(request.news))
        return provider_pb2.CheckResponse(inputs=request.news, failures=check_failures(failures))

    def DiffConfig(  # noqa: N802
        self,
        request: provider_pb2.DiffRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.DiffResponse:
        """No setting of a provider replaces it; a new region shows up in each resource."""
        olds, news = from_struct(request.old_inputs), from_struct(request.news)
        diffs = sorted(key for key in {*olds, *news} if olds.get(key) != news.get(key))
        changes = provider_pb2.DiffResponse.DIFF_SOME if diffs else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=changes, diffs=diffs)

    def Configure(  # noqa: N802
        self,
        request: provider_pb2.ConfigureRequest,
        context: grpc.ServicerContext,
    ) -> provider_pb2.ConfigureResponse:
        """Remember the settings of this connection; refuse a wrong account before any resource is touched."""
        args = from_struct(request.args)
        try:
            settings = settings_from(args)
            if not settings.skip_requesting_account_id or settings.allowed_account_ids:
                settings.verify_account(self._clients.account()[0])
        except Exception as error:  # noqa: BLE001 - any failure is the engine's to report
            fail(context, f"unable to validate AWS credentials.\nDetails: {error}")
        self._connections.configure(context.peer(), settings)
        return provider_pb2.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    def Check(  # noqa: N802
        self,
        request: provider_pb2.CheckRequest,
        context: grpc.ServicerContext,
    ) -> provider_pb2.CheckResponse:
        """Complete and check a resource's inputs."""
        resource = self._resource(request, context)
        options = request.autonaming if request.HasField("autonaming") else None
        naming = Autonaming(proposed=options.proposed_name, mode=MODES[options.mode]) if options is not None else None
        try:
            inputs, failures = resource.check(
                from_struct(request.olds),
                from_struct(request.news),
                seed=request.randomSeed,
                autonaming=naming,
            )
        except TinystacksError as error:
            fail(context, str(error))
        return provider_pb2.CheckResponse(inputs=to_struct(inputs), failures=check_failures(failures))

    def Diff(  # noqa: N802
        self,
        request: provider_pb2.DiffRequest,
        context: grpc.ServicerContext,
    ) -> provider_pb2.DiffResponse:
        """What an update would change."""
        try:
            plan = self._resource(request, context).diff(
                from_struct(request.olds),
                from_struct(request.news),
                ignore_changes=tuple(request.ignoreChanges),
            )
        except TinystacksError as error:
            fail(context, str(error))
        return diff_response(plan)

    def Create(  # noqa: N802
        self,
        request: provider_pb2.CreateRequest,
        context: grpc.ServicerContext,
    ) -> provider_pb2.CreateResponse:
        """Make a resource, or foresee it in a preview."""
        if not context.is_active():
            # A plug-in dies with its engine: what waited for its turn is not made by anybody.
            fail(context, "the engine is gone")
        resource = self._resource(request, context)
        inputs = from_struct(request.properties)
        try:
            resource_id, state = ("", resource.planned_create(inputs)) if request.preview else resource.create(inputs)
        except InitFailedError as error:
            self._fail_initialisation(context, resource, error, inputs)
        except TinystacksError as error:
            fail(context, str(error))
        return provider_pb2.CreateResponse(id=resource_id, properties=self._struct(resource, state))

    def Read(  # noqa: N802
        self,
        request: provider_pb2.ReadRequest,
        context: grpc.ServicerContext,
    ) -> provider_pb2.ReadResponse:
        """What a resource is now, for a refresh, an import or a `get`."""
        resource = self._resource(request, context)
        state, inputs = from_struct(request.properties), from_struct(request.inputs)
        try:
            reading = resource.read(request.id, state, inputs if state else None)
        except TinystacksError as error:
            fail(context, str(error))
        if reading is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=reading.resource_id,
            properties=self._struct(resource, reading.state),
            inputs=self._struct(resource, reading.inputs),
        )

    def Update(  # noqa: N802
        self,
        request: provider_pb2.UpdateRequest,
        context: grpc.ServicerContext,
    ) -> provider_pb2.UpdateResponse:
        """Change a resource in place, or foresee it in a preview."""
        resource = self._resource(request, context)
        state, inputs = from_struct(request.olds), from_struct(request.news)
        ignored = tuple(request.ignoreChanges)
        try:
            after = (
                resource.planned_update(state, inputs, ignore_changes=ignored)
                if request.preview
                else resource.update(request.id, state, inputs, ignore_changes=ignored)
            )
        except InitFailedError as error:
            self._fail_initialisation(context, resource, error, inputs)
        except TinystacksError as error:
            fail(context, str(error))
        return provider_pb2.UpdateResponse(properties=self._struct(resource, after))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> Empty:  # noqa: N802
        """Remove a resource."""
        try:
            self._resource(request, context).delete(request.id, from_struct(request.properties))
        except TinystacksError as error:
            fail(context, str(error))
        return Empty()

    def Invoke(  # noqa: N802
        self,
        request: provider_pb2.InvokeRequest,
        context: grpc.ServicerContext,
    ) -> provider_pb2.InvokeResponse:
        """Answer a function such as `aws:index/getAvailabilityZones:getAvailabilityZones`."""
        settings = self._connections.settings(context.peer())
        invocation = Invocation(
            token=request.tok,
            args=from_struct(request.args),
            settings=settings,
            clients=self._clients,
        )
        try:
            result, failures = invoke(invocation)
        except TinystacksError as error:
            fail(context, str(error))
        response = provider_pb2.InvokeResponse(failures=check_failures(failures))
        if not failures:
            getattr(response, "return").CopyFrom(to_struct(result))
        return response

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:  # noqa: ARG002, N802
        """End what this connection's engine has asked for."""
        self._connections.cancelled(context.peer()).set()
        return Empty()

    def _resource(self, request: Any, context: grpc.ServicerContext) -> Resource:
        peer = context.peer()
        token = request.type or request.urn.split("::")[2].rsplit("$", 1)[-1]
        return Resource(
            urn=request.urn,
            token=token,
            settings=self._connections.settings(peer),
            clients=self._clients,
            cancelled=self._connections.cancelled(peer),
            timeout=getattr(request, "timeout", 0.0),
        )

    def _struct(self, resource: Resource, state: dict[str, Any]) -> Any:
        return to_struct(with_secrets(resource.table, state))

    def _fail_initialisation(
        self,
        context: grpc.ServicerContext,
        resource: Resource,
        error: InitFailedError,
        inputs: dict[str, Any],
    ) -> NoReturn:
        fail_initialisation(
            context,
            str(error),
            resource_id=error.resource_id,
            state=with_secrets(resource.table, error.state),
            inputs=inputs,
        )

"""Operations on services, service deployments and service revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane.errors import EcsError
from tinystacks.local.ecs_api.shapes.common import Shape, failure
from tinystacks.local.ecs_api.shapes.service_deployments import (
    service_deployment_brief,
    service_deployment_shape,
    service_revision_shape,
)
from tinystacks.local.ecs_api.shapes.services import service_shape

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Service
    from tinystacks.local.ecs_api.call import Call, Operation

_MOST_DESCRIBED = 10
_MOST_DEPLOYMENTS_DESCRIBED = 20
_SERVICES_PAGE = 10
_DEPLOYMENTS_PAGE = 20
_NOT_MODELLED = ("gatewayConnectors", "monitoring")


def _create(call: Call) -> Shape:
    _refuse_unmodelled(call)
    service = call.plane.create_service(**call.arguments())
    return {"service": _shape(call, service, tags=True)}


def _update(call: Call) -> Shape:
    _refuse_unmodelled(call)
    return {"service": _shape(call, call.plane.update_service(**call.arguments()), tags=True)}


def _refuse_unmodelled(call: Call) -> None:
    for member in _NOT_MODELLED:
        if member in call.body:
            raise EcsError("UnsupportedFeatureException", f"The local AWS does not offer {member}.")


def _delete(call: Call) -> Shape:
    return {"service": _shape(call, call.plane.delete_service(**call.arguments()), tags=False)}


def _shape(call: Call, service: Service, *, tags: bool) -> Shape:
    return service_shape(service, cluster_arn=call.cluster_arn(service.cluster), tags=tags)


def _describe(call: Call) -> Shape:
    cluster = call.cluster()
    tags = call.includes("TAGS")
    shown: list[Shape] = []
    failures: list[Shape] = []
    for reference in call.named("services", most=_MOST_DESCRIBED):
        name = reference.rpartition("/")[2]
        service = call.state.services.get((cluster.name, name))
        if service is None or (reference.startswith("arn:") and reference != service.arn):
            arn = call.state.identities.arn(f"service/{cluster.name}/{name}")
            failures.append(failure(reference if reference.startswith("arn:") else arn, "MISSING"))
        else:
            shown.append(_shape(call, service, tags=tags))
    return {"services": shown, "failures": failures}


def _list(call: Call) -> Shape:
    launch_type, strategy = call.body.get("launchType"), call.body.get("schedulingStrategy")
    arns = (
        service.arn
        for service in call.services_of(call.cluster())
        if service.status == "ACTIVE"
        and launch_type in {None, service.launch_type}
        and strategy in {None, service.scheduling_strategy}
        and call.body.get("resourceManagementType", "CUSTOMER") == "CUSTOMER"
    )
    page, token = call.page(arns, key=lambda arn: (arn,), size=_SERVICES_PAGE)
    return {"serviceArns": page} | token


def _list_by_namespace(_call: Call) -> Shape:
    raise EcsError("NamespaceNotFoundException", "The specified namespace was not found.")


def _list_deployments(call: Call) -> Shape:
    service = call.state.service(call.cluster(), call.body["service"])
    wanted = call.body.get("status")
    created = call.body.get("createdAt", {})
    after, before = created.get("after", float("-inf")), created.get("before", float("inf"))
    records = (
        record
        for record in service.service_deployments
        if (not wanted or record.status in wanted) and after <= record.created_at <= before
    )
    page, token = call.page(records, key=lambda one: (one.created_at, one.arn), size=_DEPLOYMENTS_PAGE, descending=True)
    return {"serviceDeployments": [service_deployment_brief(record) for record in page]} | token


def _describe_deployments(call: Call) -> Shape:
    shown: list[Shape] = []
    failures: list[Shape] = []
    for arn in call.named("serviceDeploymentArns", most=_MOST_DEPLOYMENTS_DESCRIBED):
        service = _service_of(call, arn)
        record = next((one for one in service.service_deployments if one.arn == arn), None) if service else None
        if service is None or record is None:
            failures.append(failure(arn, "MISSING"))
        else:
            shown.append(service_deployment_shape(record, service.deployments))
    return {"serviceDeployments": shown, "failures": failures}


def _describe_revisions(call: Call) -> Shape:
    shown: list[Shape] = []
    failures: list[Shape] = []
    for arn in call.named("serviceRevisionArns", most=_MOST_DEPLOYMENTS_DESCRIBED):
        service = _service_of(call, arn)
        revision = service.revisions.get(arn) if service else None
        if service is None or revision is None:
            failures.append(failure(arn, "MISSING"))
        else:
            cluster_arn = call.cluster_arn(service.cluster)
            shown.append(service_revision_shape(revision, service_arn=service.arn, cluster_arn=cluster_arn))
    return {"serviceRevisions": shown, "failures": failures}


def _service_of(call: Call, arn: str) -> Service | None:
    """Find the service in the ARN of one of its deployments or revisions: `…/CLUSTER/SERVICE/ID`."""
    match arn.split("/"):
        case [_, cluster, service, _]:
            return call.state.services.get((cluster, service))
        case _:
            return None


def _stop_deployment(call: Call) -> Shape:
    service = _service_of(call, call.body["serviceDeploymentArn"])
    if service is not None and service.status != "ACTIVE":
        raise EcsError("ConflictException", "The service deployment belongs to a service that was deleted.")
    return {"serviceDeploymentArn": call.plane.stop_service_deployment(**call.arguments()).arn}


def _continue_deployment(call: Call) -> Shape:
    return {"serviceDeploymentArn": call.plane.continue_service_deployment(**call.arguments()).arn}


OPERATIONS: dict[str, Operation] = {
    "ContinueServiceDeployment": _continue_deployment,
    "CreateService": _create,
    "DeleteService": _delete,
    "DescribeServiceDeployments": _describe_deployments,
    "DescribeServiceRevisions": _describe_revisions,
    "DescribeServices": _describe,
    "ListServiceDeployments": _list_deployments,
    "ListServices": _list,
    "ListServicesByNamespace": _list_by_namespace,
    "StopServiceDeployment": _stop_deployment,
    "UpdateService": _update,
}

"""The wait for a service's steady state, after a creation or an update."""

from __future__ import annotations

import dataclasses
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.handler import WaitError, polling

if TYPE_CHECKING:
    from tinystacks.local.provider.handler import Call

FAILED = frozenset({"STOPPED", "ROLLBACK_FAILED", "ROLLBACK_SUCCESSFUL"})
TERMINAL = FAILED | {"SUCCESSFUL"}
ROLLBACK_SECONDS = 3600.0
"""How long a cancelled wait waits for the rollback that it asked for."""


def wait_for_steady_state(
    call: Call,
    cluster: str,
    service_arn: str,
    *,
    before: str | None,
    rollback_on_cancel: bool,
) -> None:
    """Wait until the deployment of this operation succeeded, or without one until the service is stable.

    Args:
        call: the operation.
        cluster: name or ARN.
        service_arn: ARN of the service.
        before: id of the PRIMARY deployment before the operation; None at a creation.
        rollback_on_cancel: `sigintRollback`: a cancelled wait stops the deployment with a rollback.

    Raises:
        LocalAwsError: the deployment was stopped, failed, or was rolled back.
        WaitError: time is up, or the engine cancelled.
    """
    primary = primary_deployment(_service(call, cluster, service_arn))
    begun = primary is not None and primary["id"] != before

    def look() -> bool | None:
        if not begun:
            return _stable(_service(call, cluster, service_arn))
        assert primary is not None
        deployment = _service_deployment(call, cluster, service_arn, primary)
        status = (deployment or {}).get("status")
        if deployment and status in FAILED:
            reason = deployment.get("statusReason") or "no reason given"
            raise LocalAwsError(f"ECS Service ({service_arn}): deployment {status}: {reason}")
        return True if status == "SUCCESSFUL" else None

    try:
        polling(call, look, until=f"ECS Service ({service_arn}) to reach a steady state")
    except WaitError:
        if call.cancelled.is_set() and rollback_on_cancel and primary is not None:
            _roll_back(call, cluster, service_arn, primary)
        raise


def primary_deployment(service: dict[str, Any]) -> dict[str, Any] | None:
    """The PRIMARY deployment of a described service."""
    deployments: list[dict[str, Any]] = service.get("deployments", [])
    return next((deployment for deployment in deployments if deployment["status"] == "PRIMARY"), None)


def _stable(service: dict[str, Any]) -> bool | None:
    one = len(service.get("deployments", [])) == 1
    return True if one and service.get("runningCount") == service.get("desiredCount") else None


def _service(call: Call, cluster: str, service_arn: str) -> dict[str, Any]:
    services = call.clients("ecs").describe_services(cluster=cluster, services=[service_arn])["services"]
    if not services:
        raise LocalAwsError(f"ECS Service ({service_arn}): gone while waiting for its steady state")
    return services[0]


def _service_deployment(call: Call, cluster: str, service_arn: str, primary: dict[str, Any]) -> dict[str, Any] | None:
    """The service deployment that belongs to the PRIMARY deployment.

    On AWS the target revision of it ends in the deployment's number (`ecs-svc/123`); where numbers tell nothing, it is
    the first one since the deployment was made.
    """
    ecs = call.clients("ecs")
    listed: list[dict[str, Any]] = ecs.list_service_deployments(
        cluster=cluster,
        service=service_arn,
        # A time is rounded on its way: what was made at the very moment must not fall out.
        createdAt={"after": primary["createdAt"] - timedelta(seconds=1)},
    )["serviceDeployments"]
    since = [entry for entry in listed if entry["createdAt"] >= primary["createdAt"]]
    if not since:
        return None
    arns = [entry["serviceDeploymentArn"] for entry in sorted(since, key=lambda entry: entry["createdAt"])]
    described: list[dict[str, Any]] = ecs.describe_service_deployments(serviceDeploymentArns=arns[:20])[
        "serviceDeployments"
    ]
    number = primary["id"].rpartition("/")[2]
    for deployment in described:
        if deployment.get("targetServiceRevision", {}).get("arn", "").endswith(f"/{number}"):
            return deployment
    return next((deployment for deployment in described if deployment["serviceDeploymentArn"] == arns[0]), None)


def _roll_back(call: Call, cluster: str, service_arn: str, primary: dict[str, Any]) -> None:
    deployment = _service_deployment(call, cluster, service_arn, primary)
    if deployment is None or deployment["status"] in TERMINAL:
        return
    arn = deployment["serviceDeploymentArn"]
    ecs = call.clients("ecs")
    ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    # The engine has cancelled this operation already: only time ends the wait for the rollback.
    uncancelled = dataclasses.replace(call, cancelled=threading.Event())

    def ended() -> bool | None:
        answer = ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
        return True if answer and answer[0]["status"] in TERMINAL else None

    polling(uncancelled, ended, until=f"ECS Service Deployment ({arn}) to roll back", timeout_seconds=ROLLBACK_SECONDS)

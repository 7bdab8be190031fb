"""The deployment circuit breaker's count and threshold (D27-D31, D35)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tinystacks.controlplane.types import part

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Deployment, Service, Task
    from tinystacks.controlplane.state import State
    from tinystacks.controlplane.types import Document

LOWEST = 3
HIGHEST = 200
DEFAULT_PERCENT = 50


def is_enabled(service: Service) -> bool:
    """Whether the service's deployments are watched."""
    return bool(_breaker(service).get("enable")) and service.scheduling_strategy == "REPLICA"


def rolls_back(service: Service) -> bool:
    """Whether a tripped breaker returns to the last completed deployment."""
    return bool(_breaker(service).get("rollback"))


def threshold(service: Service) -> int:
    """Give the failures that end a deployment, from the desired count of the moment (D27)."""
    given = part(_breaker(service), "thresholdConfiguration")
    kind = given.get("type") or "BOUNDED_PERCENT"
    value = int(given.get("value") or DEFAULT_PERCENT)
    if kind == "COUNT":
        return value
    share = math.ceil(value * service.desired_count / 100)
    return max(1, share) if kind == "UNBOUNDED_PERCENT" else min(max(share, LOWEST), HIGHEST)


def count_stop(state: State, task: Task) -> None:
    """Count a task that is stopped now, when its end is a failure of its deployment (D28, D30)."""
    service, deployment = task.service, task.deployment
    if service is None or deployment is None:
        return
    failed_to_start = task.died and not task.was_running
    failed_checks = task.replaced_unhealthy
    exited = task.died and task.was_running and state.settings.breaker_counts_exits_after_running
    if failed_to_start or failed_checks or exited:
        count_failure(state, service, deployment)


def count_failure(state: State, service: Service, deployment: Deployment) -> None:
    """Count one failure of a deployment that is rolled out."""
    if deployment.rollout_state != "IN_PROGRESS":
        return
    deployment.failed_tasks += 1
    deployment.updated_at = state.now
    state.touch(service)


def count_healthy(service: Service, deployment: Deployment) -> None:
    """A task of the deployment became healthy: only failures in a row count, unless told otherwise (D29)."""
    if deployment.rollout_state == "IN_PROGRESS" and _breaker(service).get("resetOnHealthyTask", True):
        deployment.failed_tasks = 0


def is_tripped(service: Service, deployment: Deployment) -> bool:
    """Whether a deployment has failed by its count."""
    return (
        is_enabled(service)
        and deployment.rollout_state == "IN_PROGRESS"
        and deployment.failed_tasks >= threshold(service)
    )


def _breaker(service: Service) -> Document:
    return part(service.deployment_configuration, "deploymentCircuitBreaker")

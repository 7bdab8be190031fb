"""How many tasks a deployment may have and must keep (D1-D3)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tinystacks.controlplane.types import part

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Service
    from tinystacks.controlplane.state import State
    from tinystacks.controlplane.types import Document


def with_defaults(given: Document | None, *, daemon: bool = False) -> Document:
    """Fill in what a read of a service shows where a request says nothing (D1)."""
    given = given or {}
    breaker: Document = {
        "enable": False,
        "rollback": False,
        "resetOnHealthyTask": True,
        "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
    }
    alarms: Document = {"alarmNames": [], "rollback": False, "enable": False}
    breaker |= part(given, "deploymentCircuitBreaker")
    alarms |= part(given, "alarms")
    return {
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
        "maximumPercent": 100 if daemon else 200,
        "minimumHealthyPercent": 0 if daemon else 100,
        **given,
        "deploymentCircuitBreaker": breaker,
        "alarms": alarms,
    }


def lower(service: Service) -> int:
    """Healthy tasks that must stay (D2)."""
    return math.ceil(service.desired_count * int(service.deployment_configuration["minimumHealthyPercent"]) / 100)


def upper(service: Service) -> int:
    """Tasks that there may be (D2)."""
    return service.desired_count * int(service.deployment_configuration["maximumPercent"]) // 100


def room(state: State, service: Service) -> int:
    """Tasks that may start now under maximumPercent (D3)."""
    total = sum(len(deployment.tasks) for deployment in service.deployments)
    if state.settings.stopping_tasks_count_against_maximum:
        total += len(service.stopping)
    return upper(service) - total

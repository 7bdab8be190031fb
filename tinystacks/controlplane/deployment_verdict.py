"""Whether a deployment has failed, and what then; whether it is complete (D22, D26-D38)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tinystacks.controlplane import circuit_breaker, deployment_records, events, lifecycle_hooks
from tinystacks.controlplane.types import part

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Service
    from tinystacks.controlplane.state import State

BREAKER = "ECS deployment circuit breaker"


def fail_if_tripped(state: State, service: Service) -> None:
    """End the newest deployment when its circuit breaker, an alarm or the answer to a lifecycle hook says so."""
    deployment = service.deployments[0]
    record = deployment_records.open_record(service)
    if record is not None and record.breaker_status == "MONITORING":
        record.breaker_failure_count = deployment.failed_tasks
        record.breaker_threshold = circuit_breaker.threshold(service)
    if circuit_breaker.is_tripped(service, deployment):
        if record is not None:
            record.breaker_status = "TRIGGERED"
        _fail(
            state,
            service,
            f"{BREAKER}: tasks failed to start.",
            "deployment failed: tasks failed to start.",
            rollback=circuit_breaker.rolls_back(service),
            status_reason="Service deployment rolled back because the circuit breaker threshold was exceeded.",
        )
        return
    alarms = service.deployment_configuration["alarms"]
    ringing = [one for one in alarms["alarmNames"] if state.alarm_states.get(one) == "ALARM"]
    if alarms["enable"] and ringing and deployment.rollout_state == "IN_PROGRESS" and not deployment.alarms_ignored:
        if record is not None:
            record.alarm_status = "TRIGGERED"
            record.triggered_alarms = ringing
        _fail(
            state,
            service,
            "ECS deployment failed: alarm detected.",
            "deployment failed: alarm detected.",
            rollback=bool(alarms["rollback"]),
            status_reason="Service deployment rolled back because an alarm was triggered.",
        )
        return
    why = lifecycle_hooks.refusal(record) if record is not None and record.rollback_started_at is None else ""
    if why:
        _fail(
            state,
            service,
            f"ECS deployment failed: {why}",
            f"deployment failed: {why}",
            rollback=True,
            status_reason=f"Service deployment rolled back because {why}",
            going_back="ECS deployment rolling back",
        )


def _fail(
    state: State,
    service: Service,
    reason: str,
    event: str,
    *,
    rollback: bool,
    status_reason: str,
    going_back: str = f"{BREAKER}: rolling back",
) -> None:
    failed = service.deployments[0]
    events.say(state, service, f"(deployment {failed.id}) {event}")
    deployment_records.fail(state, service, reason)
    record = deployment_records.open_record(service)
    target = service.last_completed
    if rollback and target is not None and target is not failed:
        events.say(state, service, f"rolling back to deployment {target.id}.")
        deployment_records.roll_back(
            state,
            service,
            target,
            f"{going_back} to deploymentId {target.id}.",
            status_reason=status_reason,
        )
    elif record is not None:
        # Nothing to return to: the service stalls until it is updated (D32).
        status = "ROLLBACK_FAILED" if record.rollback_started_at else "STOPPED"
        record.status_reason = event
        deployment_records.finish(state, service, record, status)
    state.touch(service)


def complete_if_done(state: State, service: Service) -> None:
    """Complete the newest deployment when all of it is healthy, older tasks are gone and the bake time is over."""
    deployment_records.drop_replaced(service)
    deployment = service.deployments[0]
    if deployment.rollout_state != "IN_PROGRESS":
        return
    done = _is_done(service)
    record = deployment_records.open_record(service)
    if record is not None and record.rollback_started_at == state.now:
        # A rollback whose tasks still run is done one pass later, so that it can be seen.
        state.touch(service)
        return
    if not done or not lifecycle_hooks.advance(state, service, "BAKE_TIME"):
        deployment.healthy_since = None
        return
    if deployment.healthy_since is None:
        deployment.healthy_since = state.now
    end = deployment.healthy_since + _bake_seconds(state, service)
    if state.now >= end:
        deployment_records.complete(state, service)
    else:
        state.at(end, lambda: state.touch(service))


def _is_done(service: Service) -> bool:
    deployment = service.deployments[0]
    criteria = part(service.deployment_configuration, "earlySuccessCriteria")
    if criteria.get("enable"):
        # Enough healthy tasks; the older ones may be cleaned up afterwards (D39).
        enough = max(1, math.ceil(int(criteria["healthyPercent"]) * service.desired_count / 100))
        old_gone = len(service.deployments) == 1 or criteria["sourceServiceRevisionCleanup"] == "DEFERRED"
        return len(deployment.healthy) >= enough and old_gone
    wanted = service.desired_count if service.scheduling_strategy == "REPLICA" else deployment.desired_count
    return (
        len(service.deployments) == 1
        and len(deployment.healthy) >= wanted
        and len(deployment.tasks) == wanted
        and not deployment.leaving
    )


def _bake_seconds(state: State, service: Service) -> float:
    configuration = service.deployment_configuration
    given = float(configuration.get("bakeTimeInMinutes") or 0) * 60
    return given or (state.settings.computed_bake_seconds if configuration["alarms"]["enable"] else 0.0)

"""Pause hooks of deployments: stages in their order, and what waits while a hook awaits an answer (D42).

A rolling deployment with hooks passes `STAGES`; one without hooks shows no stage. Old and new tasks serve side by side
in it, so that what the documents say of blue and green is taken for the older and the newest revision:

- until `PRE_SCALE_UP` is over, nothing of the newest revision starts, and the older one is kept at the desired count;
- `POST_SCALE_UP` comes when enough of the newest revision is healthy; while a hook pauses there, or before the
  production traffic shifts, no more of the older tasks stop (those that minimumHealthyPercent let go before are gone);
- `POST_PRODUCTION_TRAFFIC_SHIFT` comes when the older tasks are gone; the bake time begins after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import events
from tinystacks.controlplane.errors import EcsError, invalid_parameter
from tinystacks.controlplane.service_model import LifecycleHook
from tinystacks.controlplane.types import items, part, words

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Deployment, Service, ServiceDeployment
    from tinystacks.controlplane.state import State
    from tinystacks.controlplane.types import Document

STAGES = (
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
)
BEFORE_SCALE_UP = frozenset({"RECONCILE_SERVICE", "PRE_SCALE_UP"})
BEFORE_SHIFT = BEFORE_SCALE_UP | {"POST_SCALE_UP", "PRE_PRODUCTION_TRAFFIC_SHIFT"}
NEVER_PAUSED = frozenset({"TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"})
MOST_HOOKS = 10
DEFAULT_MINUTES = 1440
LONGEST_DEPLOYMENT_SECONDS = 30 * 24 * 3600


def check(service: Service) -> None:
    """Refuse hooks that ECS refuses, and those that are not modelled: Lambda functions, daemons, test traffic."""
    hooks = items(service.deployment_configuration, "lifecycleHooks")
    if any((one.get("targetType") or "AWS_LAMBDA") != "PAUSE" for one in hooks):
        raise _unsupported("Lifecycle hooks of type AWS_LAMBDA are not supported; use PAUSE.")
    if hooks and service.scheduling_strategy == "DAEMON":
        raise _unsupported("Lifecycle hooks are not supported for a service with the DAEMON strategy.")
    if len(hooks) > MOST_HOOKS:
        raise invalid_parameter(f"At most {MOST_HOOKS} lifecycle hooks of type PAUSE are allowed.")
    for one in hooks:
        if one.get("hookTargetArn") or one.get("roleArn"):
            raise invalid_parameter("hookTargetArn and roleArn are not valid for a lifecycle hook of type PAUSE.")
        stages = words(one, "lifecycleStages")
        if not stages:
            raise invalid_parameter("A lifecycle hook needs at least one lifecycle stage.")
        for stage in stages:
            if stage in NEVER_PAUSED:
                raise invalid_parameter(f"A lifecycle hook of type PAUSE cannot be configured at the stage {stage}.")
            if stage not in STAGES:
                raise _unsupported(f"The lifecycle stage {stage} is not supported: rolling has no test traffic.")


def begin(service: Service, record: ServiceDeployment) -> None:
    """Put a new service deployment at its first stage; one with several older revisions reconciles them first."""
    older = [one for one in service.deployments if one.tasks and one is not record.deployment]
    if items(record.deployment_configuration, "lifecycleHooks"):
        record.first_stage = STAGES[0] if len(older) > 1 else STAGES[1]


def advance(state: State, service: Service, goal: str) -> bool:
    """Move the running service deployment up to a stage.

    Args:
        state: the state.
        service: the service.
        goal: the stage to reach; the caller knows that what it needs is done.

    Returns:
        Whether it is there: not while a hook of an earlier stage awaits its answer. True where there are no hooks.
    """
    record = _hooked(service)
    if record is None or record.rollback_started_at is not None:
        return True
    while not _awaiting(record):
        if STAGES.index(goal) <= _place(record):
            return True
        _enter(state, service, record, STAGES[_place(record) + 1])
    return False


def rolled(service: Service) -> Deployment | None:
    """Give the deployment that the scheduler keeps at the desired count.

    It is the newest, or the one before it while a hook pauses before the scale-up (None: there is none before it).
    """
    if not _pauses_at(service, BEFORE_SCALE_UP):
        return service.deployments[0]
    older = [one for one in service.deployments[1:] if one.rollout_state != "FAILED"]
    return next((one for one in older if one.rollout_state == "COMPLETED"), older[0] if older else None)


def keeps_older(service: Service) -> bool:
    """Tell whether a hook holds the older tasks back from being stopped."""
    return _pauses_at(service, BEFORE_SHIFT)


def answer(state: State, service: Service, record: ServiceDeployment, hook_id: str, action: str) -> None:
    """Take an answer to a hook (API ContinueServiceDeployment); a rollback begins with the next pass.

    Raises:
        EcsError: the deployment is not IN_PROGRESS, or no such hook awaits an answer.
    """
    if service.status != "ACTIVE" or record.status != "IN_PROGRESS":
        status = record.status if service.status == "ACTIVE" else "STOPPED"
        raise invalid_parameter(f"The service deployment is in state {status}; only one that is IN_PROGRESS continues.")
    hook = next((one for one in record.lifecycle_hooks if one.hook_id == hook_id), None)
    if hook is None:
        raise invalid_parameter("The lifecycle hook was not found in the service deployment.")
    if hook.status != "AWAITING_ACTION":
        raise invalid_parameter(f"The lifecycle hook is in state {hook.status} and awaits no action.")
    if action == "ROLLBACK":
        record.status = "ROLLBACK_REQUESTED"
    _end(state, service, record, hook, "SUCCEEDED" if action == "CONTINUE" else "FAILED")


def refusal(record: ServiceDeployment) -> str:
    """Give why a hook ends the deployment; empty when none does."""
    for one in record.lifecycle_hooks:
        if one.refuses:
            how = "timed out" if one.status == "TIMED_OUT" else "was answered with ROLLBACK"
            return f"the lifecycle hook at {one.stage} {how}."
    return ""


def close(state: State, service: Service, record: ServiceDeployment) -> None:
    """The deployment ends or goes back: what awaits an answer will get none."""
    for one in record.lifecycle_hooks:
        if one.status == "AWAITING_ACTION":
            _end(state, service, record, one, "FAILED")


def _unsupported(text: str) -> EcsError:
    return EcsError("UnsupportedFeatureException", text)


def _hooked(service: Service) -> ServiceDeployment | None:
    record = service.service_deployments[0] if service.service_deployments else None
    return record if record is not None and record.first_stage and not record.is_finished else None


def _awaiting(record: ServiceDeployment) -> bool:
    return any(one.status == "AWAITING_ACTION" for one in record.lifecycle_hooks)


def _pauses_at(service: Service, stages: frozenset[str]) -> bool:
    record = _hooked(service)
    if record is None or record.rollback_started_at is not None:
        return False
    return record.lifecycle_stage in stages and _awaiting(record)


def _place(record: ServiceDeployment) -> int:
    """Give the stage's place in the order; before the first stage, the place before it."""
    if record.lifecycle_stage:
        return STAGES.index(record.lifecycle_stage)
    return STAGES.index(record.first_stage) - 1


def _enter(state: State, service: Service, record: ServiceDeployment, stage: str) -> None:
    record.lifecycle_stage = stage
    record.updated_at = state.now
    for one in items(record.deployment_configuration, "lifecycleHooks"):
        if stage in words(one, "lifecycleStages"):
            _pause(state, service, record, part(one, "timeoutConfiguration"))


def _pause(state: State, service: Service, record: ServiceDeployment, timeout: Document) -> None:
    minutes = int(timeout.get("timeoutInMinutes") or DEFAULT_MINUTES)
    last = record.created_at + LONGEST_DEPLOYMENT_SECONDS
    hook = LifecycleHook(
        hook_id=f"ecs-pause-{state.identities.short(43)}",
        stage=record.lifecycle_stage,
        expires_at=min(state.now + minutes * 60, last),
        timeout_action=timeout.get("action") or "ROLLBACK",
    )
    record.lifecycle_hooks.append(hook)
    _emit(state, service, record, hook, "AWAITING_ACTION")

    def time_out() -> None:
        if hook.status == "AWAITING_ACTION":
            if state.now >= last:
                hook.timeout_action = "ROLLBACK"
            _end(state, service, record, hook, "TIMED_OUT")

    state.at(hook.expires_at, time_out)


def _end(state: State, service: Service, record: ServiceDeployment, hook: LifecycleHook, status: str) -> None:
    hook.status = status
    record.updated_at = state.now
    _emit(state, service, record, hook, status)
    state.touch(service)


def _emit(state: State, service: Service, record: ServiceDeployment, hook: LifecycleHook, word: str) -> None:
    events.emit(
        state,
        "ECS Hook State Change",
        record.arn,
        {
            "eventType": "INFO" if word in {"AWAITING_ACTION", "SUCCEEDED"} else "ERROR",
            "eventName": f"HOOK_{word}",
            "hookId": hook.hook_id,
            "hookType": "PAUSE",
            "expiresAt": hook.expires_at,
            "lifecycleStage": hook.stage,
            "clusterArn": record.cluster_arn,
            "serviceArn": service.arn,
            "serviceDeploymentArn": record.arn,
            "updatedAt": state.now,
        },
    )

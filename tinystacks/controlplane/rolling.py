"""The rolling algorithm: what starts and what stops in one pass (D3-D11, C4).

A pass starts tasks of the newest deployment up to maximumPercent, then stops what is no longer wanted as long as
minimumHealthyPercent stays met. Replacement of dead tasks and draining of instances are the same pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import bounds, events, health, launching, lifecycle_hooks, stop_choice, stopping

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinystacks.controlplane.model import Deployment, Service, Task
    from tinystacks.controlplane.state import State

STUCK = (
    "was unable to stop or start tasks during a deployment because of the service deployment configuration. "
    "Update the minimumHealthyPercent or maximumPercent value and try again."
)


def move(state: State, service: Service) -> None:
    """Make one pass over a service."""
    primary = lifecycle_hooks.rolled(service)
    if primary is None:
        return
    if primary.rollout_state != "FAILED":
        primary.desired_count = service.desired_count
    missing = _missing(service, primary)
    started = 0
    if not _is_held(state, service):
        started = _start(state, service, primary, min(missing, bounds.room(state, service)))
        if primary is service.deployments[0]:
            started += _revive_older(state, service)
    stopped = _stop(state, service, primary)
    if missing > 0 and not started and not stopped:
        _say_if_stuck(state, service)
    elif started or stopped:
        events.forget(service, "stuck")


def _missing(service: Service, primary: Deployment) -> int:
    """Tasks of the newest revision that are missing; those to be replaced do not count (D8, C4)."""
    staying = len(primary.tasks)
    if primary.unhealthy or primary.leaving:
        staying = sum(1 for one in primary.tasks if one not in primary.unhealthy and one not in primary.leaving)
    return service.desired_count - staying


def _alive(service: Service) -> int:
    """Tasks that serve or may soon: older pending ones count, the newest deployment's pending ones do not yet."""
    newest = service.deployments[0]
    older = sum(len(one.pending) for one in service.deployments[1:])
    return older + sum(len(one.healthy) + len(one.settling) for one in (newest, *service.deployments[1:]))


def _is_held(state: State, service: Service) -> bool:
    return max(service.throttled_until, service.placement_blocked_until) > state.now


def _start(state: State, service: Service, deployment: Deployment, count: int) -> int:
    if count <= 0 or deployment.rollout_state == "FAILED":
        return 0
    started = launching.launch(state, service, deployment, count)
    if started:
        text = f"has started {len(started)} tasks: {events.named(started)}."
        if deployment.unhealthy:
            replaced = min(len(started), len(deployment.unhealthy))
            text += f" Amazon ECS replaced {replaced} tasks due to an unhealthy status."
        events.say(state, service, text)
    return len(started)


def _revive_older(state: State, service: Service) -> int:
    """Replace dead tasks of older revisions by their own revision while the newest cannot serve yet (D8, D11)."""
    started = 0
    for deployment in service.deployments[1:]:
        if deployment.rollout_state != "COMPLETED":
            continue
        lost = deployment.desired_count - len(deployment.tasks)
        missing = bounds.lower(service) - _alive(service)
        count = min(lost, missing, bounds.room(state, service))
        started += _start(state, service, deployment, count)
    return started


def _stop(state: State, service: Service, primary: Deployment) -> int:
    stopped = 0
    healthy = sum(len(one.healthy) for one in service.deployments)
    spare = healthy - bounds.lower(service)
    if primary.rollout_state != "FAILED" and not lifecycle_hooks.keeps_older(service):
        for deployment in reversed(service.deployments[1:]):
            count, spare = _stop_older(state, service, deployment, spare)
            stopped += count
    for deployment in service.deployments:
        count, spare = _stop_leaving(state, deployment, spare)
        stopped += count
    if primary.rollout_state != "FAILED":
        stopped += _stop_surplus(state, service, primary)
    return stopped + _stop_unhealthy_without_room(state, service)


def _stop_older(state: State, service: Service, deployment: Deployment, spare: int) -> tuple[int, int]:
    """Stop what the newest deployment makes needless: first what does not serve, then healthy ones."""
    waiting = list(deployment.unhealthy.values())
    # Replacements of a good revision's tasks come up while the newest cannot serve; those of a bad one just go.
    if spare >= 0 or deployment.rollout_state != "COMPLETED":
        waiting += deployment.pending.values()
    if spare >= 0:
        waiting += deployment.settling.values()
    stopped = _end(state, deployment, waiting)
    while spare > 0 and (task := stop_choice.next_of(state, service, deployment, deployment.healthy)) is not None:
        stopped += _end(state, deployment, [task])
        spare -= 1
    deployment.desired_count = max(0, min(deployment.desired_count, service.desired_count) - stopped)
    return stopped, spare


def _stop_leaving(state: State, deployment: Deployment, spare: int) -> tuple[int, int]:
    """Move tasks off DRAINING instances: pending ones at once, running ones while enough healthy ones stay (C4)."""
    stopped = 0
    for task in list(deployment.leaving.values()):
        if task.protected_until is not None and task.protected_until > state.now:
            continue
        if task.id in deployment.healthy:
            if spare <= 0:
                continue
            spare -= 1
        elif task.id in deployment.settling and spare < 0:
            continue
        stopped += _end(state, deployment, [task])
    return stopped, spare


def _stop_surplus(state: State, service: Service, primary: Deployment) -> int:
    """Stop what is above the desired count: unhealthy ones whose replacement serves, then by the rules of scale-in."""
    # Tasks that balance zones are allowed above the desired count until they serve (Z4).
    wanted = service.desired_count + len(service.rebalance_tasks)
    surplus = len(primary.tasks) - wanted
    if surplus <= 0:
        return 0
    replaceable = surplus - len([one for one in primary.pending if one not in primary.leaving]) - len(primary.settling)
    stopped = 0
    for task in list(primary.unhealthy.values())[: max(0, replaceable)]:
        stopped += _end_unhealthy(state, primary, task)
    staying = (
        len(primary.tasks) - len(primary.unhealthy) - sum(1 for one in primary.leaving if one not in primary.unhealthy)
    )
    for _ in range(staying - wanted):
        task = stop_choice.for_scale_in(state, service, primary)
        if task is None:
            events.say(
                state,
                service,
                f"was unable to reach steady state because (taskSet {primary.id}) was unable to scale in due to "
                f"(reason {len(_protected(state, primary))} tasks under protection)",
                cause="protection",
            )
            break
        stopped += _end(state, primary, [task])
        if service.rebalancing:
            events.say(
                state,
                service,
                f"has stopped 1 running tasks in {task.zone} due to AZ rebalancing: {events.named([task])}.",
            )
    return stopped


def _stop_unhealthy_without_room(state: State, service: Service) -> int:
    """Without room for a replacement, unhealthy tasks stop one at a time (D8)."""
    if bounds.room(state, service) > 0 or service.stopping:
        return 0
    for deployment in service.deployments:
        if deployment.unhealthy and len(deployment.tasks) <= service.desired_count:
            return _end_unhealthy(state, deployment, next(iter(deployment.unhealthy.values())))
    return 0


def _end_unhealthy(state: State, deployment: Deployment, task: Task) -> int:
    reason = health.failure(state, task)
    task.replaced_unhealthy = True
    stopping.begin(state, task, "ServiceSchedulerInitiated", reason)
    return 0 if task.id in deployment.tasks else 1


def _end(state: State, deployment: Deployment, tasks: Iterable[Task]) -> int:
    stopped = 0
    for task in list(tasks):
        if task.protected_until is not None and task.protected_until > state.now:
            continue
        newest = task.service.deployments[0] if task.service is not None else deployment
        stopping.begin(
            state, task, "ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {newest.id})"
        )
        stopped += 1
    return stopped


def _protected(state: State, deployment: Deployment) -> list[Task]:
    return [one for one in deployment.tasks.values() if (one.protected_until or 0) > state.now]


def _say_if_stuck(state: State, service: Service) -> None:
    """Neither a start nor a stop is possible, and nothing under way will change that (D5)."""
    under_way = service.stopping or any(one.pending or one.settling for one in service.deployments)
    if len(service.deployments) > 1 and bounds.room(state, service) <= 0 and not under_way:
        events.say(state, service, STUCK, cause="stuck")

"""What the agent reports of containers, and how a task moves by it to RUNNING or to its end (T1-T12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import dependencies, events, exec_agent, health, starting, stopping, targets, throttle
from tinystacks.controlplane.effects import StartContainers
from tinystacks.controlplane.types import part

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Container, Task
    from tinystacks.controlplane.state import State

_OF_THE_TASK = "ResourceInitializationError"
"""What this says is missing belongs to the whole task: secrets, registry login, on Fargate the log group."""
_NO_IMAGE = "CannotPull"


def pull_started(state: State, task_id: str) -> None:
    """Note when the pull began."""
    task = state.tasks.get(task_id)
    if task is not None and task.pull_started_at is None:
        task.pull_started_at = state.now


def pull_stopped(state: State, task_id: str) -> None:
    """Note when the pull ended."""
    task = state.tasks.get(task_id)
    if task is not None:
        task.pull_stopped_at = state.now


def pull_failed(state: State, task_id: str, name: str, message: str) -> None:
    """End a task whose image cannot be pulled: the same text is the stopped reason (T21)."""
    pull_started(state, task_id)
    pull_stopped(state, task_id)
    container_stopped(state, task_id, name, None, message)


def container_started(
    state: State, task_id: str, name: str, *, host_ports: dict[int, int], runtime_id: str, image_digest: str
) -> None:
    """Take over a started container."""
    task = state.tasks.get(task_id)
    if task is None or task.containers[name].last_status == "STOPPED":
        return
    container = task.containers[name]
    container.last_status = "RUNNING"
    container.host_ports = host_ports
    container.runtime_id = runtime_id
    container.image_digest = image_digest
    _note_digest(task, container)
    container.started_at = state.now
    task.version += 1
    _go_on(state, task)
    limit = container.definition.get("startTimeout")
    if limit is not None and dependencies.is_awaited(task, container):
        state.after(float(limit), lambda: _give_up(state, task, name))


def _give_up(state: State, task: Task, name: str) -> None:
    """End a task whose container did not get its dependents going within its startTimeout (T7)."""
    if task.last_status == "PENDING" and dependencies.is_awaited(task, task.containers[name]):
        reason = f"TaskDependencyError: container {name} was not ready within its startTimeout"
        stopping.begin(state, task, "TaskFailedToStart", reason)


def container_stopped(state: State, task_id: str, name: str, exit_code: int | None, reason: str) -> None:
    """Take over an ended container; an essential one takes the task with it (T9)."""
    task = state.tasks.get(task_id)
    if task is None or task.containers[name].last_status == "STOPPED":
        return
    container = task.containers[name]
    container.exit_code, container.reason = exit_code, reason
    never_started = container.last_status == "PENDING"
    if task.desired_status == "RUNNING" and not never_started and _restarts(state, container, exit_code):
        container.last_status = "PENDING"
        container.restart_count += 1
        state.emit(StartContainers(task_id=task.id, containers=(name,)))
        return
    container.last_status = "STOPPED"
    task.version += 1
    if task.desired_status == "STOPPED":
        stopping.container_gone(state, task)
    elif never_started and _needs_start_of(task, container):
        stopping.begin(state, task, "TaskFailedToStart", reason or "Task failed to start", died=True)
    elif container.is_essential:
        stopping.begin(state, task, "EssentialContainerExited", "Essential container in task exited", died=True)
    else:
        _go_on(state, task)


def _needs_start_of(task: Task, container: Container) -> bool:
    """Whether a container that cannot start takes the task with it (T9; ECS agent, task_manager.go).

    Fargate always pulls, and an image that then cannot be pulled ends the task, essential or not.
    """
    on_fargate = task.container_instance is None
    return (
        container.is_essential
        or container.reason.startswith(_OF_THE_TASK)
        or (on_fargate and container.reason.startswith(_NO_IMAGE))
    )


def interrupted(state: State, task_id: str) -> None:
    """Stop a task that Fargate Spot takes back (T19)."""
    task = state.tasks.get(task_id)
    if task is not None:
        stopping.begin(state, task, "SpotInterruption", "Your Spot Task was interrupted.")


def container_health(state: State, task_id: str, name: str, status: str) -> None:
    """Take over the result of a container's health check (T11, T12)."""
    task = state.tasks.get(task_id)
    if task is None or task.desired_status == "STOPPED" or not task.containers[name].has_health_check:
        return
    task.containers[name].health_status = status
    task.health_status = health.of_containers(task)
    task.version += 1
    _go_on(state, task)
    health.recount(state, task)
    end = health.grace_end(task)
    if task.health_status == "UNHEALTHY" and end > state.now:
        state.at(end, lambda: health.recount(state, task))


def _go_on(state: State, task: Task) -> None:
    """Start what waited for this; with all containers started the task becomes RUNNING (T8)."""
    if task.desired_status == "STOPPED" or task.last_status != "PENDING":
        return
    lost = dependencies.broken(task)
    if lost:
        stopping.begin(state, task, "TaskFailedToStart", lost, died=True)
        return
    starting.order_containers(state, task)
    if any(one.last_status == "PENDING" for one in task.containers.values()):
        return
    if not targets.register(state, task):
        _running(state, task)
        return
    task.last_status = "ACTIVATING"
    if task.eni_id:
        state.after(state.settings.activation_seconds, lambda: _running(state, task))
    else:
        _running(state, task)


def _running(state: State, task: Task) -> None:
    if task.desired_status == "STOPPED":
        return
    task.last_status = "RUNNING"
    task.started_at = state.now
    task.was_running = True
    task.version += 1
    task.health_status = health.of_containers(task)
    if task.enable_execute_command:
        for container in task.containers.values():
            container.managed_agents = [exec_agent.started(container, state.now)]
    throttle.count_start(task)
    health.recount(state, task)
    events.emit(state, "ECS Task State Change", task.arn, {"lastStatus": "RUNNING"})
    if task.service is not None and not health.has_checks(task):
        state.after(state.settings.stable_seconds, lambda: health.recount(state, task))


def _restarts(state: State, container: Container, exit_code: int | None) -> bool:
    """Whether a container's restart policy starts it again inside the task (T10)."""
    policy = part(container.definition, "restartPolicy")
    if not policy.get("enabled") or container.started_at is None:
        return False
    if exit_code in policy.get("ignoredExitCodes", ()):
        return False
    return state.now - container.started_at >= float(policy.get("restartAttemptPeriod") or 300)


def host_lost(state: State, task_id: str) -> None:
    """End a Fargate task whose host is gone: its containers with it, nothing waits for them (T15)."""
    task = state.tasks.get(task_id)
    if task is None or task.container_instance is not None:
        return
    for container in task.containers.values():
        container.last_status = "STOPPED"
    if task.desired_status == "STOPPED":
        stopping.stop_containers(state, task)
    else:
        stopping.begin(state, task, "InfrastructureHealth", "The host of the task was lost.", died=True)


def revision_digest(task: Task, name: str) -> str:
    """Give the digest that the first task of a deployment found for a container's tag; empty before that (D17)."""
    images = task.deployment.revision.container_images if task.deployment is not None else []
    return next((str(one.get("imageDigest", "")) for one in images if one["containerName"] == name), "")


def _note_digest(task: Task, container: Container) -> None:
    """Keep the digest of a deployment's first task in its revision (D17, API ContainerDefinition)."""
    if task.deployment is None or not container.image_digest or not task.deployment.revision.resolves_tags:
        return
    if container.definition.get("versionConsistency") == "disabled":
        return
    for image in task.deployment.revision.container_images:
        if image["containerName"] == container.name:
            image.setdefault("imageDigest", container.image_digest)

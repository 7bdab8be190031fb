"""Task definitions: registration, deregistration, deletion (A5, A17, A30, P13, P21, T6, T9)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tinystacks.controlplane import fargate_sizes, needs
from tinystacks.controlplane.errors import EcsError, client_error
from tinystacks.controlplane.expressions import compiled
from tinystacks.controlplane.requests import Failure
from tinystacks.controlplane.tag_forms import as_dict
from tinystacks.controlplane.task_model import TaskDefinition
from tinystacks.controlplane.types import items, part, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.controlplane.state import State
    from tinystacks.controlplane.types import Document

FAMILY = re.compile(r"[A-Za-z0-9_-]{1,255}")
CONTAINER = FAMILY
# API ContainerDefinition, member image; `@` comes before a digest.
IMAGE = re.compile(r"[A-Za-z0-9_.:/#@-]{1,255}")
MOST_CONTAINERS = 10
LARGEST_BYTES = 64 * 1024
LOWEST_MEMORY = 6
# Without Fargate (API RegisterTaskDefinition, member cpu).
LOWEST_CPU, HIGHEST_CPU = 128, 196_608
MOST_CONSTRAINTS = 10


def register(state: State, document: Mapping[str, object], tags: Sequence[Document]) -> TaskDefinition:
    """Register a new revision of a family; numbers are never used again (A30)."""
    family = str(document.get("family") or "")
    if not FAMILY.fullmatch(family):
        raise client_error("Family contains invalid characters.")
    normalized = _normalized(document)
    _check(normalized)
    revisions = state.task_definitions.setdefault(family, [])
    revision = len(revisions) + 1
    definition = TaskDefinition(
        family=family,
        revision=revision,
        arn=state.identities.arn(f"task-definition/{family}:{revision}"),
        document=normalized,
        needs=needs.of(normalized),
        tags=as_dict(tags),
        registered_at=state.now,
    )
    revisions.append(definition)
    return definition


def deregister(state: State, reference: str) -> TaskDefinition:
    """Make a revision INACTIVE; what runs goes on."""
    if ":" not in reference.rpartition("/")[2]:
        raise client_error("The specified task definition revision must be given.")
    definition = state.find_task_definition(reference)
    if definition is None or definition.status != "ACTIVE":
        raise client_error("The specified task definition does not exist. Specify a valid account, family, revision.")
    definition.status = "INACTIVE"
    definition.deregistered_at = state.now
    return definition


def delete(state: State, references: Sequence[str]) -> tuple[list[TaskDefinition], list[Failure]]:
    """Delete INACTIVE revisions; one that is used stays in DELETE_IN_PROGRESS."""
    deleted: list[TaskDefinition] = []
    failures: list[Failure] = []
    for reference in references:
        definition = state.find_task_definition(reference)
        if definition is None:
            failures.append(Failure(arn=reference, reason="MISSING"))
        elif definition.status == "ACTIVE":
            failures.append(
                Failure(
                    arn=definition.arn,
                    reason="The specified task definition is still in ACTIVE status. Please deregister the target "
                    "and try again.",
                )
            )
        else:
            definition.status = "DELETE_IN_PROGRESS"
            deleted.append(definition)
            if not _is_used(state, definition):
                state.task_definitions[definition.family][definition.revision - 1] = None
    return deleted, failures


def _is_used(state: State, definition: TaskDefinition) -> bool:
    return any(
        one.task_definition is definition and one.last_status != "STOPPED" for one in state.tasks.values()
    ) or any(
        deployment.revision.task_definition is definition
        for service in state.services.values()
        for deployment in service.deployments
    )


def _normalized(document: Mapping[str, object]) -> Document:
    """Fill in what ECS answers where a registration says nothing."""
    result: Document = {key: value for key, value in document.items() if value is not None}
    result["containerDefinitions"] = [_container(one) for one in items(result, "containerDefinitions")]
    result.setdefault("volumes", [])
    result.setdefault("placementConstraints", [])
    fargate = "FARGATE" in words(result, "requiresCompatibilities")
    mode = result.get("networkMode") or ("awsvpc" if fargate else "bridge")
    result["networkMode"] = mode
    for container in result["containerDefinitions"]:
        for mapping in container["portMappings"]:
            mapping.setdefault("protocol", "tcp")
            if mode in {"awsvpc", "host"}:
                mapping["hostPort"] = mapping.get("hostPort") or mapping["containerPort"]
            elif mode == "bridge":
                mapping.setdefault("hostPort", 0)
    result["compatibilities"] = ["EC2", "FARGATE"] if mode == "awsvpc" else ["EC2"]
    result["requiresAttributes"] = _required_attributes(result, mode)
    return result


def _container(given: Document) -> Document:
    defaults: Document = {
        "cpu": 0,
        "essential": True,
        "environment": [],
        "mountPoints": [],
        "volumesFrom": [],
        "systemControls": [],
    }
    container = {**defaults, **{key: value for key, value in given.items() if value is not None}}
    container["portMappings"] = [dict(one) for one in items(given, "portMappings")]
    if container.get("healthCheck"):
        # Defaults of API HealthCheck (T11).
        container["healthCheck"] = {"interval": 30, "timeout": 5, "retries": 3, **container["healthCheck"]}
    return container


def _required_attributes(document: Document, mode: str) -> list[Document]:
    containers: list[Document] = document["containerDefinitions"]
    names: list[str] = []
    if document.get("taskRoleArn"):
        names.append("com.amazonaws.ecs.capability.task-iam-role")
    if any(part(one, "logConfiguration").get("logDriver") == "awslogs" for one in containers):
        names.append("com.amazonaws.ecs.capability.logging-driver.awslogs")
        if document.get("executionRoleArn"):
            names.append("ecs.capability.execution-role-awslogs")
    if any(one.get("secrets") for one in containers):
        names.append("ecs.capability.secrets.ssm.environment-variables")
    if any(one.get("healthCheck") for one in containers):
        names.append("ecs.capability.container-health-check")
    if mode == "awsvpc":
        names.append("ecs.capability.task-eni")
    return [{"name": one} for one in names]


def _check(document: Document) -> None:
    containers: list[Document] = document["containerDefinitions"]
    if not 0 < len(containers) <= MOST_CONTAINERS:
        raise client_error(f"A task definition needs 1 to {MOST_CONTAINERS} container definitions.")
    names = [str(one.get("name") or "") for one in containers]
    if len(set(names)) < len(names) or not all(names):
        raise client_error("Container names must be given and unique within a task definition.")
    if not any(one["essential"] for one in containers):
        raise client_error("At least one container in a task definition must be essential.")
    if len(json.dumps(document, default=str)) > LARGEST_BYTES:
        raise client_error("Task definition size exceeds 64 KiB.")
    fargate = "FARGATE" in words(document, "requiresCompatibilities")
    for one in containers:
        _check_container(one, has_task_memory=bool(document.get("memory")))
    _check_ports(containers, document["networkMode"])
    _check_dependencies({one["name"]: one for one in containers})
    if fargate:
        _check_fargate(document)
    elif document.get("cpu") and not LOWEST_CPU <= int(document["cpu"]) <= HIGHEST_CPU:
        raise client_error("Invalid 'cpu' setting for task.")
    _check_constraints(document["placementConstraints"])


def _check_constraints(constraints: Sequence[Document]) -> None:
    """Refuse constraints that no instance could be held against later (P21, P23)."""
    if len(constraints) > MOST_CONSTRAINTS:
        raise client_error(f"A task definition can have at most {MOST_CONSTRAINTS} placement constraints.")
    for constraint in constraints:
        if constraint["type"] != "memberOf":
            raise client_error("Task definitions support the memberOf placement constraint only.")
        if not constraint.get("expression"):
            raise client_error("The memberOf placement constraint needs an expression.")
        try:
            compiled(constraint["expression"])
        except EcsError as error:
            raise client_error(error.message) from error


def _check_container(one: Document, *, has_task_memory: bool) -> None:
    name, hard, soft = one["name"], one.get("memory"), one.get("memoryReservation")
    if not CONTAINER.fullmatch(name):
        raise client_error("Container.name contains invalid characters.")
    if not one.get("image"):
        raise client_error(f"Container.image should not be null or empty. (container '{name}')")
    if not IMAGE.fullmatch(one["image"]):
        raise client_error("Container.image contains invalid characters.")
    if not (hard or soft or has_task_memory):
        raise client_error(
            f"Invalid setting for container '{name}'. At least one of 'memory' or 'memoryReservation' must be "
            "specified."
        )
    if hard and soft and int(hard) <= int(soft):
        raise client_error(
            f"Invalid setting for container '{name}'. The 'memory' value must be greater than 'memoryReservation'."
        )
    if hard and int(hard) < LOWEST_MEMORY:
        raise client_error(f"Invalid setting for container '{name}'. 'memory' must be at least {LOWEST_MEMORY} MiB.")


def _check_ports(containers: Sequence[Document], mode: str) -> None:
    """Refuse host ports that no task could have (API PortMapping, member hostPort)."""
    mapped: set[tuple[str, int]] = set()
    for mapping in (mapping for one in containers for mapping in one["portMappings"]):
        port = int(mapping.get("hostPort") or 0)
        if not port:
            continue
        if mode in {"awsvpc", "host"} and port != mapping["containerPort"]:
            raise client_error(
                f"When networkMode={mode}, the host ports and container ports in port mappings must match."
            )
        protocol = str(mapping["protocol"])
        if (protocol, port) in mapped:
            raise client_error(f"{protocol.upper()} host port '{port}' is mapped multiple times in task.")
        mapped.add((protocol, port))


def _check_fargate(document: Document) -> None:
    if document["networkMode"] != "awsvpc":
        raise client_error("Fargate only supports network mode 'awsvpc'.")
    cpu, memory = document.get("cpu"), document.get("memory")
    if not cpu or not memory:
        raise client_error("Fargate requires that 'cpu' and 'memory' be defined at the task level.")
    if not str(cpu).isdigit() or not str(memory).isdigit() or not fargate_sizes.exists(int(cpu), int(memory)):
        raise client_error("No Fargate configuration exists for given values.")


def _check_dependencies(containers: dict[str, Document]) -> None:
    """Refuse unknown names, cycles, and waiting for the end of an essential container (T6)."""
    for one in containers.values():
        for dependency in items(one, "dependsOn"):
            other = containers.get(dependency["containerName"])
            if other is None:
                raise client_error(f"Container '{one['name']}' depends on an unknown container.")
            if dependency["condition"] in {"COMPLETE", "SUCCESS"} and other["essential"]:
                raise client_error(
                    f"Container '{one['name']}' cannot wait for the end of the essential container '{other['name']}'."
                )
    done: set[str] = set()
    while len(done) < len(containers):
        ready = [
            name
            for name, one in containers.items()
            if name not in done and all(item["containerName"] in done for item in items(one, "dependsOn"))
        ]
        if not ready:
            raise client_error("The container dependencies of the task definition form a cycle.")
        done.update(ready)

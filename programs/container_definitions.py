"""Container definitions of a service as canonical JSON: the same spec always gives the same text (trap B11).

Keys and lists are sorted, nothing is null, and what ECS would fill in stands there already, with the values that
ECS gives back (ECS API reference, `ContainerDefinition`), so that a second `up` changes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinystacks.spec.service import ContainerHealthCheckSpec, ContainerSpec, LogsSpec, ServiceSpec, SidecarSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerFacts:
    """What the definitions need beyond the service.

    Attributes:
        service: name of the service; also of its main container.
        image: image reference of the main container.
        sidecar_images: image references by sidecar.
        network_mode: `bridge`, `awsvpc` or `host`.
        fargate: whether CPU and memory of the service are the whole task's.
        log_group: name of the log group.
        region: region of the log group.
    """

    service: str
    image: str
    sidecar_images: Mapping[str, str]
    network_mode: str
    fargate: bool
    log_group: str
    region: str


def canonical_json(document: Any) -> str:
    """Write JSON in the one form that is ever compared: sorted keys, no blanks."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def container_definitions(spec: ServiceSpec, facts: ContainerFacts) -> str:
    """Give the container definitions of a service as canonical JSON, sorted by container name.

    Args:
        spec: the service.
        facts: names and references that the stage decides.
    """
    containers = [
        _main(spec, facts),
        *(_sidecar(name, sidecar, spec, facts) for name, sidecar in spec.sidecars.items()),
    ]
    return canonical_json(sorted(containers, key=lambda container: container["name"]))


def _main(spec: ServiceSpec, facts: ContainerFacts) -> dict[str, Any]:
    before = [
        {"containerName": name, "condition": "START"}
        for name, sidecar in sorted(spec.sidecars.items())
        if sidecar.start_before
    ]
    # On one bridge network containers find each other by link; with awsvpc and host they share localhost.
    links = [name for name, sidecar in sorted(spec.sidecars.items()) if sidecar.port is not None]
    return _without_nothing(
        {
            **_common(spec, spec.logs, facts),
            "name": facts.service,
            "image": facts.image,
            "essential": True,
            "cpu": _main_cpu(spec, facts),
            "memory": _main_memory(spec, facts),
            "portMappings": _port_mappings(spec.port, facts.network_mode),
            "dependsOn": before or None,
            "links": links if links and facts.network_mode == "bridge" else None,
        }
    )


def _sidecar(name: str, sidecar: SidecarSpec, spec: ServiceSpec, facts: ContainerFacts) -> dict[str, Any]:
    return _without_nothing(
        {
            **_common(sidecar, spec.logs, facts),
            "name": name,
            "image": facts.sidecar_images.get(name, sidecar.image),
            "essential": sidecar.essential,
            "cpu": sidecar.cpu,
            "memory": sidecar.memory,
            "portMappings": [],
        }
    )


def _common(spec: ContainerSpec, logs: LogsSpec, facts: ContainerFacts) -> dict[str, Any]:
    return {
        "command": spec.command,
        "entryPoint": spec.entry_point,
        "environment": _pairs(spec.variables, "value"),
        "secrets": _pairs(spec.secrets, "valueFrom") or None,
        "user": spec.user,
        "readonlyRootFilesystem": spec.read_only_root,
        "privileged": False,
        "stopTimeout": spec.stop_timeout,
        "healthCheck": _health_check(spec.container_health_check),
        # A shell opened by ECS Exec leaves processes behind that only an init process removes (trap I5).
        "linuxParameters": {"initProcessEnabled": True},
        "logConfiguration": _log_configuration(logs, facts),
        "mountPoints": [],
        "volumesFrom": [],
        "systemControls": [],
    }


def _main_cpu(spec: ServiceSpec, facts: ContainerFacts) -> int:
    """On Fargate `cpu` is the task's and sidecars take their part of it; on EC2 it is the main container's."""
    if not facts.fargate:
        return spec.cpu
    return max(0, spec.cpu - sum(sidecar.cpu for sidecar in spec.sidecars.values()))


def _main_memory(spec: ServiceSpec, facts: ContainerFacts) -> int | None:
    if spec.memory is None or not facts.fargate:
        return spec.memory
    return spec.memory - sum(sidecar.memory for sidecar in spec.sidecars.values())


def _port_mappings(port: int | None, network_mode: str) -> list[dict[str, Any]]:
    if port is None:
        return []
    # A fixed host port allows one task per instance and blocks rolling updates (trap E4).
    return [{"containerPort": port, "hostPort": 0 if network_mode == "bridge" else port, "protocol": "tcp"}]


def _pairs(values: Mapping[str, str], key: str) -> list[dict[str, str]]:
    return [{"name": name, key: value} for name, value in sorted(values.items())]


def _health_check(check: ContainerHealthCheckSpec | None) -> dict[str, Any] | None:
    if check is None:
        return None
    return {
        "command": _health_command(check.command),
        "interval": check.interval,
        "timeout": check.timeout,
        "retries": check.retries,
        "startPeriod": check.start_period,
    }


def _health_command(command: Sequence[str]) -> list[str]:
    """ECS wants `CMD` or `CMD-SHELL` first (ECS API reference, `HealthCheck.command`)."""
    return list(command) if command[0] in {"CMD", "CMD-SHELL", "NONE"} else ["CMD", *command]


def _log_configuration(logs: LogsSpec, facts: ContainerFacts) -> dict[str, Any]:
    options = {
        "awslogs-group": facts.log_group,
        "awslogs-region": facts.region,
        "awslogs-stream-prefix": facts.service,
        "mode": logs.mode,
    }
    if logs.mode == "non-blocking":
        # A log outage must not stop the application (trap J3).
        options["max-buffer-size"] = f"{logs.buffer_mib}m"
    return {"logDriver": "awslogs", "options": options}


def _without_nothing(container: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in container.items() if value is not None}

"""From a container definition to what Docker's API is told.

Sources: ECS API reference, ContainerDefinition and LinuxParameters; ECS developer guide,
task_definition_parameters (CPU shares, memory, ulimits) and task-metadata-endpoint (variables); the agent's
`AWS_EXECUTION_ENV`; Docker Engine API, ContainerCreate.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tinystacks.local.documents import members, structure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.runtime.base import ContainerOrder, TaskOrder
    from tinystacks.local.runtime.docker_engine import Engine

LOOPBACK = "127.0.0.1"
MIB = 2**20
CPU_UNITS_PER_CPU = 1024
SMALLEST_CPU_SHARES = 2
"""The kernel's lowest; the agent gives it to a container without `cpu`."""
SMALLEST_MEMORY_MIB = 6
"""Docker refuses less."""
OPEN_FILES = (32768, 65536)
"""Soft and hard limit of the ECS-optimised machine image."""
OPEN_FILES_FARGATE = (65535, 65535)
_PODMAN_PROCESSES = 32768
"""Podman lowers its own limit to this, and cannot give a container more than it has."""
_LIMITS = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What one container's settings need besides its definition.

    Attributes:
        image: what it is made from.
        labels: by which it is found again.
        secrets: value per variable that the definition takes from a secret.
        joined: id of the container whose network it shares; empty when it has its own.
        hosts: address per name that `links` give.
        volumes: engine's volume per name of the task definition.
        fixed_ports: publish the host ports that the definition names, instead of free ones.
        init: run an init process where the definition asks for it.
    """

    image: str
    labels: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    joined: str = ""
    hosts: Mapping[str, str] = field(default_factory=dict[str, str])
    volumes: Mapping[str, str] = field(default_factory=dict[str, str])
    fixed_ports: bool = True
    init: bool = True


def is_fargate(task: TaskOrder) -> bool:
    """Whether a task runs on Fargate: on EC2 there is an instance."""
    return not task.instance_id


def shares_network(task: TaskOrder) -> bool:
    """Whether the task's containers have one network, in which they reach each other on localhost.

    `host` is treated as `awsvpc`: several instances are one machine here, and their ports would collide.
    """
    return task.network_mode in {"awsvpc", "host"}


def published_ports(definition: Mapping[str, Any]) -> dict[tuple[int, str], int]:
    """Host port (0 for a free one) per container port and protocol."""
    return {
        (int(one["containerPort"]), str(one.get("protocol") or "tcp")): int(one.get("hostPort") or 0)
        for one in members(definition, "portMappings")
        if one.get("containerPort")
    }


def port_bindings(ports: Mapping[tuple[int, str], int], *, fixed: bool) -> dict[str, tuple[str, ...]]:
    """What Docker's client is told of ports; only this machine reaches them."""
    return {
        f"{port}/{protocol}": (LOOPBACK, str(host)) if fixed and host else (LOOPBACK,)
        for (port, protocol), host in ports.items()
    }


def environment(task: TaskOrder, definition: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, str]:
    """The variables a container gets: the agent's, then its definition's, then its secrets."""
    own = {"AWS_EXECUTION_ENV": "AWS_ECS_FARGATE" if is_fargate(task) else "AWS_ECS_EC2"}
    if is_fargate(task):
        own |= {"AWS_REGION": task.region, "AWS_DEFAULT_REGION": task.region}
    given = {str(one["name"]): str(one.get("value") or "") for one in members(definition, "environment")}
    return {**own, **given, **secrets}


def ulimits(engine: Engine, task: TaskOrder, definition: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """Name, soft and hard limit; files and processes never above what this process may have itself.

    They are always named: an engine that leaves them to its configuration may ask for more than its own machine allows.
    """
    wanted: dict[str, tuple[int, int]] = {"nofile": OPEN_FILES_FARGATE if is_fargate(task) else OPEN_FILES}
    if engine.is_podman:
        wanted["nproc"] = (_PODMAN_PROCESSES, _PODMAN_PROCESSES)
    for one in members(definition, "ulimits"):
        wanted[str(one["name"])] = (int(one["softLimit"]), int(one["hardLimit"]))
    found: list[tuple[str, int, int]] = []
    for name, (soft, hard) in wanted.items():
        ceiling = _ceiling(engine, name)
        found.append((name, min(soft, ceiling), min(hard, ceiling)) if ceiling is not None else (name, soft, hard))
    return found


def _ceiling(engine: Engine, name: str) -> int | None:
    if name not in _LIMITS:
        return None
    own = resource.getrlimit(_LIMITS[name])[1]
    podman = _PODMAN_PROCESSES if name == "nproc" and engine.is_podman else None
    known = [one for one in (own if own != resource.RLIM_INFINITY else None, podman) if one is not None]
    return min(known) if known else None


def resources(engine: Engine, task: TaskOrder, definition: Mapping[str, Any]) -> dict[str, Any]:
    """CPU and memory of a container.

    `cpu` is a share, not a limit; the task's `cpu` is a limit. `memory` is a limit, as is the task's; swap is off, as
    on an instance.
    """
    settings: dict[str, Any] = {"cpu_shares": max(SMALLEST_CPU_SHARES, int(definition.get("cpu") or 0))}
    task_cpu = float(task.document.get("cpu") or 0)
    if task_cpu:
        settings["nano_cpus"] = int(min(task_cpu / CPU_UNITS_PER_CPU, engine.cpus) * 1e9)
    hard = int(definition.get("memory") or 0) or int(float(task.document.get("memory") or 0))
    if hard:
        limit = max(hard, SMALLEST_MEMORY_MIB) * MIB
        linux = structure(definition, "linuxParameters")
        settings |= {"mem_limit": limit, "memswap_limit": limit + int(linux.get("maxSwap") or 0) * MIB}
    soft = int(definition.get("memoryReservation") or 0)
    if soft:
        settings["mem_reservation"] = soft * MIB
    return settings


def create_arguments(
    client: Any, engine: Engine, task: TaskOrder, order: ContainerOrder, around: Surroundings
) -> dict[str, Any]:
    """Arguments of `APIClient.create_container`, its name left out."""
    from docker.types import Healthcheck, Ulimit  # noqa: PLC0415 - loaded with the runtime

    definition = order.definition
    linux = structure(definition, "linuxParameters")
    host: dict[str, Any] = {
        **resources(engine, task, definition),
        "privileged": bool(definition.get("privileged")),
        "read_only": bool(definition.get("readonlyRootFilesystem")),
        "init": around.init and bool(linux.get("initProcessEnabled")),
        "ulimits": [Ulimit(name=name, soft=soft, hard=hard) for name, soft, hard in ulimits(engine, task, definition)],
        "security_opt": members(definition, "dockerSecurityOptions") or None,
        "sysctls": {str(one["namespace"]): str(one["value"]) for one in members(definition, "systemControls")} or None,
        "cap_add": members(structure(linux, "capabilities"), "add") or None,
        "cap_drop": members(structure(linux, "capabilities"), "drop") or None,
        "shm_size": int(linux["sharedMemorySize"]) * MIB if linux.get("sharedMemorySize") else None,
        "tmpfs": _tmpfs(linux),
        "binds": _binds(definition, around.volumes),
    }
    arguments: dict[str, Any] = {}
    if around.joined:
        host["network_mode"] = f"container:{around.joined}"
    elif task.network_mode == "none":
        host["network_mode"] = "none"
    else:
        ports = published_ports(definition)
        host["port_bindings"] = port_bindings(ports, fixed=around.fixed_ports)
        hosts = {str(one["hostname"]): str(one["ipAddress"]) for one in members(definition, "extraHosts")}
        host["extra_hosts"] = {**hosts, **around.hosts} or None
        host["dns"] = members(definition, "dnsServers") or None
        host["dns_search"] = members(definition, "dnsSearchDomains") or None
        arguments = {"ports": list(ports), "hostname": definition.get("hostname") or None}
    return arguments | {
        "image": around.image,
        "command": members(definition, "command") or None,
        "entrypoint": members(definition, "entryPoint") or None,
        "environment": environment(task, definition, around.secrets),
        "user": definition.get("user") or None,
        "working_dir": definition.get("workingDirectory") or None,
        "tty": bool(definition.get("pseudoTerminal")),
        "stdin_open": bool(definition.get("interactive")),
        "labels": {**structure(definition, "dockerLabels"), **around.labels},
        # Only the definition's own check counts, not the image's (API HealthCheck); it is run from outside.
        "healthcheck": Healthcheck(test=["NONE"]),
        "host_config": client.create_host_config(**host),
    }


def _tmpfs(linux: Mapping[str, Any]) -> dict[str, str] | None:
    return {
        str(one["containerPath"]): ",".join([f"size={int(one['size'])}m", *members(one, "mountOptions")])
        for one in members(linux, "tmpfs")
    } or None


def _binds(definition: Mapping[str, Any], volumes: Mapping[str, str]) -> list[str] | None:
    return [
        f"{volumes[one['sourceVolume']]}:{one['containerPath']}:{'ro' if one.get('readOnly') else 'rw'}"
        for one in members(definition, "mountPoints")
    ] or None

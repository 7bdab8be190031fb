"""Containers of one task: ports, checks, stop times, shell access."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tinystacks.spec.checks.finding import Finding, error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinystacks.spec.model import StageSpec
    from tinystacks.spec.positions import KeyPath
    from tinystacks.spec.service import ContainerSpec, ServiceSpec

_MOST_CONTAINERS = 10
_SECONDS_TO_START = 10
_USUAL_STOP_SECONDS = 30
"""What containers have by default; who sets more has work that takes longer."""
_SPOT_NOTICE_SECONDS = 120
_ALL = 100
_MATCHER = re.compile(r"[2-4]\d\d(-[2-4]\d\d)?(,[2-4]\d\d(-[2-4]\d\d)?)*")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]*")


def check(stage: StageSpec) -> Iterator[Finding]:
    """Check every service's containers."""
    for name, service in stage.services.items():
        path = ("services", name)
        yield from _image(service, path)
        yield from _ports(service, path)
        yield from _health(service, path)
        yield from _shell(service, path)
        yield from _stopping(stage, service, path)
        if len(service.sidecars) + 1 > _MOST_CONTAINERS:
            message = f"a task has at most {_MOST_CONTAINERS} containers, so at most {_MOST_CONTAINERS - 1} sidecars"
            yield error((*path, "sidecars"), "too-many-containers", message)


def all_containers(service: ServiceSpec, path: KeyPath) -> Iterator[tuple[KeyPath, ContainerSpec]]:
    """Give the main container and the sidecars, each with its path."""
    yield path, service
    for name, sidecar in service.sidecars.items():
        yield (*path, "sidecars", name), sidecar


def _image(service: ServiceSpec, path: KeyPath) -> Iterator[Finding]:
    images = [(path, service.image)] if service.image is not None else []
    images += [((*path, "sidecars", name), sidecar.image) for name, sidecar in service.sidecars.items()]
    for place, image in images:
        if not _IMAGE.fullmatch(image):
            message = "must be an image reference, such as `public.ecr.aws/nginx/nginx:1.27`"
            yield error((*place, "image"), "image-invalid", message)


def _ports(service: ServiceSpec, path: KeyPath) -> Iterator[Finding]:
    """Containers of an awsvpc or host task share one network, so each port is taken once (ECS API, `PortMapping`)."""
    if service.network_mode == "bridge":
        return
    taken = {} if service.port is None else {service.port: "the main container"}
    for name, sidecar in service.sidecars.items():
        if sidecar.port is None:
            continue
        if sidecar.port in taken:
            message = f"{sidecar.port} is taken by {taken[sidecar.port]}; containers of one task share their network"
            yield error((*path, "sidecars", name, "port"), "port-taken", message)
        taken.setdefault(sidecar.port, f"sidecar `{name}`")


def _health(service: ServiceSpec, path: KeyPath) -> Iterator[Finding]:
    """Elastic Load Balancing, `CreateTargetGroup`: matcher 200 to 499, timeout below the interval."""
    check = service.health_check
    if check.timeout >= check.interval:
        message = f"must be less than the interval ({check.interval} s); {check.timeout} was given"
        yield error((*path, "health_check", "timeout"), "health-check-timeout", message)
    if not _MATCHER.fullmatch(check.matcher):
        message = "must be HTTP codes from 200 to 499, such as `200`, `200-399` or `200,204`"
        yield error((*path, "health_check", "matcher"), "health-check-matcher", message)
    needed = check.interval + service.deregistration_delay + service.stop_timeout + _SECONDS_TO_START
    if service.port is not None and needed > service.rolling_update.deadline:
        message = (
            f"{service.rolling_update.deadline} s is too short: one health check, deregistration_delay and "
            f"stop_timeout alone take up to {needed} s"
        )
        yield error((*path, "rolling_update", "deadline"), "deadline-too-short", message)


def _stopping(stage: StageSpec, service: ServiceSpec, path: KeyPath) -> Iterator[Finding]:
    """Whether the steps of a stop fit together (trap B16).

    The balancer lets requests end for `deregistration_delay`, then closes their connections; only then the stop signal
    comes, and `stop_timeout` begins. Sources: ECS developer guide, load-balancer-connection-draining; EC2 user guide,
    spot-instance-termination-notices; ECS developer guide, fargate-capacity-providers.
    """
    delay = 0 if service.port is None else service.deregistration_delay
    if service.port is not None and service.stop_timeout > max(delay, _USUAL_STOP_SECONDS):
        message = (
            f"requests do not get these {service.stop_timeout} s: the load balancer closes connections after {delay} s "
            "(`deregistration_delay`), before the stop signal; where requests take that long raise the delay, "
            "where only other work does leave it so"
        )
        yield warning((*path, "stop_timeout"), "stop-timeout-after-delay", message)
    spot = stage.compute.spot
    needed = delay + max(container.stop_timeout for _, container in all_containers(service, path))
    if spot is not None and spot.on_demand_percentage < _ALL and needed > _SPOT_NOTICE_SECONDS:
        message = (
            f"a stop may take up to {needed} s (`deregistration_delay` and `stop_timeout`), but Spot capacity goes "
            f"{_SPOT_NOTICE_SECONDS} s after its notice, and what still runs is cut; lower one of them"
        )
        yield warning(path, "spot-stop-too-long", message)


def _shell(service: ServiceSpec, path: KeyPath) -> Iterator[Finding]:
    """ECS developer guide, "Using ECS Exec": traps I2 and I3."""
    if not service.exec:
        return
    if service.read_only_root:
        message = "ECS Exec cannot work in a read-only root file system; set `exec: false` or remove this"
        yield error((*path, "read_only_root"), "exec-read-only-root", message)
    for place, container in all_containers(service, path):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            if name in container.variables or name in container.secrets:
                section = "variables" if name in container.variables else "secrets"
                message = "AWS keys in the environment break ECS Exec; grant `permissions` to the task role instead"
                yield warning((*place, section, name), "aws-keys-in-environment", message)

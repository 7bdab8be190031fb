"""Network modes: what each needs on EC2 and on Fargate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.spec.checks.finding import Finding, error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinystacks.spec.model import StageSpec
    from tinystacks.spec.positions import KeyPath
    from tinystacks.spec.service import ServiceSpec

RESERVED_PORTS = frozenset({22, 2375, 2376, 51678, 51679, 51680})
"""Ports of an instance that its own services use (Amazon ECS agent, README; rule P7)."""


def check(stage: StageSpec) -> Iterator[Finding]:
    """Check the network mode of every service."""
    for name, service in stage.services.items():
        path = ("services", name, "network_mode")
        if stage.compute.kind == "fargate":
            if service.network_mode != "awsvpc":
                yield error(path, "fargate-network-mode", "Fargate tasks are always in `awsvpc` mode; remove this")
        elif service.network_mode == "awsvpc":
            yield from _awsvpc(stage, path)
        elif service.network_mode == "host":
            yield from _host(service, ("services", name))


def _awsvpc(stage: StageSpec, path: KeyPath) -> Iterator[Finding]:
    """An awsvpc task on EC2 gets no public address, even in a public subnet (trap E3)."""
    if not stage.network.private:
        message = (
            "a task in `awsvpc` mode on EC2 has no public address and so no way out of a public subnet: set "
            "`network: {private: true, nat: single}` (or `vpc_endpoints: true`), or use `bridge`"
        )
        yield error(path, "awsvpc-without-way-out", message)


def _host(service: ServiceSpec, path: KeyPath) -> Iterator[Finding]:
    """In host mode the container's port is the instance's (trap E4)."""
    ports = [((*path, "port"), service.port)]
    ports += [((*path, "sidecars", name, "port"), sidecar.port) for name, sidecar in service.sidecars.items()]
    for place, port in ports:
        if port in RESERVED_PORTS:
            yield error(place, "port-reserved", f"{port} is used by the instance itself; choose another in `host` mode")

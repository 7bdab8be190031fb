"""What a task asks of an instance (P4, P7, P8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane.task_model import HostPort, Needs
from tinystacks.controlplane.types import items

if TYPE_CHECKING:
    from tinystacks.controlplane.types import Document


def of(document: Document) -> Needs:
    """Compute the needs of a task definition in API form."""
    containers: list[Document] = document["containerDefinitions"]
    mode = document.get("networkMode") or "bridge"
    cpu = int(document.get("cpu") or 0) or sum(int(one.get("cpu") or 0) for one in containers)
    memory = int(document.get("memory") or 0) or sum(
        int(one.get("memoryReservation") or one.get("memory") or 0) for one in containers
    )
    return Needs(cpu=cpu, memory=memory, ports=_ports(containers, mode), enis=1 if mode == "awsvpc" else 0)


def _ports(containers: list[Document], mode: str) -> tuple[HostPort, ...]:
    if mode not in {"bridge", "host"}:
        return ()
    found: list[HostPort] = []
    for container in containers:
        for mapping in items(container, "portMappings"):
            port = int(mapping.get("hostPort") or 0)
            if mode == "host":
                port = port or int(mapping["containerPort"])
            # Port 0 in bridge mode is an ephemeral port, which the scheduler does not count.
            if port:
                found.append(HostPort(protocol=mapping.get("protocol") or "tcp", port=port))
    return tuple(found)

"""The defaults that depend on other values: memory, network mode, CPU architecture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.spec.fargate_sizes import memory_choices
from tinystacks.spec.instance_types import architecture_of

if TYPE_CHECKING:
    from tinystacks.spec.model import StageSpec
    from tinystacks.spec.service import ServiceSpec

MEMORY_ON_EC2 = 256
"""MiB of a main container on EC2 when the file says nothing: three tasks fit one t3.micro."""
_NO_ROOM_TO_MOVE = 100
"""Zone rebalancing needs a `max_percent` over this (ECS developer guide, "Balancing a service across zones")."""


def filled(stage: StageSpec) -> StageSpec:
    """Give the stage with every default written out, so that a program decides nothing by itself."""
    compute = stage.compute
    fargate = compute.kind == "fargate"
    if compute.architecture is None:
        architecture = "x86_64" if fargate else architecture_of(compute.instance_types[0])
        compute = compute.model_copy(update={"architecture": architecture})
    services = {name: _filled_service(service, fargate=fargate) for name, service in stage.services.items()}
    return stage.model_copy(update={"compute": compute, "services": services})


def _filled_service(service: ServiceSpec, *, fargate: bool) -> ServiceSpec:
    memory = service.memory
    if memory is None:
        memory = _least_fargate_memory(service) if fargate else MEMORY_ON_EC2
    changes: dict[str, object] = {
        "memory": memory,
        "network_mode": service.network_mode or ("awsvpc" if fargate else "bridge"),
    }
    if "zone_rebalancing" not in service.model_fields_set:
        changes["zone_rebalancing"] = service.rolling_update.max_percent > _NO_ROOM_TO_MOVE
    return service.model_copy(update=changes)


def _least_fargate_memory(service: ServiceSpec) -> int:
    """Give the least task memory for the task's CPU that leaves the main container more than its sidecars take."""
    choices = memory_choices(service.cpu) or (512,)
    taken = sum(sidecar.memory for sidecar in service.sidecars.values())
    return next((memory for memory in choices if memory > taken), choices[-1])

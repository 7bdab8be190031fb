"""What Fargate does not offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.spec.checks.containers import all_containers
from tinystacks.spec.checks.finding import Finding, error, warning
from tinystacks.spec.fargate_sizes import FARGATE_SIZES, closest_size, memory_choices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinystacks.spec.model import StageSpec
    from tinystacks.spec.positions import KeyPath
    from tinystacks.spec.service import ServiceSpec

LONGEST_STOP_SECONDS = 120
"""ECS API reference, `ContainerDefinition.stopTimeout` (trap B16)."""


def check(stage: StageSpec) -> Iterator[Finding]:
    """Check what differs between Fargate and EC2."""
    for name, service in stage.services.items():
        path = ("services", name)
        if stage.compute.kind == "ec2":
            if service.ephemeral_storage_gib is not None:
                message = "is for Fargate only; on EC2 set `compute: {root_volume_gib: …}`"
                yield error((*path, "ephemeral_storage_gib"), "only-on-fargate", message)
            continue
        yield from _size(service, path)
        yield from _shares(service, path)
        for place, container in all_containers(service, path):
            if container.stop_timeout > LONGEST_STOP_SECONDS:
                message = f"must be at most {LONGEST_STOP_SECONDS} on Fargate; {container.stop_timeout} was given"
                yield error((*place, "stop_timeout"), "fargate-stop-timeout", message)
        if "placement" in service.model_fields_set:
            message = "has no effect on Fargate, which spreads tasks over zones by itself"
            yield warning((*path, "placement"), "only-on-ec2", message)


def _size(service: ServiceSpec, path: KeyPath) -> Iterator[Finding]:
    """ECS API reference, `RegisterTaskDefinition`: only these pairs of CPU and memory exist (trap K2; rule P13)."""
    memory = service.memory or 0
    choices = memory_choices(service.cpu)
    if memory in choices:
        return
    closest = closest_size(service.cpu, memory)
    hint = f"; the next size is `cpu: {closest[0]}` with `memory: {closest[1]}`" if closest else ""
    if not choices:
        message = f"Fargate offers {', '.join(map(str, FARGATE_SIZES))} CPU units; {service.cpu} was given{hint}"
        yield error((*path, "cpu"), "fargate-size", message)
        return
    offer = f"{choices[0]} to {choices[-1]} MiB in steps of {choices[1] - choices[0]}"
    if service.cpu == next(iter(FARGATE_SIZES)):
        offer = "512, 1024 or 2048 MiB"
    message = f"with `cpu: {service.cpu}` Fargate offers {offer}; {memory} was given{hint}"
    yield error((*path, "memory"), "fargate-size", message)


def _shares(service: ServiceSpec, path: KeyPath) -> Iterator[Finding]:
    """On Fargate sidecars take their share of the task's size; something must be left for the main container."""
    memory = sum(sidecar.memory for sidecar in service.sidecars.values())
    if service.memory is not None and memory >= service.memory:
        message = (
            f"the sidecars take {memory} MiB of the task's {service.memory}; nothing is left for the service itself"
        )
        yield error((*path, "memory"), "fargate-sidecars-memory", message)
    cpu = sum(sidecar.cpu for sidecar in service.sidecars.values())
    if service.cpu and cpu >= service.cpu:
        message = (
            f"the sidecars take {cpu} CPU units of the task's {service.cpu}; nothing is left for the service itself"
        )
        yield error((*path, "cpu"), "fargate-sidecars-cpu", message)

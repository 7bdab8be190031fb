"""EC2 instances: types, architecture, numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.spec.checks.finding import Finding, error, warning
from tinystacks.spec.compute import CpuScalingSpec
from tinystacks.spec.instance_types import (
    architecture_of,
    instance_types,
    looks_like_instance_type,
    similar_instance_types,
    table_source,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinystacks.spec.compute import ComputeSpec
    from tinystacks.spec.model import StageSpec

_METRIC_MINUTES = 5
_ONLY_EC2 = (
    "instance_types",
    "instances",
    "scaling",
    "target_capacity",
    "instance_warmup",
    "termination_protection",
    "ami",
    "root_volume_gib",
    "imds_hop_limit",
    "detailed_monitoring",
)


def check(stage: StageSpec) -> Iterator[Finding]:
    """Check the compute section."""
    compute = stage.compute
    if compute.kind == "fargate":
        for key in _ONLY_EC2:
            if key in compute.model_fields_set:
                yield warning(("compute", key), "only-on-ec2", "has no effect on Fargate, which has no instances")
        return
    if compute.instances.min > compute.instances.max:
        message = f"must be at least `min` ({compute.instances.min}); {compute.instances.max} was given"
        yield error(("compute", "instances", "max"), "instances-min-over-max", message)
    yield from _from_zero(compute)
    yield from _types(compute)
    yield from _architectures(compute)
    yield from _cpu_scaling(compute)


def _from_zero(compute: ComputeSpec) -> Iterator[Finding]:
    """What a group that may be empty costs when it starts and ends (trap D17).

    Source: ECS developer guide, managed-scaling-behavior.
    """
    if compute.instances.min == 0 and compute.instances.max > 1 and compute.scaling == "managed":
        message = (
            "from no instance ECS launches two instances at once, and takes an empty one away after about 15 minutes; "
            "both are paid for"
        )
        yield warning(("compute", "instances", "min"), "instances-from-zero", message)


def _types(compute: ComputeSpec) -> Iterator[Finding]:
    known = instance_types()
    for at, name in enumerate(compute.instance_types):
        path = ("compute", "instance_types", at)
        if name in compute.instance_types[:at]:
            yield error(path, "instance-type-twice", f"`{name}` is named twice")
        if name in known:
            continue
        similar = similar_instance_types(name)
        hint = f"; did you mean `{similar[0]}`?" if similar else ""
        if looks_like_instance_type(name):
            message = f"`{name}` is unknown ({table_source()}), so nobody checks what fits on it{hint}"
            yield warning(path, "instance-type-unknown", message)
        else:
            yield error(path, "instance-type-invalid", f"`{name}` is no EC2 instance type{hint}")


def _architectures(compute: ComputeSpec) -> Iterator[Finding]:
    """Tasks of one image run on instances of one CPU architecture (trap E11)."""
    first = compute.instance_types[0]
    expected = architecture_of(first)
    for at, name in enumerate(compute.instance_types):
        if architecture_of(name) != expected:
            message = f"`{name}` is {architecture_of(name)} and `{first}` is {expected}; all must have one architecture"
            yield error(("compute", "instance_types", at), "architectures-differ", message)
    if compute.architecture != expected:
        message = f"is {expected} on `{first}`; choose other instance types or remove this"
        yield error(("compute", "architecture"), "architecture-differs", message)


def _cpu_scaling(compute: ComputeSpec) -> Iterator[Finding]:
    """CloudWatch user guide, "Basic monitoring": EC2 metrics come every five minutes."""
    scaling = compute.scaling
    if isinstance(scaling, CpuScalingSpec) and scaling.minutes % _METRIC_MINUTES and not compute.detailed_monitoring:
        message = f"must be a multiple of {_METRIC_MINUTES}; with `detailed_monitoring: true` any number will do"
        yield error(("compute", "scaling", "minutes"), "scaling-minutes", message)

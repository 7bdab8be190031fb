"""The file: what a user writes, as frozen objects, checked before anything else happens."""

from __future__ import annotations

from tinystacks.spec.compute import (
    AlarmsSpec,
    ComputeSpec,
    CpuScalingSpec,
    EndpointSpec,
    InstancesSpec,
    NetworkSpec,
    SpotSpec,
)
from tinystacks.spec.loader import load_stack
from tinystacks.spec.model import ApplicationSpec, StackSpec, StageSpec
from tinystacks.spec.service import (
    BuildSpec,
    ContainerHealthCheckSpec,
    HealthCheckSpec,
    LogsSpec,
    PermissionSpec,
    RollingUpdateSpec,
    RouteSpec,
    ScheduleSpec,
    ServiceSpec,
    SidecarSpec,
    TasksSpec,
)
from tinystacks.spec.stages import stage_warnings

__all__ = [
    "AlarmsSpec",
    "ApplicationSpec",
    "BuildSpec",
    "ComputeSpec",
    "ContainerHealthCheckSpec",
    "CpuScalingSpec",
    "EndpointSpec",
    "HealthCheckSpec",
    "InstancesSpec",
    "LogsSpec",
    "NetworkSpec",
    "PermissionSpec",
    "RollingUpdateSpec",
    "RouteSpec",
    "ScheduleSpec",
    "ServiceSpec",
    "SidecarSpec",
    "SpotSpec",
    "StackSpec",
    "StageSpec",
    "TasksSpec",
    "load_stack",
    "stage_warnings",
]

"""The state objects of the control plane, in one place for those who read them.

They are mutable and belong to the plane: others read them, and change them only through its commands.
"""

from __future__ import annotations

from tinystacks.controlplane.capacity_model import (
    Attachment,
    AutoScalingGroup,
    CapacityProvider,
    Cluster,
    ContainerInstance,
    Ec2Instance,
    Ledger,
)
from tinystacks.controlplane.scaling_model import (
    Alarm,
    ScalableTarget,
    ScalingActivity,
    ScalingPolicy,
    ScheduledAction,
)
from tinystacks.controlplane.service_model import (
    Deployment,
    LifecycleHook,
    Service,
    ServiceDeployment,
    ServiceEvent,
    ServiceRevision,
)
from tinystacks.controlplane.task_model import Container, HostPort, Needs, Target, Task, TaskDefinition

__all__ = [
    "Alarm",
    "Attachment",
    "AutoScalingGroup",
    "CapacityProvider",
    "Cluster",
    "Container",
    "ContainerInstance",
    "Deployment",
    "Ec2Instance",
    "HostPort",
    "Ledger",
    "LifecycleHook",
    "Needs",
    "ScalableTarget",
    "ScalingActivity",
    "ScalingPolicy",
    "ScheduledAction",
    "Service",
    "ServiceDeployment",
    "ServiceEvent",
    "ServiceRevision",
    "Target",
    "Task",
    "TaskDefinition",
]

"""Arguments of the commands with many members, and the results that are more than one object.

Names are the API's members in snake_case (as botocore's `xform_name` writes them); nested values keep the API's form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Required, TypedDict

from tinystacks.controlplane.task_model import Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.controlplane.types import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An entry of `failures`."""

    arn: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """Tasks that were made or changed, and what failed beside them."""

    tasks: list[Task] = field(default_factory=list[Task])
    failures: list[Failure] = field(default_factory=list[Failure])


class CreateServiceRequest(TypedDict, total=False):
    """Members of CreateService."""

    cluster: str
    service_name: Required[str]
    task_definition: Required[str]
    availability_zone_rebalancing: str
    load_balancers: list[Document]
    service_registries: list[Document]
    desired_count: int
    client_token: str
    launch_type: str
    capacity_provider_strategy: list[Document]
    platform_version: str
    role: str
    deployment_configuration: Document
    placement_constraints: list[Document]
    placement_strategy: list[Document]
    network_configuration: Document
    health_check_grace_period_seconds: int
    scheduling_strategy: str
    deployment_controller: Document
    tags: list[Document]
    enable_ecs_managed_tags: bool
    propagate_tags: str
    enable_execute_command: bool
    service_connect_configuration: Document
    volume_configurations: list[Document]
    vpc_lattice_configurations: list[Document]


class UpdateServiceRequest(TypedDict, total=False):
    """Members of UpdateService; a member that is not given keeps its value."""

    cluster: str
    service: Required[str]
    desired_count: int
    task_definition: str
    capacity_provider_strategy: list[Document]
    deployment_configuration: Document
    deployment_controller: Document
    availability_zone_rebalancing: str
    network_configuration: Document
    placement_constraints: list[Document]
    placement_strategy: list[Document]
    platform_version: str
    force_new_deployment: bool
    health_check_grace_period_seconds: int
    enable_execute_command: bool
    enable_ecs_managed_tags: bool
    load_balancers: list[Document]
    propagate_tags: str
    service_registries: list[Document]
    service_connect_configuration: Document
    volume_configurations: list[Document]
    vpc_lattice_configurations: list[Document]


class RunTaskRequest(TypedDict, total=False):
    """Members of RunTask."""

    cluster: str
    task_definition: Required[str]
    capacity_provider_strategy: list[Document]
    count: int
    enable_ecs_managed_tags: bool
    enable_execute_command: bool
    group: str
    launch_type: str
    network_configuration: Document
    overrides: Document
    placement_constraints: list[Document]
    placement_strategy: list[Document]
    platform_version: str
    propagate_tags: str
    reference_id: str
    started_by: str
    tags: list[Document]
    client_token: str
    volume_configurations: list[Document]


class StartTaskRequest(TypedDict, total=False):
    """Members of StartTask."""

    cluster: str
    container_instances: Sequence[str]
    task_definition: Required[str]
    enable_ecs_managed_tags: bool
    enable_execute_command: bool
    group: str
    network_configuration: Document
    overrides: Document
    propagate_tags: str
    reference_id: str
    started_by: str
    tags: list[Document]
    volume_configurations: list[Document]


class RegisterScalableTargetRequest(TypedDict, total=False):
    """Members of RegisterScalableTarget."""

    service_namespace: str
    resource_id: Required[str]
    scalable_dimension: str
    min_capacity: int
    max_capacity: int
    role_arn: str
    suspended_state: Document
    tags: dict[str, str]


class PutScalingPolicyRequest(TypedDict, total=False):
    """Members of PutScalingPolicy."""

    policy_name: Required[str]
    service_namespace: str
    resource_id: Required[str]
    scalable_dimension: str
    policy_type: str
    step_scaling_policy_configuration: Document
    target_tracking_scaling_policy_configuration: Document
    predictive_scaling_policy_configuration: Document


class PutScheduledActionRequest(TypedDict, total=False):
    """Members of PutScheduledAction; times are seconds since the epoch."""

    service_namespace: str
    schedule: str
    timezone: str
    scheduled_action_name: Required[str]
    resource_id: Required[str]
    scalable_dimension: str
    start_time: float
    end_time: float
    scalable_target_action: Document

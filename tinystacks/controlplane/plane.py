"""The control plane: commands of the API, observations from the outside, and time.

`step(now)` moves everything that is due and returns effects; commands and observations change state at `plane.now` and
take effect at the next step. Nothing here reads a clock, waits, or draws a number that the seed does not give.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Unpack

from tinystacks.controlplane import (
    agenda,
    clusters,
    scalable_targets,
    scaling_policies,
    scheduled_actions,
    services,
    task_protection,
)
from tinystacks.controlplane import capacity_providers as capacity_provider_calls
from tinystacks.controlplane import container_instances as container_instance_calls
from tinystacks.controlplane import tags as tag_calls
from tinystacks.controlplane import task_definitions as task_definition_calls
from tinystacks.controlplane import tasks as task_calls
from tinystacks.controlplane.identities import Identities
from tinystacks.controlplane.observations import Observations
from tinystacks.controlplane.settings import Settings
from tinystacks.controlplane.state import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinystacks.controlplane.effects import Effect
    from tinystacks.controlplane.model import (
        CapacityProvider,
        Cluster,
        ContainerInstance,
        ScalableTarget,
        ScalingPolicy,
        ScheduledAction,
        Service,
        ServiceDeployment,
        Task,
        TaskDefinition,
    )
    from tinystacks.controlplane.ports import Surroundings
    from tinystacks.controlplane.requests import (
        CreateServiceRequest,
        Failure,
        PutScalingPolicyRequest,
        PutScheduledActionRequest,
        RegisterScalableTargetRequest,
        RunTaskRequest,
        StartTaskRequest,
        TaskResult,
        UpdateServiceRequest,
    )
    from tinystacks.controlplane.types import Document


class ControlPlane(Observations):
    """ECS and Application Auto Scaling of one account and region.

    Every command is named as the API's operation and takes its members in snake_case; nested values keep the API's
    form. Commands raise `controlplane.errors.EcsError`.

    Args:
        account_id: account of every ARN.
        region: region of every ARN.
        surroundings: facts about instance types, subnets and target groups.
        settings: delays and open points of the model.
        seed: source of every id and of every choice that AWS makes at random.
        now: the time at which the plane begins, in seconds since the epoch.
    """

    def __init__(
        self,
        account_id: str,
        region: str,
        surroundings: Surroundings,
        settings: Settings | None = None,
        seed: int = 0,
        *,
        now: float = 0,
    ) -> None:
        source = random.Random(seed)  # noqa: S311 - ids of a model, no secrets
        super().__init__(
            State(
                account_id=account_id,
                region=region,
                surroundings=surroundings,
                settings=settings or Settings(),
                identities=Identities(account_id, region, source),
                random=source,
                now=now,
            )
        )
        capacity_provider_calls.add_fargate(self.state)
        agenda.begin_beats(self.state)

    # ---- time

    @property
    def now(self) -> float:
        """The simulated time of the last step."""
        return self.state.now

    def step(self, now: float) -> list[Effect]:
        """Move everything that is due up to `now`; give what the outside must do, in order."""
        return agenda.step(self.state, now)

    def next_due(self) -> float | None:
        """The time of the next thing to do; `now` when a command or observation waits; None when nothing is planned."""
        return agenda.next_due(self.state)

    # ---- clusters and capacity

    def create_cluster(
        self,
        *,
        cluster_name: str = "default",
        capacity_providers: Sequence[str] = (),
        default_capacity_provider_strategy: Sequence[Document] = (),
        settings: Sequence[Document] = (),
        configuration: Document | None = None,
        service_connect_defaults: Document | None = None,
        tags: Sequence[Document] = (),
    ) -> Cluster:
        """CreateCluster; an ACTIVE cluster of that name is returned unchanged (A23)."""
        return clusters.create(
            self.state,
            cluster_name,
            capacity_providers=capacity_providers,
            strategy=default_capacity_provider_strategy,
            settings=settings,
            configuration=configuration,
            service_connect_defaults=service_connect_defaults,
            tags=tags,
        )

    def update_cluster(
        self,
        *,
        cluster: str,
        settings: Sequence[Document] | None = None,
        configuration: Document | None = None,
        service_connect_defaults: Document | None = None,
    ) -> Cluster:
        """UpdateCluster."""
        return clusters.update(self.state, cluster, settings, configuration, service_connect_defaults)

    def update_cluster_settings(self, *, cluster: str, settings: Sequence[Document]) -> Cluster:
        """UpdateClusterSettings."""
        return clusters.update(self.state, cluster, settings, None, None)

    def delete_cluster(self, *, cluster: str) -> Cluster:
        """DeleteCluster; refused while instances, services or tasks are in it (A14)."""
        return clusters.delete(self.state, cluster)

    def put_cluster_capacity_providers(
        self, *, cluster: str, capacity_providers: Sequence[str], default_capacity_provider_strategy: Sequence[Document]
    ) -> Cluster:
        """PutClusterCapacityProviders; refused while a removed provider is in use (A15)."""
        return clusters.put_capacity_providers(
            self.state, cluster, capacity_providers, default_capacity_provider_strategy
        )

    def create_capacity_provider(
        self,
        *,
        name: str,
        auto_scaling_group_provider: Document | None = None,
        managed_instances_provider: Document | None = None,
        cluster: str | None = None,
        tags: Sequence[Document] = (),
    ) -> CapacityProvider:
        """CreateCapacityProvider."""
        return capacity_provider_calls.create(
            self.state,
            name,
            auto_scaling_group_provider,
            managed_instances=managed_instances_provider,
            cluster=cluster,
            tags=tags,
        )

    def update_capacity_provider(
        self,
        *,
        name: str,
        auto_scaling_group_provider: Document | None = None,
        managed_instances_provider: Document | None = None,
        cluster: str | None = None,
    ) -> CapacityProvider:
        """UpdateCapacityProvider."""
        return capacity_provider_calls.update(
            self.state, name, auto_scaling_group_provider, managed_instances_provider, cluster
        )

    def delete_capacity_provider(self, *, capacity_provider: str, cluster: str | None = None) -> CapacityProvider:
        """DeleteCapacityProvider; refused while a cluster or a service's strategy names it (A16)."""
        return capacity_provider_calls.delete(self.state, capacity_provider, cluster)

    def deregister_container_instance(
        self, *, container_instance: str, cluster: str | None = None, force: bool = False
    ) -> ContainerInstance:
        """DeregisterContainerInstance."""
        return container_instance_calls.deregister(self.state, cluster, container_instance, force=force)

    def update_container_instances_state(
        self, *, container_instances: Sequence[str], status: str, cluster: str | None = None
    ) -> tuple[list[ContainerInstance], list[Failure]]:
        """UpdateContainerInstancesState: `status` is ACTIVE or DRAINING."""
        return container_instance_calls.update_state(self.state, cluster, container_instances, status)

    def put_attributes(self, *, attributes: Sequence[Document], cluster: str | None = None) -> list[Document]:
        """PutAttributes."""
        return container_instance_calls.put_attributes(self.state, cluster, attributes)

    def delete_attributes(self, *, attributes: Sequence[Document], cluster: str | None = None) -> list[Document]:
        """DeleteAttributes."""
        return container_instance_calls.delete_attributes(self.state, cluster, attributes)

    # ---- task definitions

    def register_task_definition(self, *, tags: Sequence[Document] = (), **document: object) -> TaskDefinition:
        """RegisterTaskDefinition; unlike elsewhere, `document` is the request in the API's own spelling."""
        return task_definition_calls.register(self.state, document, tags)

    def deregister_task_definition(self, *, task_definition: str) -> TaskDefinition:
        """DeregisterTaskDefinition."""
        return task_definition_calls.deregister(self.state, task_definition)

    def delete_task_definitions(self, *, task_definitions: Sequence[str]) -> tuple[list[TaskDefinition], list[Failure]]:
        """DeleteTaskDefinitions."""
        return task_definition_calls.delete(self.state, task_definitions)

    # ---- services

    def create_service(self, **request: Unpack[CreateServiceRequest]) -> Service:
        """CreateService."""
        return services.create(self.state, request)

    def update_service(self, **request: Unpack[UpdateServiceRequest]) -> Service:
        """UpdateService."""
        return services.update(self.state, request)

    def delete_service(self, *, service: str, cluster: str | None = None, force: bool = False) -> Service:
        """DeleteService; refused above 0 tasks without force (A6)."""
        return services.delete(self.state, cluster, service, force=force)

    def stop_service_deployment(self, *, service_deployment_arn: str, stop_type: str = "ROLLBACK") -> ServiceDeployment:
        """StopServiceDeployment (D40)."""
        return services.stop_deployment(self.state, service_deployment_arn, stop_type)

    def continue_service_deployment(
        self, *, service_deployment_arn: str, hook_id: str, action: str = "CONTINUE"
    ) -> ServiceDeployment:
        """ContinueServiceDeployment: `action` is CONTINUE or ROLLBACK (D42)."""
        return services.continue_deployment(self.state, service_deployment_arn, hook_id, action)

    # ---- tasks

    def run_task(self, **request: Unpack[RunTaskRequest]) -> TaskResult:
        """RunTask."""
        return task_calls.run(self.state, request)

    def start_task(self, **request: Unpack[StartTaskRequest]) -> TaskResult:
        """StartTask."""
        return task_calls.start(self.state, request)

    def stop_task(self, *, task: str, cluster: str | None = None, reason: str = "") -> Task:
        """StopTask; a stopped task is answered as it is (A8)."""
        return task_calls.stop(self.state, cluster, task, reason)

    def update_task_protection(
        self, *, cluster: str, tasks: Sequence[str], protection_enabled: bool, expires_in_minutes: int | None = None
    ) -> TaskResult:
        """UpdateTaskProtection (D36)."""
        return task_protection.update(
            self.state, cluster, tasks, enabled=protection_enabled, minutes=expires_in_minutes
        )

    # ---- tags

    def tag_resource(self, *, resource_arn: str, tags: Sequence[Document]) -> None:
        """TagResource."""
        tag_calls.put(self.state, resource_arn, tags)

    def untag_resource(self, *, resource_arn: str, tag_keys: Sequence[str]) -> None:
        """UntagResource."""
        tag_calls.remove(self.state, resource_arn, tag_keys)

    def tags_of(self, resource_arn: str) -> dict[str, str]:
        """ListTagsForResource."""
        return tag_calls.of(self.state, resource_arn)

    # ---- Application Auto Scaling

    def register_scalable_target(self, **request: Unpack[RegisterScalableTargetRequest]) -> ScalableTarget:
        """RegisterScalableTarget."""
        return scalable_targets.register(self.state, request)

    def deregister_scalable_target(
        self, *, resource_id: str, service_namespace: str = "ecs", scalable_dimension: str = "ecs:service:DesiredCount"
    ) -> None:
        """DeregisterScalableTarget; takes policies, alarms and schedules with it (S23)."""
        scalable_targets.deregister(self.state, service_namespace, resource_id, scalable_dimension)

    def put_scaling_policy(self, **request: Unpack[PutScalingPolicyRequest]) -> ScalingPolicy:
        """PutScalingPolicy."""
        return scaling_policies.put(self.state, request)

    def delete_scaling_policy(
        self,
        *,
        policy_name: str,
        resource_id: str,
        service_namespace: str = "ecs",
        scalable_dimension: str = "ecs:service:DesiredCount",
    ) -> None:
        """DeleteScalingPolicy."""
        scaling_policies.delete(self.state, service_namespace, resource_id, scalable_dimension, policy_name)

    def put_scheduled_action(self, **request: Unpack[PutScheduledActionRequest]) -> ScheduledAction:
        """PutScheduledAction."""
        return scheduled_actions.put(self.state, request)

    def delete_scheduled_action(
        self,
        *,
        scheduled_action_name: str,
        resource_id: str,
        service_namespace: str = "ecs",
        scalable_dimension: str = "ecs:service:DesiredCount",
    ) -> None:
        """DeleteScheduledAction."""
        scheduled_actions.delete(self.state, service_namespace, resource_id, scalable_dimension, scheduled_action_name)

"""The control plane: commands of the API, observations from the outside, and time.

`step(now)` moves everything that is due and returns effects; commands and observations change state at `plane.now` and
take effect at the next step. Nothing here reads a clock, waits, or draws a number that the seed does not give.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Unpack

from tinystacks.controlplane import (
    agenda,
    capacity_providers,
    clusters,
    container_instances,
    container_instances as _container_instances,
    ec2_instances,
    scalable_targets,
    scaling_policies,
    scheduled_actions,
    services,
    stopping,
    tags,
    tags as _tags,
    target_health,
    task_definitions,
    task_definitions as _task_definitions,
    task_progress,
    task_protection,
    tasks,
)
from tinystacks.controlplane.identities import Identities
from tinystacks.controlplane.settings import Settings
from tinystacks.controlplane.state import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


class ControlPlane:
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
        self.state = State(
            account_id=account_id,
            region=region,
            surroundings=surroundings,
            settings=settings or Settings(),
            identities=Identities(account_id, region, source),
            random=source,
            now=now,
        )
        capacity_providers.add_fargate(self.state)
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
            capacity_providers,
            default_capacity_provider_strategy,
            settings,
            configuration,
            service_connect_defaults,
            tags,
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
        return capacity_providers.create(
            self.state, name, auto_scaling_group_provider, managed_instances_provider, cluster, tags
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
        return capacity_providers.update(
            self.state, name, auto_scaling_group_provider, managed_instances_provider, cluster
        )

    def delete_capacity_provider(self, *, capacity_provider: str, cluster: str | None = None) -> CapacityProvider:
        """DeleteCapacityProvider; refused while a cluster or a service's strategy names it (A16)."""
        return capacity_providers.delete(self.state, capacity_provider, cluster)

    def deregister_container_instance(
        self, *, container_instance: str, cluster: str | None = None, force: bool = False
    ) -> ContainerInstance:
        """DeregisterContainerInstance."""
        return container_instances.deregister(self.state, cluster, container_instance, force=force)

    def update_container_instances_state(
        self, *, container_instances: Sequence[str], status: str, cluster: str | None = None
    ) -> tuple[list[ContainerInstance], list[Failure]]:
        """UpdateContainerInstancesState: `status` is ACTIVE or DRAINING."""
        return _container_instances.update_state(self.state, cluster, container_instances, status)

    def put_attributes(self, *, attributes: Sequence[Document], cluster: str | None = None) -> list[Document]:
        """PutAttributes."""
        return container_instances.put_attributes(self.state, cluster, attributes)

    def delete_attributes(self, *, attributes: Sequence[Document], cluster: str | None = None) -> list[Document]:
        """DeleteAttributes."""
        return container_instances.delete_attributes(self.state, cluster, attributes)

    # ---- task definitions

    def register_task_definition(self, *, tags: Sequence[Document] = (), **document: object) -> TaskDefinition:
        """RegisterTaskDefinition; unlike elsewhere, `document` is the request in the API's own spelling."""
        return task_definitions.register(self.state, document, tags)

    def deregister_task_definition(self, *, task_definition: str) -> TaskDefinition:
        """DeregisterTaskDefinition."""
        return task_definitions.deregister(self.state, task_definition)

    def delete_task_definitions(self, *, task_definitions: Sequence[str]) -> tuple[list[TaskDefinition], list[Failure]]:
        """DeleteTaskDefinitions."""
        return _task_definitions.delete(self.state, task_definitions)

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

    # ---- tasks

    def run_task(self, **request: Unpack[RunTaskRequest]) -> TaskResult:
        """RunTask."""
        return tasks.run(self.state, request)

    def start_task(self, **request: Unpack[StartTaskRequest]) -> TaskResult:
        """StartTask."""
        return tasks.start(self.state, request)

    def stop_task(self, *, task: str, cluster: str | None = None, reason: str = "") -> Task:
        """StopTask; a stopped task is answered as it is (A8)."""
        return tasks.stop(self.state, cluster, task, reason)

    def update_task_protection(
        self, *, cluster: str, tasks: Sequence[str], protection_enabled: bool, expires_in_minutes: int | None = None
    ) -> TaskResult:
        """UpdateTaskProtection (D36)."""
        return task_protection.update(self.state, cluster, tasks, protection_enabled, expires_in_minutes)

    # ---- tags

    def tag_resource(self, *, resource_arn: str, tags: Sequence[Document]) -> None:
        """TagResource."""
        _tags.put(self.state, resource_arn, tags)

    def untag_resource(self, *, resource_arn: str, tag_keys: Sequence[str]) -> None:
        """UntagResource."""
        tags.remove(self.state, resource_arn, tag_keys)

    def tags_of(self, resource_arn: str) -> dict[str, str]:
        """ListTagsForResource."""
        return tags.of(self.state, resource_arn)

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

    # ---- observations: EC2

    def group_observed(
        self,
        group_arn: str,
        *,
        name: str,
        minimum: int,
        maximum: int,
        desired: int,
        new_instances_protected: bool = False,
        instance_types: Sequence[str] = (),
    ) -> None:
        """An Auto Scaling group exists with these bounds; report it at its creation and after each change."""
        ec2_instances.group_observed(
            self.state, group_arn, name, minimum, maximum, desired, new_instances_protected, instance_types
        )

    def group_deleted(self, group_arn: str) -> None:
        """An Auto Scaling group is gone."""
        ec2_instances.group_deleted(self.state, group_arn)

    def instance_launched(
        self,
        group_arn: str,
        instance_id: str,
        *,
        zone: str,
        instance_type: str,
        subnet_id: str = "",
        vpc_id: str = "",
        ami_id: str = "",
        cluster: str | None = None,
    ) -> None:
        """An EC2 instance began to boot; it registers after the boot delay when its user data names a cluster."""
        ec2_instances.launched(
            self.state, group_arn, instance_id, zone, instance_type, subnet_id, vpc_id, ami_id, cluster
        )

    def instance_terminating(self, instance_id: str) -> None:
        """A group begins to terminate an instance; `CompleteInstanceDraining` answers when it may go on (C26)."""
        ec2_instances.terminating(self.state, instance_id)

    def instance_terminated(self, instance_id: str, reason: str = "terminated") -> None:
        """An EC2 instance is gone; `reason` is `terminated` or `stopped` (T18)."""
        ec2_instances.terminated(self.state, instance_id, reason)

    def agent_connection(self, instance_id: str, *, connected: bool) -> None:
        """The agent of an instance lost or found its connection (T27)."""
        container_instances.agent_connection(self.state, instance_id, connected=connected)

    # ---- observations: containers

    def pull_started(self, task_id: str) -> None:
        """The images of a task are being pulled (optional)."""
        task_progress.pull_started(self.state, task_id)

    def pull_stopped(self, task_id: str) -> None:
        """The images of a task were pulled (optional)."""
        task_progress.pull_stopped(self.state, task_id)

    def pull_failed(self, task_id: str, container: str, message: str) -> None:
        """An image cannot be pulled: `message` begins with the agent's word, as `CannotPullContainerError: …` (T21)."""
        task_progress.pull_failed(self.state, task_id, container, message)

    def container_started(
        self,
        task_id: str,
        container: str,
        host_ports: Mapping[int, int] | None = None,
        runtime_id: str = "",
        image_digest: str = "",
    ) -> None:
        """A container runs; `host_ports` maps container port to host port."""
        task_progress.container_started(
            self.state, task_id, container, dict(host_ports or {}), runtime_id, image_digest
        )

    def container_stopped(self, task_id: str, container: str, exit_code: int | None = None, reason: str = "") -> None:
        """A container ended, or was found never to start."""
        task_progress.container_stopped(self.state, task_id, container, exit_code, reason)

    def container_health(self, task_id: str, container: str, status: str) -> None:
        """The health check of a container says HEALTHY, UNHEALTHY or UNKNOWN."""
        task_progress.container_health(self.state, task_id, container, status)

    # ---- observations: targets and metrics

    def target_health(
        self, target_group_arn: str, target_id: str, port: int, state: str, reason: str = "", description: str = ""
    ) -> None:
        """A target's health changed: `initial`, `healthy`, `unhealthy`, `draining` or `unused` (L4)."""
        target_health.observed(self.state, target_group_arn, target_id, port, state, reason, description)

    def metric(self, name: str, dimensions: Mapping[str, str], value: float, at: float) -> None:
        """A datapoint of a metric that a target tracking policy may follow (S2, S20)."""
        scaling_policies.metric(self.state, name, dict(dimensions), value, at)

    def alarm(
        self,
        name: str,
        state: str,
        *,
        action_arns: Sequence[str] = (),
        value: float | None = None,
        threshold: float | None = None,
    ) -> None:
        """A CloudWatch alarm of the user is in this state; report it on change and each minute in ALARM (S13, D37)."""
        scaling_policies.alarm(self.state, name, state, action_arns, value, threshold)

"""What the outside reports to a control plane; each method takes effect at the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import container_instances, ec2_instances, scaling_policies, target_health, task_progress

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tinystacks.controlplane.state import State


class Observations:
    """The reporting half of `ControlPlane`.

    Args:
        state: what the plane knows.
    """

    def __init__(self, state: State) -> None:
        self.state = state

    # ---- EC2

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
            self.state,
            group_arn,
            name=name,
            minimum=minimum,
            maximum=maximum,
            desired=desired,
            protected=new_instances_protected,
            instance_types=instance_types,
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
        reserved_memory: int = 0,
    ) -> None:
        """An EC2 instance began to boot; it registers after the boot delay when its user data names a cluster.

        `reserved_memory` is what its agent keeps from tasks, in MiB (P3).
        """
        ec2_instances.launched(
            self.state,
            group_arn,
            instance_id,
            zone=zone,
            instance_type=instance_type,
            subnet_id=subnet_id,
            vpc_id=vpc_id,
            ami_id=ami_id,
            cluster=cluster,
            reserved_memory=reserved_memory,
        )

    def instance_terminating(self, instance_id: str) -> None:
        """A group begins to terminate an instance; `CompleteInstanceDraining` answers when it may go on (C26)."""
        ec2_instances.terminating(self.state, instance_id)

    def instance_interrupted(self, instance_id: str) -> None:
        """EC2 Spot takes an instance back in two minutes; report its end as well (C27)."""
        ec2_instances.terminating(self.state, instance_id)

    def instance_terminated(self, instance_id: str, reason: str = "terminated") -> None:
        """An EC2 instance is gone; `reason` is `terminated` or `stopped` (T18)."""
        ec2_instances.terminated(self.state, instance_id, reason)

    def agent_connection(self, instance_id: str, *, connected: bool) -> None:
        """The agent of an instance lost or found its connection (T27)."""
        container_instances.agent_connection(self.state, instance_id, connected=connected)

    def fargate_capacity(self, *, full_zones: Collection[str]) -> None:
        """Fargate has no capacity in these zones; report the whole set at each change (P33)."""
        self.state.full_zones = frozenset(full_zones)

    # ---- containers

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
            self.state,
            task_id,
            container,
            host_ports=dict(host_ports or {}),
            runtime_id=runtime_id,
            image_digest=image_digest,
        )

    def container_stopped(self, task_id: str, container: str, exit_code: int | None = None, reason: str = "") -> None:
        """A container ended, or was found never to start."""
        task_progress.container_stopped(self.state, task_id, container, exit_code, reason)

    def container_health(self, task_id: str, container: str, status: str) -> None:
        """The health check of a container says HEALTHY, UNHEALTHY or UNKNOWN."""
        task_progress.container_health(self.state, task_id, container, status)

    def task_interrupted(self, task_id: str) -> None:
        """Fargate Spot takes a task back (T19)."""
        task_progress.interrupted(self.state, task_id)

    def host_lost(self, task_id: str) -> None:
        """The host of a Fargate task is gone, and the task with it (T15)."""
        task_progress.host_lost(self.state, task_id)

    # ---- targets and metrics

    def target_health(  # noqa: PLR0917 - the order of elbv2's own description
        self, target_group_arn: str, target_id: str, port: int, state: str, reason: str = "", description: str = ""
    ) -> None:
        """A target's health changed: `initial`, `healthy`, `unhealthy`, `draining` or `unused` (L4)."""
        target_health.observed(
            self.state, target_group_arn, target_id, port, word=state, reason=reason, description=description
        )

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
        scaling_policies.alarm(self.state, name, state, action_arns=action_arns, value=value, threshold=threshold)

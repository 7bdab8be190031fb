"""Delays of the model, and the points that AWS's documents leave open."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of one control plane; times in simulated seconds.

    Attributes:
        boot_seconds: launch of an instance until its agent registers (agent start included).
        registration_retry_seconds: an agent whose cluster does not exist tries again after this long.
        eni_seconds: time in PROVISIONING of an awsvpc task on EC2.
        fargate_provisioning_seconds: time in PROVISIONING of a Fargate task.
        deprovisioning_seconds: time in DEPROVISIONING of an awsvpc or Fargate task.
        activation_seconds: time in ACTIVATING of an awsvpc task with target groups.
        stable_seconds: a task without any health check counts as healthy after this long in RUNNING (API
            DeploymentConfiguration).
        pass_seconds: least time between two passes of the scheduler over one service.
        placement_retry_seconds: time until a placement that found no room is tried again.
        launches_per_minute: tasks that the scheduler starts per service and minute (service quotas: 500).
        launch_batch: most tasks that one pass of the scheduler starts, thus named in one event.
        stopped_task_seconds: how long a stopped task stays visible (API DescribeTasks: at least 1 hour).
        inactive_service_seconds: how long an INACTIVE service stays visible.
        container_stop_timeout_seconds: stopTimeout where a container sets none.
        stopping_tasks_count_against_maximum: a stopping task fills maximumPercent while it holds its instance.
        stopping_tasks_hold_the_instance: the agent starts a new task only when the old one has really left.
        old_revisions_count_for_spread: tasks of older revisions count for spread.
        old_revisions_count_for_distinct_instance: tasks of older revisions block `distinctInstance`.
        failure_tests: order in which the tests of an instance are named when several fail.
        high_datapoints_managed_scaling: minutes above target before managed scaling scales out.
        low_datapoints_managed_scaling: minutes below target before managed scaling scales in.
        scale_in_pause_seconds: managed scaling waits this long after a scale-out before it scales in.
        provisioning_wait_seconds: a task waits this long in PROVISIONING for capacity.
        provisioning_retry_seconds: beat of the placement of waiting tasks.
        provisioning_limit: waiting tasks per cluster.
        breaker_counts_exits_after_running: an exit after RUNNING counts for the circuit breaker.
        computed_bake_seconds: bake time of a rolling deployment with alarms when none is set.
        throttle_free_failures: failed starts in a row that are retried at once.
        throttle_first_seconds: first delay after those; it doubles.
        throttle_cap_seconds: longest delay.
        scale_in_largest_share: share of the running tasks that one target tracking step may remove.
        rebalance_seconds: beat of the zone balance check.
        rebalance_looks: looks in a row that must see imbalance before rebalancing starts.
        draining_limit_seconds: managed draining releases an instance after this long (48 hours).
        event_repeat_seconds: an event with the same text is not repeated earlier, unless its cause was gone.
        attachment_seconds: time of a cluster's attachments in UPDATE_IN_PROGRESS.
    """

    boot_seconds: float = 45
    registration_retry_seconds: float = 30
    eni_seconds: float = 8
    fargate_provisioning_seconds: float = 15
    deprovisioning_seconds: float = 5
    activation_seconds: float = 2
    stable_seconds: float = 40
    pass_seconds: float = 1
    placement_retry_seconds: float = 30
    launches_per_minute: int = 500
    launch_batch: int = 100
    stopped_task_seconds: float = 3600
    inactive_service_seconds: float = 3600
    container_stop_timeout_seconds: float = 30
    stopping_tasks_count_against_maximum: bool = True
    stopping_tasks_hold_the_instance: bool = True
    old_revisions_count_for_spread: bool = True
    old_revisions_count_for_distinct_instance: bool = True
    failure_tests: tuple[str, ...] = ("CPU", "MEMORY", "PORTS", "ENI", "ATTRIBUTE", "CONSTRAINT")
    high_datapoints_managed_scaling: int = 1
    low_datapoints_managed_scaling: int = 15
    scale_in_pause_seconds: float = 900
    provisioning_wait_seconds: float = 900
    provisioning_retry_seconds: float = 15
    provisioning_limit: int = 500
    breaker_counts_exits_after_running: bool = False
    computed_bake_seconds: float = 180
    throttle_free_failures: int = 3
    throttle_first_seconds: float = 30
    throttle_cap_seconds: float = 1620
    scale_in_largest_share: float = 0.5
    rebalance_seconds: float = 60
    rebalance_looks: int = 2
    draining_limit_seconds: float = 48 * 3600
    event_repeat_seconds: float = 6 * 3600
    attachment_seconds: float = 0

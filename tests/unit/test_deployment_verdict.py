"""How deployments end, and why; polls move a clock and never wait."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from tests.fakes.ecs_deployments import (
    NEW,
    NEWEST,
    OLD,
    START,
    Clock,
    Look,
    ScriptedBalancer,
    ScriptedEcs,
    ScriptedLogs,
    deployment,
    stopped_task,
    web_outputs,
)
from tests.fakes.stages import small_stage
from tinystacks.deployment.causes import group_causes
from tinystacks.deployment.ends import Result
from tinystacks.deployment.events import DeploymentEnded, TasksProgress, Warned
from tinystacks.deployment.pace import Pace
from tinystacks.deployment.service_verdicts import ServiceVerdict
from tinystacks.deployment.verdict import Follower, overall

PULL = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref nginx:nope"
NO_ROOM = (
    "(service shop-web-service-1a2b3c4) was unable to place a task because no container instance met all of its "
    "requirements. Reason: No Container Instances were found in your cluster."
)
EXITED = "Essential container in task exited"
INITIALIZATION = "ResourceInitializationError: unable to pull secrets or registry auth:"
NO_GROUP = "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist."
NO_WAY = "There is a connection issue between the task and"


class Run:
    def __init__(
        self, *looks: Look, past: frozenset[str] = frozenset(), refuses: bool = False, **rolling_update
    ) -> None:
        self.ecs = ScriptedEcs(*looks)
        self.logs = ScriptedLogs()
        self.balancer = ScriptedBalancer(self.ecs, refuses=refuses)
        self.clock = Clock()
        self.events = []
        stage = small_stage(services={"web": {"rolling_update": rolling_update}}) if rolling_update else small_stage()
        clients = {"ecs": self.ecs, "logs": self.logs, "elbv2": self.balancer}
        self.verdicts = Follower(
            stage=stage,
            outputs=web_outputs(),
            client=clients.__getitem__,
            on_event=self.events.append,
            pace=Pace(clock=self.clock, sleep=self.clock.sleep, poll=5),
            past=past,
            typed="dev --local",
        ).follow()
        (self.verdict,) = self.verdicts


def test_d22_steady_when_the_asked_revision_is_complete():
    run = Run(
        Look([deployment(pending=2)]),
        Look([deployment(running=1, pending=1), deployment(OLD, "COMPLETED", status="ACTIVE")]),
        Look([deployment(state="COMPLETED", running=2)], "SUCCESSFUL"),
    )
    assert run.verdict.result is Result.STEADY
    assert run.verdict.task_definition == NEW
    progress = [(event.running, event.pending) for event in run.events if isinstance(event, TasksProgress)]
    assert progress == [(0, 2), (1, 1), (2, 0)]
    assert isinstance(run.events[-1], DeploymentEnded)


def test_progress_tells_new_tasks_from_those_of_earlier_deployments():
    run = Run(
        Look([deployment(pending=2), deployment(OLD, "COMPLETED", status="ACTIVE", running=2)]),
        Look([deployment(running=1, pending=1), deployment(OLD, "COMPLETED", status="ACTIVE", running=1)]),
        Look([deployment(state="COMPLETED", running=2)], "SUCCESSFUL"),
    )
    progress = [(event.running, event.earlier) for event in run.events if isinstance(event, TasksProgress)]
    assert progress == [(0, 2), (1, 1), (2, 0)]


def test_a_restart_has_earlier_tasks_of_the_same_revision():
    run = Run(
        Look([deployment(pending=2), deployment(NEW, "COMPLETED", status="ACTIVE", running=2)]),
        Look([deployment(state="COMPLETED", running=2)], "SUCCESSFUL"),
    )
    progress = [(event.running, event.earlier) for event in run.events if isinstance(event, TasksProgress)]
    assert progress == [(0, 2), (2, 0)]


def test_progress_that_does_not_change_is_said_once():
    run = Run(*[Look([deployment(pending=2)])] * 5, Look([deployment(state="COMPLETED", running=2)], "SUCCESSFUL"))
    assert sum(isinstance(event, TasksProgress) for event in run.events) == 2


def test_b1_a_rollback_is_no_success_though_the_service_is_steady():
    run = Run(
        Look([deployment(failed=2)], stopped=[stopped_task(1, "Task failed to start", container=PULL)]),
        Look(
            [deployment(OLD, running=2), deployment(state="FAILED", status="ACTIVE", failed=3)], "ROLLBACK_IN_PROGRESS"
        ),
        Look(
            [deployment(OLD, "COMPLETED", running=2)],
            "ROLLBACK_SUCCESSFUL",
            reason="Service deployment rolled back because the circuit breaker threshold was exceeded.",
            stopped=[stopped_task(n, "Task failed to start", container=PULL) for n in range(3)],
        ),
    )
    assert run.verdict.result is Result.ROLLED_BACK
    assert "went back to shop-web:1" in run.verdict.reason
    assert "circuit breaker threshold" in run.verdict.reason
    (cause,) = run.verdict.causes
    assert (cause.reason, cause.count, cause.service) == ("image-pull", 3, "web")


@pytest.mark.parametrize("status", ["IN_PROGRESS", "ROLLBACK_IN_PROGRESS"])
def test_b6_what_ecs_tells_for_an_hour_only_is_a_cause_of_what_takes_longer(status):
    """ListTasks: stopped tasks are told for one hour."""
    pulling = [stopped_task(n, "Task failed to start", container=PULL) for n in range(2)]
    run = Run(Look([deployment(failed=2)], status, stopped=pulling), Look([deployment(failed=2)], status), deadline=120)
    assert run.verdict.result is Result.TIMED_OUT
    (cause,) = run.verdict.causes
    assert (cause.reason, cause.count) == ("image-pull", 2)


def test_b1_a_rollback_that_ended_before_the_first_look_is_seen():
    run = Run(Look([deployment(OLD, "COMPLETED", running=2)], "ROLLBACK_SUCCESSFUL"))
    assert run.verdict.result is Result.ROLLED_BACK


def test_b1_without_the_right_to_list_service_deployments_the_rollback_is_seen_too():
    run = Run(Look([deployment(OLD, "COMPLETED", running=2)], ""))
    assert run.verdict.result is Result.ROLLED_BACK


def test_b1_a_rollback_to_the_revision_that_was_asked_for_is_seen_by_its_end_alone():
    """As after a restart, between two looks."""
    run = Run(Look([deployment(state="COMPLETED", running=2)], "ROLLBACK_SUCCESSFUL", reason="circuit breaker"))
    assert run.verdict.result is Result.ROLLED_BACK
    assert "circuit breaker" in run.verdict.reason


@pytest.mark.parametrize("status", ["ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "STOPPED"])
def test_b1_how_an_earlier_deployment_ended_says_nothing_of_what_was_ordered_now(status):
    run = Run(
        Look([deployment(running=1)], status),
        Look([deployment(state="COMPLETED", running=2)], status, stopped=[stopped_task(1, EXITED, exit_code=1)]),
        past=frozenset({NEWEST}),
    )
    assert run.verdict.result is Result.STEADY
    assert run.verdict.causes == ()


@pytest.mark.parametrize("status", ["IN_PROGRESS", "STOPPED"])
def test_b5_d24_d32_a_first_deployment_has_nothing_to_go_back_to(status):
    failed = deployment(state="FAILED", failed=3, reason="ECS deployment circuit breaker: tasks failed to start.")
    run = Run(Look([failed], status))
    assert run.verdict.result is Result.FAILED
    assert "tasks failed to start" in run.verdict.reason
    assert "no steady version to return to, so nothing serves" in run.verdict.reason
    assert "`tstack up dev --local` again" in run.verdict.reason


def test_all_pages_of_stopped_tasks_are_counted():
    """ECS tells 100 tasks a page (ECS API reference, ListTasks)."""
    stopped = [stopped_task(number, EXITED, exit_code=1) for number in range(250)]
    run = Run(Look([deployment(state="FAILED", failed=250)], "STOPPED", stopped=stopped))
    assert [(cause.reason, cause.count) for cause in run.verdict.causes] == [("exited", 250)]


def test_b5_a_failed_deployment_without_an_earlier_one_that_completed_may_serve_with_some_tasks():
    run = Run(Look([deployment(state="FAILED", failed=3, running=1)], running=1))
    assert "no steady version to return to (running now: 1 of shop-web:2): " in run.verdict.reason


def other(running: int = 2, **values) -> dict[str, object]:
    """A deployment that somebody else ordered, of the revision before."""
    newer = START + timedelta(minutes=2)
    return {**deployment(OLD, values.pop("state", "IN_PROGRESS"), running=running, **values), "createdAt": newer}


@pytest.mark.parametrize("then", ["IN_PROGRESS", "SUCCESSFUL", "ROLLBACK_IN_PROGRESS"])
def test_b1_a_deployment_that_somebody_else_replaced_is_not_told_as_rolled_back(then):
    run = Run(
        Look([deployment(pending=2)]),
        Look([other(), deployment(status="ACTIVE")], then, arn=f"{NEWEST}-other"),
    )
    assert run.verdict.result is Result.FAILED
    assert "replaced by another deployment" in run.verdict.reason
    assert "shop-web:1" in run.verdict.reason
    assert run.verdict.task_definition == OLD


def test_b1_a_replacement_that_came_before_the_first_look_is_seen():
    run = Run(Look([other(), deployment(status="ACTIVE")], arn=f"{NEWEST}-other"))
    assert run.verdict.result is Result.FAILED
    assert "replaced by another deployment" in run.verdict.reason


def test_b1_a_replacement_is_told_from_a_rollback_without_the_right_to_list_service_deployments():
    run = Run(Look([deployment(pending=2)], ""), Look([other(), deployment(status="ACTIVE")], ""))
    assert run.verdict.result is Result.FAILED
    assert "replaced by another deployment" in run.verdict.reason


def test_b1_a_rollback_is_told_from_a_replacement_without_the_right_to_list_service_deployments():
    """ECS makes the former deployment PRIMARY again, which is older than the one that failed."""
    former = {**deployment(OLD, running=2), "createdAt": START - timedelta(days=1)}
    new_again = {**former, "createdAt": START + timedelta(minutes=2), "rolloutStateReason": "rolling back to ecs-svc/1"}
    for back in (former, new_again):
        run = Run(
            Look([deployment(pending=2)], ""),
            Look([back, deployment(state="FAILED", status="ACTIVE")], ""),
            Look([{**back, "rolloutState": "COMPLETED", "rolloutStateReason": "completed"}], ""),
        )
        assert run.verdict.result is Result.ROLLED_BACK


def test_a_newer_deployment_of_the_same_revision_is_followed():
    run = Run(
        Look([deployment(pending=2)]),
        Look([deployment(running=1)], arn=f"{NEWEST}-other"),
        Look([deployment(state="COMPLETED", running=2)], "SUCCESSFUL", arn=f"{NEWEST}-other"),
    )
    assert run.verdict.result is Result.STEADY


def test_a_failed_rollback_is_a_failure():
    left = [deployment(OLD, running=2), deployment(running=1, status="ACTIVE")]
    run = Run(Look(left, "ROLLBACK_FAILED", reason="no capacity."))
    assert run.verdict.result is Result.FAILED
    assert "no capacity (running now: 2 of shop-web:1, 1 of shop-web:2); " in run.verdict.reason
    assert "`tstack rollback dev --local`" in run.verdict.reason


def test_a_rollback_that_failed_with_nothing_left_says_so():
    run = Run(Look([deployment(OLD)], "ROLLBACK_FAILED", reason="no capacity"))
    assert "no capacity (nothing runs now); " in run.verdict.reason


def test_a_way_back_that_does_not_end_names_the_whole_way_back():
    """The target group keeps the new health check path, at which the version before is unhealthy, too."""
    back = [deployment(OLD, running=2), deployment(state="FAILED", status="ACTIVE")]
    run = Run(Look(back, "ROLLBACK_IN_PROGRESS"), deadline=120)
    assert run.verdict.result is Result.TIMED_OUT
    assert "`tstack rollback dev --local`" in run.verdict.reason


def test_d18_a_deployment_that_a_newer_one_replaced_is_a_failure():
    assert Run(Look([deployment()], "STOPPED", reason="new deployment")).verdict.result is Result.FAILED


BEFORE = deployment(OLD, "COMPLETED", status="ACTIVE", running=2)
CONTINUE = (
    "aws ecs continue-service-deployment --region eu-west-1 "
    f"--service-deployment-arn {NEWEST} --hook-id ecs-pause-PRE_SCALE_UP`"
)


def test_a_paused_deployment_is_told_once_with_the_command_that_continues():
    run = Run(
        *[Look([deployment(), BEFORE], paused="PRE_SCALE_UP")] * 4,
        Look([deployment(pending=2), BEFORE]),
        Look([deployment(state="COMPLETED", running=2)], "SUCCESSFUL"),
    )
    (told,) = [event for event in run.events if isinstance(event, Warned)]
    assert told.message == (
        "web: ECS paused its deployment at PRE_SCALE_UP, where a lifecycle hook waits for an answer, and goes back at "
        "2026-11-24 12:00 UTC."
    )
    assert CONTINUE in told.hint
    assert 'eval "$(tstack local env)"' in told.hint
    assert run.verdict.result is Result.STEADY
    assert run.verdict.reason == ""


def test_b4_the_deadline_of_a_paused_deployment_says_what_it_waits_for():
    run = Run(Look([deployment(), BEFORE], paused="PRE_SCALE_UP"), deadline=120)
    assert run.verdict.result is Result.TIMED_OUT
    assert "not steady after 120 s (`rolling_update.deadline`); ECS paused its deployment at" in run.verdict.reason
    assert CONTINUE in run.verdict.reason
    gone_on = Run(
        *[Look([deployment(), BEFORE], paused="PRE_SCALE_UP")] * 4, Look([deployment(pending=2), BEFORE]), deadline=120
    )
    assert gone_on.verdict.reason == "not steady after 120 s (`rolling_update.deadline`)"


def test_a_deployment_that_moves_is_not_asked_for_hooks():
    run = Run(
        Look([deployment(pending=2), BEFORE]),
        Look([deployment(running=1, pending=1), BEFORE]),
        Look([deployment(state="COMPLETED", running=2)], "SUCCESSFUL"),
    )
    assert run.ecs.described_deployments == 0


def test_b4_the_deadline_of_the_stage_ends_it():
    run = Run(Look([deployment(pending=2)]), deadline=120)
    assert run.verdict.result is Result.TIMED_OUT
    assert run.clock.now == 120
    assert "120 s" in run.verdict.reason


def test_d22_complete_with_dead_tasks_is_not_steady():
    run = Run(Look([deployment(state="COMPLETED", running=1)], "SUCCESSFUL"), deadline=120)
    assert run.verdict.result is Result.TIMED_OUT


def test_b5_no_room_for_five_minutes_fails_early():
    run = Run(Look([deployment(pending=0)], events=[NO_ROOM] * 8))
    assert run.verdict.result is Result.FAILED
    assert run.clock.now == 300
    assert [cause.reason for cause in run.verdict.causes] == ["no-room"]
    assert "compute.instances.max" in run.verdict.causes[0].advice


def test_b5_no_room_while_the_first_instances_boot_is_waited_for():
    run = Run(
        Look([deployment()], events=[NO_ROOM] * 3),
        Look([deployment(state="COMPLETED", running=2)], "SUCCESSFUL", events=[NO_ROOM] * 3),
    )
    assert run.verdict.result is Result.STEADY


def test_b4_without_circuit_breaker_tasks_that_fail_in_a_row_end_it_early():
    run = Run(Look([deployment(failed=3)]), circuit_breaker=False)
    assert run.verdict.result is Result.FAILED
    assert run.clock.now == 0


def test_d30_a_crash_loop_that_no_breaker_counts_ends_it_early_with_exit_code_and_last_lines():
    stopped = [stopped_task(n, EXITED, exit_code=1) for n in range(12)]
    run = Run(Look([deployment(running=1)], stopped=stopped))
    assert run.verdict.result is Result.FAILED
    (cause,) = run.verdict.causes
    assert (cause.reason, cause.count, cause.exit_code) == ("exited", 12, 1)
    assert cause.log_tail == ("starting", "no database")
    assert cause.task_ids[0] == f"{11:032x}"
    assert run.logs.streams == [f"/tinystacks/shop/dev/web:web/web/{11:032x}"]


def test_tasks_of_the_old_revision_are_no_cause():
    stopped = [stopped_task(n, EXITED, exit_code=1, definition=OLD) for n in range(20)]
    run = Run(Look([deployment(state="COMPLETED", running=2)], "SUCCESSFUL", stopped=stopped))
    assert run.verdict.causes == ()


CHECKS = "Task failed ELB health checks in (target-group arn:x)"
NOT_FOUND = "Health checks failed with these codes: [404]"


def test_b4_the_cause_says_why_the_load_balancer_calls_tasks_unhealthy_after_the_targets_have_gone():
    stopped = [stopped_task(1, CHECKS, exit_code=0)]
    run = Run(
        Look([deployment(running=2)]),
        Look([deployment(failed=1)], stopped=stopped, unhealthy=NOT_FOUND),
        Look([deployment(OLD, "COMPLETED", running=2)], "ROLLBACK_SUCCESSFUL", stopped=stopped),
    )
    (cause,) = run.verdict.causes
    assert (cause.reason, cause.target_health) == ("load-balancer-health-check", NOT_FOUND)
    assert cause.message == f"{CHECKS}: {NOT_FOUND}"
    assert cause.to_mapping()["target_health"] == NOT_FOUND


def test_b4_targets_that_are_unhealthy_at_the_end_of_the_time_are_a_cause():
    run = Run(Look([deployment(running=2)], unhealthy=NOT_FOUND), deadline=120)
    assert run.verdict.result is Result.TIMED_OUT
    (cause,) = run.verdict.causes
    assert (cause.reason, cause.count, cause.message) == ("load-balancer-health-check", 1, NOT_FOUND)


def test_a_healthy_roll_does_not_ask_the_load_balancer():
    run = Run(*[Look([deployment(running=1)])] * 3, Look([deployment(state="COMPLETED", running=2)], "SUCCESSFUL"))
    assert run.balancer.asked == 0


def test_a_load_balancer_that_may_not_be_read_does_not_spoil_the_verdict():
    stopped = [stopped_task(1, CHECKS, exit_code=0)]
    run = Run(Look([deployment(failed=1)], stopped=stopped), refuses=True, deadline=120)
    assert run.verdict.result is Result.TIMED_OUT
    assert [cause.message for cause in run.verdict.causes] == [CHECKS]
    assert run.balancer.asked


def test_a_service_that_is_gone_is_a_failure():
    assert Run(Look([], status="INACTIVE")).verdict.result is Result.FAILED


@pytest.mark.parametrize(
    ("reason", "container", "code", "expected"),
    [
        ("Task failed to start", PULL, None, "image-pull"),
        ("Task failed to start", "CannotStartContainerError: exec format error", None, "wrong-architecture"),
        (
            "Task failed to start",
            "CannotCreateContainerError: Cannot connect to the Docker daemon at unix:///var/run/docker.sock.",
            None,
            "container-engine",
        ),
        (f"{INITIALIZATION.partition(' ')[0]} failed to validate logger args: {NO_GROUP}", "", None, "log-group"),
        ("Task failed to start", f"CannotStartContainerError: {NO_GROUP}", None, "log-group"),
        ("ResourceInitializationError: unable to pull secrets or registry auth: ssm", "", None, "secrets"),
        (f"{INITIALIZATION} The task cannot pull registry auth: {NO_WAY} Amazon ECR.", "", None, "way-out"),
        (f"{INITIALIZATION} unable to retrieve secret from asm: {NO_WAY} AWS Secrets Manager.", "", None, "way-out"),
        (
            f"{INITIALIZATION.partition(' ')[0]} failed to validate logger args: {NO_WAY} CloudWatch.",
            "",
            None,
            "way-out",
        ),
        (EXITED, "OutOfMemoryError: Container killed due to memory usage", 137, "out-of-memory"),
        ("Task failed ELB health checks in (target-group arn:x)", "", 0, "load-balancer-health-check"),
        ("Task failed container health checks", "", 0, "container-health-check"),
        ("Your Spot Task was interrupted.", "", None, "spot-interruption"),
        ("Host EC2 (instance i-1) terminated.", "", None, "instance-gone"),
        (EXITED, "", 2, "exited"),
        ("Task failed to start", "", 3, "exited"),
        ("TaskFailedToStart: RESOURCE:MEMORY", "", None, "no-room"),
        ("TaskFailedToStart: EMPTY CAPACITY PROVIDER", "", None, "no-room"),
        ("Something new from ECS", "", None, "Something new from ECS"),
    ],
)
def test_causes_have_short_names_and_advice(reason, container, code, expected):
    (cause,) = group_causes("web", [stopped_task(1, reason, exit_code=code, container=container)])
    assert (cause.reason, cause.exit_code) == (expected, code)
    assert bool(cause.advice) == (expected != reason)


def test_causes_are_grouped_by_reason_and_exit_code_the_most_frequent_first():
    tasks = [stopped_task(1, EXITED, exit_code=1), *(stopped_task(n, EXITED, exit_code=3) for n in range(2, 4))]
    assert [(cause.exit_code, cause.count) for cause in group_causes("web", tasks)] == [(3, 2), (1, 1)]


def test_tasks_whose_exit_code_is_not_known_yet_are_no_cause_of_their_own():
    """Source: ECS API reference, Container (`exitCode` may be absent)."""
    killed = [stopped_task(number, EXITED, exit_code=137) for number in (3, 2)]
    (cause,) = group_causes("web", [stopped_task(4, EXITED), *killed, stopped_task(1, EXITED)])
    assert (cause.exit_code, cause.count, cause.message) == (137, 4, EXITED)
    assert "memory" in cause.advice, "the advice on the exit code that is known"
    assert [task_id[-1] for task_id in cause.task_ids] == ["4", "3", "2"], "the newest first, as ever"
    assert cause.to_mapping()["task_ids_complete"] is False, "a reader sees that ids are left out"

    several = [stopped_task(5, EXITED), stopped_task(4, EXITED, exit_code=1), *killed]
    causes = group_causes("web", several)
    assert [(one.exit_code, one.count, one.to_mapping()["task_ids_complete"]) for one in causes] == [
        (137, 3, True),
        (1, 1, True),
    ]
    other = "Task failed to start"
    assert len(group_causes("web", [stopped_task(4, other), *killed])) == 2, "another message is another cause"


def test_t16_what_ecs_or_a_person_stopped_on_purpose_is_no_cause():
    tasks = [
        stopped_task(1, "Scaling activity initiated by (deployment ecs-svc/1)", exit_code=143),
        {**stopped_task(2, "Task stopped by user", exit_code=143), "stopCode": "UserInitiated"},
    ]
    assert group_causes("web", tasks) == ()


def test_a_kill_says_what_137_means():
    (cause,) = group_causes("web", [stopped_task(1, EXITED, exit_code=137)])
    assert "memory" in cause.advice


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (["steady", "steady"], "steady"),
        (["steady", "rolled_back"], "rolled_back"),
        (["timed_out", "rolled_back"], "timed_out"),
        (["failed", "timed_out"], "failed"),
        ([], "steady"),
    ],
)
def test_the_worst_service_decides(results, expected):
    assert overall(tuple(ServiceVerdict(service="s", result=Result(result)) for result in results)) == expected


class SlowCluster(ScriptedEcs):
    """Instances register at one look; the last number stays."""

    def __init__(self, *registered: int) -> None:
        super().__init__(Look([deployment(pending=2)]))
        self.registered = list(registered)

    def list_container_instances(self, *, cluster: str) -> dict[str, list[str]]:
        assert cluster == "shop-dev"
        count = self.registered.pop(0) if len(self.registered) > 1 else self.registered[0]
        return {"containerInstanceArns": ["arn"] * count}


class GoneGroup:
    def describe_auto_scaling_groups(self, **_arguments: object) -> dict[str, list[str]]:
        return {"AutoScalingGroups": []}


def followed(ecs: ScriptedEcs) -> tuple[ServiceVerdict, float]:
    clock = Clock()
    clients = {"ecs": ecs, "logs": ScriptedLogs(), "autoscaling": GoneGroup(), "elbv2": ScriptedBalancer(ecs)}
    (verdict,) = Follower(
        stage=small_stage(),
        outputs=dataclasses.replace(web_outputs(), auto_scaling_group="shop-dev-group"),
        client=clients.__getitem__,
        on_event=lambda _event: None,
        pace=Pace(clock=clock, sleep=clock.sleep, poll=5),
    ).follow()
    return verdict, clock.now


def test_e7_no_instance_joins_within_its_time():
    verdict, seconds = followed(SlowCluster(0))
    assert (verdict.result, verdict.reason) == (Result.FAILED, "0 of 2 instances registered with the cluster")
    assert [cause.reason for cause in verdict.causes] == ["instances-not-registered"]
    assert seconds == 300


def test_e7_instances_that_come_late_are_waited_for_and_then_not_counted_any_more():
    cluster = SlowCluster(0, 0, 1, 2, 0)
    verdict, _seconds = followed(cluster)
    assert verdict.result is Result.TIMED_OUT
    assert cluster.registered == [0], "nobody asked again after two were there"
    assert not [cause for cause in verdict.causes if cause.reason.startswith("instances-")]

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from tinystacks.deployment.releases import Release
from tinystacks.operations.model import (
    ContainerStatus,
    InstanceStatus,
    ServiceStatus,
    StageStatus,
    TargetStatus,
    TaskStatus,
)
from tinystacks.operations.scaling_model import ScaleInHold, ScalingActivity, ScalingPolicy, ServiceScaling
from tinystacks.operations.watching import Picture
from tinystacks.outputs import ServiceOutputs, StageOutputs
from tinystacks.rendering import documents
from tinystacks.rendering.console import Screen, open_screen
from tinystacks.rendering.releases import show_releases
from tinystacks.rendering.stage import curl_line, show_outputs, show_tasks, since
from tinystacks.rendering.status import StatusScreen, show_status
from tinystacks.rendering.tasks import show_task

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)

OUTPUTS = StageOutputs(
    stack="shop",
    stage="dev",
    region="eu-west-1",
    account_id="123456789012",
    cluster_name="shop-dev",
    cluster_arn="arn:aws:ecs:eu-west-1:123456789012:cluster/shop-dev",
    endpoint="http://localhost:8080",
    auto_scaling_group="shop-instances-1a2b3c4",
    capacity_providers=("shop-instances-5d6e7f8",),
    services={
        "web": ServiceOutputs(
            name="web",
            service_name="shop-web-1a2b3c4",
            service_arn="arn:service",
            task_definition_arn="arn:task-definition",
            container_name="web",
            log_group="/tinystacks/shop/dev/web",
            image="nginx",
            scaling_policies=("shop-web-cpu-9f8e7d6",),
        )
    },
)
SERVICE = ServiceStatus(
    name="web",
    service_name="shop-web-1a2b3c4",
    status="ACTIVE",
    desired=2,
    running=1,
    pending=1,
    task_definition="shop-web:3",
    rollout_state="IN_PROGRESS",
    deployments=(),
    events=((NOW, "(service shop-web-1a2b3c4) has started 1 tasks"),),
)
TASK = TaskStatus(
    id="0f9de17a6465404e8b1b2356dc13c2f8",
    arn="arn:aws:ecs:eu-west-1:123456789012:task/shop-dev/0f9de17a6465404e8b1b2356dc13c2f8",
    service="web",
    status="RUNNING",
    desired_status="RUNNING",
    health="UNKNOWN",
    zone="eu-west-1a",
    instance_id="i-0123456789abcdef0",
    task_definition="shop-web:3",
    started_at=None,
    stopped_at=None,
    stop_code="",
    stopped_reason="",
    exec_enabled=True,
    containers=(),
)
INSTANCE = InstanceStatus(
    id="i-0123456789abcdef0",
    zone="eu-west-1a",
    type="t3.micro",
    status="ACTIVE",
    agent_connected=False,
    capacity_provider="p",
    free_cpu=1792,
    free_memory=666,
    total_cpu=2048,
    total_memory=922,
    running_tasks=1,
)
STATUS = StageStatus(
    stack="shop",
    stage="dev",
    region="eu-west-1",
    endpoint="http://localhost:8080",
    release=3,
    services=(SERVICE,),
    tasks=(TASK,),
    instances=(INSTANCE,),
    targets=(
        TargetStatus(
            service="web",
            target="i-0123456789abcdef0:32768",
            health="unhealthy",
            reason="Health checks failed with these codes: [503]",
        ),
    ),
)


def _text(show: object, *arguments: object, width: int = 160) -> str:
    stream = io.StringIO()
    assert callable(show)
    show(Console(file=stream, width=width, highlight=False), *arguments)
    return stream.getvalue()


def test_status_tells_all_that_a_person_asks_first() -> None:
    text = _text(show_status, STATUS, OUTPUTS)
    for words in (
        "shop/dev",
        "123456789012, eu-west-1",
        "http://localhost:8080",
        "shop-instances-1a2b3c4",
        "shop-instances-5d6e7f8",
        "shop-web-cpu-9f8e7d6 (web)",
        "1/2",
        "shop-web:3",
        "eu-west-1a",
        "1792/2048",
        "666/922 MiB",
        "agent not connected",
    ):
        assert words in text, words


def test_status_says_why_a_service_is_not_steady() -> None:
    text = _text(show_status, STATUS, OUTPUTS)
    assert "web: (service shop-web-1a2b3c4) has started 1 tasks" in text
    assert "target i-0123456789abcdef0:32768 of web is unhealthy: Health checks failed with these codes: [503]" in text


def _container(name: str, **changes: Any) -> ContainerStatus:
    running = ContainerStatus(
        name=name, status="RUNNING", health="UNKNOWN", exit_code=None, reason="", ports=(), image="i", image_digest=""
    )
    return replace(running, **changes)


def test_a_sidecar_that_has_ended_under_a_running_task_is_told_once_for_all_its_tasks() -> None:
    died = _container("agent", status="STOPPED", exit_code=3)
    unpulled = _container("proxy", status="STOPPED", reason="CannotPullContainerError: not found")
    prepared = _container("migrate", status="STOPPED", exit_code=0)
    tasks = [
        replace(TASK, id="1", containers=(_container("web"), died, unpulled, prepared)),
        replace(TASK, id="2", containers=(_container("web"), died, _container("proxy"), prepared)),
        replace(TASK, id="3", containers=(_container("web"), _container("agent"), _container("proxy"), prepared)),
        replace(TASK, id="4", status="DEACTIVATING", containers=(_container("web"), died)),
    ]
    text = _text(show_status, replace(STATUS, tasks=tuple(tasks)), OUTPUTS)
    assert "web: 2 tasks run on without container agent, which has ended with exit code 3\n" in text
    assert "web: 1 task runs on without container proxy, which could not start: CannotPullContainerError: not" in text
    assert "migrate" not in text, "what ended with 0 has done its work"


def test_what_scaling_tries_again_and_again_is_told_once() -> None:
    refused = ScalingActivity(
        service="",
        at=datetime.now(UTC) - timedelta(seconds=9),
        description="Launching a new EC2 instance",
        cause="At 2026 an instance was started in response to a difference.",
        status="Failed",
        message="no capacity",
    )
    tries = tuple(replace(refused, at=refused.at - timedelta(minutes=number)) for number in range(4))
    started = replace(refused, status="Successful", message="", at=refused.at - timedelta(hours=1))
    text = _text(show_status, replace(STATUS, activities=(*tries, started)), OUTPUTS)
    told = [line for line in text.splitlines() if line.startswith("scaled: ")]
    assert [line.split(": ")[1] for line in told] == ["instances, 9 s ago and 3 times before", "instances, 1 h ago"]
    assert "Launching a new EC2 instance (Failed: no capacity)" in told[0]


def test_a_long_reason_takes_no_room_from_the_numbers() -> None:
    policy = ScalingPolicy(
        name="shop-web-by-cpu", metric="ECSServiceAverageCPUUtilization", target=75, scale_in=True, scale_in_cooldown=60
    )
    reason = (
        "the metric has not been low for 15 minutes on end (target: ECSServiceAverageCPUUtilization 75, policy web)"
    )
    status = replace(
        STATUS,
        scaling=(ServiceScaling(service="web", minimum=17, maximum=19, suspended=(), policies=(policy,)),),
        holds=(ScaleInHold(service="web", code="metric-not-low", message=reason),),
    )
    text = _text(show_status, status, OUTPUTS, width=100)
    (row,) = (line for line in text.splitlines() if line.startswith("web ") and " 17 " in line)
    assert row.split()[:6] == ["web", "2", "17", "19", "ECSServiceAverageCPUUtilization", "75"]
    assert "policy web)" in text, "the reason is told to its end"


def test_without_a_terminal_no_column_is_folded_or_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What reads a pipe looks for whole ids."""
    monkeypatch.setenv("COLUMNS", "80")
    reason = "ECS was unable to assume the role of task 0123456789abcdef0123456789abcdef. " * 8 + "The end."
    stopped = replace(TASK, id="0123456789abcdef0123456789abcdef", status="STOPPED", stopped_reason=reason)
    outputs = replace(OUTPUTS, auto_scaling_group="g" * 300)
    message = "because of ticket-4711 and nothing else, " * 8 + "the end"
    release = Release(number=1, result="steady", created_at=NOW, message=message)
    data = open_screen().data
    show_tasks(data, [stopped])
    show_status(data, replace(STATUS, tasks=(stopped,)), outputs)
    show_outputs(data, outputs)
    show_releases(data, [release])
    lines = capsys.readouterr().out.splitlines()
    assert sum(reason in line for line in lines) == 2
    assert sum(stopped.id in line and reason not in line for line in lines) == 2
    assert sum("g" * 300 in line for line in lines) == 2
    assert sum(message in line for line in lines) == 1


def _tasks(**changes: Any) -> list[TaskStatus]:
    return [replace(TASK, zone=zone, **changes) for zone in ("us-east-1a", "us-east-1b")]


def test_80_columns_hold_tasks_without_cutting_what_matters() -> None:
    tasks = _tasks(task_definition="shop-dev-web:3", started_at=datetime.now(UTC) - timedelta(minutes=12))
    rows = [line.split() for line in _text(show_tasks, tasks, width=80).splitlines()]
    assert rows[0] == ["TASK", "SERVICE", "STATUS", "HEALTH", "ZONE", "INSTANCE", "REV", "SINCE"]
    assert rows[1] == ["0f9de17a6465", "web", "RUNNING", "UNKNOWN", "us-east-1a", "i-01234567", "3", "12", "min"]
    wide = _text(show_tasks, tasks, width=120)
    assert "i-0123456789abcdef0" in wide
    assert "shop-dev-web:3" in wide


def test_80_columns_hold_a_whole_status() -> None:
    names = [replace(SERVICE, name=name, rollout_state="COMPLETED") for name in ("web", "a-worker-with-a-long-name")]
    agent = replace(INSTANCE, agent_connected=True)
    status = replace(STATUS, services=tuple(names), tasks=tuple(_tasks()), instances=(agent, agent))
    text = _text(show_status, status, OUTPUTS, width=80)
    assert "…" not in text
    assert "666/922 MiB" in text
    assert "a-worker-with-a-long-name" in text


def test_a_narrow_window_keeps_state_zone_and_time() -> None:
    tasks = _tasks(service="a-worker-with-a-very-long-name", started_at=datetime.now(UTC) - timedelta(minutes=12))
    text = _text(show_tasks, tasks, width=60)
    for words in ("0f9de17a6465", "RUNNING", "us-east-1b", "12 min"):
        assert words in text
    assert max(map(len, text.splitlines())) <= 60


def test_why_tasks_stopped_stands_once_below_each_on_lines_of_its_own() -> None:
    reason = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref"
    container = ContainerStatus(
        name="web",
        image="nginx",
        image_digest="",
        status="STOPPED",
        health="UNKNOWN",
        exit_code=None,
        reason=reason,
        ports=(),
    )
    tasks = _tasks(status="STOPPED", stopped_reason=reason, containers=(container,))
    lines = _text(show_tasks, tasks, width=80).splitlines()
    assert " ".join(" ".join(lines[2:4]).split()) == reason
    assert lines[1].split()[2] == lines[4].split()[2] == "STOPPED"
    assert _text(show_task, tasks[0], width=80).replace("\n", " ").count("CannotPullContainerError") == 1


def test_no_tasks_is_said_in_words() -> None:
    assert _text(show_tasks, []) == "No tasks.\n"


def test_outputs_name_every_value_by_its_path() -> None:
    text = _text(show_outputs, OUTPUTS)
    assert "services.web.log_group" in text
    assert "/tinystacks/shop/dev/web" in text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_outputs_are_folded_in_a_narrow_window_and_never_cut(width: int) -> None:
    arn = f"arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop-balancer-{'1a2b3c4d' * 5}/50dc6c"
    text = _text(show_outputs, replace(OUTPUTS, load_balancer_arn=arn), width=width)
    assert "…" not in text
    assert arn in "".join(text.split())


BALANCER = "balancer-shop-1a2b3c4-1234567890.eu-west-1.elb.amazonaws.com"


def test_a_domain_is_told_with_the_record_that_it_needs() -> None:
    outputs = replace(OUTPUTS, endpoint="https://shop.example.com", dns_name=BALANCER)
    text = _text(show_status, replace(STATUS, endpoint=outputs.endpoint), outputs)
    assert f"shop.example.com -> {BALANCER}" in " ".join(text.split())
    assert f"dns_name {BALANCER}" in " ".join(_text(show_outputs, outputs).split())
    own = replace(OUTPUTS, endpoint=f"http://{BALANCER}", dns_name=BALANCER)
    assert "DNS record" not in _text(show_status, STATUS, own)
    assert "DNS record" not in _text(show_status, STATUS, OUTPUTS)


@pytest.mark.parametrize(
    ("endpoint", "name", "local", "line"),
    [
        ("https://shop.example.com", BALANCER, False, "curl https://shop.example.com"),
        (f"http://{BALANCER}", BALANCER, False, f"curl http://{BALANCER}"),
        ("http://localhost:8080", "localhost:8080", True, "curl http://localhost:8080"),
        ("https://localhost:8080", "localhost:8080", True, "curl -k https://localhost:8080"),
        (
            "http://shop.example.com",
            "localhost:8080",
            True,
            "curl --connect-to ::localhost:8080 http://shop.example.com",
        ),
        (
            "https://shop.example.com",
            "localhost:8080",
            True,
            "curl -k --connect-to ::localhost:8080 https://shop.example.com",
        ),
        ("http://localhost:8080", "", True, "curl http://localhost:8080"),
    ],
)
def test_the_line_to_try_reaches_the_stage(endpoint: str, name: str, line: str, *, local: bool) -> None:
    assert curl_line(replace(OUTPUTS, endpoint=endpoint, dns_name=name), local=local) == line


def test_the_json_of_status_has_the_promised_keys() -> None:
    document = json.loads(documents.to_json(documents.status_document(STATUS)))
    assert document["schema_version"] == 1
    assert {"stack", "stage", "region", "endpoint", "release", "services", "tasks", "instances"} <= set(document)
    assert {"name", "desired", "running", "pending", "task_definition", "rollout_state"} <= set(document["services"][0])
    assert {"id", "arn", "service", "zone", "instance_id", "status", "health"} <= set(document["tasks"][0])
    assert {"id", "zone", "type", "status", "free_cpu", "free_memory"} <= set(document["instances"][0])


def test_time_gone_by_is_short_and_far_times_are_dates() -> None:
    assert [since(NOW - timedelta(seconds=gone), NOW) for gone in (5, 120, 7200, 200000)] == [
        "5 s",
        "2 min",
        "2 h",
        "2 d",
    ]
    assert since(NOW + timedelta(hours=1), NOW) == "2026-11-01 13:00"
    assert since(None) == "-"


def _watched(picture: Picture, *, height: int) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=100, height=height, force_terminal=True, color_system=None)
    with StatusScreen(Screen(data=console, talk=console, interactive=True, live=True), OUTPUTS) as screen:
        screen.show(picture)
    return stream.getvalue()


def test_a_picture_that_gets_no_newer_says_for_how_long_in_its_first_line() -> None:
    text = _watched(Picture(status=STATUS, seen_at=NOW, silent_seconds=12.4), height=60)
    assert f"no answer for 12 s (last picture {NOW.astimezone():%H:%M:%S})" in text
    assert "enlarge" not in text


def test_a_window_that_is_lower_than_the_picture_says_how_much_is_cut() -> None:
    length = 1 + len(_text(show_status, STATUS, OUTPUTS, width=100).splitlines())
    drawn, _, after = _watched(Picture(status=STATUS, seen_at=NOW), height=10).partition(" more lines; enlarge")
    lines = drawn.splitlines()
    assert len(lines) == 10
    assert int(lines[-1].strip()) == length - 9
    assert "unhealthy" in after, "at the end it is written whole"

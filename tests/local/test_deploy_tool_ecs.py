"""Somebody else's deploy tool against the local ECS: `ecs` of https://github.com/fabfuel/ecs-deploy, from PyPI."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes.ecs_server import EcsServer

if TYPE_CHECKING:
    from collections.abc import Iterator

ECS = Path(sys.executable).parent / "ecs"


@pytest.fixture
def server() -> Iterator[EcsServer]:
    with EcsServer() as running:
        running.prepare()
        running.client("ecs").create_service(
            cluster="main", serviceName="web", taskDefinition="web", desiredCount=2, launchType="EC2"
        )
        running.advance(60)
        running.seconds_per_request = 20
        yield running


def ecs(server: EcsServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ECS), *arguments], env=server.environment, capture_output=True, text=True, check=False, timeout=120
    )


def service(server: EcsServer) -> dict[str, object]:
    [found] = server.client("ecs").describe_services(cluster="main", services=["web"])["services"]
    return found


def test_it_deploys_an_image_and_deregisters_the_former_revision(server: EcsServer) -> None:
    done = ecs(server, "deploy", "main", "web", "--image", "web", "web:2", "--env", "web", "LEVEL", "info")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Deployment successful" in done.stdout
    assert "Successfully deregistered revision: 1" in done.stdout
    assert str(service(server)["taskDefinition"]).endswith("task-definition/web:2")
    [container] = server.client("ecs").describe_task_definition(taskDefinition="web:2")["taskDefinition"][
        "containerDefinitions"
    ]
    assert container["image"] == "web:2"
    assert container["environment"] == [{"name": "LEVEL", "value": "info"}]
    assert server.client("ecs").describe_task_definition(taskDefinition="web:1")["taskDefinition"]["status"] == (
        "INACTIVE"
    )


def test_it_sees_that_a_version_does_not_start_and_rolls_back(server: EcsServer) -> None:
    server.world.failing_images.add("web:bad")
    waiting = ["--timeout", "4", "--sleep-time", "0"]
    done = ecs(server, "deploy", "main", "web", "--image", "web", "web:bad", "--rollback", *waiting)
    assert done.returncode == 1
    assert "Deployment failed due to timeout" in done.stdout + done.stderr
    assert "Rolling back to task definition: web:1" in done.stdout
    assert "Rollback successful" in done.stdout
    now = service(server)
    assert str(now["taskDefinition"]).endswith("task-definition/web:1")
    assert now["runningCount"] == 2


def test_it_scales_a_service_and_runs_a_task(server: EcsServer) -> None:
    scaled = ecs(server, "scale", "main", "web", "4")
    assert scaled.returncode == 0, scaled.stdout + scaled.stderr
    assert service(server)["runningCount"] == 4
    ran = ecs(server, "run", "main", "web:1", "1")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Successfully started 1 instances of task: web:1" in ran.stdout
    [arn] = [line.removeprefix("- ") for line in ran.stdout.splitlines() if line.startswith("- ")]
    [task] = server.client("ecs").describe_tasks(cluster="main", tasks=[arn])["tasks"]
    assert task["group"] == "family:web"

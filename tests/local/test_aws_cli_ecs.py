"""The real AWS CLI against the local ECS and Application Auto Scaling, and what a careless client may send."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.ecs_server import EcsServer, web_task_definition

if TYPE_CHECKING:
    from collections.abc import Iterator

AWS = Path(sys.executable).parent / "aws"
pytestmark = pytest.mark.skipif(not AWS.exists(), reason="the AWS CLI is not installed beside Python")


@pytest.fixture
def server() -> Iterator[EcsServer]:
    with EcsServer() as running:
        running.prepare()
        yield running


def aws(server: EcsServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**server.environment, "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1"}
    return subprocess.run(
        [str(AWS), *arguments], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def answer(server: EcsServer, *arguments: str) -> Any:
    done = aws(server, *arguments, "--output", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout else None


def test_the_cli_deploys_waits_reads_and_deletes(server: EcsServer) -> None:
    registered = answer(
        server, "ecs", "register-task-definition", "--cli-input-json", json.dumps(web_task_definition())
    )
    assert registered["taskDefinition"]["revision"] == 2
    created = answer(
        server, "ecs", "create-service", "--cluster", "main", "--service-name", "web", "--task-definition", "web",
        "--desired-count", "2", "--tags", "key=stage,value=dev",
    )  # fmt: skip
    assert created["service"]["tags"] == [{"key": "stage", "value": "dev"}]
    server.seconds_per_request = 60
    answer(server, "ecs", "wait", "services-stable", "--cluster", "main", "--services", "web")
    server.seconds_per_request = 0
    described = answer(
        server, "ecs", "describe-services", "--cluster", "main", "--services", "web", "--include", "TAGS"
    )
    assert described["services"][0]["runningCount"] == 2
    assert described["services"][0]["createdAt"] > 1_800_000_000
    tasks = answer(server, "ecs", "list-tasks", "--cluster", "main", "--service-name", "web")["taskArns"]
    assert len(tasks) == 2
    text = aws(
        server, "ecs", "describe-tasks", "--cluster", "main", "--tasks", *tasks,
        "--query", "tasks[].lastStatus", "--output", "text",
    )  # fmt: skip
    assert text.stdout.split() == ["RUNNING", "RUNNING"]
    deleted = answer(server, "ecs", "delete-service", "--cluster", "main", "--service", "web", "--force")
    assert deleted["service"]["status"] == "DRAINING"


def test_d42_the_cli_continues_a_paused_deployment(server: EcsServer) -> None:
    """Source: DG continue-service-deployment; API ContinueServiceDeployment."""
    hooks = {"lifecycleHooks": [{"targetType": "PAUSE", "lifecycleStages": ["PRE_SCALE_UP"]}]}
    created = answer(
        server, "ecs", "create-service", "--cluster", "main", "--service-name", "web", "--task-definition", "web",
        "--desired-count", "2", "--deployment-configuration", json.dumps(hooks),
    )  # fmt: skip
    arn = created["service"]["currentServiceDeployment"]
    server.advance(600)
    paused = answer(server, "ecs", "describe-service-deployments", "--service-deployment-arns", arn)
    (hook,) = paused["serviceDeployments"][0]["lifecycleHookDetails"]
    place = ["--service-deployment-arn", arn, "--hook-id", hook["hookId"]]
    continued = answer(server, "ecs", "continue-service-deployment", *place)
    assert continued == {"serviceDeploymentArn": arn}
    server.seconds_per_request = 60
    answer(server, "ecs", "wait", "services-stable", "--cluster", "main", "--services", "web")
    server.seconds_per_request = 0
    refused = aws(server, "ecs", "continue-service-deployment", *place)
    assert "InvalidParameterException" in refused.stderr


def test_the_cli_shows_refusals_as_aws_does(server: EcsServer) -> None:
    done = aws(server, "ecs", "update-service", "--cluster", "ghost", "--service", "web", "--desired-count", "1")
    assert done.returncode != 0
    assert (
        "An error occurred (ClusterNotFoundException) when calling the UpdateService operation: Cluster not found."
        in done.stderr
    )


def test_the_cli_pages_through_lists(server: EcsServer) -> None:
    ecs = server.client("ecs")
    for number in range(12):
        ecs.create_service(cluster="main", serviceName=f"s{number}", taskDefinition="web", desiredCount=0)
    assert len(answer(server, "ecs", "list-services", "--cluster", "main")["serviceArns"]) == 12


def test_the_cli_scales_a_service(server: EcsServer) -> None:
    server.client("ecs").create_service(cluster="main", serviceName="web", taskDefinition="web", desiredCount=1)
    place = ["--service-namespace", "ecs", "--resource-id", "service/main/web"]
    place += ["--scalable-dimension", "ecs:service:DesiredCount"]
    capacity = ["--min-capacity", "2", "--max-capacity", "4"]
    answer(server, "application-autoscaling", "register-scalable-target", *place, *capacity)
    targets = answer(server, "application-autoscaling", "describe-scalable-targets", "--service-namespace", "ecs")
    assert targets["ScalableTargets"][0]["MinCapacity"] == 2
    server.advance(120)
    activities = answer(server, "application-autoscaling", "describe-scaling-activities", "--service-namespace", "ecs")
    assert activities["ScalingActivities"][0]["Description"] == "Setting desired count to 2."


def post(server: EcsServer, body: bytes, target: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    try:
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_bad_input_is_refused_and_the_server_stays_up(server: EcsServer) -> None:
    ecs = "AmazonEC2ContainerServiceV20141113"
    status, refusal = post(server, b'{"clusterName": "' + b"x" * 10_000_000 + b'"}', f"{ecs}.CreateCluster")
    assert (status, refusal["__type"]) == (413, "RequestEntityTooLargeException")
    assert post(server, b"{", f"{ecs}.CreateCluster")[1]["__type"] == "SerializationException"
    assert post(server, b"{}", f"{ecs}.Nonsense") == (400, {"__type": "UnknownOperationException", "message": ""})
    assert post(server, b'{"cluster": {}}', f"{ecs}.ListTasks")[1]["__type"] == "SerializationException"
    assert post(server, b'{"colour": 1}', f"{ecs}.ListTasks")[1]["__type"] == "InvalidParameterException"
    assert post(server, b"{}", "AnyScaleFrontendService.DescribeScalableTargets")[1]["__type"] == "ValidationException"
    assert post(server, b'{"clusterName": "' + b"y" * 300 + b'"}', f"{ecs}.CreateCluster")[0] == 400
    assert post(server, b"{}", f"{ecs}.ListClusters")[0] == 200


def test_every_operation_with_an_empty_or_odd_request_answers_cleanly(server: EcsServer) -> None:
    odd = json.dumps(
        {"cluster": "main", "nextToken": "\u2603", "maxResults": -1, "include": [], "tasks": ["", "/"]}
    ).encode()
    for api in (server.ecs, server.scaling):
        for operation in sorted(api.model.operations):
            for body in (b"{}", odd):
                status, refusal = post(server, body, f"{api.target_prefix}.{operation}")
                assert status in {200, 400}, (operation, refusal)

"""Task definitions, tasks, protection and ExecuteCommand, by boto3 over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.ecs_server import EcsServer, codes, names, web_task_definition

if TYPE_CHECKING:
    from collections.abc import Iterator

SOON = {"Delay": 0, "MaxAttempts": 40}


@pytest.fixture
def server() -> Iterator[EcsServer]:
    with EcsServer() as running:
        running.prepare()
        yield running


@pytest.fixture
def ecs(server: EcsServer) -> Any:
    return server.client("ecs")


def run(ecs: Any, **members: Any) -> list[str]:
    answer = ecs.run_task(**{"cluster": "main", "taskDefinition": "web", **members})
    assert answer["failures"] == []
    return [task["taskArn"] for task in answer["tasks"]]


def wait(server: EcsServer, waiter: str, **arguments: Any) -> None:
    server.seconds_per_request = 6
    try:
        server.client("ecs").get_waiter(waiter).wait(WaiterConfig=SOON, **arguments)
    finally:
        server.seconds_per_request = 0


def test_a_task_definition_reads_back_as_registered_with_defaults(ecs: Any) -> None:
    made = ecs.register_task_definition(
        **web_task_definition(family="api"), tags=[{"key": "a", "value": "b"}], executionRoleArn="arn:aws:iam::1:role/x"
    )
    assert made["tags"] == [{"key": "a", "value": "b"}]
    definition = ecs.describe_task_definition(taskDefinition="api:1")["taskDefinition"]
    assert definition == made["taskDefinition"]
    container = definition["containerDefinitions"][0]
    assert (container["essential"], container["environment"], container["mountPoints"]) == (True, [], [])
    assert container["portMappings"] == [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}]
    assert (definition["status"], definition["revision"], definition["volumes"]) == ("ACTIVE", 1, [])
    assert ecs.describe_task_definition(taskDefinition="api", include=["TAGS"])["tags"] == made["tags"]


def test_a5_an_unknown_task_definition_cannot_be_described(ecs: Any) -> None:
    """Source: API DeregisterTaskDefinition."""
    for reference in ("ghost", "web:9", "web:x"):
        assert codes(ecs.describe_task_definition, taskDefinition=reference) == (
            "ClientException",
            "Unable to describe task definition.",
        )


def test_a17_bad_task_definitions_are_client_exceptions(ecs: Any) -> None:
    """Source: API ContainerDefinition; ECS service quotas."""
    good = web_task_definition()
    (container,) = good["containerDefinitions"]
    for change in (
        {"containerDefinitions": [container, container]},
        {"containerDefinitions": [{**container, "essential": False}]},
        {"containerDefinitions": [{"name": "web", "image": "web:1"}]},
        {"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "4096"},
        {"networkMode": "overlay"},
        {"containerDefinitions": [{"name": "web", "memory": 256}]},
        {"containerDefinitions": [{**container, "portMappings": [{"hostPort": 80}]}]},
        {"containerDefinitions": [{**container, "portMappings": [{"containerPort": 65536}]}]},
        {"containerDefinitions": [{**container, "healthCheck": {"command": ["CMD", "true"], "interval": 1}}]},
    ):
        assert codes(ecs.register_task_definition, **{**good, **change})[0] == "ClientException"


def test_task_sizes_are_kept_in_units_and_mebibytes(ecs: Any) -> None:
    sized = {**web_task_definition(family="sized"), "cpu": "0.5 vCPU", "memory": "1.5GB"}
    definition = ecs.register_task_definition(**sized)["taskDefinition"]
    assert (definition["cpu"], definition["memory"]) == ("512", "1536")
    assert codes(ecs.register_task_definition, **{**sized, "cpu": "much"}) == (
        "ClientException",
        "Invalid 'cpu' setting for task.",
    )
    assert codes(ecs.run_task, cluster="main", taskDefinition="web", overrides={"memory": "x"})[0] == "ClientException"


def test_a30_task_definitions_are_listed_by_family_state_and_order(ecs: Any) -> None:
    """Source: API DeleteTaskDefinitions."""
    for _ in range(10):
        ecs.register_task_definition(**web_task_definition())
    ecs.register_task_definition(**web_task_definition(family="api"))

    def listed(**filters: Any) -> list[str]:
        return names(ecs.list_task_definitions(**filters)["taskDefinitionArns"])

    assert listed() == ["api:1", *(f"web:{revision}" for revision in range(1, 12))]
    assert listed(familyPrefix="web", sort="DESC", maxResults=3) == ["web:11", "web:10", "web:9"]
    descending = ecs.get_paginator("list_task_definitions").paginate(sort="DESC", PaginationConfig={"PageSize": 5})
    assert [names(page["taskDefinitionArns"]) for page in descending] == [
        ["web:11", "web:10", "web:9", "web:8", "web:7"],
        ["web:6", "web:5", "web:4", "web:3", "web:2"],
        ["web:1", "api:1"],
    ]
    assert ecs.deregister_task_definition(taskDefinition="api:1")["taskDefinition"]["status"] == "INACTIVE"
    assert listed(familyPrefix="api") == []
    assert listed(status="INACTIVE") == ["api:1"]
    assert ecs.list_task_definition_families(status="ACTIVE")["families"] == ["web"]
    assert ecs.list_task_definition_families(familyPrefix="a")["families"] == ["api"]
    deleted = ecs.delete_task_definitions(taskDefinitions=["api:1", "web:1", "ghost:1"])
    assert [one["status"] for one in deleted["taskDefinitions"]] == ["DELETE_IN_PROGRESS"]
    assert len(deleted["failures"]) == 2


def test_a39_tasks_running_and_tasks_stopped_wait_for_the_tasks(server: EcsServer, ecs: Any) -> None:
    """Source: botocore ecs waiters-2.json."""
    arns = run(ecs, count=2, startedBy="me", tags=[{"key": "a", "value": "b"}], launchType="EC2")
    wait(server, "tasks_running", cluster="main", tasks=arns)
    task = ecs.describe_tasks(cluster="main", tasks=arns, include=["TAGS"])["tasks"][0]
    assert (task["lastStatus"], task["group"], task["startedBy"]) == ("RUNNING", "family:web", "me")
    assert task["tags"] == [{"key": "a", "value": "b"}]
    container = task["containers"][0]
    assert container["networkBindings"][0]["containerPort"] == 80
    assert container["networkBindings"][0]["hostPort"] > 32767
    assert task["overrides"] == {"containerOverrides": [{"name": "web"}], "inferenceAcceleratorOverrides": []}
    assert ecs.describe_tasks(cluster="main", tasks=arns)["tasks"][0]["tags"] == []
    for arn in arns:
        ecs.stop_task(cluster="main", task=arn, reason="enough")
    wait(server, "tasks_stopped", cluster="main", tasks=arns)
    stopped = ecs.describe_tasks(cluster="main", tasks=names(arns))["tasks"][0]
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "enough")
    assert stopped["containers"][0]["exitCode"] == 0
    again = ecs.stop_task(cluster="main", task=arns[0])["task"]
    assert again["lastStatus"] == "STOPPED"
    assert sorted(ecs.list_tasks(cluster="main", desiredStatus="STOPPED")["taskArns"]) == sorted(arns)
    assert ecs.list_tasks(cluster="main")["taskArns"] == []
    server.advance(2 * 3600)
    assert ecs.list_tasks(cluster="main", desiredStatus="STOPPED")["taskArns"] == []


def test_t30_tasks_are_listed_by_every_filter(server: EcsServer, ecs: Any) -> None:
    """Source: API DescribeTasks, ListTasks."""
    ecs.register_task_definition(**web_task_definition(family="job"))
    (job,) = run(ecs, taskDefinition="job", startedBy="me")
    ecs.create_service(cluster="main", serviceName="web", taskDefinition="web", desiredCount=3)
    server.advance(120)

    def listed(**filters: Any) -> list[str]:
        return ecs.list_tasks(cluster="main", **filters)["taskArns"]

    assert len(listed()) == 4
    assert listed(family="job") == [job]
    assert listed(startedBy="me") == [job]
    assert len(listed(serviceName="web")) == 3
    assert listed(desiredStatus="PENDING") == []
    assert listed(launchType="FARGATE") == []
    instance = ecs.describe_tasks(cluster="main", tasks=[job])["tasks"][0]["containerInstanceArn"]
    assert job in listed(containerInstance=instance)
    assert codes(ecs.list_tasks, cluster="main", serviceName="ghost")[0] == "ServiceNotFoundException"
    assert codes(ecs.list_tasks, cluster="main", containerInstance="0" * 32)[0] == "InvalidParameterException"
    pages = ecs.get_paginator("list_tasks").paginate(cluster="main", PaginationConfig={"PageSize": 3})
    assert [len(page["taskArns"]) for page in pages] == [3, 1]
    ecs.stop_task(cluster="main", task=job)
    assert listed(desiredStatus="STOPPED") == [job]


def test_a2_a8_unknown_tasks_are_missing_or_refused(ecs: Any) -> None:
    """Source: ECS API reference; developer guide, api_failures_messages."""
    ghost = "0" * 32
    answer = ecs.describe_tasks(cluster="main", tasks=[ghost])
    assert [(one["arn"], one["reason"]) for one in answer["failures"]] == [
        (f"arn:aws:ecs:us-east-1:123456789012:task/main/{ghost}", "MISSING")
    ]
    assert codes(ecs.stop_task, cluster="main", task=ghost) == (
        "InvalidParameterException",
        "The referenced task was not found.",
    )
    assert codes(ecs.describe_tasks, cluster="main", tasks=[])[1] == "Tasks cannot be empty."


def test_a27_run_task_is_idempotent_by_token(ecs: Any) -> None:
    """Source: developer guide, ECS_Idempotency."""
    first = run(ecs, clientToken="t1")
    assert run(ecs, clientToken="t1") == first
    assert codes(ecs.run_task, cluster="main", taskDefinition="web", count=2, clientToken="t1")[0] == (
        "ConflictException"
    )


def test_p28_run_task_without_room_reports_failures(ecs: Any) -> None:
    """Source: developer guide, api_failures_messages."""
    big = web_task_definition(family="big")
    big["containerDefinitions"][0]["memory"] = 100_000
    ecs.register_task_definition(**big)
    answer = ecs.run_task(cluster="main", taskDefinition="big", launchType="EC2")
    assert answer["tasks"] == []
    assert {one["reason"] for one in answer["failures"]} == {"RESOURCE:MEMORY"}


def test_start_task_places_on_the_instance_named(server: EcsServer, ecs: Any) -> None:
    (instance, *_) = ecs.list_container_instances(cluster="main")["containerInstanceArns"]
    answer = ecs.start_task(cluster="main", taskDefinition="web", containerInstances=[instance, "0" * 32])
    assert [task["containerInstanceArn"] for task in answer["tasks"]] == [instance]
    assert [one["reason"] for one in answer["failures"]] == ["MISSING"]
    server.advance(30)
    shown = ecs.describe_container_instances(cluster="main", containerInstances=[instance])["containerInstances"][0]
    assert shown["runningTasksCount"] == 1
    remaining = {one["name"]: one for one in shown["remainingResources"]}
    assert remaining["CPU"]["integerValue"] == 2048 - 128


def test_a13_protection_is_for_service_tasks_only(server: EcsServer, ecs: Any) -> None:
    """Source: API UpdateTaskProtection."""
    ecs.create_service(cluster="main", serviceName="web", taskDefinition="web", desiredCount=1)
    (lone,) = run(ecs)
    server.advance(120)
    (owned,) = ecs.list_tasks(cluster="main", serviceName="web")["taskArns"]
    answer = ecs.update_task_protection(cluster="main", tasks=[owned, lone], protectionEnabled=True)
    assert [one["protectionEnabled"] for one in answer["protectedTasks"]] == [True]
    assert [one["reason"] for one in answer["failures"]] == ["TASK_NOT_VALID"]
    assert [one["taskArn"] for one in ecs.get_task_protection(cluster="main")["protectedTasks"]] == [owned]
    server.advance(121 * 60)
    (expired,) = ecs.get_task_protection(cluster="main", tasks=[owned])["protectedTasks"]
    assert (expired["protectionEnabled"], "expirationDate" in expired) == (False, False)


def test_a11_execute_command_needs_the_agent_and_opens_a_session(server: EcsServer, ecs: Any) -> None:
    """Source: API ExecuteCommand."""
    (closed,) = run(ecs)
    (task,) = run(ecs, enableExecuteCommand=True)

    def execute(reference: str, **members: Any) -> tuple[str, str]:
        request = {"cluster": "main", "command": "/bin/sh", "interactive": True, "task": reference, **members}
        return codes(ecs.execute_command, **request)

    not_ready = (
        "The execute command failed because execute command was not enabled when the task was run or the execute "
        "command agent isn\N{RIGHT SINGLE QUOTATION MARK}t running. Wait and try again or run a new task with execute "
        "command enabled and try again."
    )
    assert execute(task) == ("InvalidParameterException", not_ready)
    server.advance(60)
    assert execute(closed) == ("InvalidParameterException", not_ready)
    assert execute("0" * 32)[0] == "InvalidParameterException"
    assert execute(task, interactive=False)[0] == "InvalidParameterException"
    assert execute(task, container="ghost")[0] == "InvalidParameterException"
    opened = ecs.execute_command(cluster="main", command="/bin/sh", interactive=True, task=names([task])[0])
    assert (opened["containerName"], opened["taskArn"]) == ("web", task)
    assert opened["session"]["streamUrl"].startswith("ws://127.0.0.1:")
    assert opened["session"]["sessionId"].startswith("ecs-execute-command-")


def test_the_command_agent_of_a_container_stops_with_it(server: EcsServer, ecs: Any) -> None:
    """Source: API ManagedAgent; ECS agent, task_manager.go (a stopped container's agent is reported STOPPED)."""
    (task,) = run(ecs, enableExecuteCommand=True)
    server.advance(60)

    def agents() -> list[tuple[str, str]]:
        (shown,) = ecs.describe_tasks(cluster="main", tasks=[task])["tasks"]
        return [(one["lastStatus"], one.get("reason", "")) for one in shown["containers"][0]["managedAgents"]]

    assert agents() == [("RUNNING", "")]
    ecs.stop_task(cluster="main", task=task)
    server.advance(120)
    assert agents() == [("STOPPED", "Received Container Stopped event")]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"launchType": "EC2", "capacityProviderStrategy": [{"capacityProvider": "provider", "weight": 1}]}, ""),
        ({"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]}, ""),
        ({"propagateTags": "SERVICE"}, ""),
        ({"count": 11}, "maximum 10"),
        ({"cluster": "empty", "launchType": "EC2"}, "No Container Instances were found in your cluster."),
        ({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"]}}}, ""),
        ({"placementConstraints": [{"type": "memberOf", "expression": "nonsense ("}]}, ""),
        ({"placementStrategy": [{}]}, 'Missing required parameter in placementStrategy.1.member: "type"'),
    ],
)
def test_a9_a10_bad_runs_are_refused(ecs: Any, members: dict[str, Any], words: str) -> None:
    """Source: API RunTask."""
    ecs.create_cluster(clusterName="empty")
    code, message = codes(ecs.run_task, **{"cluster": "main", "taskDefinition": "web", **members})
    assert code == "InvalidParameterException"
    assert words in message


def test_a35_tags_are_propagated_when_a_task_is_made(server: EcsServer, ecs: Any) -> None:
    """Source: ECS API reference; developer guide, ecs-using-tags."""
    ecs.create_service(
        cluster="main",
        serviceName="web",
        taskDefinition="web",
        desiredCount=1,
        tags=[{"key": "team", "value": "a"}],
        propagateTags="SERVICE",
        enableECSManagedTags=True,
    )
    server.advance(60)
    (arn,) = ecs.list_tasks(cluster="main", serviceName="web")["taskArns"]
    tags = {one["key"]: one["value"] for one in ecs.list_tags_for_resource(resourceArn=arn)["tags"]}
    assert tags == {"team": "a", "aws:ecs:clusterName": "main", "aws:ecs:serviceName": "web"}

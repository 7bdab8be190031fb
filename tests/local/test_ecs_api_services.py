"""Services, their deployments and revisions, and the waiters on them, by boto3 over HTTP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import WaiterError

from tests.fakes.ecs_server import EcsServer, codes, names, web_task_definition

if TYPE_CHECKING:
    from collections.abc import Iterator

SOON = {"Delay": 0, "MaxAttempts": 40}
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup"
TARGETS = f"{GROUP}/web/0123456789abcdef"


@pytest.fixture
def server() -> Iterator[EcsServer]:
    with EcsServer() as running:
        running.prepare()
        yield running


@pytest.fixture
def ecs(server: EcsServer) -> Any:
    return server.client("ecs")


def create(ecs: Any, name: str = "web", **members: Any) -> dict[str, Any]:
    request = {"cluster": "main", "serviceName": name, "taskDefinition": "web", "desiredCount": 2, **members}
    return ecs.create_service(**request)["service"]


def described(ecs: Any, name: str = "web", **members: Any) -> dict[str, Any]:
    return ecs.describe_services(cluster="main", services=[name], **members)["services"][0]


def wait(server: EcsServer, waiter: str, **arguments: Any) -> None:
    """Wait as deploy tools do; 15 simulated seconds pass with each look."""
    server.seconds_per_request = 15
    try:
        server.client("ecs").get_waiter(waiter).wait(WaiterConfig=SOON, **arguments)
    finally:
        server.seconds_per_request = 0


def test_d1_a_service_reads_back_with_every_default(ecs: Any) -> None:
    """Source: API DeploymentConfiguration."""
    made = create(ecs)
    assert made["serviceArn"] == "arn:aws:ecs:us-east-1:123456789012:service/main/web"
    assert made["clusterArn"] == "arn:aws:ecs:us-east-1:123456789012:cluster/main"
    assert made["taskDefinition"].endswith(":task-definition/web:1")
    assert (made["status"], made["desiredCount"], made["runningCount"]) == ("ACTIVE", 2, 0)
    configuration = made["deploymentConfiguration"]
    assert (configuration["minimumHealthyPercent"], configuration["maximumPercent"]) == (100, 200)
    assert configuration["deploymentCircuitBreaker"]["enable"] is False
    assert configuration["strategy"] == "ROLLING"
    assert (made["schedulingStrategy"], made["deploymentController"]) == ("REPLICA", {"type": "ECS"})
    assert (made["propagateTags"], made["enableECSManagedTags"], made["enableExecuteCommand"]) == ("NONE", False, False)
    assert made["deployments"][0]["status"] == "PRIMARY"
    assert made["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    assert re.fullmatch(r"ecs-svc/\d{19}", made["deployments"][0]["id"])
    assert (made["loadBalancers"], made["placementConstraints"], made["placementStrategy"]) == ([], [], [])


def test_a36_a_strategy_hides_the_launch_type_and_tags_need_include(ecs: Any) -> None:
    """Source: API Service."""
    create(ecs, tags=[{"key": "a", "value": "b"}])
    create(ecs, "other", launchType="EC2")
    by_strategy, by_type = described(ecs), described(ecs, "other")
    assert "launchType" not in by_strategy
    assert by_strategy["capacityProviderStrategy"][0]["capacityProvider"] == "provider"
    assert by_type["launchType"] == "EC2"
    assert "capacityProviderStrategy" not in by_type
    assert "tags" not in by_strategy
    assert described(ecs, include=["TAGS"])["tags"] == [{"key": "a", "value": "b"}]


def test_a38_services_stable_waits_for_the_tasks(server: EcsServer, ecs: Any) -> None:
    """Source: botocore ecs waiters-2.json."""
    create(ecs)
    wait(server, "services_stable", cluster="main", services=["web"])
    service = described(ecs)
    assert (service["runningCount"], service["pendingCount"], len(service["deployments"])) == (2, 0, 1)
    server.advance(120)
    service = described(ecs)
    assert service["deployments"][0]["rolloutState"] == "COMPLETED"
    assert service["events"][0]["message"] == "(service web) has reached a steady state."
    assert "currentServiceDeployment" not in service


def test_a38_services_stable_fails_at_once_for_a_missing_service(server: EcsServer) -> None:
    """Source: botocore ecs waiters-2.json."""
    with pytest.raises(WaiterError, match="MISSING"):
        wait(server, "services_stable", cluster="main", services=["ghost"])


def test_a39_services_inactive_waits_for_the_end_of_the_tasks(server: EcsServer, ecs: Any) -> None:
    """Source: botocore ecs waiters-2.json."""
    create(ecs)
    wait(server, "services_stable", cluster="main", services=["web"])
    assert codes(ecs.delete_service, cluster="main", service="web") == (
        "InvalidParameterException",
        "The service cannot be stopped while it is scaled above 0.",
    )
    assert ecs.delete_service(cluster="main", service="web", force=True)["service"]["status"] == "DRAINING"
    assert ecs.list_services(cluster="main")["serviceArns"] == []
    wait(server, "services_inactive", cluster="main", services=["web"])
    assert described(ecs)["status"] == "INACTIVE"
    assert codes(ecs.update_service, cluster="main", service="web", desiredCount=1) == (
        "ServiceNotActiveException",
        "Service was not ACTIVE.",
    )


def test_a3_an_unknown_service_is_not_found_or_missing(ecs: Any) -> None:
    """Source: API UpdateService."""
    assert codes(ecs.update_service, cluster="main", service="ghost", desiredCount=1) == (
        "ServiceNotFoundException",
        "Service not found.",
    )
    assert codes(ecs.delete_service, cluster="main", service="ghost")[0] == "ServiceNotFoundException"
    assert codes(ecs.list_service_deployments, cluster="main", service="ghost")[0] == "ServiceNotFoundException"
    elsewhere = "arn:aws:ecs:us-east-1:123456789012:service/elsewhere/web"
    create(ecs)
    answer = ecs.describe_services(cluster="main", services=["web", "ghost", elsewhere])
    assert [one["serviceName"] for one in answer["services"]] == ["web"]
    assert [(names([one["arn"]])[0], one["reason"]) for one in answer["failures"]] == [
        ("ghost", "MISSING"),
        ("web", "MISSING"),
    ]


def test_a4_a_name_in_use_is_refused(ecs: Any) -> None:
    """Source: API DeleteService."""
    create(ecs)
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="Creation of service was not idempotent"):
        create(ecs, desiredCount=3)


def test_a27_a_client_token_makes_creation_idempotent(ecs: Any) -> None:
    """Source: developer guide, ECS_Idempotency."""
    first = create(ecs, clientToken="once")
    assert create(ecs, clientToken="once")["serviceArn"] == first["serviceArn"]
    assert len(ecs.list_services(cluster="main")["serviceArns"]) == 1


@pytest.mark.parametrize(
    ("members", "code", "words"),
    [
        ({"taskDefinition": "ghost"}, "ClientException", "TaskDefinition not found."),
        ({"launchType": "EC2", "capacityProviderStrategy": [{"capacityProvider": "provider", "weight": 1}]}, None, ""),
        ({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"]}}}, None, ""),
        (
            {"loadBalancers": [{"targetGroupArn": f"{GROUP}/lone-1/1", "containerName": "web", "containerPort": 80}]},
            None,
            "does not have an associated load balancer",
        ),
        ({"loadBalancers": [{"targetGroupArn": TARGETS, "containerName": "api", "containerPort": 80}]}, None, ""),
        ({"monitoring": {"metricConfigurations": [{"metricNames": ["CPUUtilization"], "resolutionSeconds": 20}]}},
         "UnsupportedFeatureException", "monitoring"),
    ],
)  # fmt: skip
def test_a7_a10_a22_bad_services_are_refused(ecs: Any, members: dict[str, Any], code: str | None, words: str) -> None:
    """Source: API CreateService; API RunTask."""
    refused = codes(
        ecs.create_service,
        **{"cluster": "main", "serviceName": "bad", "taskDefinition": "web", "desiredCount": 1, **members},
    )
    assert refused[0] == (code or "InvalidParameterException")
    assert words in refused[1]


def test_a32_services_are_listed_in_pages_of_ten(ecs: Any) -> None:
    """Source: ECS API reference."""
    for number in range(12):
        create(ecs, f"s{number:02}", desiredCount=0)
    first = ecs.list_services(cluster="main")
    assert len(first["serviceArns"]) == 10
    assert names(ecs.list_services(cluster="main", nextToken=first["nextToken"])["serviceArns"]) == ["s10", "s11"]
    every = [f"s{number:02}" for number in range(12)]
    assert codes(ecs.describe_services, cluster="main", services=every)[0] == "InvalidParameterException"
    assert codes(ecs.describe_services, cluster="main", services=[])[1] == "Services cannot be empty."
    assert ecs.list_services(cluster="main", launchType="FARGATE")["serviceArns"] == []


def test_d24_a_deployment_can_be_followed_by_its_records(server: EcsServer, ecs: Any) -> None:
    """Source: developer guide, service-deployment."""
    create(ecs, loadBalancers=[{"targetGroupArn": TARGETS, "containerName": "web", "containerPort": 80}])
    wait(server, "services_stable", cluster="main", services=["web"])
    server.advance(120)
    ecs.register_task_definition(**web_task_definition(image="web:2"))
    updated = ecs.update_service(cluster="main", service="web", taskDefinition="web:2")["service"]
    current = updated["currentServiceDeployment"]
    assert re.search(r":service-deployment/main/web/[A-Za-z0-9_-]{21}$", current)
    (running,) = ecs.describe_service_deployments(serviceDeploymentArns=[current])["serviceDeployments"]
    assert running["status"] in {"PENDING", "IN_PROGRESS"}
    assert running["sourceServiceRevisions"][0]["runningTaskCount"] == 2
    wait(server, "services_stable", cluster="main", services=["web"])
    server.advance(120)

    briefs = ecs.list_service_deployments(cluster="main", service="web")["serviceDeployments"]
    assert [one["status"] for one in briefs] == ["SUCCESSFUL", "SUCCESSFUL"]
    assert briefs[0]["serviceDeploymentArn"] == current
    answer = ecs.describe_service_deployments(serviceDeploymentArns=[current, f"{current[:-21]}{'0' * 21}"])
    (record,) = answer["serviceDeployments"]
    assert [one["reason"] for one in answer["failures"]] == ["MISSING"]
    assert record["targetServiceRevision"]["runningTaskCount"] == 2
    (source,) = record["sourceServiceRevisions"]
    assert source["arn"] == briefs[1]["targetServiceRevisionArn"]
    assert (source["requestedTaskCount"], source["runningTaskCount"], source["pendingTaskCount"]) == (0, 0, 0)

    revisions = ecs.describe_service_revisions(serviceRevisionArns=[one["targetServiceRevisionArn"] for one in briefs])[
        "serviceRevisions"
    ]
    assert [one["taskDefinition"].rpartition("/")[2] for one in revisions] == ["web:2", "web:1"]
    assert revisions[0]["loadBalancers"][0]["targetGroupArn"] == TARGETS
    messages = [event["message"] for event in described(ecs)["events"]]
    assert any(f"registered 2 targets in (target-group {TARGETS})" in message for message in messages)


def test_list_service_deployments_filters_by_status_and_time(server: EcsServer, ecs: Any) -> None:
    create(ecs)
    server.advance(180)
    ecs.update_service(cluster="main", service="web", forceNewDeployment=True)
    everything = ecs.list_service_deployments(cluster="main", service="web")["serviceDeployments"]
    newest, oldest = everything
    assert newest["createdAt"] > oldest["createdAt"]

    def listed(**filters: Any) -> list[str]:
        answer = ecs.list_service_deployments(cluster="main", service="web", **filters)
        return [one["serviceDeploymentArn"] for one in answer["serviceDeployments"]]

    assert listed(status=["SUCCESSFUL"]) == [oldest["serviceDeploymentArn"]]
    assert listed(createdAt={"before": oldest["createdAt"]}) == [oldest["serviceDeploymentArn"]]
    assert listed(createdAt={"after": newest["createdAt"]}) == [newest["serviceDeploymentArn"]]
    first = ecs.list_service_deployments(cluster="main", service="web", maxResults=1)
    second = ecs.list_service_deployments(cluster="main", service="web", maxResults=1, nextToken=first["nextToken"])
    assert second["serviceDeployments"][0]["serviceDeploymentArn"] == oldest["serviceDeploymentArn"]


def test_d32_a_rolled_back_service_looks_stable_and_its_record_tells(server: EcsServer, ecs: Any) -> None:
    """Source: developer guide, deployment-circuit-breaker."""
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    create(ecs, deploymentConfiguration=breaker)
    wait(server, "services_stable", cluster="main", services=["web"])
    server.advance(120)
    server.world.failing_images.add("web:broken")
    ecs.register_task_definition(**web_task_definition(image="web:broken"))
    arn = ecs.update_service(cluster="main", service="web", taskDefinition="web:2")["service"][
        "currentServiceDeployment"
    ]
    server.advance(900)
    wait(server, "services_stable", cluster="main", services=["web"])
    (record,) = ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    assert record["status"] == "ROLLBACK_SUCCESSFUL"
    assert record["deploymentCircuitBreaker"]["status"] == "TRIGGERED"
    assert record["rollback"]["serviceRevisionArn"]
    assert record["targetServiceRevision"]["runningTaskCount"] == 0
    assert described(ecs)["deployments"][0]["taskDefinition"].endswith("web:1")


def test_a21_d40_a_deployment_is_stopped_once(server: EcsServer, ecs: Any) -> None:
    """Source: ECS API reference; developer guide, stop-service-deployment; API StopServiceDeployment."""
    create(ecs)
    server.advance(180)
    service = ecs.update_service(cluster="main", service="web", forceNewDeployment=True)["service"]
    arn = service["currentServiceDeployment"]
    assert ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")["serviceDeploymentArn"] == arn
    server.advance(300)
    assert codes(ecs.stop_service_deployment, serviceDeploymentArn=arn)[0] == "ConflictException"
    unknown = f"{arn[:-21]}{'0' * 21}"
    assert codes(ecs.stop_service_deployment, serviceDeploymentArn=unknown)[0] == "ServiceDeploymentNotFoundException"
    last = ecs.update_service(cluster="main", service="web", forceNewDeployment=True)["service"]
    ecs.delete_service(cluster="main", service="web", force=True)
    refused = codes(ecs.stop_service_deployment, serviceDeploymentArn=last["currentServiceDeployment"])
    assert refused[0] == "ConflictException"


def paused(server: EcsServer, ecs: Any, stage: str, **timeout: Any) -> str:
    """Have a new revision of a steady service pause at a stage; give the ARN of the service deployment."""
    create(ecs)
    server.advance(180)
    ecs.register_task_definition(**web_task_definition())
    hook = {"targetType": "PAUSE", "lifecycleStages": [stage]} | ({"timeoutConfiguration": timeout} if timeout else {})
    updated = ecs.update_service(
        cluster="main", service="web", taskDefinition="web:2", deploymentConfiguration={"lifecycleHooks": [hook]}
    )["service"]
    assert updated["deploymentConfiguration"]["lifecycleHooks"] == [hook]
    server.advance(300)
    return updated["currentServiceDeployment"]


def deployment(ecs: Any, arn: str) -> dict[str, Any]:
    return ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]


@pytest.mark.parametrize(
    ("stage", "shown"),
    [
        ("PRE_SCALE_UP", "PRE_SCALE_UP"),
        ("POST_SCALE_UP", "POST_SCALE_UP"),
        ("PRE_PRODUCTION_TRAFFIC_SHIFT", "POST_SCALE_UP"),
    ],
)
def test_d42_a_paused_deployment_is_seen_and_continued(server: EcsServer, ecs: Any, stage: str, shown: str) -> None:
    """Source: API ContinueServiceDeployment, ServiceDeployment and DeploymentLifecycleHookDetail."""
    arn = paused(server, ecs, stage)
    seen = deployment(ecs, arn)
    assert (seen["status"], seen["lifecycleStage"]) == ("IN_PROGRESS", shown)
    (hook,) = seen["lifecycleHookDetails"]
    assert (hook["targetType"], hook["status"], hook["timeoutAction"]) == ("PAUSE", "AWAITING_ACTION", "ROLLBACK")
    assert 0 < (hook["expiresAt"] - seen["createdAt"]).total_seconds() < 24 * 3600 + 300
    with pytest.raises(WaiterError):
        wait(server, "services_stable", cluster="main", services=["web"])
    answer = ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook["hookId"])
    assert answer["serviceDeploymentArn"] == arn
    wait(server, "services_stable", cluster="main", services=["web"])
    server.advance(120)
    assert deployment(ecs, arn)["status"] == "SUCCESSFUL"
    assert described(ecs)["deployments"][0]["taskDefinition"].endswith("web:2")


def test_d42_a_paused_deployment_is_answered_with_a_rollback(server: EcsServer, ecs: Any) -> None:
    """Source: API ContinueServiceDeployment."""
    arn = paused(server, ecs, "POST_SCALE_UP")
    (hook,) = deployment(ecs, arn)["lifecycleHookDetails"]
    ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook["hookId"], action="ROLLBACK")
    assert deployment(ecs, arn)["status"] == "ROLLBACK_REQUESTED"
    server.advance(300)
    assert deployment(ecs, arn)["status"] == "ROLLBACK_SUCCESSFUL"
    assert described(ecs)["deployments"][0]["taskDefinition"].endswith("web:1")
    refused = codes(ecs.continue_service_deployment, serviceDeploymentArn=arn, hookId=hook["hookId"])
    assert refused[0] == "InvalidParameterException"


def test_d42_wrong_hooks_and_answers_get_ecs_errors(server: EcsServer, ecs: Any) -> None:
    """Source: API ContinueServiceDeployment and DeploymentLifecycleHook, errors, valid values and ranges."""
    arn = paused(server, ecs, "PRE_SCALE_UP", timeoutInMinutes=20160, action="CONTINUE")
    go_on = ecs.continue_service_deployment
    assert codes(go_on, serviceDeploymentArn=arn, hookId="ecs-pause-x")[0] == "InvalidParameterException"
    assert codes(go_on, serviceDeploymentArn=arn, hookId="x", action="STOP")[0] == "InvalidParameterException"
    unknown = f"{arn[:-21]}{'0' * 21}"
    assert codes(go_on, serviceDeploymentArn=unknown, hookId="x")[0] == "ServiceDeploymentNotFoundException"
    hook = {"targetType": "PAUSE", "lifecycleStages": ["PRE_SCALE_UP"]}
    for wrong in ({"timeoutConfiguration": {"timeoutInMinutes": 20161}}, {"lifecycleStages": ["SCALE_UP"]}):
        configuration = {"lifecycleHooks": [hook | wrong]}
        refused = codes(ecs.update_service, cluster="main", service="web", deploymentConfiguration=configuration)
        assert refused[0] == "InvalidParameterException"


def test_a_fargate_service_shows_its_platform(server: EcsServer, ecs: Any) -> None:
    container = {"name": "web", "image": "web:1", "portMappings": [{"containerPort": 80}]}
    ecs.register_task_definition(
        family="fargate",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[container],
    )
    network = {"awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b"], "assignPublicIp": "ENABLED"}}
    made = create(ecs, "f", taskDefinition="fargate", launchType="FARGATE", networkConfiguration=network)
    assert (made["launchType"], made["platformFamily"]) == ("FARGATE", "Linux")
    assert made["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "ENABLED"
    wait(server, "services_stable", cluster="main", services=["f"])
    arns = ecs.list_tasks(cluster="main", serviceName="f", launchType="FARGATE")["taskArns"]
    task = ecs.describe_tasks(cluster="main", tasks=arns)["tasks"][0]
    details = {one["name"]: one["value"] for one in task["attachments"][0]["details"]}
    assert details["privateIPv4Address"] == task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]
    assert (task["cpu"], task["memory"], task["ephemeralStorage"]) == ("256", "512", {"sizeInGiB": 20})

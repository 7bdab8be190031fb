"""A restart brings new tasks of the same revision, by ECS's own way of replacing tasks."""

from __future__ import annotations

from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_deploying_child import local_deployment
from tests.fakes.poller import Poller
from tinystacks.deployment.ends import Result
from tinystacks.local.target import LocalTarget

KEY = "arn:aws:ssm:us-east-1:123456789012:parameter/shop/key"
SERVICES = {"web": {"image": "nginx:1.27", "port": 80, "secrets": {"KEY": KEY}, "rolling_update": {"deadline": 90}}}


def test_b14_h4_a_restart_replaces_every_task_without_a_failed_request_and_secrets_are_read_anew(server, tmp_path):
    status = server.status()
    ssm, ecs = (LocalTarget(status, "us-east-1").client(name) for name in ("ssm", "ecs"))
    ssm.put_parameter(Name="/shop/key", Value="first", Type="SecureString")
    deployment = local_deployment(tmp_path, tmp_path / "home", engine_or_skip().path, services=SERVICES)
    assert deployment.up().result is Result.STEADY
    outputs = deployment.outputs()
    before = set(ecs.list_tasks(cluster=outputs.cluster_name)["taskArns"])

    with Poller(outputs.endpoint) as poller:
        assert deployment.running().restart().result is Result.STEADY

    arns = ecs.list_tasks(cluster=outputs.cluster_name)["taskArns"]
    after = ecs.describe_tasks(cluster=outputs.cluster_name, tasks=arns)["tasks"]
    gone = ecs.describe_tasks(cluster=outputs.cluster_name, tasks=sorted(before))["tasks"]
    assert before.isdisjoint(arns)
    assert len(gone) == len(before)
    assert {task["taskDefinitionArn"] for task in after} == {task["taskDefinitionArn"] for task in gone}
    # StopTask would leave `UserInitiated`, and the load balancer would go on sending requests to the task.
    assert {task["stopCode"] for task in gone} == {"ServiceSchedulerInitiated"}
    assert poller.failures == []
    assert poller.answers

    ssm.delete_parameter(Name="/shop/key")
    assert set(ecs.list_tasks(cluster=outputs.cluster_name)["taskArns"]) == set(arns)
    restarted = deployment.running().restart()
    assert {cause.reason for cause in restarted.causes} == {"secrets"}

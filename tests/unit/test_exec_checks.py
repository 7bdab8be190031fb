"""What is checked before a shell opens, each by what AWS would answer (I1, I2, I3, I5, I6)."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from tinystacks.errors import AccessError
from tinystacks.exec_needs import ACTIONS
from tinystacks.operations.exec_checks import (
    check_definition,
    check_program,
    check_region,
    check_rights,
    check_task,
)
from tinystacks.operations.exec_instances import TaskInstance
from tinystacks.operations.exec_model import ExecContainer, ExecTask
from tinystacks.operations.exec_network import check_network
from tinystacks.operations.exec_run import configured_region, run_aws
from tinystacks.operations.exec_tasks import read_exec_tasks
from tinystacks.operations.exec_tools import check_tools, has_tools
from tinystacks.operations.port_forward import port_forward_words

ROLE = "arn:aws:iam::1:role/shop-web-task"
WEB = ExecContainer(name="web", status="RUNNING", agent="RUNNING", agent_reason="", runtime_id="abc")
TASK = ExecTask(
    id="0f9d",
    service="web",
    status="RUNNING",
    stopped_reason="",
    zone="eu-west-1a",
    started_at=None,
    exec_enabled=True,
    containers=(WEB,),
    task_definition_arn="arn:aws:ecs:eu-west-1:1:task-definition/web:1",
    task_role_arn="",
    container_instance_arn="arn:aws:ecs:eu-west-1:1:container-instance/shop/1",
    interface_id="",
    subnet_id="",
)


class Answers:
    """A client of one service that answers by operation; an exception is raised."""

    def __init__(self, **answers):
        self._answers = answers

    def __getattr__(self, operation):
        def call(**_given):
            answer = self._answers.get(operation, {})
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def denied(operation):
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)


def verdicts(checks):
    return [check.verdict for check in checks]


def test_a_task_in_order_passes_every_check():
    assert verdicts(check_task(TASK, WEB)) == ["ok", "ok", "ok"]


def test_i1_exec_switched_on_after_the_start_is_told_with_the_remedy():
    checks = check_task(replace(TASK, exec_enabled=False), replace(WEB, agent=""))
    assert verdicts(checks) == ["ok", "failed", "failed"]
    assert "tstack restart" in checks[1].mend


def test_i1_an_agent_that_stopped_is_told_with_its_reason():
    check = check_task(TASK, replace(WEB, agent="STOPPED", agent_reason="Received Container Stopped event"))[2]
    assert check.found == "it is STOPPED in web: Received Container Stopped event"


def test_a_stopped_task_and_a_container_that_ended_are_told():
    assert check_task(replace(TASK, status="STOPPED", stopped_reason="Scaling"), WEB)[0].found == (
        "task 0f9d is STOPPED: Scaling"
    )
    assert "its container web is STOPPED" in check_task(TASK, replace(WEB, status="STOPPED"))[0].found


def test_i2_keys_in_the_container_and_i3_a_read_only_root_are_told():
    definition = {
        "name": "web",
        "readonlyRootFilesystem": True,
        "environment": [{"name": "AWS_ACCESS_KEY_ID", "value": "x"}],
        "secrets": [{"name": "AWS_SECRET_ACCESS_KEY", "valueFrom": "y"}],
    }
    checks = check_definition({"containerDefinitions": [{"name": "other"}, definition]}, "web")
    assert verdicts(checks) == ["failed", "warning"]
    assert checks[1].found.startswith("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY set")
    assert check_definition({"containerDefinitions": [{"name": "web", "environment": None}]}, "web") == []


def test_i2_rights_that_lack_are_named_and_rights_that_cannot_be_asked_only_warn():
    some = [{"EvalActionName": one, "EvalDecision": "allowed"} for one in ACTIONS[:3]]
    more = [{"EvalActionName": ACTIONS[3], "EvalDecision": "implicitDeny"}]
    lacking = check_rights(Answers(simulate_principal_policy={"EvaluationResults": some + more}), ROLE)
    assert (lacking.verdict, lacking.found) == ("failed", "shop-web-task lacks ssmmessages:OpenDataChannel")
    unasked = check_rights(Answers(simulate_principal_policy=denied("SimulatePrincipalPolicy")), ROLE)
    assert unasked.verdict == "warning"
    assert "iam:SimulatePrincipalPolicy" in unasked.mend
    assert check_rights(Answers(), "").found == "the task has none"
    assert check_rights(Answers(), ROLE).verdict == "failed"


def network(task=TASK, **answers):
    instance = {"Instances": [{"SubnetId": "subnet-1", "PublicIpAddress": answers.pop("public", None)}]}
    ec2 = Answers(describe_instances={"Reservations": [instance]}, **answers)
    found = {"containerInstances": [{"ec2InstanceId": "i-1"}]}
    clients = {"ec2": ec2, "ecs": Answers(describe_container_instances=found)}
    return check_network(clients.__getitem__, TaskInstance(clients.__getitem__, "shop", task), task, "eu-west-1")


def table(**route):
    routes = [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"}]
    routes += [{"DestinationCidrBlock": "0.0.0.0/0", **route}] if route else []
    return {"RouteTables": [{"VpcId": "vpc-1", "Routes": routes}]}


@pytest.mark.parametrize(
    ("answers", "verdict", "words"),
    [
        ({"describe_route_tables": table(GatewayId="igw-1"), "public": "1.2.3.4"}, "ok", "a public address"),
        ({"describe_route_tables": table(GatewayId="igw-1")}, "failed", "subnet-1 has no public address"),
        ({"describe_route_tables": table(NatGatewayId="nat-1")}, "ok", "goes to nat-1"),
        ({"describe_route_tables": table(NatGatewayId="nat-1", State="blackhole")}, "failed", "no NAT gateway"),
        (
            {
                "describe_route_tables": table(),
                "describe_vpc_endpoints": {"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "State": "available"}]},
            },
            "ok",
            "the endpoint vpce-1 of vpc-1",
        ),
        (
            {
                "describe_route_tables": table(),
                "describe_vpc_endpoints": {"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "State": "pending"}]},
            },
            "failed",
            "no endpoint for ssmmessages",
        ),
        ({"describe_route_tables": denied("DescribeRouteTables")}, "warning", "could not be looked at"),
        ({}, "failed", "no endpoint"),
    ],
)
def test_i6_the_way_to_session_manager(answers, verdict, words):
    check = network(**answers)
    assert check.verdict == verdict
    assert words in check.found


def test_i6_a_task_with_its_own_interface_has_a_public_address_on_fargate_only():
    answers = {
        "describe_route_tables": table(GatewayId="igw-1"),
        "describe_network_interfaces": {"NetworkInterfaces": [{"Association": {"PublicIp": "1.2.3.4"}}]},
    }
    own = replace(TASK, interface_id="eni-1", subnet_id="subnet-2")
    assert network(replace(own, container_instance_arn=""), **answers).verdict == "ok"
    assert network(own, **answers).verdict == "failed"
    assert network(replace(TASK, container_instance_arn=""), **answers).verdict == "unknown"


@pytest.mark.parametrize(("platform", "words"), [("darwin", "brew install"), ("linux", "dpkg -i"), ("win32", "Setup")])
def test_i6_what_is_not_installed_is_told_with_the_line_for_the_system(platform, words):
    checks = check_tools(lambda _name: None, platform=platform)
    assert verdicts(checks) == ["failed", "failed"]
    assert words in checks[1].mend
    assert verdicts(check_tools(lambda _name: None, needed=False, platform=platform)) == ["ok", "ok"]
    assert verdicts(check_tools(lambda name: f"/bin/{name}", platform=platform)) == ["ok", "ok"]
    assert not has_tools({"aws": "/bin/aws"}.get)


def test_i5_the_program_is_not_known_before():
    assert check_program("/bin/sh").verdict == "unknown"


def test_a_region_that_differs_from_the_configured_one_is_told():
    assert check_region("eu-west-1", "eu-west-1").found == "eu-west-1, as the AWS CLI is set to"
    assert check_region("eu-west-1", "us-east-1").found.endswith("set to us-east-1, so --region is given")


@pytest.mark.parametrize(
    ("first", "second", "region"),
    [("", "eu-west-1", "eu-west-1"), ("eu-west-1", "eu-west-1", "eu-west-1"), ("eu-west-1", "us-east-1", None)],
)
def test_the_configured_region_is_one_that_every_aws_cli_sees(monkeypatch, tmp_path, first, second, region):
    monkeypatch.setenv("AWS_REGION", first)
    monkeypatch.setenv("AWS_DEFAULT_REGION", second)
    assert configured_region(None) == region
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    (tmp_path / "config").write_text(f"[default]\nregion = {second}\n", encoding="utf-8")
    assert configured_region(None) == region
    assert configured_region("nobody") is None


def test_an_answer_with_missing_members_is_read():
    class Ecs(Answers):
        def get_paginator(self, _operation):
            return self

        def paginate(self, **_given):
            return [{"taskArns": ["arn:task/shop/1"]}]

    tasks = [{"taskArn": "arn:task/shop/1"}, {"taskArn": "arn:task/shop/2", "containers": [{}], "overrides": None}]
    found = read_exec_tasks(Ecs(describe_tasks={"tasks": tasks}), "shop", {})
    assert [(task.id, task.running, len(task.containers)) for task in found] == [("1", False, 0), ("2", False, 1)]


def test_the_line_that_forwards_a_port_is_what_the_aws_cli_reference_asks_for():
    words = port_forward_words(target="ecs:c_t_r", port=8080, local_port=9000, region="eu-west-1", profile=None)
    assert words[:5] == ["aws", "ssm", "start-session", "--target", "ecs:c_t_r"]
    assert words[5:9] == [
        "--document-name",
        "AWS-StartPortForwardingSession",
        "--parameters",
        '{"portNumber":["8080"],"localPortNumber":["9000"]}',
    ]


def test_an_aws_cli_that_fails_or_is_not_there_is_told():
    with pytest.raises(AccessError, match="ended with exit code 3"):
        run_aws([sys.executable, "-c", "raise SystemExit(3)"], {})
    with pytest.raises(AccessError, match="could not be started"):
        run_aws([os.devnull + "/aws"], {})

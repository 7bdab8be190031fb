"""What keeps the agent of ECS Exec from being reached: the rights of the task's role, and a root it cannot write to."""

from __future__ import annotations

import json

import pytest

from tests.fakes.local_stage import LocalStage, eventually, refusal
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget
from tinystacks.operations.exec_checks import check_rights
from tinystacks.operations.exec_instances import TaskInstance
from tinystacks.operations.exec_roles import check_role
from tinystacks.operations.exec_tasks import matching, read_exec_tasks

ALL = {"Effect": "Allow", "Action": "ssmmessages:*", "Resource": "*"}
ONE_MISSING = {"Effect": "Deny", "Action": "ssmmessages:OpenDataChannel", "Resource": "*"}
ELSEWHERE = {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}
NOT_CONNECTED = (
    "TargetNotConnectedException",
    "The execute command failed due to an internal error. Try again later.",
)


class Stage:
    """One instance with a role of its own, and tasks that can be entered."""

    def __init__(self, target: LocalTarget) -> None:
        self.client = target.client
        self.ecs, self.iam = target.client("ecs"), target.client("iam")
        self.instance_role = self.role("instance")
        profile = self.iam.create_instance_profile(InstanceProfileName="instance")["InstanceProfile"]["Arn"]
        self.iam.add_role_to_instance_profile(InstanceProfileName="instance", RoleName="instance")
        self.made = LocalStage(client=target.client)
        self.made.make_network()
        self.made.make_instances(minimum=1, profile=profile)

    def role(self, name, *statements):
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        if statements:
            self.allow(name, *statements)
        return made

    def allow(self, name, *statements):
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        self.iam.put_role_policy(RoleName=name, PolicyName="exec", PolicyDocument=document)

    def run(self, *, role="", **container):
        overrides = {"overrides": {"taskRoleArn": role}} if role else {}
        definition = self.made.register(memory=16, cpu=16, **container)
        given = {"cluster": "shop", "taskDefinition": definition, "enableExecuteCommand": True, **overrides}
        task = self.ecs.run_task(**given)["tasks"][0]["taskArn"]
        return eventually(lambda: self.running(task), what="a running task")

    def running(self, arn):
        [found] = self.ecs.describe_tasks(cluster="shop", tasks=[arn])["tasks"]
        return found if found["lastStatus"] == "RUNNING" else None

    def enter(self, task):
        return {"cluster": "shop", "task": task["taskArn"], "command": "/bin/sh", "interactive": True}

    def opens(self, task):
        return bool(self.ecs.execute_command(**self.enter(task))["session"]["tokenValue"])

    def refused(self, task):
        return refusal(self.ecs.execute_command, **self.enter(task))

    def check(self, task):
        """What `tstack exec --check` says of the role."""
        [chosen] = matching(read_exec_tasks(self.ecs, "shop", {}), service=None, task=task["taskArn"])
        return check_role(self.iam, TaskInstance(self.client, "shop", chosen), chosen, {})

    def port(self, task):
        return {
            "Target": f"ecs:shop_{task['taskArn'][-32:]}_{task['containers'][0]['runtimeId']}",
            "DocumentName": "AWS-StartPortForwardingSession",
            "Parameters": {"portNumber": ["8080"]},
        }


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    local = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
    made = Stage(LocalTarget(local.start(runtime="simulated", speed=100), "us-east-1"))
    yield made
    local.stop()


def test_the_task_role_must_have_all_four_rights(stage):
    """Rule A12: ECS developer guide, ecs-exec; ECS API reference, TargetNotConnectedException (IAM permissions)."""
    role = stage.role("web", ALL, ONE_MISSING)
    task = stage.run(role=role)
    assert stage.refused(task) == NOT_CONNECTED
    assert check_rights(stage.iam, role).verdict == "failed"
    assert refusal(stage.client("ssm").start_session, **stage.port(task))[0] == "TargetNotConnected"
    stage.allow("web", ALL)
    assert check_rights(stage.iam, role).verdict == "ok"
    assert stage.opens(task), "the agent tries again by itself"
    assert stage.client("ssm").start_session(**stage.port(task))["TokenValue"]


def test_without_a_task_role_that_of_the_instance_counts(stage):
    """Rule A12: ECS developer guide, ecs-exec: on EC2 the agent falls back to the instance role."""
    task = stage.run()
    assert stage.refused(task) == NOT_CONNECTED
    checked = stage.check(task)
    assert (checked.verdict, checked.found.startswith("instance lacks ssmmessages:")) == ("failed", True)
    stage.allow("instance", ALL)
    assert stage.opens(task)
    assert (stage.check(task).verdict, stage.check(task).found) == ("ok", "instance has the four ssmmessages rights")
    assert stage.refused(stage.run(role=stage.role("bare"))) == NOT_CONNECTED, "a task role goes first"


def test_what_is_not_certain_lets_in(stage):
    """Rule A12: ECS developer guide, ecs-exec; IAM user guide, policy evaluation logic."""
    guarded = {**ONE_MISSING, "Condition": ELSEWHERE}
    assert stage.opens(stage.run(role=stage.role("guarded", ALL, guarded)))
    assert stage.opens(stage.run(role="arn:aws:iam::210987654321:role/elsewhere"))
    keys = [{"name": "AWS_ACCESS_KEY_ID", "value": "AKIA"}]
    assert stage.opens(stage.run(role=stage.role("unused"), environment=keys)), "the agent takes these keys"


def test_the_agent_cannot_run_where_the_root_is_read_only(stage):
    """Rule A12: ECS developer guide, ecs-exec (considerations); AGENT execcmd/manager_start.go (status and reason)."""
    role = stage.role("writer", ALL)
    task = stage.run(role=role, readonlyRootFilesystem=True)
    [agent] = task["containers"][0]["managedAgents"]
    assert (agent["name"], agent["lastStatus"]) == ("ExecuteCommandAgent", "STOPPED")
    assert agent["reason"].startswith("ExecuteCommandAgent process exited")
    assert stage.refused(task)[0] == "InvalidParameterException"
    assert refusal(stage.client("ssm").start_session, **stage.port(task))[0] == "TargetNotConnected"
    scratch = {"tmpfs": [{"containerPath": "/var/lib/amazon", "size": 16}]}
    assert stage.opens(stage.run(role=role, readonlyRootFilesystem=True, linuxParameters=scratch))

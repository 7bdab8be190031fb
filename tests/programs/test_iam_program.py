"""Roles: exactly what is needed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from programs.iam import ecr_repository_arn
from tests.programs.recorder import ACCOUNT, REGION, Recording
from tests.programs.samples import IMAGE, KEY, PARAMETER, SAMPLES, SECRET, WEB, declare, sample

ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
DEFAULT, RICH = "one service on ec2", "everything about one service"
NOTHING_NARROWER = {
    "ecr:GetAuthorizationToken",
    "ecs:DiscoverPollEndpoint",
    "logs:DescribeLogGroups",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}
"""Actions that take no resource (AWS Service Authorization Reference)."""


def statements(recording: Recording, name: str) -> list[dict[str, Any]]:
    return json.loads(recording.one(POLICY, name).inputs["policy"])["Statement"]


def allowed(recording: Recording, name: str) -> dict[str, list[str]]:
    return {
        action: statement["Resource"] for statement in statements(recording, name) for action in statement["Action"]
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_no_action_is_a_wildcard_and_no_resource_where_aws_takes_one(name: str):
    for policy in sample(name).all(POLICY):
        for statement in json.loads(policy.inputs["policy"])["Statement"]:
            assert not [action for action in statement["Action"] if "*" in action]
            if "*" in statement["Resource"]:
                assert set(statement["Action"]) <= NOTHING_NARROWER


@pytest.mark.parametrize("name", SAMPLES)
def test_c10_no_role_may_make_log_groups(name: str):
    for policy in sample(name).all(POLICY):
        assert "logs:CreateLogGroup" not in policy.inputs["policy"]


def test_h3_the_execution_role_reads_exactly_the_listed_secrets():
    rights = allowed(sample(RICH), "shop-web-execution")

    assert rights["ssm:GetParameters"] == [PARAMETER]
    assert rights["secretsmanager:GetSecretValue"] == [SECRET]
    assert rights["kms:Decrypt"] == [KEY]


def test_h3_without_secrets_there_is_no_right_to_any():
    rights = allowed(sample(DEFAULT), "shop-web-execution")

    assert set(rights) == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert rights["logs:PutLogEvents"] == ["arn:aws:cloudwatch/logGroup:::shop-web-logs:*"]


def test_h3_the_task_role_reads_no_secrets():
    rights = allowed(sample(RICH), "shop-web-task")

    assert not [action for action in rights if action.startswith(("ssm:", "secretsmanager:", "kms:"))]
    assert rights["s3:GetObject"] == ["arn:aws:s3:::shop/*"]


def test_i2_the_task_role_may_open_the_channels_of_exec():
    rights = allowed(sample(DEFAULT), "shop-web-task")

    assert {action for action in rights if action.startswith("ssmmessages:")} == {
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    }
    assert rights["logs:PutLogEvents"] == ["arn:aws:cloudwatch/logGroup:::shop-exec-logs:*"]


def test_i2_a_task_role_is_always_there_and_empty_without_exec():
    recording = sample("no insights, no alarms, no exec, no rebalancing")

    assert recording.one("aws:ecs/taskDefinition:TaskDefinition").inputs["taskRoleArn"]
    assert "shop-web-task" not in {policy.name for policy in recording.all(POLICY)}


def test_managed_policies_are_attached_to_the_task_role():
    attachment = sample(RICH).one(ATTACHMENT).inputs

    assert attachment == {
        "role": "shop-web-task-role-1a2b3c4",
        "policyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
    }


def test_the_task_role_is_only_for_tasks_of_this_account():
    trust = json.loads(sample(DEFAULT).one(ROLE, "shop-web-task-role").inputs["assumeRolePolicy"])

    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:*"},
    }


def test_instances_may_be_members_of_their_own_cluster_and_nothing_else():
    rights = allowed(sample(DEFAULT), "shop-instance-policy")

    cluster = ["arn:aws:ecs/cluster:::shop-cluster"]
    instances = [f"arn:aws:ecs:{REGION}:{ACCOUNT}:container-instance/shop-dev/*"]
    assert rights == {
        "ecs:DeregisterContainerInstance": cluster,
        "ecs:RegisterContainerInstance": cluster,
        "ecs:SubmitAttachmentStateChanges": cluster,
        "ecs:SubmitContainerStateChange": cluster,
        "ecs:SubmitTaskStateChange": cluster,
        "ecs:Poll": instances,
        "ecs:StartTelemetrySession": instances,
        "ecs:UpdateContainerInstancesState": instances,
        "ecs:DiscoverPollEndpoint": ["*"],
    }


@pytest.mark.parametrize(
    ("image", "arn"),
    [
        (IMAGE, None),
        ("nginx:1.27", None),
        (
            f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/team/web@sha256:{'0' * 64}",
            f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/team/web",
        ),
        (
            f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/web:1",
            f"arn:aws-cn:ecr:cn-north-1:{ACCOUNT}:repository/web",
        ),
        (
            f"{ACCOUNT}.dkr.ecr.us-gov-west-1.amazonaws.com/web",
            f"arn:aws-us-gov:ecr:us-gov-west-1:{ACCOUNT}:repository/web",
        ),
    ],
)
def test_an_ecr_image_names_its_repository(image: str, arn: str | None):
    assert ecr_repository_arn(image) == arn


def test_a_built_service_may_pull_from_its_own_repository_only():
    rights = allowed(sample("a built service"), "shop-web-execution")

    assert rights["ecr:BatchGetImage"] == ["arn:aws:ecr/repository:::shop-web"]
    assert rights["ecr:GetAuthorizationToken"] == ["*"]


def test_a_promoted_image_may_be_pulled_from_the_stage_it_comes_from():
    image = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/shop-web-0000000@sha256:{'0' * 64}"

    recording = declare({"services": {"web": WEB}}, images={"web": image})

    assert allowed(recording, "shop-web-execution")["ecr:BatchGetImage"] == [
        f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/shop-web-0000000"
    ]


@pytest.mark.parametrize("name", SAMPLES)
def test_roles_can_be_deleted_though_somebody_attached_a_policy_by_hand(name: str):
    assert all(role.inputs["forceDetachPolicies"] for role in sample(name).all(ROLE))

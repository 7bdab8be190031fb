"""Roles: what ECS, the instances and the services' own code may do, each as narrow as AWS allows.

No role may create log groups, so that nothing writes into a group again after it was deleted (trap C10).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pulumi

from programs.container_definitions import canonical_json
from programs.sdk import aws
from tinystacks import exec_needs
from tinystacks.naming import logical_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from programs.settings import ProgramSettings
    from tinystacks.spec.service import ServiceSpec

Statement = dict[str, Any]

_ECR_IMAGE = re.compile(
    r"^(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/(?P<name>[^:@]+)"
)
_SECRET_NAME_PART = 7
"""Parts of a Secrets Manager ARN; what follows (JSON key, version) is ECS's own addition."""


class InstanceRole(pulumi.ComponentResource):
    """The role of the container instances: to be a member of one cluster, and nothing else.

    Images are pulled and logs written with each service's execution role, so neither right stands here.

    Args:
        stack: name of the stack.
        cluster: the ECS cluster.
        settings: account and region.
    """

    def __init__(
        self,
        stack: str,
        *,
        cluster: aws.ecs.Cluster,
        settings: ProgramSettings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("tinystacks:aws:InstanceRole", logical_name(stack, "instance-role"), None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            logical_name(stack, "instance-role"),
            assume_role_policy=trust("ec2.amazonaws.com"),
            force_detach_policies=True,
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            logical_name(stack, "instance-policy"),
            role=role.name,
            policy=pulumi.Output.all(arn=cluster.arn, name=cluster.name).apply(
                lambda facts: document(agent_statements(facts["arn"], facts["name"], settings))
            ),
            opts=child,
        )
        profile = aws.iam.InstanceProfile(logical_name(stack, "instance-profile"), role=role.name, opts=child)
        self.profile_arn: pulumi.Output[str] = profile.arn
        self.policies: Sequence[pulumi.Resource] = (policy,)
        self.register_outputs({"profile_arn": profile.arn})


class ServiceRoles(pulumi.ComponentResource):
    """Execution role (what ECS does to start a task) and task role (what the service's code does).

    Args:
        stack: name of the stack.
        service: name of the service.
        spec: the service.
        images: every image reference of the service, for the right to pull from ECR.
        repository_arn: ARN of the service's own ECR repository, if it has one.
        log_group_arn: ARN of the service's log group.
        exec_log_group_arn: ARN of the log group for sessions of ECS Exec.
        settings: account and region.
    """

    def __init__(
        self,
        stack: str,
        service: str,
        spec: ServiceSpec,
        *,
        images: Sequence[str],
        repository_arn: pulumi.Output[str] | None,
        log_group_arn: pulumi.Output[str],
        exec_log_group_arn: pulumi.Output[str],
        settings: ProgramSettings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("tinystacks:aws:ServiceRoles", logical_name(stack, service, "roles"), None, opts)
        child = pulumi.ResourceOptions(parent=self)
        execution = aws.iam.Role(
            logical_name(stack, service, "execution-role"),
            assume_role_policy=trust("ecs-tasks.amazonaws.com"),
            force_detach_policies=True,
            opts=child,
        )
        execution_policy = aws.iam.RolePolicy(
            logical_name(stack, service, "execution"),
            role=execution.name,
            policy=pulumi.Output.all(repository_arn or "", log_group_arn).apply(
                lambda arns: document(execution_statements(spec, images, arns[0], arns[1]))
            ),
            opts=child,
        )
        task = aws.iam.Role(
            logical_name(stack, service, "task-role"),
            assume_role_policy=trust("ecs-tasks.amazonaws.com", settings=settings),
            force_detach_policies=True,
            opts=child,
        )
        policies: list[pulumi.Resource] = [execution_policy]
        if spec.exec or spec.permissions:
            policies.append(
                aws.iam.RolePolicy(
                    logical_name(stack, service, "task"),
                    role=task.name,
                    policy=exec_log_group_arn.apply(lambda arn: document(task_statements(spec, arn))),
                    opts=child,
                )
            )
        policies.extend(
            aws.iam.RolePolicyAttachment(
                logical_name(stack, service, "policy", arn.rsplit("/", 1)[-1]),
                role=task.name,
                policy_arn=arn,
                opts=child,
            )
            for arn in spec.policies
        )
        self.execution_role_arn: pulumi.Output[str] = execution.arn
        self.task_role_arn: pulumi.Output[str] = task.arn
        self.policies: Sequence[pulumi.Resource] = tuple(policies)
        self.register_outputs({"execution_role_arn": execution.arn, "task_role_arn": task.arn})


def document(statements: Iterable[Statement]) -> str:
    """Write a policy document as canonical JSON."""
    return canonical_json({"Version": "2012-10-17", "Statement": list(statements)})


def trust(principal: str, *, settings: ProgramSettings | None = None) -> str:
    """Say which AWS service may take a role.

    Args:
        principal: the service, such as `ecs-tasks.amazonaws.com`.
        settings: when given, only for resources of this account and region (ECS developer guide, "Task IAM role",
            confused deputy).
    """
    statement: Statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": principal}}
    if settings is not None:
        statement["Condition"] = {
            "StringEquals": {"aws:SourceAccount": settings.account_id},
            "ArnLike": {"aws:SourceArn": settings.arn("ecs", "*")},
        }
    return document([statement])


def agent_statements(cluster_arn: str, cluster_name: str, settings: ProgramSettings) -> list[Statement]:
    """Give what the ECS agent of one cluster needs.

    Which actions take which resource: Service Authorization Reference, Amazon Elastic Container Service.
    """
    return [
        _allow(
            [
                "ecs:DeregisterContainerInstance",
                "ecs:RegisterContainerInstance",
                "ecs:SubmitAttachmentStateChanges",
                "ecs:SubmitContainerStateChange",
                "ecs:SubmitTaskStateChange",
            ],
            [cluster_arn],
        ),
        _allow(
            ["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"],
            [settings.arn("ecs", f"container-instance/{cluster_name}/*")],
        ),
        # The agent asks for its endpoint before it is a member; AWS knows no resource for this action.
        _allow(["ecs:DiscoverPollEndpoint"], ["*"]),
    ]


def execution_statements(
    spec: ServiceSpec, images: Sequence[str], repository_arn: str, log_group_arn: str
) -> list[Statement]:
    """Give what ECS needs to start a task: exactly this log group, these repositories, secrets and keys (trap H3)."""
    statements = [_allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group_arn}:*"])]
    repositories = {arn for arn in (repository_arn, *(ecr_repository_arn(image) for image in images)) if arn}
    if repositories:
        statements += [
            # AWS knows no resource for the registry login.
            _allow(["ecr:GetAuthorizationToken"], ["*"]),
            _allow(
                ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                sorted(repositories),
            ),
        ]
    references = [*spec.secrets.values(), *(ref for side in spec.sidecars.values() for ref in side.secrets.values())]
    parameters = sorted({ref for ref in references if ":ssm:" in ref})
    secrets = sorted({_secret_arn(ref) for ref in references if ":secretsmanager:" in ref})
    if parameters:
        statements.append(_allow(["ssm:GetParameters"], parameters))
    if secrets:
        statements.append(_allow(["secretsmanager:GetSecretValue"], secrets))
    if spec.kms_keys:
        statements.append(_allow(["kms:Decrypt"], sorted(spec.kms_keys)))
    return statements


def task_statements(spec: ServiceSpec, exec_log_group_arn: str) -> list[Statement]:
    """Give what the service's own code may do, and ECS Exec in its name (trap I2)."""
    statements: list[Statement] = []
    if spec.exec:
        statements += [
            # Session Manager channels have no ARN (Service Authorization Reference, ssmmessages).
            _allow(list(exec_needs.ACTIONS), ["*"]),
            _allow(
                ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], [f"{exec_log_group_arn}:*"]
            ),
            # Listing log groups takes no resource; ECS Exec looks for its own before it writes.
            _allow(["logs:DescribeLogGroups"], ["*"]),
        ]
    statements += [_allow(list(permission.actions), list(permission.resources)) for permission in spec.permissions]
    return statements


def ecr_repository_arn(image: str) -> str | None:
    """Give the ARN of the ECR repository that an image reference names; None for any other registry."""
    match = _ECR_IMAGE.match(image)
    if match is None:
        return None
    partition = "aws-cn" if match["region"].startswith("cn-") else "aws"
    partition = "aws-us-gov" if match["region"].startswith("us-gov-") else partition
    return f"arn:{partition}:ecr:{match['region']}:{match['account']}:repository/{match['name']}"


def _secret_arn(reference: str) -> str:
    return ":".join(reference.split(":")[:_SECRET_NAME_PART])


def _allow(actions: list[str], resources: list[str]) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}

"""The role as which the agent of ECS Exec acts: that of the task, on EC2 else that of the instance.

Source: ECS developer guide, "Using Amazon ECS Exec" (task role); IAM API reference, GetInstanceProfile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.errors import AwsError
from tinystacks.operations.exec_answers import members, text
from tinystacks.operations.exec_checks import check_rights
from tinystacks.operations.exec_model import AccessCheck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.operations.exec_instances import TaskInstance
    from tinystacks.operations.exec_model import ExecTask


def check_role(iam: Any, instance: TaskInstance, task: ExecTask, definition: Mapping[str, Any]) -> AccessCheck:
    """Ask whether the role as which the agent acts may open its channels (I2).

    Args:
        iam: boto3 client.
        instance: the one under the task.
        task: the task.
        definition: its task definition as DescribeTaskDefinition gives it.
    """
    role = task.task_role_arn or text(definition, "taskRoleArn")
    if not role and task.container_instance_arn:
        try:
            with aws_errors("iam", "role of the instance"):
                role = _role_of_instance(iam, instance)
        except AwsError as error:
            why = error.message
        else:
            why = "the instance has no profile"
        if not role:
            return AccessCheck(
                name="Task role",
                verdict="warning",
                found=f"the task has none, and the role of its instance could not be looked at: {why}",
                mend="`exec: true` in the file gives the task a role: `tstack up`.",
            )
    return check_rights(iam, role)


def _role_of_instance(iam: Any, instance: TaskInstance) -> str:
    """Give the ARN of the role of an instance; empty when it has no profile."""
    profile = text(instance.read().get("IamInstanceProfile") or {}, "Arn").rpartition("/")[2]
    if not profile:
        return ""
    told: Mapping[str, Any] = iam.get_instance_profile(InstanceProfileName=profile)
    found: Mapping[str, Any] = told.get("InstanceProfile") or {}
    return next((text(one, "Arn") for one in members(found, "Roles")), "")

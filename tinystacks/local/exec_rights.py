"""Whether Session Manager can have heard of the agent in a task's container: what the role that it acts as may do.

Source: ECS developer guide, "Using Amazon ECS Exec" (task role; on EC2 the agent falls back to the instance role); ECS
API reference, TargetNotConnectedException (incorrect IAM permissions).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.exec_needs import ACTIONS, own_keys
from tinystacks.local.instance_profiles import role_of_instance
from tinystacks.local.policy_statements import decision, statements_of_role

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Container, Task
    from tinystacks.local.emulation import Emulation


class ExecRights:
    """What roles allow the agents.

    Args:
        emulation: moto, which keeps roles and instance profiles.
    """

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation

    def are_lacking(self, task: Task, container: Container) -> bool:
        """Whether it is certain that the agent may not open its channels (A12).

        Keys among the container's variables, a role of another account and an instance without a profile leave that
        open. Asked while the plane's lock is held: nothing here waits or takes a lock.

        Args:
            task: the task.
            container: of it.
        """
        if own_keys(container.definition):
            return False
        given = str(task.overrides.get("taskRoleArn") or task.task_definition.document.get("taskRoleArn") or "")
        if not given and task.container_instance is None:
            return True
        role = self._named(given) if given else self._of_instance(task)
        if role is None:
            return False
        found = list(statements_of_role(role))
        return any(decision(found, action, "*") != "allowed" for action in ACTIONS)

    def _named(self, name_or_arn: str) -> Any:
        """A role by its ARN, or its name, which task definitions may give too."""
        iam: Any = self._emulation.backend("iam", "aws")
        roles: list[Any] = list(iam.roles.values())
        return next((one for one in roles if name_or_arn in {one.arn, one.name}), None)

    def _of_instance(self, task: Task) -> Any:
        instance = task.container_instance
        ec2 = self._emulation.ec2(task.arn.split(":")[3])
        return role_of_instance(ec2, instance.ec2_instance_id) if instance is not None else None

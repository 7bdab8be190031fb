"""What a shell in a task needs, checked before a session is tried: each thing that else fails with one dark error.

Source: ECS developer guide, "Using Amazon ECS Exec" (prerequisites, considerations) and
"Troubleshooting Amazon ECS Exec issues".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.errors import AwsError
from tinystacks.exec_needs import ACTIONS, lacks_room, own_keys
from tinystacks.operations.exec_answers import members, named, text
from tinystacks.operations.exec_model import AccessCheck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.operations.exec_model import ExecContainer, ExecTask


def check_task(task: ExecTask, container: ExecContainer) -> list[AccessCheck]:
    """Check what ECS says of the task: it runs, exec was on when it started, the agent answers (I1)."""
    return [_check_running(task, container), _check_switch(task), _check_agent(task, container)]


def check_definition(document: Mapping[str, Any], container: str) -> list[AccessCheck]:
    """Check the task definition for what keeps the agent from working (I2, I3); nothing when all is well.

    Args:
        document: the task definition as DescribeTaskDefinition gives it.
        container: name of the container.
    """
    definition = named(members(document, "containerDefinitions"), container)
    found: list[AccessCheck] = []
    if lacks_room(definition):
        found.append(
            AccessCheck(
                name="Root file system",
                verdict="failed",
                found="it is read-only, and the agent has to write",
                mend="Take `read_only_root: true` away, then `tstack up`.",
            )
        )
    keys = own_keys(definition)
    if keys:
        found.append(
            AccessCheck(
                name="Credentials in the container",
                verdict="warning",
                found=f"{', '.join(keys)} set in the container go before the task role, for the agent too",
                mend="Give the rights to the task role (`permissions:`) and take the keys away.",
            )
        )
    return found


def check_rights(iam: Any, role_arn: str) -> AccessCheck:
    """Ask IAM whether a task role may open the agent's channels (I2).

    Args:
        iam: boto3 client.
        role_arn: the task role; empty when the task has none.
    """
    name = "Task role"
    mend = (
        "`exec: true` in the file gives the role these rights, again too when they were taken away: `tstack up "
        "--refresh`. Else allow them in a policy of the role."
    )
    if not role_arn:
        return AccessCheck(name=name, verdict="failed", found="the task has none", mend=mend)
    short = role_arn.rsplit("/", 1)[-1]
    try:
        with aws_errors("iam", f"role {short}"):
            answer = iam.simulate_principal_policy(PolicySourceArn=role_arn, ActionNames=list(ACTIONS))
    except AwsError as error:
        return AccessCheck(
            name=name,
            verdict="warning",
            found=f"whether {short} has the four ssmmessages rights could not be asked: {error.message}",
            mend="Needed to ask: iam:SimulatePrincipalPolicy. The session itself does not need it.",
        )
    results = members(answer, "EvaluationResults")
    allowed = {text(one, "EvalActionName") for one in results if text(one, "EvalDecision") == "allowed"}
    missing = [action for action in ACTIONS if action not in allowed]
    if missing:
        return AccessCheck(name=name, verdict="failed", found=f"{short} lacks {', '.join(missing)}", mend=mend)
    return AccessCheck(name=name, verdict="ok", found=f"{short} has the four ssmmessages rights")


def check_region(region: str, configured: str | None) -> AccessCheck:
    """Say whether the AWS CLI would look in another region by itself.

    Args:
        region: the stage's.
        configured: what the AWS CLI is set to; None when to nothing.
    """
    if configured == region:
        return AccessCheck(name="Region", verdict="ok", found=f"{region}, as the AWS CLI is set to")
    other = f"the AWS CLI is set to {configured}" if configured else "the AWS CLI is set to none"
    return AccessCheck(name="Region", verdict="ok", found=f"{region}; {other}, so --region is given")


def check_program(program: str) -> AccessCheck:
    """Say what only shows in the session: whether the program is in the image (I5)."""
    return AccessCheck(
        name="Program",
        verdict="unknown",
        found=f"whether the image has {program} shows only in the session",
        mend="If it ends with `no such file or directory`, name another with --command; some images have no shell.",
    )


def _check_running(task: ExecTask, container: ExecContainer) -> AccessCheck:
    name = "Task"
    if not task.running:
        why = f": {task.stopped_reason}" if task.stopped_reason else ""
        return AccessCheck(
            name=name,
            verdict="failed",
            found=f"task {task.id} is {task.status}{why}",
            mend="`tstack tasks` lists those that run.",
        )
    if container.status != "RUNNING":
        return AccessCheck(
            name=name,
            verdict="failed",
            found=f"task {task.id} runs, but its container {container.name} is {container.status or 'not there yet'}",
            mend="Name another container with --container, or wait until it runs.",
        )
    return AccessCheck(name=name, verdict="ok", found=f"task {task.id} and its container {container.name} run")


def _check_switch(task: ExecTask) -> AccessCheck:
    name = "Exec switched on"
    if task.exec_enabled:
        return AccessCheck(name=name, verdict="ok", found="since the task started")
    return AccessCheck(
        name=name,
        verdict="failed",
        found="exec was off when the task started, and a running task keeps that",
        mend="With `exec: true` in the file: `tstack up`, then `tstack restart` for tasks that run unchanged.",
    )


def _check_agent(task: ExecTask, container: ExecContainer) -> AccessCheck:
    name = "ExecuteCommandAgent"
    if container.agent == "RUNNING":
        return AccessCheck(name=name, verdict="ok", found=f"RUNNING in {container.name}")
    if not task.exec_enabled or not task.running:
        return AccessCheck(name=name, verdict="failed", found=f"it does not run in {container.name}")
    reason = f": {container.agent_reason}" if container.agent_reason else ""
    state = container.agent or "not there"
    return AccessCheck(
        name=name,
        verdict="failed",
        found=f"it is {state} in {container.name}{reason}",
        mend="A task that has just started needs a moment. Else `tstack restart`: an agent that stopped stays so.",
    )

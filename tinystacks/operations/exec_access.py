"""Entering tasks of a deployed stage: which one, whether it can be, and with what command."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.errors import AccessError, AwsError, NotDeployedError, UsageError
from tinystacks.operations.exec_checks import (
    check_definition,
    check_program,
    check_region,
    check_task,
)
from tinystacks.operations.exec_instances import TaskInstance
from tinystacks.operations.exec_model import AccessReport
from tinystacks.operations.exec_network import check_network
from tinystacks.operations.exec_roles import check_role
from tinystacks.operations.exec_tasks import (
    check_names,
    matching,
    pick_container,
    place_words,
    read_exec_tasks,
    refuse_stopped,
)
from tinystacks.operations.exec_tools import check_tools
from tinystacks.operations.port_forward import DOCUMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tinystacks.operations.exec_model import AccessCheck, ExecContainer, ExecTask
    from tinystacks.outputs import StageOutputs

_LISTED = 5


class TaskAccess:
    """The way into the tasks of a stage, or of services that something else made.

    Args:
        outputs: what the stage's program exported.
        client: gives a boto3 client by service name, in the stage's region.
        which: finds a program on PATH.
    """

    def __init__(
        self,
        outputs: StageOutputs,
        client: Callable[[str], Any],
        *,
        which: Callable[[str], str | None] = shutil.which,
    ) -> None:
        self.outputs = outputs
        self._client = client
        self._which = which
        self._names = {service.service_name: name for name, service in outputs.services.items()}

    def candidates(self, *, service: str | None = None, task: str | None = None) -> list[ExecTask]:
        """Give the running tasks that are meant; at least one.

        Args:
            service: name of a service in the file.
            task: ARN or id of a task, or the beginning of its id.

        Raises:
            UsageError: no such service or task.
            AccessError: none runs, or the task has stopped.
            NotDeployedError: the cluster is not in this account and region.
            AwsError: AWS refused a call.
        """
        check_names(self.outputs, service)
        tasks = self._read(stopped=False)
        found = matching(tasks, service=service, task=task)
        running = [one for one in found if one.running]
        if running and (task is None or len(running) == 1):
            return running
        if running:
            ids = ", ".join(one.id for one in running[:_LISTED])
            raise UsageError(f"{len(running)} tasks have an id that begins with {task}", hint=f"Give more of it: {ids}")
        if task is not None:
            raise self._not_running(task, found, tasks)
        of = f"service {service}" if service else place_words(self.outputs)
        coming = f" {len(found)} are on their way." if found else ""
        raise AccessError(f"no task of {of} runs.{coming}", hint="`tstack status` tells why.")

    def container(self, task: ExecTask, name: str | None) -> ExecContainer:
        """Give the container that is meant: the named one, else the service's main one.

        Raises:
            UsageError: the task has no such container.
        """
        return pick_container(task, self.outputs, name)

    def check(
        self,
        task: ExecTask,
        container: ExecContainer,
        *,
        program: str = "",
        configured_region: str | None = None,
        tools_needed: bool = True,
    ) -> AccessReport:
        """Check everything that a session needs.

        Args:
            task: a task.
            container: one of its containers.
            program: what shall run in it; empty for a session that runs nothing.
            configured_region: region that the AWS CLI is set to.
            tools_needed: whether the session goes through the AWS CLI and its plugin.

        Raises:
            AwsError: AWS refused to tell of the task definition.
            CredentialsError: there are no valid credentials.
        """
        checks: list[AccessCheck] = check_task(task, container)
        definition = self._definition(task)
        checks += check_definition(definition, container.name)
        instance = TaskInstance(self._client, self.outputs.cluster_name, task)
        checks.append(check_role(self._client("iam"), instance, task, definition))
        checks.append(check_network(self._client, instance, task, self.outputs.region))
        checks += check_tools(self._which, needed=tools_needed)
        checks.append(check_region(self.outputs.region, configured_region))
        if program:
            checks.append(check_program(program))
        return AccessReport(task=task, container=container.name, checks=tuple(checks))

    def require(self, report: AccessReport) -> None:
        """Refuse a session that cannot open.

        Raises:
            AccessError: with everything that is missing, and what to do about each.
        """
        if not report.failed:
            return
        found = "\n".join(f"- {check.name}: {check.found}" for check in report.failed)
        mends = "\n".join(check.mend for check in report.failed if check.mend)
        raise AccessError(f"task {report.task.id} cannot be entered:\n{found}", hint=mends)

    def open_session(self, task: ExecTask, container: ExecContainer, command: str) -> Mapping[str, str]:
        """Ask ECS for a session, for a client of our own.

        Returns:
            `sessionId`, `streamUrl` and `tokenValue`.

        Raises:
            AwsError: ECS refused.
        """
        with aws_errors("ecs", f"task {task.id}"):
            answer = self._client("ecs").execute_command(
                cluster=self.outputs.cluster_name,
                task=task.id,
                container=container.name,
                command=command,
                interactive=True,
            )
            return answer["session"]

    def open_port_session(self, target: str, port: int) -> Mapping[str, str]:
        """Ask Session Manager for a session with a port, for a client of our own.

        Args:
            target: as `target` gives it.
            port: inside the container.

        Returns:
            `SessionId`, `StreamUrl` and `TokenValue`.

        Raises:
            AccessError: the task is gone.
            AwsError: Session Manager refused.
        """
        try:
            with aws_errors("ssm", f"port {port}"):
                return self._client("ssm").start_session(
                    Target=target, DocumentName=DOCUMENT, Parameters={"portNumber": [str(port)]}
                )
        except AwsError as error:
            if error.code != "TargetNotConnected":
                raise
            raise AccessError("the task has stopped", hint="`tstack port-forward` again picks another.") from error

    def target(self, task: ExecTask, container: ExecContainer) -> str:
        """Give the name that Session Manager knows a container by (ECS developer guide, "Using Amazon ECS Exec")."""
        return f"ecs:{self.outputs.cluster_name}_{task.id}_{container.runtime_id}"

    def _read(self, *, stopped: bool) -> list[ExecTask]:
        cluster = self.outputs.cluster_name
        try:
            with aws_errors("ecs", place_words(self.outputs)):
                return read_exec_tasks(self._client("ecs"), cluster, self._names, stopped=stopped)
        except AwsError as error:
            if error.code != "ClusterNotFoundException":
                raise
            raise NotDeployedError(
                f"There is no cluster {cluster} in this account and region.",
                hint=f"It was made in {self.outputs.region}, account {self.outputs.account_id}: "
                "look at --region, --profile and the environment's AWS_REGION.",
            ) from error

    def _not_running(self, wanted: str, found: Sequence[ExecTask], tasks: Sequence[ExecTask]) -> Exception:
        if found:
            return AccessError(
                f"task {found[0].id} does not run yet: it is {found[0].status}", hint="Wait until it is RUNNING."
            )
        stopped = matching(self._read(stopped=True), service=None, task=wanted)
        if stopped:
            return refuse_stopped(stopped[0])
        ids = ", ".join(one.id for one in tasks[:_LISTED])
        return UsageError(
            f"{place_words(self.outputs)} has no task {wanted}",
            hint=f"There are: {ids}." if ids else "No task runs; `tstack status` tells why.",
        )

    def _definition(self, task: ExecTask) -> Mapping[str, Any]:
        with aws_errors("ecs", f"task {task.id}"):
            answer = self._client("ecs").describe_task_definition(taskDefinition=task.task_definition_arn)
        return answer.get("taskDefinition") or {}

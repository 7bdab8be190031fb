"""`tstack exec` and `tstack port-forward`: into a running task."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from tinystacks.commands.options import Place, on_stage, print_json
from tinystacks.commands.reading import Cluster, open_reads
from tinystacks.errors import AccessError, SpecError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.operations.exec_access import TaskAccess
    from tinystacks.operations.exec_model import AccessReport, ExecContainer, ExecTask

_NONE: Mapping[str, str] = {}
ServiceOption = Annotated[
    str | None,
    typer.Option("--service", "-s", help="Only tasks of this service; with --cluster the name of the ECS service."),
]
TaskOption = Annotated[str | None, typer.Option("--task", "-t", help="ID of a task, or the beginning of it.")]
ContainerOption = Annotated[
    str | None, typer.Option("--container", "-c", help="A container of the task; the service's own by default.")
]


class ShellChoice(StrEnum):
    """Whose quoting `--print` uses."""

    bash = "bash"
    powershell = "powershell"


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("exec")(execute)
    app.command("port-forward")(port_forward)


@on_stage
def execute(
    place: Place,
    *,
    service: ServiceOption = None,
    task: TaskOption = None,
    container: ContainerOption = None,
    command: Annotated[str, typer.Option("--command", help="What to run in the container.")] = "/bin/sh",
    only_print: Annotated[bool, typer.Option("--print", help="Print the AWS CLI's command, and nothing else.")] = False,
    shell: Annotated[ShellChoice, typer.Option("--shell", help="Whose quoting --print uses.")] = ShellChoice.bash,
    check: Annotated[bool, typer.Option("--check", help="Only check what a session needs; exit 1 without it.")] = False,
    cluster: Cluster = None,
) -> None:
    """Open a shell in a running task, or run a command there."""
    if place.as_json and not (check or only_print):
        raise UsageError("a session is not JSON", hint="--json goes with --check and --print.")
    chosen = _choose(place, cluster, service=service, task=task, container=container)
    if only_print:
        return chosen.print_line(command, shell)
    report = chosen.report(command)
    if check:
        return _show_check(place, report)
    chosen.require(report)
    if place.local and not (_has_tools() and sys.stdin.isatty() and sys.stdout.isatty()):
        return chosen.run_here(command)
    from tinystacks.operations.exec_command import exec_words

    return chosen.run_aws(
        exec_words(
            cluster=chosen.access.outputs.cluster_name,
            task=chosen.task.id,
            container=chosen.container.name,
            command=command,
            region=chosen.region,
            profile=chosen.profile,
        )
    )


@on_stage
def port_forward(
    place: Place,
    *,
    port: Annotated[int, typer.Option("--port", "-p", min=1, max=65535, help="Port inside the container.")],
    local_port: Annotated[
        int | None, typer.Option("--local-port", min=1, max=65535, help="Port of this machine; any free one.")
    ] = None,
    service: ServiceOption = None,
    task: TaskOption = None,
    container: ContainerOption = None,
    cluster: Cluster = None,
) -> None:
    """Make a port of a running task answer on this machine, until Ctrl-C."""
    if place.as_json:
        raise UsageError("port-forward gives no data", hint="Leave --json out.")
    chosen = _choose(place, cluster, service=service, task=task, container=container)
    chosen.require(chosen.report(""))
    if place.local and not _has_tools():
        return chosen.forward_here(port, local_port)
    from tinystacks.operations.port_forward import port_forward_words

    return chosen.run_aws(
        port_forward_words(
            target=chosen.access.target(chosen.task, chosen.container),
            port=port,
            local_port=local_port,
            region=chosen.region,
            profile=chosen.profile,
        )
    )


@dataclass(frozen=True)
class _Chosen:
    """A container of a running task, and the way to it."""

    place: Place
    access: TaskAccess
    profile: str | None
    environment: Mapping[str, str]
    """What points the AWS CLI at the local AWS; an account needs nothing."""
    task: ExecTask
    container: ExecContainer

    @property
    def region(self) -> str:
        """Where the task runs."""
        return self.access.outputs.region

    def report(self, command: str) -> AccessReport:
        """Check everything that a session needs."""
        return self.access.check(
            self.task,
            self.container,
            program=command.split(" ", 1)[0],
            configured_region=self._configured_region(),
            tools_needed=not self.place.local,
        )

    def require(self, report: AccessReport) -> None:
        """Say what may go wrong; refuse what will."""
        from tinystacks.rendering.access import show_warnings_of

        show_warnings_of(self.place.screen.talk, report.checks)
        self.access.require(report)

    def print_line(self, command: str, shell: ShellChoice) -> None:
        """Write the AWS CLI's command; the region stands in it when the AWS CLI is set to another."""
        from tinystacks.operations.exec_command import exec_command

        region = self.region
        line = exec_command(
            cluster=self.access.outputs.cluster_name,
            task=self.task.id,
            container=self.container.name,
            command=command,
            region=None if region == self._configured_region() else region,
            profile=self.profile,
            endpoint_url=self.environment.get("AWS_ENDPOINT_URL"),
            shell=shell.value,
        )
        if self.place.as_json:
            print_json({"command": line})
        else:
            typer.echo(line)

    def run_aws(self, words: list[str]) -> None:
        """Let the AWS CLI and its plugin have the terminal."""
        from tinystacks.operations.exec_run import run_aws

        run_aws(words, self.environment)

    def run_here(self, command: str) -> None:
        """Take the session without the plugin: what a pipe reads is clean, and the exit code is the program's."""
        from tinystacks.local.sessions.client import run_shell

        ended = run_shell(self.access.open_session(self.task, self.container, command))
        if ended.said:
            raise AccessError(
                f"the session ended: {ended.said}",
                hint="Name a program that is in the image with --command; some images have no shell at all.",
            )
        if ended.exit_code:
            raise typer.Exit(ended.exit_code)

    def forward_here(self, port: int, local_port: int | None) -> None:
        """Forward without the plugin."""
        from tinystacks.local.sessions.forward import forward

        name = self.access.target(self.task, self.container)
        forward(
            lambda: self.access.open_port_session(name, port), local_port=local_port, say=self.place.screen.talk.print
        )

    def _configured_region(self) -> str | None:
        from tinystacks.operations.exec_run import configured_region

        return configured_region(self.profile)


def _choose(
    place: Place, cluster: str | None, *, service: str | None, task: str | None, container: str | None
) -> _Chosen:
    from tinystacks.operations.exec_access import TaskAccess
    from tinystacks.rendering.access import choose_task

    if cluster is None:
        access, profile, environment = _way_in(place)
    else:
        elsewhere, service = open_reads(place, cluster, service)
        access, profile = TaskAccess(elsewhere.outputs, elsewhere.clients), place.profile
        environment = _local_environment(access.outputs.region) if place.local else _NONE
    chosen = choose_task(place.screen, access.candidates(service=service, task=task))
    return _Chosen(place, access, profile, environment, chosen, access.container(chosen, container))


def _way_in(place: Place) -> tuple[TaskAccess, str | None, Mapping[str, str]]:
    """Give the way into a stage of the file, its profile, and the environment of the AWS CLI."""
    from tinystacks.operations.exec_access import TaskAccess

    try:
        deployment = place.workspace().deployment(place.stage)
        outputs, target = deployment.outputs(), deployment.target
    except SpecError:
        if (kept := place.kept_before()) is None:
            raise
        outputs, target = kept.outputs, kept.target
    return TaskAccess(outputs, target.client), target.profile, target.environment() if place.local else _NONE


def _local_environment(region: str) -> Mapping[str, str]:
    from tinystacks.local.environment import environment
    from tinystacks.local.process import LocalAws

    return environment(LocalAws().start(), region)


def _show_check(place: Place, report: AccessReport) -> None:
    from tinystacks.rendering.access import report_document, show_report

    if place.as_json:
        print_json(report_document(report))
    else:
        show_report(place.screen.data, report)
    if report.failed:
        raise typer.Exit(AccessError.exit_code)


def _has_tools() -> bool:
    from tinystacks.operations.exec_tools import has_tools

    return has_tools()

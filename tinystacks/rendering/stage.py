"""A stage as it runs, as tables: services, tasks, instances, and how to get in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from rich.table import Table
from rich.text import Text

from tinystacks.local.target import LocalTarget
from tinystacks.operations.ended_containers import ended_containers
from tinystacks.operations.exec_command import exec_command
from tinystacks.operations.stop_words import stop_words
from tinystacks.rendering.fitting import ANY, Column, WithNotes, fitted_table
from tinystacks.rendering.machine import local_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console, RenderableType

    from tinystacks.deployment.target import Target
    from tinystacks.operations.model import InstanceStatus, ServiceStatus, StageStatus, TaskStatus
    from tinystacks.operations.stage_reads import Operations
    from tinystacks.outputs import StageOutputs
    from tinystacks.spec.model import StageSpec

_GOOD = frozenset({"RUNNING", "ACTIVE", "HEALTHY", "COMPLETED", "healthy"})
_BAD = frozenset({"STOPPED", "UNHEALTHY", "FAILED", "MISSING", "INACTIVE", "unhealthy"})
_SHORT_ID = 12
_SHORT_INSTANCE = 10


def show_place(console: Console, stage: StageSpec, target: Target) -> None:
    """Say what is about to be touched, before anything is."""
    local = isinstance(target, LocalTarget)
    where = f"the local AWS ({local_words(target.status)})" if local else f"account {target.account_id()}"
    profile = f", profile {target.profile}" if target.profile else ""
    console.print(f"[bold]{stage.stack}/{stage.stage}[/] in {where}, {target.region}{profile}")


def show_deployed(console: Console, operations: Operations, target: Target) -> None:
    """Write a stage that was just deployed, with the line that opens a shell and what to type next."""
    status = operations.status()
    outputs = operations.outputs
    show_headline(console, status, outputs)
    show_tasks(console, status.tasks)
    for words in ended_words(status.tasks):
        console.print(words, "", sep="\n", soft_wrap=True)
    local = target.name == "local"
    # Others may run tasks in the cluster too.
    own = [(task, outputs.services[task.service]) for task in status.tasks if task.service in outputs.services]
    may_be_entered = [one for one in own if one[0].exec_enabled and one[0].status == "RUNNING"]
    if may_be_entered:
        task, service = may_be_entered[0]
        line = exec_command(
            cluster=outputs.cluster_name,
            task=task.id,
            container=service.container_name,
            region=target.region,
            profile=target.profile,
        )
        console.print("Open a shell in a task:")
        if local:
            console.print('  eval "$(tstack local env)"')
        console.print(f"  {line}", soft_wrap=True)
    flags = f"{outputs.stage}{' --local' if local else ''}"
    console.print("Next:")
    if outputs.endpoint:
        console.print(f"  {curl_line(outputs, local=local)}", soft_wrap=True)
    console.print(f"  tstack status {flags}\n  tstack destroy {flags}")


def curl_line(outputs: StageOutputs, *, local: bool) -> str:
    """Give the command that asks the stage something.

    Args:
        outputs: of the stage.
        local: whether it is in the local AWS, where no DNS leads to a domain and certificates are its own.
    """
    unknown = " -k" if local and outputs.endpoint.startswith("https:") else ""
    way = f" --connect-to ::{outputs.dns_name}" if local and outputs.domain else ""
    return f"curl{unknown}{way} {outputs.endpoint}"


def show_headline(console: Console, status: StageStatus, outputs: StageOutputs) -> None:
    """Write what the stage is and where it answers."""
    console.print(headline(status, outputs))
    console.print()


def headline(status: StageStatus, outputs: StageOutputs) -> Table:
    """Give what the stage is and where it answers."""
    rows = Table.grid(padding=(0, 2))
    if status.stage:
        rows.add_row("Stage", Text(f"{status.stack}/{status.stage}", style="bold"))
    rows.add_row("Account", f"{outputs.account_id}, {status.region}")
    if status.endpoint:
        rows.add_row("Endpoint", Text(status.endpoint, style="bold green"))
    if outputs.domain and ":" not in outputs.dns_name:  # the local AWS's is an address with a port: no DNS leads there
        rows.add_row("DNS record", Text(f"{outputs.domain} -> {outputs.dns_name}", overflow="fold"))
    if status.release:
        rows.add_row("Release", str(status.release))
    rows.add_row("Cluster", outputs.cluster_name)
    for provider in outputs.capacity_providers:
        rows.add_row("Capacity provider", provider)
    if outputs.auto_scaling_group:
        rows.add_row("Auto Scaling group", outputs.auto_scaling_group)
    for name, service in outputs.services.items():
        for policy in service.scaling_policies:
            rows.add_row("Scaling policy", f"{policy} ({name})")
    return rows


def services_table(services: Iterable[ServiceStatus], *, width: int) -> Table:
    """Give the services with the progress of their deployments.

    Args:
        services: the services.
        width: of the terminal.
    """
    listed = list(services)
    columns = [
        Column(header="SERVICE", cells=[Text(one.name) for one in listed], cut=True),
        Column(header="STATUS", cells=[coloured(one.status) for one in listed], dull=frozenset({"ACTIVE"})),
        Column(header="RUNNING", cells=[Text(f"{one.running}/{one.desired}") for one in listed]),
        Column(header="PENDING", cells=[Text(str(one.pending)) for one in listed], dull=frozenset({"0"})),
        _task_definitions(one.task_definition for one in listed),
        Column(header="DEPLOYMENT", cells=[_progress(one) for one in listed]),
    ]
    return fitted_table(columns, width)


def _task_definitions(names: Iterable[str]) -> Column:
    """Give the column of `family:revision`, of which the revision is what differs."""
    cells = [Text(name) for name in names]
    return Column(header="TASK DEFINITION", cells=cells, short=("REV", _revision), spare=True)


def _revision(name: str) -> str:
    return name.rpartition(":")[2]


def _instance_ids(ids: Iterable[str], *, spare: bool) -> Column:
    cells = [Text(one) for one in ids]
    return Column(header="INSTANCE", cells=cells, short=("INSTANCE", _short_instance), spare=spare)


def _short_instance(name: str) -> str:
    return name[:_SHORT_INSTANCE]


def _progress(service: ServiceStatus) -> Text:
    """Say how far the deployment is, such as `IN_PROGRESS 1/2, 1 failed`."""
    text = coloured(service.rollout_state)
    primary = service.deployments[0] if service.deployments else None
    if primary is not None and primary.rollout_state == "IN_PROGRESS":
        text.append(f" {primary.running}/{primary.desired}")
        text.append(f", {primary.failed} failed" if primary.failed else "")
    return text


def ended_words(tasks: Iterable[TaskStatus]) -> Iterator[Text]:
    """Say which containers ended under tasks that run on.

    Args:
        tasks: all of a stage.
    """
    for ended, count in ended_containers(tasks).items():
        how = "could not start" if ended.exit_code is None else f"has ended with exit code {ended.exit_code}"
        why = f": {ended.reason}" if ended.reason else ""
        who = "1 task runs" if count == 1 else f"{count} tasks run"
        about = f"{ended.service}: " if ended.service else ""
        yield Text(f"{about}{who} on without container {ended.container}, which {how}{why}", style="yellow")


def show_tasks(console: Console, tasks: Iterable[TaskStatus]) -> None:
    """Write tasks; stopped ones with the reason."""
    listed = list(tasks)
    console.print(tasks_table(listed, width=console.width))
    if listed:
        console.print()


def tasks_table(tasks: Iterable[TaskStatus], *, width: int) -> RenderableType:
    """Give tasks; below each that stopped the reason.

    Args:
        tasks: the tasks.
        width: of the terminal.
    """
    listed = list(tasks)
    if not listed:
        return Text("No tasks.")
    columns = [
        Column(header="TASK", cells=[Text(one.id if width >= WIDE else one.id[:_SHORT_ID]) for one in listed]),
        Column(header="SERVICE", cells=[Text(one.service) for one in listed], cut=True),
        Column(header="STATUS", cells=[coloured(one.status) for one in listed]),
        Column(header="HEALTH", cells=[coloured(one.health) for one in listed], dull=frozenset({"UNKNOWN"})),
        Column(header="ZONE", cells=[Text(one.zone) for one in listed]),
        _instance_ids((one.instance_id or "-" for one in listed), spare=True),
        _task_definitions(one.task_definition for one in listed),
        Column(header="SINCE", cells=[Text(since(one.stopped_at or one.started_at)) for one in listed]),
    ]
    table = fitted_table(columns, width)
    return WithNotes(table, [stop_words(one) if one.stopped_reason else "" for one in listed])


WIDE = 160
"""Columns of a terminal that has room for whole ids."""


def instances_table(instances: Iterable[InstanceStatus], *, width: int) -> Table:
    """Give container instances with what is free on each.

    Args:
        instances: the instances.
        width: of the terminal.
    """
    listed = list(instances)
    states = [one.status if one.agent_connected else f"{one.status}, agent not connected" for one in listed]
    memory = [f"{one.free_memory}/{one.total_memory} MiB" for one in listed]
    columns = [
        _instance_ids((one.id for one in listed), spare=False),
        Column(header="TYPE", cells=[Text(one.type) for one in listed], dull=ANY),
        Column(header="ZONE", cells=[Text(one.zone) for one in listed]),
        Column(header="STATUS", cells=[coloured(one) for one in states], dull=frozenset({"ACTIVE"})),
        Column(header="TASKS", cells=[Text(str(one.running_tasks)) for one in listed]),
        Column(header="FREE CPU", cells=[Text(f"{one.free_cpu}/{one.total_cpu}") for one in listed]),
        Column(header="FREE MEMORY", cells=[Text(one) for one in memory]),
    ]
    return fitted_table(columns, width)


def show_outputs(console: Console, outputs: StageOutputs) -> None:
    """Write what the stage's program exported, one value a line."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold")
    document = outputs.to_mapping()
    services = document.pop("services")
    flat = {
        **document,
        **{f"services.{name}.{key}": value for name, one in services.items() for key, value in one.items()},
    }
    for key, value in flat.items():
        rows.add_row(key, _one_line(value))
    console.print(rows)


def _one_line(value: object) -> str:
    return ", ".join(map(str, cast("list[object]", value))) if isinstance(value, (list, tuple)) else str(value)


def since(moment: datetime | None, now: datetime | None = None) -> str:
    """Give the time that has gone by, such as `3 min`; the date when it is long ago or in the future."""
    if moment is None:
        return "-"
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < 0 or seconds >= _DAY * 7:
        return moment.strftime("%Y-%m-%d %H:%M")
    for limit, size, unit in ((_MINUTE, 1, "s"), (_HOUR, _MINUTE, "min"), (_DAY, _HOUR, "h"), (_DAY * 7, _DAY, "d")):
        if seconds < limit:
            return f"{int(seconds // size)} {unit}"
    return ""


_MINUTE, _HOUR, _DAY = 60, 3600, 86400


_LONG = frozenset({"IMAGE", "REASON", "WHY NO FEWER"})
"""Columns that are folded, so that the others keep their width."""


def plain_table(*columns: str) -> Table:
    """Make a table without lines."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        long = column in _LONG
        table.add_column(column, overflow="fold" if long else "ellipsis", no_wrap=not long)
    return table


def coloured(word: str) -> Text:
    """Give a state in its colour."""
    style = "green" if word in _GOOD else "red" if word in _BAD else "yellow" if word not in {"", "UNKNOWN"} else ""
    return Text(word, style=style)

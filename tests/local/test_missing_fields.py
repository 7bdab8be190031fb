"""Answers of AWS with something missing, in every read: a live stage's own answers, each field left out once.

AWS leaves out what is empty or not known yet, and its answers change with time; a user gets what can be told, or an
error that says what to do, and never a trace of this program's own code.
"""

from __future__ import annotations

import io
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_deploying_child import local_deployment
from tests.fakes.local_stage import eventually, fetch
from tests.fakes.recorded_answers import Answers
from tinystacks.deployment.early_instances import replace_early_instances
from tinystacks.deployment.failed_deployments import deploy_failed_again
from tinystacks.deployment.instance_refresh import newest_refresh
from tinystacks.deployment.leftovers import Sweep
from tinystacks.deployment.machine_image import MachineImage, instances_of, known_images
from tinystacks.deployment.service_deployments import past_deployments
from tinystacks.doctor.account import check_quotas, check_service_linked_roles
from tinystacks.errors import TinystacksError
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget
from tinystacks.operations.exec_access import TaskAccess
from tinystacks.operations.log_selection import LogRequest
from tinystacks.operations.stage_reads import Operations
from tinystacks.operations.timeline import read_timeline
from tinystacks.rendering.access import report_document, show_report
from tinystacks.rendering.documents import (
    findings_document,
    outputs_document,
    status_document,
    task_document,
    tasks_document,
    to_json,
)
from tinystacks.rendering.events import show_timeline, timeline_document
from tinystacks.rendering.logs import lines_document, show_lines
from tinystacks.rendering.machine import show_findings
from tinystacks.rendering.metrics import metrics_document, show_metrics
from tinystacks.rendering.stage import show_outputs, show_tasks
from tinystacks.rendering.status import show_status
from tinystacks.rendering.tasks import show_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tinystacks.outputs import StageOutputs

    Client = Callable[[str], Any]
    Told = tuple[Mapping[str, Any], Callable[[Console], object]]

SERVICES = {
    "web": {"image": "example/web:1", "port": 80, "sidecars": {"agent": {"image": "example/agent:1"}}},
    "worker": {"image": "example/worker:1"},
}


class Live:
    """A stage that runs, one task of which has stopped."""

    def __init__(self, target: LocalTarget, outputs: StageOutputs) -> None:
        self.target = target
        self.outputs = outputs
        ecs = target.client("ecs")
        gone = ecs.list_tasks(cluster=outputs.cluster_name)["taskArns"][0]
        ecs.stop_task(cluster=outputs.cluster_name, task=gone)
        assert fetch(outputs.endpoint)[0] == 200
        stopped = {"cluster": outputs.cluster_name, "desiredStatus": "STOPPED"}
        eventually(lambda: ecs.list_tasks(**stopped)["taskArns"], what="a stopped task")
        self.gone = gone.rpartition("/")[2]
        operations = Operations(outputs, target.client)
        figures = eventually(
            lambda: [one for one in operations.metrics(_hour()).series if one.points and one.name == "cpu"],
            what="figures",
        )
        assert figures
        # At once: ECS forgets the task after an hour, which is a minute here.
        self.answers = {name: Answers() for name in READS}
        for name, look in READS.items():
            look(self, self.answers[name].recording(target.client))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("live")
    local = LocalAws(home=folder / "home")
    status = local.start(runtime="simulated", speed=60)
    try:
        deployment = local_deployment(folder, folder / "home", engine_or_skip().path, services=SERVICES)
        deployment.up()
        yield Live(LocalTarget(status, "us-east-1"), deployment.outputs())
    finally:
        local.stop()


def _hour() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


def _status(live: Live, client: Client) -> Told:
    found = Operations(live.outputs, client).status()
    return status_document(found), lambda console: show_status(console, found, live.outputs)


def _tasks(live: Live, client: Client) -> Told:
    found = Operations(live.outputs, client).tasks()
    return tasks_document("dev", found), lambda console: show_tasks(console, found)


def _stopped(live: Live, client: Client) -> Told:
    found = Operations(live.outputs, client).tasks(stopped=True)
    return tasks_document("dev", found), lambda console: show_tasks(console, found)


def _task(live: Live, client: Client) -> Told:
    found = Operations(live.outputs, client).task(live.gone)
    return task_document("dev", found), lambda console: show_task(console, found)


def _logs(live: Live, client: Client) -> Told:
    found = Operations(live.outputs, client).logs(LogRequest(since=_hour()))
    return lines_document("dev", found), lambda console: show_lines(console, found)


def _previous(live: Live, client: Client) -> Told:
    found = Operations(live.outputs, client).logs(LogRequest(previous=True))
    return lines_document("dev", found), lambda console: show_lines(console, found)


def _metrics(live: Live, client: Client) -> Told:
    found = Operations(live.outputs, client).metrics(_hour())
    return metrics_document("dev", found), lambda console: show_metrics(console, found)


def _events(live: Live, client: Client) -> Told:
    found = read_timeline(Operations(live.outputs, client), _hour())
    return timeline_document("dev", found), lambda console: show_timeline(console, found)


def _check(live: Live, client: Client) -> Told:
    access = TaskAccess(live.outputs, client)
    task = access.candidates()[0]
    report = access.check(task, access.container(task, None), program="/bin/sh")
    return report_document(report), lambda console: show_report(console, report)


def _session(live: Live, client: Client) -> Told:
    access = TaskAccess(live.outputs, client)
    task = access.candidates(service="web")[0]
    container = access.container(task, None)
    access.open_session(task, container, "/bin/sh")
    return {"target": access.target(task, container)}, lambda _console: None


def _elsewhere(live: Live, client: Client) -> Told:
    found = Operations.elsewhere(client, cluster=live.outputs.cluster_name, service=None, region="us-east-1")
    found.logs(LogRequest(since=_hour()))
    found.metrics(_hour())
    return outputs_document(found.outputs), lambda console: show_outputs(console, found.outputs)


def _instances(live: Live, client: Client) -> Told:
    group = live.outputs.auto_scaling_group
    found = instances_of(client, group)
    known = known_images(client, {one.ami_id for one in found})
    images = [known.get(one.ami_id) or MachineImage(id=one.ami_id) for one in found]
    refresh = newest_refresh(client("autoscaling"), group)
    return {
        "images": [one.words for one in images],
        "refresh": refresh and refresh.to_mapping(),
    }, lambda _console: None


def _doctor(_live: Live, client: Client) -> Told:
    found = [*check_service_linked_roles(client), *check_quotas(client)]
    return findings_document(found), lambda console: show_findings(console, found)


def _sweep(_live: Live, client: Client) -> Told:
    sweep = Sweep(client, stack="shop", stage="dev")
    found = sweep.find()
    return {"found": [one.id for one in found], "not_read": sweep.not_read}, lambda _console: None


def _before_a_verdict(live: Live, client: Client) -> Told:
    past = past_deployments(client, live.outputs)
    replace_early_instances(live.outputs, client, lambda _event: None)
    again = deploy_failed_again(live.outputs, client, past, lambda _event: None)
    return {"again": again}, lambda _console: None


READS = {
    "status": _status,
    "tasks": _tasks,
    "stopped tasks": _stopped,
    "one task": _task,
    "logs": _logs,
    "logs of the task that stopped last": _previous,
    "metrics": _metrics,
    "events": _events,
    "exec --check": _check,
    "a session": _session,
    "services made elsewhere": _elsewhere,
    "instances": _instances,
    "doctor": _doctor,
    "drift and repair": _sweep,
    "before a verdict": _before_a_verdict,
}


@pytest.mark.parametrize("read", READS)
def test_whatever_is_missing_there_is_a_result_or_an_error_that_says_what_to_do(live: Live, read: str) -> None:
    look, answers = READS[read], live.answers[read]
    broken: dict[str, list[str]] = defaultdict(list)
    seen: set[str] = set()
    tried = 0

    def tell(client: Client) -> None:
        document, show = look(live, client)
        text = to_json(document)
        if text not in seen:
            seen.add(text)
            show(Console(file=io.StringIO(), width=100))

    tell(answers.playing())
    for omission in answers.omissions(one_by_one=True):
        service, operation, path = omission
        tried += 1
        where = f"{service} {operation} {'.'.join(map(str, path))}"
        try:
            tell(answers.playing(omission))
        except TinystacksError as error:
            if not (error.message and error.hint):
                broken[f"no advice: {error.message}"].append(where)
        except Exception as error:  # noqa: BLE001 - told with what was left out
            broken[repr(error)].append(where)
    assert tried > 5, "the read has to read something"
    assert not broken, "\n".join(f"{error}: {', '.join(wheres[:8])}" for error, wheres in broken.items())

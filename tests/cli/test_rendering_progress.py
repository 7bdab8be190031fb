from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from tinystacks.deployment import events as on
from tinystacks.deployment.changes import Changes, PlannedChange
from tinystacks.deployment.ends import Result
from tinystacks.deployment.results import DestroyResult, Kept, PreviewResult, UpResult
from tinystacks.deployment.service_verdicts import Cause, ServiceVerdict
from tinystacks.errors import AwsError, Problem, SpecError
from tinystacks.rendering import documents
from tinystacks.rendering.console import Screen
from tinystacks.rendering.errors import show_error
from tinystacks.rendering.progress import Progress
from tinystacks.rendering.releases import show_cancelled
from tinystacks.rendering.results import show_preview, show_receipt, show_verdict

SERVICE: dict[str, Any] = {
    "type": "aws:ecs/service:Service",
    "name": "shop-web",
    "words": "service `web`",
    "urn": "urn:1",
}


class Paper:
    """A console whose text can be read, not a terminal."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.console = Console(file=self.stream, width=160, highlight=False)
        self.screen = Screen(data=self.console, talk=self.console, interactive=False, live=False)

    @property
    def text(self) -> str:
        return self.stream.getvalue()


@pytest.fixture
def paper() -> Paper:
    return Paper()


def test_each_change_is_one_lasting_line_and_unchanged_resources_are_none(paper: Paper) -> None:
    with Progress(paper.screen) as progress:
        progress(on.PhaseStarted(phase=on.Phase.ENGINE, message="Changing resources"))
        progress(on.ResourceStarted(action=on.Action.CREATE, **SERVICE))
        progress(on.ResourceFinished(action=on.Action.CREATE, **SERVICE))
        progress(on.ResourceFinished(action=on.Action.SAME, **SERVICE))
    assert paper.text == "Changing resources\n  + service `web` created\n"


def test_a_replacement_is_told_once_though_the_engine_takes_three_steps(paper: Paper) -> None:
    with Progress(paper.screen) as progress:
        for _ in range(3):
            progress(on.ResourceStarted(action=on.Action.REPLACE, **SERVICE))
            progress(on.ResourceFinished(action=on.Action.REPLACE, **SERVICE))
    assert paper.text.count("replaced") == 1


def test_planned_changes_are_silent_unless_asked_for(paper: Paper) -> None:
    event = on.ResourceStarted(action=on.Action.REPLACE, planned=True, replaced_for=("cluster",), **SERVICE)
    Progress(paper.screen)(event)
    assert paper.text == ""
    Progress(paper.screen, planned=True)(event)
    assert paper.text == "  ± service `web` (because of cluster)\n"


def test_progress_of_tasks_is_written_once_per_change(paper: Paper) -> None:
    progress = Progress(paper.screen)
    event = on.TasksProgress(service="web", desired=2, running=1, pending=1, failed=1, status="IN_PROGRESS")
    progress(event)
    progress(event)
    assert paper.text == "  web: 1/2 tasks running, 1 pending, 1 failed\n"


def test_while_earlier_tasks_run_progress_tells_them_from_the_new_ones(paper: Paper) -> None:
    progress = Progress(paper.screen)
    for running, earlier in ((0, 2), (1, 1), (2, 0)):
        progress(
            on.TasksProgress(
                service="web", desired=2, running=running, pending=0, failed=0, status="IN_PROGRESS", earlier=earlier
            )
        )
    assert paper.text.splitlines() == [
        "  web: 0 of 2 new tasks running, 0 pending, 2 earlier ones still run",
        "  web: 1 of 2 new tasks running, 0 pending, 1 earlier one still runs",
        "  web: 2/2 tasks running, 0 pending",
    ]


def test_why_a_resource_failed_is_told_once_at_the_end(paper: Paper) -> None:
    progress = Progress(paper.screen)
    progress(on.Diagnostic(severity="warning", message="deprecated [x]", urn="urn:1", words="service `web`"))
    progress(on.Diagnostic(severity="error", message="ResourceInUse", urn="urn:1", words="service `web`"))
    progress(on.ResourceFailed(action=on.Action.CREATE, **SERVICE))
    show_error(paper.console, AwsError("service `web`: ResourceInUse [x]", hint="Repeat it."))
    assert paper.text.splitlines() == [
        "warning service `web`: deprecated [x]",
        "  + service `web` failed",
        "error service `web`: ResourceInUse [x]",
        "next  Repeat it.",
    ]


def test_a_verdict_comes_with_its_cause_and_advice(paper: Paper) -> None:
    cause = Cause(service="web", reason="exited", count=3, exit_code=1, log_tail=("no DATABASE_URL",), advice="Set it.")
    progress = Progress(paper.screen)
    verdict = ServiceVerdict(service="web", result=Result.ROLLED_BACK, reason="tasks failed to start")
    progress(on.DeploymentEnded(verdict=verdict))
    show_verdict(paper.console, UpResult(stack="shop", stage="dev", result=Result.ROLLED_BACK, causes=(cause,)))
    for words in (
        "web rolled back: tasks failed to start",
        "3 x exited, exit code 1",
        "│ no DATABASE_URL",
        "→ Set it.",
    ):
        assert words in paper.text


def test_resources_are_counted_only_where_the_engine_looked_at_them(paper: Paper) -> None:
    """`scale` and `restart` are orders to ECS: tasks change, and no resource is looked at."""
    show_verdict(paper.console, UpResult(stack="shop", stage="dev", result=Result.STEADY))
    looked = Changes(same=45)
    show_verdict(paper.console, UpResult(stack="shop", stage="dev", result=Result.UNCHANGED, changes=looked))
    assert paper.text.splitlines() == ["✓ shop/dev is steady", "✓ shop/dev is unchanged (no changes, 45 unchanged)"]


def test_a_preview_says_what_interrupts(paper: Paper) -> None:
    change = PlannedChange(action="replace", replaced_for=("cluster",), interrupts=True, **SERVICE)
    show_preview(
        paper.console,
        PreviewResult(
            stack="shop", stage="dev", result=Result.PREVIEWED, changes=Changes(replace=1, same=44), planned=(change,)
        ),
    )
    assert "± service `web` (because of cluster) interrupts the service" in paper.text
    assert "shop/dev: 1 replace, 44 unchanged" in paper.text


def test_c8_the_receipt_names_what_is_kept_and_why(paper: Paper) -> None:
    kept = Kept(type="ECR repository", id="shop-web", reason="holds images; --purge-images removes it")
    show_receipt(
        paper.console,
        DestroyResult(
            stack="shop",
            stage="dev",
            result=Result.DESTROYED,
            removed=("a", "b"),
            deregistered=("task definition shop-web (3 revisions)",),
            kept=(kept,),
        ),
    )
    assert "Removed 2 resources." in paper.text
    assert "and task definition shop-web (3 revisions)" in paper.text
    assert "kept ECR repository shop-web: holds images" in paper.text


def test_every_problem_of_a_file_is_one_line_with_its_place(paper: Paper) -> None:
    problems = [
        Problem(file="tstack.yaml", line=3, column=5, field="services.web.cpu", message="must be a number"),
        Problem(file="tstack.yaml", line=9, column=1, field="stages", message="unknown"),
    ]
    show_error(paper.console, SpecError(problems))
    assert paper.text.splitlines() == [
        "error tstack.yaml:3:5: services.web.cpu: must be a number",
        "error tstack.yaml:9:1: stages: unknown",
    ]


def test_errors_have_a_document_for_scripts() -> None:
    error = AwsError("ecs refused", service="ecs", operation="CreateService", code="X", hint="do")
    document = json.loads(documents.to_json(documents.error_document(error)))
    assert document["error"] == {
        "kind": "aws",
        "message": "ecs refused",
        "hint": "do",
        "exit_code": 1,
        "problems": [],
        "service": "ecs",
        "operation": "CreateService",
        "code": "X",
    }


def cancelled(paper: Paper, result: Result, *verdicts: ServiceVerdict) -> str:
    show_cancelled(paper.console, UpResult(stack="shop", stage="dev", result=result, verdicts=verdicts), "dev --local")
    return paper.text


def test_a_way_back_that_is_not_over_in_time_is_not_called_a_failure(paper: Paper) -> None:
    late = ServiceVerdict(service="web", result=Result.TIMED_OUT, reason="not steady after 60 s")
    text = cancelled(paper, Result.TIMED_OUT, late)
    assert "could not go back" not in text
    assert text.splitlines() == [
        "shop/dev is not back in time; ECS may still be going back to what ran before.",
        "  web: not steady after 60 s",
        "  -> `tstack status dev --local` shows how far it is.",
    ]


def test_a_way_back_that_failed_says_why_and_what_brings_back_a_good_release(paper: Paper) -> None:
    failed = ServiceVerdict(service="web", result=Result.FAILED, reason="the rollback failed: tasks [2] do not start")
    text = cancelled(paper, Result.FAILED, failed, ServiceVerdict(service="api", result=Result.ROLLED_BACK))
    assert text.splitlines()[:2] == [
        "shop/dev could not go back.",
        "  web: the rollback failed: tasks [2] do not start",
    ]
    assert "api" not in text
    assert "`tstack status dev --local` shows what runs" in text
    assert "`tstack rollback dev --local` brings back the last good release" in text
    assert "`tstack up dev --local`" in text


def test_a_deployment_that_ended_well_before_it_was_stopped_did_not_fail_to_go_back(paper: Paper) -> None:
    text = cancelled(paper, Result.STEADY, ServiceVerdict(service="web", result=Result.STEADY))
    assert text.splitlines() == [
        "shop/dev is steady: the deployment came to its end before it was stopped, and the new version runs.",
        "  -> `tstack rollback dev --local` brings back the release before.",
    ]


def test_a_way_back_that_came_to_its_end_needs_no_advice(paper: Paper) -> None:
    assert cancelled(paper, Result.ROLLED_BACK) == "shop/dev went back to what ran before.\n"

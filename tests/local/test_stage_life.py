"""The life of a stage as its user sees it: `tstack` in a folder with one file, and `curl`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.command_line import CommandLine, Ran, a_user
from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_stage import eventually, fetch
from tests.fakes.poller import Poller
from tests.fakes.stage_remains import remains
from tinystacks.deployment.deployment import Deployment
from tinystacks.deployment.ends import Result
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget
from tinystacks.spec.loader import load_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = """\
name: shop
services:
  web:
    image: public.ecr.aws/nginx/nginx:1.27
    port: 8080
    health_check: {{path: /}}
    variables: {variables}
"""
RESULT_KEYS = {"schema_version", "stack", "stage", "result", "changes", "endpoint", "release", "causes", "kept"}
CHANGE_KEYS = {"create", "update", "replace", "delete", "same"}


@dataclass(slots=True)
class Stage:
    """A user with a deployed stage."""

    user: CommandLine
    first: Ran

    @property
    def endpoint(self) -> str:
        return self.first.document["endpoint"]

    @property
    def target(self) -> LocalTarget:
        status = LocalAws(home=self.user.local_home).status()
        assert status is not None
        return LocalTarget(status, "us-east-1")

    def set(self, **variables: str) -> None:
        self.user.write(FILE.format(variables=json.dumps(variables)))

    def up(self) -> Ran:
        return self.user.run("up", "--local", "--yes", "--json")

    def status(self) -> dict[str, Any]:
        return self.user.run("status", "--local", "--json").document

    def deployment(self) -> Deployment:
        stack = load_stack(self.user.folder / "tstack.yaml")
        return Deployment(stack.stage("dev"), self.target, workspace=self.user.folder)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    engine = str(engine_or_skip().path)
    user = a_user(tmp_path_factory.mktemp("life"), TINYSTACKS_ENGINE=engine)
    user.write(FILE.format(variables="{GREETING: hello}"))
    first = user.run("up", "--local", "--yes", "--json", "--runtime", "simulated", "--speed", "60")
    yield Stage(user, first)
    user.run("local", "stop")


def test_up_says_where_it_goes_and_ends_steady(stage: Stage):
    done = stage.first
    assert done.code == 0, done.err
    assert done.document.keys() >= RESULT_KEYS
    assert (done.document["stack"], done.document["stage"], done.document["result"]) == ("shop", "dev", "steady")
    assert done.document["changes"].keys() == CHANGE_KEYS
    assert done.document["changes"]["create"] == done.err.count(" created\n") > 50, "as many as it names"
    assert (done.document["schema_version"], done.document["release"]) == (1, 1)
    before_any_change = done.err.partition("created")[0]
    assert all(words in before_any_change for words in ("shop/dev", "the local AWS", "us-east-1")), before_any_change
    code, body = fetch(stage.endpoint)
    assert code == 200
    assert "web" in body


def test_nothing_changed_is_said_and_exit_0(stage: Stage):
    again = stage.up()
    assert (again.code, again.document["result"]) == (0, "unchanged")
    assert {key for key, count in again.document["changes"].items() if count} == {"same"}
    assert again.document["release"] == stage.status()["release"]
    planned = stage.user.run("preview", "--local", "--exit-code")
    assert planned.code == 0, planned.err
    assert "no changes" in planned.out


def test_preview_tells_what_would_change_and_changes_nothing(stage: Stage):
    before = stage.status()["services"][0]["task_definition"]
    stage.set(GREETING="planned")
    planned = stage.user.run("preview", "--local", "--exit-code", "--json")
    assert planned.code == 3
    assert planned.document.keys() >= RESULT_KEYS
    assert planned.document["result"] == "previewed"
    words = {resource["resource"] for resource in planned.document["resources"] if resource["type"].startswith("aws:")}
    assert words == {
        "service `web`: task definition (shop-web-task)",
        "service `web`: ECS service (shop-web-service)",
    }
    assert stage.user.run("preview", "--local").code == 0
    assert stage.status()["services"][0]["task_definition"] == before
    stage.set(GREETING="hello")


def test_a_new_revision_rolls_through_without_a_failed_request(stage: Stage):
    before = stage.status()
    stage.set(GREETING="second")
    with Poller(stage.endpoint) as poller:
        done = stage.up()
    assert (done.code, done.document["result"]) == (0, "steady"), done.err
    after = stage.status()
    assert after["release"] == before["release"] + 1
    assert after["services"][0]["task_definition"] != before["services"][0]["task_definition"]
    assert {task["id"] for task in after["tasks"]}.isdisjoint({task["id"] for task in before["tasks"]})
    assert poller.failures == []
    old, new = poller.answers[0], poller.answers[-1]
    assert any(task["id"] in old for task in before["tasks"])
    assert any(task["id"] in new for task in after["tasks"])


def test_a_stopped_task_is_replaced_and_its_end_explained(stage: Stage):
    gone = stage.status()["tasks"][0]
    ecs = stage.target.client("ecs")
    ecs.stop_task(cluster="shop-dev", task=gone["id"], reason="stopped by a person")

    def replaced() -> bool | None:
        found = stage.status()
        running = [task["id"] for task in found["tasks"] if task["status"] == "RUNNING"]
        return (len(running) == 2 and gone["id"] not in running) or None

    eventually(replaced, what="two running tasks again")
    table = stage.user.run("tasks", "--local", "--stopped")
    assert gone["id"][:12] in table.out
    listed = stage.user.run("tasks", "--local", "--stopped", "--json").document
    (found,) = [task for task in listed["tasks"] if task["id"] == gone["id"]]
    assert (found["status"], found["service"], found["stop_code"]) == ("STOPPED", "web", "UserInitiated")
    assert "stopped by a person" in found["stopped_reason"]


def test_status_has_the_keys_that_scripts_rely_on(stage: Stage):
    found = stage.status()
    assert {"schema_version", "stack", "stage", "region", "endpoint", "release", "services", "tasks"} <= found.keys()
    (service,) = found["services"]
    assert {"name", "desired", "running", "pending", "task_definition", "rollout_state"} <= service.keys()
    assert (service["name"], service["desired"], service["running"], service["rollout_state"]) == (
        "web",
        2,
        2,
        "COMPLETED",
    )
    assert len(found["tasks"]) == 2
    for task in found["tasks"]:
        assert {"id", "arn", "service", "zone", "instance_id", "status", "health"} <= task.keys()
    assert len({task["zone"] for task in found["tasks"]}) == 2
    for instance in found["instances"]:
        assert {"id", "zone", "type", "status", "free_cpu", "free_memory"} <= instance.keys()
    assert {task["instance_id"] for task in found["tasks"]} <= {instance["id"] for instance in found["instances"]}
    text = stage.user.run("status", "--local")
    assert text.code == 0
    assert all(task["id"][:12] in text.out for task in found["tasks"])


def test_outputs_name_what_was_made(stage: Stage):
    outputs = stage.user.run("outputs", "--local", "--json").document
    assert (outputs["endpoint"], outputs["cluster_name"]) == (stage.endpoint, "shop-dev")
    ecs = stage.target.client("ecs")
    service = outputs["services"]["web"]["service_name"]
    assert ecs.describe_services(cluster="shop-dev", services=[service])["services"][0]["status"] == "ACTIVE"
    assert outputs["capacity_providers"][0] in {
        provider["name"] for provider in ecs.describe_capacity_providers()["capacityProviders"]
    }


def test_local_status_and_environment_lead_any_client_there(stage: Stage):
    local = stage.user.run("local", "status", "--json").document
    assert {"schema_version", "endpoint_url", "pid", "runtime", "speed", "instance_id"} <= local.keys()
    assert (local["runtime"], local["speed"]) == ("simulated", 60)
    given = stage.user.run("local", "env", "--json").document["environment"]
    assert given["AWS_ENDPOINT_URL"] == local["endpoint_url"]
    assert "AWS_ENDPOINT_URL" in stage.user.run("local", "env").out


def test_a_change_behind_the_back_is_seen_by_refresh_and_mended_by_up(stage: Stage):
    elb = stage.target.client("elbv2")
    outputs = stage.deployment().outputs()
    group = outputs.services["web"].target_group_arn
    elb.modify_target_group(TargetGroupArn=group, HealthCheckPath="/elsewhere")
    seen = stage.deployment().refresh(dry_run=True)
    assert [(change.action, change.words) for change in seen.drifted] == [
        ("update", "service `web`: target group (shop-web)")
    ]
    assert stage.deployment().refresh().result is Result.REFRESHED
    mended = stage.up()
    assert (mended.code, mended.document["changes"]["update"]) == (0, 1), mended.err
    path = elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]["HealthCheckPath"]
    assert path == "/"
    assert stage.deployment().refresh(dry_run=True).drifted == ()


def test_b1_a_version_that_crashes_is_rolled_back_with_its_causes_and_the_next_up_goes_on(stage: Stage):
    before = stage.status()
    stage.set(GREETING="bad", TINYSTACKS_SIMULATE="crash")
    with Poller(stage.endpoint) as poller:
        done = stage.up()
    assert (done.code, done.document["result"]) == (4, "rolled_back"), done.err
    (cause,) = done.document["causes"]
    assert {"service", "reason", "count", "exit_code", "log_tail", "advice"} <= cause.keys()
    assert (cause["service"], cause["exit_code"]) == ("web", 1)
    (verdict,) = done.document["verdicts"]
    assert (verdict["service"], verdict["result"], verdict["causes"]) == ("web", "rolled_back", [cause])
    assert verdict["reason"].startswith("ECS went back to ")
    kept = stage.user.run("releases", "show", str(done.document["release"]), "--local", "--json").document
    assert done.document["verdicts"] == kept["verdicts"], "a script reads the same from both"
    assert poller.failures == []
    assert stage.status()["services"][0]["task_definition"] == before["services"][0]["task_definition"]
    stage.set(GREETING="mended")
    mended = stage.up()
    assert (mended.code, mended.document["result"]) == (0, "steady"), mended.err


def test_destroy_asks_first_and_ends_with_a_receipt(stage: Stage):
    assert stage.user.run("destroy", "--local").code == 2
    assert stage.status()["services"][0]["running"] == 2
    gone = stage.user.run("destroy", "--local", "--yes", "--json")
    assert (gone.code, gone.document["result"]) == (0, "destroyed"), gone.err
    assert gone.document.keys() >= RESULT_KEYS
    assert gone.document["changes"]["delete"] == stage.first.document["changes"]["create"]
    assert "service `web`: ECS service (shop-web-service)" in gone.document["removed"]
    assert gone.document["kept"] == []
    assert remains(stage.target.client, "shop") == []
    assert stage.user.run("destroy", "--local", "--yes").code == 0
    for command in ("status", "tasks", "outputs"):
        absent = stage.user.run(command, "--local", "--json")
        assert (absent.code, absent.document["error"]["kind"]) == (1, "not-deployed")

"""A stage's life with the real engine and a provider that keeps resources in memory."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pulumi
import pytest

from tests.fakes.deployment_target import EmptyService, FakeSsm, FakeTarget
from tests.fakes.engine_found import engine_or_skip
from tests.fakes.engine_provider import EngineProvider, World
from tests.fakes.local_stage import eventually
from tests.fakes.stages import GROUP, LOGS, SERVICE, PlainProgram, plain_program, small_stage
from tinystacks.deployment.changes import Changes
from tinystacks.deployment.deployment import Deployment
from tinystacks.deployment.ends import Result
from tinystacks.deployment.engine_model import EngineSettings
from tinystacks.deployment.events import Action, Notice, ResourceFailed, ResourceStarted, Warned
from tinystacks.deployment.gate import DowntimeError, RemovalError
from tinystacks.deployment.pace import Pace
from tinystacks.deployment.settings import DeploymentSettings
from tinystacks.errors import (
    AwsError,
    CredentialsError,
    EngineError,
    InterruptedByUserError,
    LockedError,
    NotDeployedError,
    UsageError,
)
from tinystacks.spec.model import StackSpec

pytestmark = [
    # The engine's SDK warns when an engine is killed in the middle of its events.
    pytest.mark.filterwarnings("ignore:Error in event stream"),
]
ROOT = Path(__file__).parents[2]


class Bench:
    """One workspace, one provider, and deployments in it."""

    def __init__(self, workspace: Path, engine: Path, provider: EngineProvider) -> None:
        self.workspace = workspace
        self.engine = engine
        self.world = provider.world
        self.provider = provider
        self.program = plain_program()
        self.events = []

    def target(self, **values) -> FakeTarget:
        target = FakeTarget(name="local", variables=self.provider.environment)
        return replace(target, **values)

    def deployment(self, target: FakeTarget | None = None, stage: str = "dev", **values) -> Deployment:
        return Deployment(
            small_stage(stage, **values.pop("spec", {})),
            target or self.target(),
            workspace=self.workspace,
            program=values.pop("program", self.program),
            settings=DeploymentSettings(
                engine=EngineSettings(path=self.engine), pace=Pace(sleep=lambda _seconds: None), **values
            ),
        )

    def folder(self, kind: str = "local", stage: str = "dev") -> Path:
        return self.workspace / ".tstack" / kind / stage

    def child(self, operation: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.fakes.deploying_child", operation, str(self.workspace)]
        return subprocess.Popen(
            [*command, str(self.engine), str(self.provider.port)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def said(self, kind: type) -> str:
        return "\n".join(event.message for event in self.events if isinstance(event, kind))


@pytest.fixture(scope="session")
def engine():
    return engine_or_skip().path


@pytest.fixture
def bench(tmp_path, engine):
    with EngineProvider(World()) as provider:
        yield Bench(tmp_path, engine, provider)


def test_a_stage_s_life(bench):
    deployment = bench.deployment()
    with pytest.raises(NotDeployedError):
        deployment.outputs()
    planned = deployment.preview(bench.events.append)
    assert planned.changes == Changes(create=3)
    assert bench.world.existing == {}
    assert {event.words for event in bench.events if isinstance(event, ResourceStarted)} >= {
        "service `web`: ECS service (shop-web-service)"
    }

    done = deployment.up(message="first", by="ana", commit="c0ffee")
    assert (done.result, done.changes, done.release) == (Result.STEADY, Changes(create=3), 1)
    assert len(bench.world.existing) == 3

    calls = len(bench.world.calls)
    again = deployment.up()
    assert (again.result, again.changes, again.release) == (Result.UNCHANGED, Changes(same=3), 1)
    assert bench.world.calls[calls:] == []

    bench.program.resources[SERVICE, "shop-web-service"] = {"a": "2"}
    assert deployment.up(message="second").changes == Changes(update=1, same=2)

    newest, oldest = deployment.history()
    assert (newest.release["number"], oldest.release["number"]) == (2, 1)
    assert (oldest.message, oldest.release["by"], oldest.release["commit"]) == ("first", "ana", "c0ffee")
    assert oldest.release["result"] == "steady"
    assert (newest.changes, oldest.changes) == (Changes(update=1, same=2), Changes(create=3)), "as `up` told them"
    assert oldest.spec["services"]["web"]["image"] == "nginx:1.27"
    assert len(list((bench.folder() / "backups").iterdir())) == 2
    # An engine that is killed while it writes such a file could not open its state any more.
    assert list((bench.folder() / "state").rglob("*.attrs")) == []

    gone = deployment.destroy()
    assert (gone.result, gone.changes.delete, len(gone.removed)) == (Result.DESTROYED, 3, 3)
    assert bench.world.existing == {}
    assert deployment.destroy().result is Result.DESTROYED
    assert deployment.record() is None
    assert deployment.up().changes == Changes(create=3)


def test_b9_a_replacement_of_a_service_is_stopped_and_allowed(bench):
    deployment = bench.deployment()
    deployment.up()
    bench.program.resources[SERVICE, "shop-web-service"] = {"a": "1", "force": "new"}
    planned = deployment.preview()
    (change,) = planned.planned
    assert (change.action, change.replaced_for, change.interrupts) == ("replace", ("force",), True)
    before = dict(bench.world.existing)
    with pytest.raises(DowntimeError, match=r"service `web`: ECS service .* is replaced because of force"):
        deployment.up()
    assert bench.world.existing == before
    assert deployment.up(allow_downtime=True).changes == Changes(replace=1, same=2)


def test_a_removal_of_a_service_is_stopped_where_nobody_agreed(bench):
    deployment = bench.deployment()
    assert deployment.up(allow_removal=False).result is Result.STEADY
    bench.program.resources[SERVICE, "shop-web-service"] = {"a": "2"}
    assert deployment.up(allow_removal=False).changes.update == 1, "an ordinary update removes nothing"
    del bench.program.resources[SERVICE, "shop-web-service"]
    before = dict(bench.world.existing)
    with pytest.raises(RemovalError, match=r"service `web`: ECS service .* is removed: its tasks are stopped"):
        deployment.up(allow_removal=False)
    assert bench.world.existing == before
    assert deployment.up().changes == Changes(delete=1, same=2)


def test_a_refusal_of_aws_halfway_keeps_what_was_done_and_the_next_up_converges(bench):
    refusal = "creating ECS Service (x): operation error ECS: CreateService, InvalidParameterException: no such thing"
    bench.world.failures["shop-web-service"] = [refusal]
    with pytest.raises(AwsError) as caught:
        bench.deployment().up(bench.events.append)
    error = caught.value
    assert (error.exit_code, error.operation, error.code) == (1, "CreateService", "InvalidParameterException")
    assert error.message.startswith("service `web`: ECS service (shop-web-service): creating ECS Service")
    assert [event.name for event in bench.events if isinstance(event, ResourceFailed)] == ["shop-web-service"]
    assert len(bench.world.existing) == 2
    done = bench.deployment().up()
    assert done.changes == Changes(create=1, same=2)
    history = bench.deployment().history()
    assert [(entry.release.get("result"), entry.changes) for entry in history] == [
        ("steady", done.changes),
        ("failed", None),
    ]


def test_h2_a_passing_refusal_is_tried_once_more(bench):
    bench.world.failures["shop-web-service"] = ["ValidationError: Invalid IAM Instance Profile name"]
    done = bench.deployment().up(bench.events.append)
    assert done.result is Result.STEADY
    assert "trying once more" in bench.said(Notice)
    assert "service `web`: ECS service (shop-web-service): ValidationError: Invalid IAM" in bench.said(Notice)
    bench.world.failures["shop-web-logs"] = ["ThrottlingException: Rate exceeded"] * 2
    bench.program.resources[LOGS, "shop-web-logs"] = {"a": "2"}
    with pytest.raises(EngineError, match="Rate exceeded"):
        bench.deployment().up()


def test_a_missing_or_other_account_is_refused_before_the_engine_runs(bench):
    aws = {"name": "aws", "variables": bench.provider.environment}
    bench.deployment(bench.target(**aws)).up()
    calls = len(bench.world.calls)
    for operation in ("preview", "up", "refresh", "destroy"):
        with pytest.raises(CredentialsError) as caught:
            getattr(bench.deployment(bench.target(**aws, account="999999999999")), operation)()
        assert "123456789012, but these credentials are of 999999999999" in caught.value.message
        with pytest.raises(CredentialsError):
            getattr(bench.deployment(bench.target(**aws, account=None)), operation)()
    with pytest.raises(CredentialsError, match="allows stage `dev` in AWS account 111111111111 only"):
        bench.deployment(bench.target(**aws), spec={"account": "111111111111"}).up()
    assert bench.world.calls[calls:] == []


def test_f1_the_machine_image_is_looked_up_once_and_kept(bench):
    ssm = FakeSsm("ami-00000000000000001")
    target = bench.target(clients={"ssm": ssm})
    bench.deployment(target).up()
    ssm.image = "ami-00000000000000002"
    bench.program.resources[LOGS, "shop-web-logs"] = {"a": "3"}
    bench.deployment(target).up()
    assert {settings.ami_id for settings in bench.program.settings} == {"ami-00000000000000001"}
    bench.deployment(target, spec={"compute": {"ami": "ami-0123456789abcdef0"}}).up()
    record = bench.deployment(target).record()
    assert record is not None
    assert (record.ami_id, record.former_ami_ids) == ("ami-0123456789abcdef0", ("ami-00000000000000001",))


def test_f5_every_machine_image_that_was_used_is_remembered_newest_first(bench):
    first, second, third = (f"ami-0000000000000000{number}" for number in (1, 2, 3))
    for image in (first, second, second, third, first):
        bench.deployment(bench.target(), spec={"compute": {"ami": image}}).up()
    record = bench.deployment(bench.target()).record()
    assert record is not None
    assert (record.ami_id, record.former_ami_ids) == (first, (third, second, first))


def test_another_life_of_the_local_aws_starts_clean_with_a_notice(bench):
    bench.deployment().up()
    bench.world.existing.clear()
    later = bench.target(instance="life-2")
    with pytest.raises(NotDeployedError, match="earlier life"):
        bench.deployment(later).outputs()
    done = bench.deployment(later).up(bench.events.append)
    assert done.changes == Changes(create=3)
    assert "started anew" in bench.said(Notice)
    assert len(list((bench.workspace / ".tstack" / "former").iterdir())) == 1


def test_a1_an_emptied_state_stops_everything(bench):
    bench.deployment().up()
    shutil.rmtree(bench.folder() / "state" / ".pulumi" / "stacks")
    with pytest.raises(EngineError, match="had 3 resources"):
        bench.deployment().up()
    assert len(bench.world.existing) == 3


def test_a2_a_refresh_that_would_drop_more_than_the_limit_stops(bench):
    bench.deployment().up()
    gone = [key for key in bench.world.existing if "service" not in key]
    for key in gone:
        del bench.world.existing[key]
    report = bench.deployment().refresh(dry_run=True)
    assert report.changes.delete == 2
    with pytest.raises(EngineError, match="would drop 2 resources"):
        bench.deployment(refresh_limit=1).refresh()
    assert bench.deployment().refresh().changes.delete == 2
    assert bench.deployment().up().changes == Changes(create=2, same=1)


def test_the_history_is_whole_however_long_it_is(bench):
    """The engine gives ten changes where no number is asked for (`pulumi stack history`)."""
    for number in range(12):
        bench.program.resources[LOGS, "shop-web-logs"] = {"a": str(number)}
        bench.deployment().up()
    assert [entry.release["number"] for entry in bench.deployment().history()] == list(range(12, 0, -1))
    assert [release.number for release in bench.deployment().releases()] == list(range(12, 0, -1))


def test_a_stage_of_another_folder_is_not_built_or_destroyed_a_second_time(bench):
    tags = [{"key": "tinystacks:stack", "value": "shop"}, {"key": "tinystacks:stage", "value": "dev"}]

    class OneCluster(EmptyService):
        cluster: ClassVar[dict[str, Any]] = {"clusterName": "shop-dev", "status": "ACTIVE", "tags": tags}

        def describe_clusters(self, **arguments):
            assert arguments == {"clusters": ["shop-dev"], "include": ["TAGS"]}
            return {"clusters": [self.cluster]}

    target = bench.target(clients={"ecs": OneCluster()})
    for forbidden in (bench.deployment(target).up, bench.deployment(target).preview, bench.deployment(target).destroy):
        with pytest.raises(EngineError, match=r"its state is not in this folder.*Nothing was changed") as refused:
            forbidden()
        assert "tstack status --cluster shop-dev --local" in refused.value.hint
    assert bench.world.existing == {}
    OneCluster.cluster = {**OneCluster.cluster, "status": "INACTIVE"}
    assert bench.deployment(target).up().changes.create == 3
    OneCluster.cluster = {**OneCluster.cluster, "status": "ACTIVE"}
    assert bench.deployment(target).preview().changes == Changes(same=3)


def test_what_stays_in_the_account_is_not_told_as_deleted(bench):
    bench.program.retained.add((LOGS, "shop-web-logs"))
    bench.deployment().up()
    inputs = bench.program.resources.pop((LOGS, "shop-web-logs"))
    assert [change.action for change in bench.deployment().preview().planned] == ["keep"]
    bench.program.resources[SERVICE, "shop-web-service"] = {"a": "2"}
    assert bench.deployment().up(bench.events.append).changes == Changes(update=1, same=1)
    logs = {event.action for event in bench.events if isinstance(event, ResourceStarted) and event.type == LOGS}
    assert logs == {Action.KEEP}
    assert any("logs" in key for key in bench.world.existing)
    bench.program.resources[LOGS, "shop-web-logs"] = inputs
    bench.world.existing.clear()
    assert bench.deployment().refresh().changes.delete == 2


def test_a8_a_secret_is_nowhere_in_plain_text(bench):
    class SecretProgram(PlainProgram):
        def __call__(self, stage, settings):
            inner = super().__call__(stage, settings)

            def program():
                inner()
                pulumi.export("token", pulumi.Output.secret("canary-1f9"))

            return program

    deployment = bench.deployment(program=SecretProgram(bench.program.resources))
    deployment.up()
    deployment.up(force=True)
    found = [path for path in bench.workspace.rglob("*") if path.is_file() and b"canary-1f9" in path.read_bytes()]
    assert found == []


def test_a10_the_stage_s_settings_file_may_be_lost(bench):
    bench.deployment().up()
    (bench.folder() / "Pulumi.dev.yaml").unlink()
    bench.program.resources[LOGS, "shop-web-logs"] = {"a": "2"}
    assert bench.deployment().up().changes == Changes(update=1, same=2)
    (bench.folder() / "Pulumi.dev.yaml").unlink()
    assert bench.deployment().destroy().changes.delete == 3


def test_a9_a_lost_passphrase_is_explained(bench):
    class SecretProgram(PlainProgram):
        def __call__(self, stage, settings):
            return lambda: pulumi.export("token", pulumi.Output.secret("x"))

    bench.deployment(program=SecretProgram({})).up()
    (bench.folder() / "passphrase").write_text("another")
    with pytest.raises(EngineError, match="passphrase is wrong or missing"):
        bench.deployment(program=SecretProgram({})).up(force=True)


def test_a5_two_ups_of_one_stage_the_second_is_refused_and_the_first_untouched(bench):
    bench.world.slow = {"shop-web-service"}
    with bench.child("up") as child:
        assert bench.world.busy.wait(60)
        with pytest.raises(LockedError) as caught:
            bench.deployment().up()
        assert f"process {child.pid}" in caught.value.message
        assert f"on {os.uname().nodename}" in caught.value.message
        with pytest.raises(LockedError):
            bench.deployment().unlock()
        bench.world.go_on.set()
        output, _errors = child.communicate(timeout=60)
    assert child.returncode == 0, output
    assert len(bench.world.existing) == 3


def test_a4_the_first_interrupt_lets_the_engine_end_in_order(bench):
    bench.world.slow = {"shop-web-service"}
    with bench.child("up") as child:
        assert bench.world.busy.wait(60)
        eventually(lambda: len(bench.world.existing) == 2, what="the resources made beside it")
        child.send_signal(signal.SIGINT)
        output, _errors = child.communicate(timeout=60)
    assert child.returncode == 130, output
    assert "brought to its end" in output
    assert "Traceback" not in output
    assert bench.world.cancelled.is_set()
    bench.world.slow = set()
    done = bench.deployment().up(bench.events.append)
    assert done.changes == Changes(create=1, same=2)
    assert bench.said(Warned) == ""


@pytest.mark.parametrize(("dry_run", "typed"), [(False, "up --refresh"), (True, "drift")])
def test_an_interrupt_while_aws_is_read_names_the_command_that_was_typed(bench, dry_run, typed):
    bench.deployment().up()
    bench.world.slow = {"shop-web-service"}
    deployment = bench.deployment()
    asker = threading.Thread(target=lambda: bench.world.busy.wait(60) and deployment.cancel())
    asker.start()
    with pytest.raises(InterruptedByUserError) as stopped:
        deployment.refresh(dry_run=dry_run)
    asker.join()
    assert stopped.value.message == f"Interrupted during `{typed}`."
    assert "pulumi" not in str(stopped.value)
    bench.world.slow = set()
    assert bench.deployment().up().result is Result.UNCHANGED


def test_a4_the_second_interrupt_ends_the_engine_at_once_and_warns(bench):
    bench.world.slow = {"shop-web-service"}
    bench.world.patient = True
    with bench.child("up") as child:
        assert bench.world.busy.wait(60)
        child.send_signal(signal.SIGINT)
        assert bench.world.told.wait(60)
        child.send_signal(signal.SIGTERM)
        output, _errors = child.communicate(timeout=60)
    assert child.returncode == 130, output
    assert "Ended at once" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("with_engine", [True, False], ids=["engine too", "only the command"])
def test_a3_after_sigkill_in_the_middle_of_up_the_next_command_says_so_and_goes_on(bench, with_engine):
    bench.world.slow = {"shop-web-service"}
    with bench.child("up") as child:
        assert bench.world.busy.wait(60)
        engine_pid = int((bench.folder() / "lock").read_text().partition('"engine_pid": ')[2].rstrip("}"))
        child.kill()
        child.wait()
        if with_engine:
            os.kill(engine_pid, signal.SIGKILL)
        child.communicate()
    bench.world.slow = set()
    if with_engine:
        bench.world.cancelled.set()
        bench.world.go_on.set()
    done = bench.deployment().up(bench.events.append)
    assert done.result is Result.STEADY
    assert f"process {child.pid}" in bench.said(Warned)
    assert "did not come to its end" in bench.said(Warned)
    if with_engine:
        assert "Unfinished from an earlier command:" in bench.said(Notice)
        assert "creating service `web`: ECS service (shop-web-service)" in bench.said(Notice)
        assert "lock was left by a command that is gone" in bench.said(Notice)
    assert bench.deployment().up().result is Result.UNCHANGED


def test_c6_after_sigkill_in_the_middle_of_destroy_the_next_one_ends_it(bench):
    bench.deployment().up()
    bench.world.slow = {"shop-web-targets"}
    with bench.child("destroy") as child:
        assert bench.world.busy.wait(60)
        child.kill()
        child.communicate()
    bench.world.slow = set()
    done = bench.deployment().destroy(bench.events.append)
    assert done.result is Result.DESTROYED
    assert "did not come to its end" in bench.said(Warned)
    assert bench.world.existing == {}


def test_a15_a16_two_stages_at_once_in_threads_of_one_program(bench):
    results, errors = {}, []

    def deploy(stage: str) -> None:
        program = PlainProgram(
            {(GROUP, "shop-web-targets"): {"stage": stage}, (LOGS, "shop-web-logs"): {"stage": stage}}
        )
        try:
            results[stage] = bench.deployment(stage=stage, program=program).up()
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=deploy, args=(stage,)) for stage in ("dev", "prod", "test")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert {stage: result.changes for stage, result in results.items()} == {
        stage: Changes(create=2) for stage in ("dev", "prod", "test")
    }
    stages = sorted(values["stage"] for values in bench.world.existing.values())
    assert stages == ["dev", "dev", "prod", "prod", "test", "test"]


def test_a14_another_name_of_the_stack_in_the_same_folder_is_refused(bench):
    bench.deployment().up()
    other = StackSpec.model_validate({"name": "store", "services": {"web": {"image": "nginx:1", "port": 80}}}).stage(
        "dev"
    )
    deployment = Deployment(other, bench.target(), workspace=bench.workspace, program=bench.program)
    with pytest.raises(UsageError, match="belongs to stack `shop`"):
        deployment.up()


def test_b2_after_a_rollback_by_ecs_the_next_up_deploys_the_revision_again(bench):
    inputs = {"cluster": "shop-dev", "name": "shop-web-service", "taskDefinition": "shop-web:2"}
    bench.program.resources[SERVICE, "shop-web-service"] = inputs

    class RolledBackEcs(EmptyService):
        def describe_services(self, **arguments):
            live = next(values for key, values in bench.world.existing.items() if "service" in key)
            arn = f"arn:aws:ecs:eu-west-1:123456789012:task-definition/{live['taskDefinition']}"
            return {"services": [{"serviceName": arguments["services"][0], "taskDefinition": arn}]}

    def planned_revision():
        preview = bench.deployment(target).preview(bench.events.append)
        (revision,) = [one for one in preview.planned[-1].differences if one.property == "taskDefinition"]
        assert (len(preview.planned), preview.changes) == (1, Changes(update=1, same=2))
        return revision.before.rpartition("/")[2], revision.after

    target = bench.target(clients={"ecs": RolledBackEcs()})
    bench.deployment(target).up()
    assert bench.deployment(target).up().result is Result.UNCHANGED
    service = next(key for key in bench.world.existing if "service" in key)
    bench.world.existing[service] = {**inputs, "taskDefinition": "shop-web:1"}
    assert planned_revision() == ("shop-web:1", "shop-web:2")
    assert "runs shop-web:1, and shop-web:2 was recorded, as after a rollback by ECS" in bench.said(Warned)
    bench.program.resources[SERVICE, "shop-web-service"] = {**inputs, "taskDefinition": "shop-web:3"}
    assert planned_revision() == ("shop-web:1", "shop-web:3")
    bench.program.resources[SERVICE, "shop-web-service"] = inputs
    done = bench.deployment(target).up(bench.events.append)
    assert done.changes == Changes(update=1, same=2)
    assert "rolled back" in bench.said(Notice)
    assert bench.world.existing[service] == inputs

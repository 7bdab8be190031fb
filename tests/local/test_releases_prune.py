"""Old task definition revisions of a whole stage, deregistered when nothing needs them (trap B3)."""

from __future__ import annotations

import pytest

from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_deploying_child import local_deployment
from tests.fakes.local_stage import refusal
from tinystacks.deployment.ends import Result
from tinystacks.deployment.events import PhaseStarted
from tinystacks.deployment.revision_choice import Revision, Use
from tinystacks.errors import InterruptedByUserError, NotDeployedError, UsageError
from tinystacks.local.process import LocalAws

CLUSTER = "shop-dev"
VERSIONS = 5
BY_HAND = {"family": "shop-dev-web", "containerDefinitions": [{"name": "web", "image": "nginx:9", "memory": 64}]}
OTHER_STAGE = [{"key": "tinystacks:stack", "value": "shop"}, {"key": "tinystacks:stage", "value": "dev-eu"}]


class Stage:
    """A stage of five releases, each with a revision of its own, and revisions that are none of its own."""

    def __init__(self, local, home, folder):
        self.local = local
        self.home = home
        self._folder = folder
        for version in range(1, VERSIONS + 1):
            assert self.deployment(version).up().result is Result.STEADY
        self.ecs = self.deployment().target.client("ecs")
        self.ecs.register_task_definition(**BY_HAND)
        for _ in range(2):
            self.ecs.register_task_definition(**{**BY_HAND, "family": "shop-dev-eu-web"}, tags=OTHER_STAGE)

    def deployment(self, version=VERSIONS):
        services = {"web": {"image": f"nginx:{version}", "port": 80}}
        compute = {"kind": "fargate"}
        return local_deployment(self._folder, self.home, engine_or_skip().path, services=services, compute=compute)

    def active(self, family="shop-dev-web"):
        arns = self.ecs.list_task_definitions(familyPrefix=family, status="ACTIVE")["taskDefinitionArns"]
        return [Revision.of(arn).number for arn in arns]

    def runs(self):
        name = self.deployment().outputs().services["web"].service_name
        (service,) = self.ecs.describe_services(cluster=CLUSTER, services=[name])["services"]
        definition = self.ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
        return definition["revision"], definition["containerDefinitions"][0]["image"]


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    home = tmp_path_factory.mktemp("local")
    local = LocalAws(home=home)
    local.start("simulated", speed=60)
    yield Stage(local, home, tmp_path_factory.mktemp("project"))
    local.stop()


def numbers(revisions):
    return [one.number for one in revisions]


def reasons(plan):
    return {one.revision.number: set(one.uses) for one in plan.kept}


def test_b3_only_what_nothing_uses_and_no_kept_release_ran_is_deregistered_and_rollbacks_go_on(stage):
    ecs, deployment = stage.ecs, stage.deployment()
    network = deployment.outputs()
    live = ecs.describe_services(cluster=CLUSTER, services=[network.services["web"].service_name])["services"][0]
    where = {"networkConfiguration": live["networkConfiguration"]}
    ecs.run_task(cluster=CLUSTER, taskDefinition="shop-dev-web:1", launchType="FARGATE", **where)

    pruning = deployment.pruning(keep=2)
    plan = pruning.plan()
    assert (numbers(plan.doomed), stage.active()) == ([2, 3], [1, 2, 3, 4, 5, 6])
    why = reasons(plan)
    assert (why[1], why[4], why[6]) == ({Use.TASK}, {Use.RELEASE}, {Use.UNMARKED})
    assert why[5] == {Use.SERVICE, Use.TASK, Use.SERVICE_DEPLOYMENT, Use.STATE, Use.RELEASE, Use.LAST_STEADY}
    assert plan.counts == {Use.SERVICE: 1, Use.TASK: 1, Use.RELEASE: 1, Use.UNMARKED: 1}

    # Between the question and the answer somebody begins to use one of them.
    ecs.create_service(
        cluster=CLUSTER,
        serviceName="by-hand",
        taskDefinition="shop-dev-web:2",
        desiredCount=0,
        launchType="FARGATE",
        **where,
    )
    done = pruning.prune(plan)
    assert (numbers(done.deregistered), stage.active()) == ([3], [1, 2, 4, 5, 6])
    assert Use.SERVICE in reasons(done.plan)[2]

    again = deployment.pruning(keep=2)
    assert again.prune(again.plan()).deregistered == ()
    assert stage.active() == [1, 2, 4, 5, 6]
    assert stage.active("shop-dev-eu-web") == [1, 2], "another stage whose families begin alike keeps its own"
    code, _ = refusal(ecs.update_service, cluster=CLUSTER, service="by-hand", taskDefinition="shop-dev-web:3")
    assert code == "ClientException"

    assert deployment.up().result is Result.UNCHANGED
    assert deployment.rollback(deployment.rollback_plan(4)).result is Result.STEADY
    assert stage.runs() == (7, "nginx:4")
    # Of release 3 the revision is INACTIVE: its image and settings come back as a new one.
    assert deployment.rollback(deployment.rollback_plan(3)).result is Result.STEADY
    assert stage.runs() == (8, "nginx:3")
    ecs.delete_service(cluster=CLUSTER, service="by-hand", force=True)


def test_b3_a_deployment_under_way_keeps_what_it_may_go_back_to(stage):
    """Whichever of the two the service is at when it is looked at, on the way there or back."""
    stage.local.break_("pull", "web")
    seen = {}

    def look(event):
        if isinstance(event, PhaseStarted) and event.phase == "waiting":
            seen[stage.runs()[0]] = reasons(stage.deployment().pruning(keep=1).plan())

    before = stage.runs()[0]
    assert stage.deployment().up(look).result is Result.ROLLED_BACK
    stage.local.mend("pull")
    [(new, why)] = seen.items()
    assert new >= before
    assert Use.SERVICE_DEPLOYMENT in why[before]
    assert {Use.SERVICE_DEPLOYMENT, Use.STATE, Use.RELEASE} <= why[before + 1]


def test_b3_throttled_and_interrupted_it_goes_on_where_it_was(stage):
    def interrupt(event):
        if isinstance(event, PhaseStarted) and event.phase == "clearing":
            broken_off.cancel()

    broken_off = stage.deployment()
    pruning = broken_off.pruning(keep=1)
    plan = pruning.plan()
    assert len(plan.doomed) >= 3
    stage.local.break_("throttling")
    with pytest.raises(InterruptedByUserError, match="Interrupted"):
        pruning.prune(plan, interrupt)
    left = [number for number in numbers(plan.doomed) if number in stage.active()]
    assert left, "it ended before all were deregistered"

    rest = stage.deployment().pruning(keep=1)
    assert numbers(rest.prune(rest.plan()).deregistered) == left
    stage.local.mend("throttling")
    assert not set(numbers(plan.doomed)) & set(stage.active())


def test_nothing_is_pruned_without_a_release_kept_or_without_a_stage(stage, tmp_path):
    with pytest.raises(UsageError, match="0 releases cannot be kept"):
        stage.deployment().pruning(keep=0)
    empty = local_deployment(tmp_path, stage.home, engine_or_skip().path)
    with pytest.raises(NotDeployedError, match="is not deployed"):
        empty.pruning()

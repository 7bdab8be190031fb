"""Failures on demand against the real background process: what breaks, who notices, and what mending brings back."""

import functools
import urllib.error
import urllib.request
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.fakes.local_stage import LocalStage, eventually, fetch
from tinystacks.errors import LocalAwsError, UsageError
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

ZONES = ("us-east-1a", "us-east-1b")
EVEN = dict.fromkeys(ZONES, 2)


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    made = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
    made.start(runtime="simulated", speed=100)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def client(local):
    return functools.cache(LocalTarget(local.status(), "us-east-1").client)


@pytest.fixture(scope="module")
def whole_stage(client):
    made = LocalStage(client=client)
    made.make_network()
    made.make_instances(minimum=2, maximum=4)
    made.make_endpoint()
    made.make_service(made.register(), count=4)
    made.wait_steady()
    return made


@pytest.fixture
def stage(whole_stage, local):
    """The stage in order, before and after; zone rebalancing, which may follow what was mended, has ended."""
    whole_stage.wait_steady(seconds=30)
    eventually(lambda: is_even(whole_stage), what="four tasks, evenly over the zones", seconds=90)
    yield whole_stage
    local.mend()
    whole_stage.wait_steady(seconds=30)


def zones(tasks):
    return Counter(one.get("availabilityZone", "") for one in tasks)


def is_even(stage):
    tasks = stage.tasks()
    return [task["lastStatus"] for task in tasks] == ["RUNNING"] * 4 and zones(tasks) == EVEN


def messages(stage):
    return " ".join(event["message"] for event in stage.service()["events"])


def arns(stage):
    return {one["taskArn"] for one in stage.tasks()}


def instance_arns(client):
    return set(client("ecs").list_container_instances(cluster="shop")["containerInstanceArns"])


def instances(client):
    found = client("ecs").list_container_instances(cluster="shop")["containerInstanceArns"]
    return client("ecs").describe_container_instances(cluster="shop", containerInstances=found)["containerInstances"]


def activities(client):
    return client("autoscaling").describe_scaling_activities(AutoScalingGroupName="shop")["Activities"]


def stopped(stage, arn):
    return next((one for one in stage.tasks("STOPPED") if one["taskArn"] == arn), None)


def last_status(stage, task):
    return next(one["lastStatus"] for one in stage.tasks("STOPPED") if one["taskArn"] == task["taskArn"])


def test_a_service_whose_tasks_are_killed_loses_one_after_the_other_until_mended(stage, local):
    before = arns(stage)
    broken = local.break_("task", "web", every_seconds=60)
    assert (broken["kind"], broken["what"], broken["once"]) == ("task", "shop/web", False)
    eventually(lambda: local.failures()[0]["times"] >= 2, what="two kills")
    assert [one["id"] for one in local.mend("web")] == [broken["id"]]
    assert local.failures() == []
    gone_arns = eventually(lambda: len(before - arns(stage)) >= 2 and before - arns(stage), what="two stopped tasks")
    gone = [one for one in stage.tasks("STOPPED") if one["taskArn"] in gone_arns]
    assert {one["containers"][0]["exitCode"] for one in gone} == {137}
    assert {one["stopCode"] for one in gone} == {"EssentialContainerExited"}


def test_one_task_by_its_id_is_killed_once(stage, local):
    before = arns(stage)
    arn = min(before)
    broken = local.break_("task", arn.rpartition("/")[2])
    assert (broken["once"], broken["doing"]) == (True, f"task {arn.rpartition('/')[2]} is killed")
    victim = eventually(lambda: stopped(stage, arn), what="the task stopped")
    assert (victim["containers"][0]["exitCode"], victim["stopCode"]) == (137, "EssentialContainerExited")
    assert local.failures() == []
    eventually(lambda: len(arns(stage) - before) >= 1, what="its replacement")
    # Zone rebalancing may stop others of them, but nothing else kills one.
    others = [one for one in stage.tasks("STOPPED") if one["taskArn"] in before - {arn}]
    assert [one for one in others if one["stopCode"] != "ServiceSchedulerInitiated"] == []


def test_t18_a_lost_instance_is_replaced_and_so_are_its_tasks(stage, local, client):
    """Source: developer guide of 2023, stopped-task-errors."""
    before = {one["ec2InstanceId"]: one["containerInstanceArn"] for one in instances(client)}
    tasks = stage.tasks()
    lost = local.break_("instance")
    assert lost["what"] in before
    assert lost["instances"] == [lost["what"]]
    held = {one["taskArn"] for one in tasks if one.get("containerInstanceArn") == before[lost["what"]]}
    assert held
    eventually(lambda: lost["what"] not in {one["ec2InstanceId"] for one in instances(client)}, what="gone")
    eventually(lambda: local.failures() == [], what="the loss is over")
    # The load balancer may miss the instance's tasks before ECS misses its agent.
    ends = (f"Host EC2 (instance {lost['what']}) terminated.", "Task failed ELB health checks in (target-group ")
    gone = [one for one in stage.tasks("STOPPED") if one["taskArn"] in held]
    assert {one["taskArn"] for one in gone} == held
    assert [one["stoppedReason"] for one in gone if not one["stoppedReason"].startswith(ends)] == []
    eventually(lambda: len(instances(client)) == 2, what="a new instance")
    causes = [one["Cause"] for one in activities(client) if lost["what"] in one["Description"]]
    assert "health check indicating it has been terminated" in causes[0]
    stage.wait_steady()


def test_z8_a_lost_zone_is_left_within_minutes_and_z10_c32_used_again_when_it_is_back(stage, local, client):
    """Source: EC2 Auto Scaling user guide, auto-scaling-benefits; developer guide, service-rebalancing."""
    local.break_("zone", "b")
    assert local.failures()[0]["what"] == "us-east-1b"

    def moved():
        tasks = [one for one in stage.tasks() if one["lastStatus"] == "RUNNING"]
        return zones(tasks) == {"us-east-1a": 4} or None

    eventually(moved, what="all tasks in the other zone", seconds=90)
    codes = [fetch(stage.url)[0] for _ in range(20)]
    assert set(codes) == {200}
    eventually(
        lambda: {one["AvailabilityZone"] for one in group_instances(client)} == {"us-east-1a"} or None,
        what="the group has left the zone",
    )
    local.mend("us-east-1b")
    eventually(
        lambda: {one["AvailabilityZone"] for one in group_instances(client)} == set(ZONES) or None,
        what="the group uses both zones again",
    )
    eventually(lambda: zones(stage.tasks()) == EVEN, what="an even spread", seconds=90)


def group_instances(client):
    group = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["shop"])["AutoScalingGroups"][0]
    return group["Instances"]


def test_t14_health_checks_that_fail_have_tasks_replaced_until_mended(stage, local, client):
    """Source: no AWS document; as users of AWS report it."""
    local.break_("health", "shop/web")
    group = stage.made["target_group"]

    def seen():
        targets = client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        told = [
            one["TargetHealth"].get("Description") for one in targets if one["TargetHealth"]["State"] == "unhealthy"
        ]
        return "Health checks failed with these codes: [503]" in told or None

    eventually(seen, what="unhealthy targets")
    before = arns(stage)
    eventually(lambda: before - arns(stage), what="tasks are replaced")
    assert f"is unhealthy in (target-group {group})" in messages(stage)
    local.mend("health")

    def healthy():
        targets = client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return [one["TargetHealth"]["State"] for one in targets] == ["healthy"] * 4 or None

    eventually(healthy, what="four healthy targets and no others")
    assert fetch(stage.url)[0] == 200


def test_t21_an_image_that_cannot_be_pulled_keeps_the_old_revision(stage, local, client):
    """Source: ECS agent, errors.go; developer guide, stopped-task-error-codes."""
    good = stage.service()["taskDefinition"]
    bad = stage.register(image="example/bad:1")
    local.break_("pull", "example/bad")
    client("ecs").update_service(cluster="shop", service="web", taskDefinition=bad)
    eventually(lambda: "rolling back to deployment" in messages(stage), what="the rollback")
    reasons = {one["stoppedReason"] for one in stage.tasks("STOPPED") if one["taskDefinitionArn"] == bad}
    assert all(one.startswith("CannotPullContainerError: ") for one in reasons)
    assert reasons
    assert fetch(stage.url)[0] == 200
    local.mend("pull")
    stage.wait_steady(task_definition=good)


def test_c34_c31_ec2_without_capacity_launches_nothing_and_the_richest_zone_gives_one_back(stage, local, client):
    """Rules C31, C34: Auto Scaling user guide, ec2-auto-scaling-termination-policies and as-verify-scaling-activity."""
    group = client("autoscaling")
    local.break_("capacity", "ec2")
    group.set_desired_capacity(AutoScalingGroupName="shop", DesiredCapacity=3)

    def refused():
        newest = activities(client)[0]
        return newest if newest["StatusCode"] == "Failed" else None

    told = eventually(refused, what="a failed launch")
    assert "do not have sufficient t3.small capacity" in told["StatusMessage"]
    assert "a user request update of AutoScalingGroup constraints to min: 2, max: 4, desired: 3" in told["Cause"] or (
        "difference between desired and actual capacity" in told["Cause"]
    )
    assert len(group_instances(client)) == 2
    local.mend()
    eventually(lambda: len(group_instances(client)) == 3, what="the launch")
    group.set_desired_capacity(AutoScalingGroupName="shop", DesiredCapacity=2)
    eventually(lambda: len(instances(client)) == 2, what="two instances again", seconds=60)
    assert {one["AvailabilityZone"] for one in group_instances(client)} == set(ZONES)


def test_t27_a_disconnected_agent_keeps_its_tasks_and_gets_no_new_ones(stage, local, client):
    """Source: API ContainerInstance."""
    one = max(instances(client), key=lambda found: found["runningTasksCount"])
    local.break_("agent", one["ec2InstanceId"])
    eventually(lambda: [i["agentConnected"] for i in instances(client)].count(False) == 1, what="cut off")
    before = arns(stage)
    victim = next(task for task in stage.tasks() if task.get("containerInstanceArn") == one["containerInstanceArn"])
    client("ecs").stop_task(cluster="shop", task=victim["taskArn"])
    eventually(lambda: len([t for t in stage.tasks() if t["lastStatus"] == "RUNNING"]) == 4, what="a replacement")
    new = [task for task in stage.tasks() if task["taskArn"] not in before]
    assert new
    assert all(task.get("containerInstanceArn") != one["containerInstanceArn"] for task in new)
    assert last_status(stage, victim) != "STOPPED"
    local.mend("agent")
    eventually(lambda: last_status(stage, victim) == "STOPPED", what="it stops at last")


def test_a_failure_mends_itself_in_time_and_the_list_says_when(stage, local):
    broken = local.break_("pull", for_seconds=300)
    lasting = datetime.fromisoformat(broken["until"]) - datetime.fromisoformat(broken["since"])
    assert timedelta(seconds=2) <= lasting <= timedelta(seconds=4)
    (doing,) = [one["doing"] for one in local.failures()]
    assert doing.startswith("images of all services cannot be pulled; ")
    eventually(lambda: local.failures() == [], what="mended by itself")


def test_a18_calls_are_throttled_and_boto3_gets_through_by_its_retries(stage, local, client):
    """Rule A18: task definitions 1 a second, burst used up.

    Source: AWS General Reference, ecs-service, request throttling (ECS service quotas).
    """
    told = local.status()
    hasty = boto3.client(
        "ecs",
        region_name="us-east-1",
        endpoint_url=told.endpoint_url,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )
    busy: Any = {"family": "busy", "containerDefinitions": [{"name": "a", "image": "i", "memory": 8}]}
    local.break_("throttling")
    refused = []
    for _ in range(4):
        try:
            hasty.register_task_definition(**busy)
        except ClientError as error:
            refused.append(error.response.get("Error"))
    client("ecs").register_task_definition(**busy)
    local.mend("throttling")
    assert {"Code": "ThrottlingException", "Message": "Rate exceeded"} in refused
    hasty.register_task_definition(**busy)
    made = client("ecs").list_task_definitions(familyPrefix="busy")["taskDefinitionArns"]
    assert len(made) == 4 - len(refused) + 2


@pytest.mark.parametrize(
    ("kind", "what", "message", "hint"),
    [
        ("tsak", "", "there is no kind of failure `tsak`", "Did you mean `task`?"),
        ("nonsense", "", "there is no kind of failure `nonsense`", "Kinds: task, instance, zone, "),
        ("task", "wep", "there is no service or task `wep`", "Did you mean `web`?"),
        ("health", "wep", "there is no service `wep`", "Did you mean `web`?"),
        ("pull", "nothing-like-it", "there is no service or image `nothing-like-it`", "There are: "),
        ("pull", "nothing-like-it", "there is no service or image `nothing-like-it`", "example/web:1"),
        ("capacity", "fargat", "there is no launcher or zone `fargat`", "Did you mean `fargate`?"),
        ("capacity", "nope", "there is no launcher or zone `nope`", "There are: ec2, fargate, us-east-1a"),
        ("zone", "us-east-1", "there is no zone `us-east-1`", "Did you mean `us-east-1"),
        ("zone", "", "say which zone", "One of us-east-1a"),
        ("instance", "i-0123", "there is no instance `i-0123`", ""),
        ("spot", "", "nothing runs on Spot", ""),
        ("throttling", "web", "throttling is of the whole API", ""),
    ],
)
@pytest.mark.usefixtures("stage")
def test_what_cannot_be_broken_is_refused_with_what_can(local, *, kind, what, message, hint):
    with pytest.raises(UsageError, match=message) as caught:
        local.break_(kind, what)
    assert hint in caught.value.hint
    assert ("Did you mean" in caught.value.hint) == ("Did you mean" in hint)
    assert local.failures() == []


def test_spot_only_takes_spot_instances(stage, local, client):
    with pytest.raises(UsageError, match="is no Spot instance"):
        local.break_("spot", instances(client)[0]["ec2InstanceId"])


def test_the_same_failure_twice_and_what_is_not_broken(stage, local):
    broken = local.break_("pull", "example/web")
    with pytest.raises(UsageError, match="pull example/web is broken already") as caught:
        local.break_("pull", "example/web")
    assert broken["id"] in caught.value.hint
    with pytest.raises(UsageError, match="there is no failure `pul`") as caught:
        local.mend("pul")
    assert caught.value.hint == "Did you mean `pull`?"


def test_a_time_must_be_more_than_nothing(stage, local):
    with pytest.raises(UsageError, match="`for` must be more than 0"):
        local.break_("pull", "web", for_seconds=0)


@pytest.mark.parametrize(("kind", "what"), [("zone", "us-east-1a"), ("health", "web"), ("throttling", "")])
def test_only_tasks_fail_every_so_often(stage, local, kind, what):
    with pytest.raises(UsageError, match=f"`every` is for tasks; {kind} fails all the time"):
        local.break_(kind, what, every_seconds=60)
    assert local.failures() == []


def test_before_the_first_stage_there_is_no_zone_to_break(tmp_path):
    empty = LocalAws(home=tmp_path, providers=False)
    empty.start(runtime="simulated")
    try:
        with pytest.raises(UsageError, match="there is no zone in use") as caught:
            empty.break_("zone")
        assert "tstack up --local" in caught.value.hint
    finally:
        empty.stop()


def test_speed_changes_at_once_and_is_told(stage, local):
    created = stage.service()["createdAt"]
    try:
        assert local.set_speed(10).speed == 10
        assert local.status().speed == 10
        with pytest.raises(UsageError, match="speed of the local AWS cannot be"):
            local.set_speed(0)
        with pytest.raises(LocalAwsError) as caught:
            local.start(speed=20)
        assert caught.value.hint == "Change it with `tstack local speed 20`."
    finally:
        local.set_speed(100)
    moved = abs(stage.service()["createdAt"] - created)
    assert moved < timedelta(milliseconds=10), "what was is told at its own time, whatever the speed"


@pytest.mark.parametrize(
    ("path", "body", "content_type", "code"),
    [
        ("speed", b'{"speed": 5}', "text/plain", 400),
        ("speed", b'{"speed": "fast"}', "application/json", 400),
        ("speed", b"{}", "application/json", 400),
        ("break", b"[", "application/json", 400),
        ("break", b"[1]", "application/json", 400),
        ("break", b'{"kind": 1}', "application/json", 400),
        ("mend", None, "application/json", 405),
        ("status", b"{}", "application/json", 405),
        ("nothing", None, "application/json", 404),
    ],
)
def test_wrong_requests_to_the_control_paths_are_answered_with_why(local, path, body, content_type, code):
    request = urllib.request.Request(
        f"{local.status().endpoint_url}/_tinystacks/{path}", data=body, headers={"Content-Type": content_type}
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code == code
    assert b'"message"' in caught.value.read()

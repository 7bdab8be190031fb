"""A stage of real containers: the real server, boto3, HTTP, and a container engine."""

from __future__ import annotations

import functools
import os
import signal

import pytest

from tests.fakes.local_stage import LocalStage, eventually, fetch
from tests.fakes.podman import IMAGE, SERVE, container_ids, shell
from tinystacks.local.process import LocalAws
from tinystacks.local.runtime.docker_labels import HOME, INSTANCE, TASK
from tinystacks.local.target import LocalTarget

LOG_GROUP = "/shop/web"


@pytest.fixture(scope="module")
def engine_found(container_engine):
    """The tests' engine is the one that DOCKER_HOST names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", container_engine.url)
        yield container_engine


@pytest.fixture(scope="module")
def status(engine_found, tmp_path_factory):
    local = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
    started = local.start(runtime="docker", speed=10)
    yield started
    local.stop()
    eventually(lambda: not of_instance(engine_found, started), what="no container left", seconds=30)


@pytest.fixture(scope="module")
def client(status):
    return functools.cache(LocalTarget(status, "us-east-1").client)


@pytest.fixture(scope="module")
def stage(client):
    made = LocalStage(client=client)
    client("logs").create_log_group(logGroupName=LOG_GROUP)
    client("ssm").put_parameter(Name="/shop/greeting", Value=" says hello", Type="SecureString")
    made.make_network()
    made.make_instances()
    made.make_endpoint()
    made.make_service(register(made))
    made.wait_steady(seconds=120)
    return made


def register(stage, script=SERVE, **more):
    settings = {"image": IMAGE, "memory": 64, "secrets": [{"name": "GREETING", "valueFrom": "/shop/greeting"}]}
    return stage.register(log_group=LOG_GROUP, **settings | shell(script) | more)


def of_instance(engine, status):
    return container_ids(engine, f"{INSTANCE}={status.instance_id}")


def of_task(engine, arn):
    return container_ids(engine, f"{TASK}={arn.rpartition('/')[2]}")


def described(client, arn):
    return client("ecs").describe_tasks(cluster="shop", tasks=[arn])["tasks"][0]


def stopped(client, arn):
    def look():
        task = described(client, arn)
        return task if task["lastStatus"] == "STOPPED" else None

    return eventually(look, what="a stopped task", seconds=60)


def lines(client, arn):
    stream = f"web/web/{arn.rpartition('/')[2]}"
    events = client("logs").get_log_events(logGroupName=LOG_GROUP, logStreamName=stream)["events"]
    return [one["message"] for one in events]


def test_the_choice_is_told(status, engine_found):
    assert status.runtime == "docker"
    assert status.container_engine == str(engine_found)


def test_each_task_is_a_container_that_answers_through_the_balancer_with_its_secret(stage, client, engine_found):
    tasks = stage.tasks()
    assert len(tasks) == 2
    assert all(len(of_task(engine_found, one["taskArn"])) == 1 for one in tasks)
    answers = [fetch(f"{stage.url}/") for _ in range(8)]
    assert {code for code, _ in answers} == {200}
    texts = {text.strip() for _, text in answers}
    assert len(texts) == 2
    assert all(one.endswith(" says hello") for one in texts)
    assert {one["containers"][0]["runtimeId"] for one in tasks} == {
        of_task(engine_found, one["taskArn"])[0] for one in tasks
    }
    assert all(one["containers"][0]["imageDigest"].startswith("sha256:") for one in tasks)


def test_a42_lines_are_in_the_tasks_stream(stage, client):
    for task in stage.tasks():
        arn = task["taskArn"]
        eventually(lambda one=arn: "serving" in lines(client, one), what="the first line", seconds=10)


def test_t25_a_stopped_task_gets_sigterm_and_what_it_says_then_is_kept(stage, client, engine_found):
    arn = stage.tasks()[0]["taskArn"]
    client("ecs").stop_task(cluster="shop", task=arn, reason="rehearsal")
    task = stopped(client, arn)
    assert task["containers"][0]["exitCode"] == 0
    assert task["stoppedReason"] == "rehearsal"
    assert "stopping" in lines(client, arn)
    eventually(lambda: not of_task(engine_found, arn), what="its container is removed", seconds=15)
    stage.wait_steady()


def test_d11_a_killed_container_is_exit_code_137_and_its_task_replaced(stage, client, engine_found):
    before = {one["taskArn"] for one in stage.tasks()}
    arn = min(before)
    with engine_found.client() as engine:
        os.kill(engine.inspect_container(of_task(engine_found, arn)[0])["State"]["Pid"], signal.SIGKILL)
    task = stopped(client, arn)
    assert task["containers"][0]["exitCode"] == 137
    assert task["stopCode"] == "EssentialContainerExited"

    def look():
        running = {one["taskArn"] for one in stage.tasks() if one["lastStatus"] == "RUNNING"}
        return (len(running) == 2 and arn not in running) or None

    eventually(look, what="a replacement", seconds=60)
    assert fetch(stage.url)[0] == 200


def test_d28_d32_a_crash_at_the_start_trips_the_breaker_and_is_rolled_back(stage, client):
    good = stage.wait_steady()["taskDefinition"]
    bad = register(stage, "echo no configuration; exit 1")
    client("ecs").update_service(cluster="shop", service="web", taskDefinition=bad)

    def look():
        messages = [event["message"] for event in stage.service()["events"]]
        return any("rolling back to deployment" in message for message in messages) or None

    eventually(look, what="roll back", seconds=90)
    assert stage.wait_steady(task_definition=good, seconds=90)["taskDefinition"] == good
    failed = [one for one in stage.tasks("STOPPED") if one["taskDefinitionArn"] == bad]
    assert {one["containers"][0]["exitCode"] for one in failed} == {1}
    assert lines(client, failed[0]["taskArn"]) == ["no configuration"]


def test_t21_an_image_of_no_registry_fails_as_on_ecs(stage, client):
    definition = register(stage, image="127.0.0.1:1/nowhere/web:1")
    arn = client("ecs").run_task(cluster="shop", taskDefinition=definition, count=1)["tasks"][0]["taskArn"]
    task = stopped(client, arn)
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")


def test_what_a_killed_local_aws_left_is_removed_by_the_next(engine_found, tmp_path):
    local = LocalAws(home=tmp_path, providers=False)
    first = local.start(speed=20)
    try:
        assert first.runtime == "docker"
        assert str(engine_found) in first.notice
        stage = LocalStage(client=LocalTarget(first, "us-east-1").client)
        stage.make_network()
        stage.make_instances(minimum=1)
        definition = stage.register(image=IMAGE, memory=64, **shell(SERVE))
        ecs = stage.client("ecs")
        eventually(lambda: ecs.list_container_instances(cluster="shop")["containerInstanceArns"], what="an instance")
        ecs.run_task(cluster="shop", taskDefinition=definition, count=1)
        [left] = eventually(lambda: of_instance(engine_found, first), what="a container")
        os.kill(first.pid, signal.SIGKILL)
        eventually(lambda: local.status() is None, what="a dead server", seconds=5)
        assert of_instance(engine_found, first) == [left]
        second = local.start(runtime="docker", speed=20)
        assert second.instance_id != first.instance_id
        assert of_instance(engine_found, first) == []
        assert container_ids(engine_found, f"{HOME}={tmp_path}") == []
    finally:
        local.stop()

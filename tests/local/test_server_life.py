"""The local AWS as its users meet it: the real background process, boto3, and HTTP."""

import functools
import hashlib
import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.local_stage import LocalStage, eventually, fetch
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget


@pytest.fixture(scope="module")
def status(tmp_path_factory):
    local = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
    yield local.start(runtime="simulated", speed=40)
    local.stop()


@pytest.fixture(scope="module")
def client(status):
    return functools.cache(LocalTarget(status, "us-east-1").client)


@pytest.fixture(scope="module")
def stage(client):
    """A stage that runs two tasks behind a load balancer."""
    made = LocalStage(client=client)
    client("logs").create_log_group(logGroupName="/shop/web")
    made.make_network()
    made.make_instances()
    made.make_endpoint()
    made.make_service(made.register(log_group="/shop/web"))
    made.wait_steady()
    return made


def test_d13_a_service_becomes_steady_and_its_events_say_so(stage):
    messages = [event["message"] for event in stage.service()["events"]]
    # One event or two, as the tasks come together or one after the other.
    for told in (r"has started (\d+) tasks", r"registered (\d+) targets in"):
        assert sum(int(found[1]) for message in messages if (found := re.search(told, message))) == 2, messages
    eventually(
        lambda: any("has reached a steady state" in event["message"] for event in stage.service()["events"]) or None,
        what="steady state event",
    )


def test_t5_describe_tasks_tells_when_images_were_pulled(stage):
    """API Task: createdAt, pullStartedAt, pullStoppedAt, startedAt."""
    for task in stage.tasks():
        times = [task[name] for name in ("createdAt", "pullStartedAt", "pullStoppedAt", "startedAt")]
        assert times == sorted(times)


def test_c30_instances_lie_in_two_zones_and_p15_so_do_the_tasks(stage, client):
    """Rules C30, P15: Auto Scaling user guide, auto-scaling-benefits; API PlacementStrategy."""
    group = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
    assert {one["AvailabilityZone"] for one in group["Instances"]} == {"us-east-1a", "us-east-1b"}
    assert {one["availabilityZone"] for one in stage.tasks()} == {"us-east-1a", "us-east-1b"}
    reservations = client("ec2").describe_instances(Filters=[{"Name": "vpc-id", "Values": [stage.made["vpc"]]}])
    instances = [one for reservation in reservations["Reservations"] for one in reservation["Instances"]]
    assert {one["SubnetId"] for one in instances} == set(stage.subnets)
    assert {group["GroupId"] for one in instances for group in one["SecurityGroups"]} == {stage.made["security_group"]}


def test_the_endpoint_answers_from_each_task_in_turn(stage):
    answers = [fetch(f"{stage.url}/hello") for _ in range(6)]
    assert {code for code, _ in answers} == {200}
    told = [json.loads(text) for _, text in answers]
    assert {one["service"] for one in told} == {"web"}
    assert {one["task"] for one in told} == {one["taskArn"].rpartition("/")[2] for one in stage.tasks()}


def test_l4_target_health_tells_each_task_by_its_port(stage, client):
    """Source: Application Load Balancer user guide, target-group-health-checks."""
    health = client("elbv2").describe_target_health(TargetGroupArn=stage.made["target_group"])
    states = [one["TargetHealth"] for one in health["TargetHealthDescriptions"]]
    assert states == [{"State": "healthy"}] * 2
    bindings = {
        binding["hostPort"]
        for task in stage.tasks()
        for one in task["containers"]
        for binding in one["networkBindings"]
    }
    assert {one["Target"]["Port"] for one in health["TargetHealthDescriptions"]} == bindings


def test_a42_what_tasks_write_is_in_their_log_streams(stage, client):
    """Rule A42: ECS developer guide, using_awslogs."""
    fetch(f"{stage.url}/for-the-log")
    streams = client("logs").describe_log_streams(logGroupName="/shop/web")["logStreams"]
    names = {one["logStreamName"] for one in streams}
    assert {f"web/web/{one['taskArn'].rpartition('/')[2]}" for one in stage.tasks()} <= names

    def look():
        events = client("logs").filter_log_events(logGroupName="/shop/web")["events"]
        return any("/for-the-log" in one["message"] for one in events) or None

    eventually(look, what="request in the log")


def test_times_are_those_of_the_users_clock(stage, client):
    now = datetime.now(UTC)
    service = stage.service()
    told = [service["createdAt"], service["events"][0]["createdAt"]]
    told += [task["startedAt"] for task in stage.tasks()]
    assert all(timedelta(0) <= now - one < timedelta(minutes=10) for one in told)
    arns = client("ecs").list_service_deployments(
        cluster="shop", service="web", createdAt={"before": now, "after": now - timedelta(minutes=10)}
    )
    assert len(arns["serviceDeployments"]) == 1


def test_d11_a_stopped_task_is_replaced(stage, client):
    before = {one["taskArn"] for one in stage.tasks()}
    client("ecs").stop_task(cluster="shop", task=min(before), reason="rehearsal")

    def look():
        running = {one["taskArn"] for one in stage.tasks() if one["lastStatus"] == "RUNNING"}
        return (len(running) == 2 and running != before) or None

    eventually(look, what="a replacement")
    stopped = [one for one in stage.tasks("STOPPED") if one["taskArn"] in before]
    assert [one["stoppedReason"] for one in stopped] == ["rehearsal"]


def test_d4_a_new_revision_rolls_without_an_interruption(stage, client):
    stage.wait_steady()
    second = stage.register(log_group="/shop/web")
    client("ecs").update_service(cluster="shop", service="web", taskDefinition=second)
    codes = []

    def look():
        codes.append(fetch(stage.url)[0])
        service = stage.service()
        done = len(service["deployments"]) == 1 and service["deployments"][0]["rolloutState"] == "COMPLETED"
        return done or None

    eventually(look, what="second revision completed")
    assert set(codes) == {200}
    assert {one["taskDefinitionArn"] for one in stage.tasks()} == {second}
    assert json.loads(fetch(stage.url)[1])["revision"] == int(second.rpartition(":")[2])


def test_d32_a_revision_that_crashes_is_rolled_back(stage, client):
    good = stage.wait_steady()["taskDefinition"]
    bad = stage.register(simulate="crash", log_group="/shop/web")
    client("ecs").update_service(cluster="shop", service="web", taskDefinition=bad)

    def look():
        messages = [event["message"] for event in stage.service()["events"]]
        return any("rolling back to deployment" in message for message in messages) or None

    eventually(look, what="roll back")
    service = stage.wait_steady(task_definition=good)
    assert service["deployments"][0]["taskDefinition"] == good
    assert fetch(stage.url)[0] == 200


def test_l14_a_revision_that_answers_503_is_rolled_back(stage, client):
    """Source: developer guide, service-event-messages-list."""
    good = stage.wait_steady()["taskDefinition"]
    bad = stage.register(simulate="unhealthy", log_group="/shop/web")
    client("ecs").update_service(cluster="shop", service="web", taskDefinition=bad)

    def look():
        messages = [event["message"] for event in stage.service()["events"]]
        return any("Health checks failed with these codes: [503]" in message for message in messages) or None

    eventually(look, what="unhealthy event")
    assert stage.wait_steady(task_definition=good, seconds=90)["taskDefinition"] == good


def run_until_stopped(client, definition):
    arn = client("ecs").run_task(cluster="shop", taskDefinition=definition, count=1)["tasks"][0]["taskArn"]

    def look():
        task = client("ecs").describe_tasks(cluster="shop", tasks=[arn])["tasks"][0]
        return task if task["lastStatus"] == "STOPPED" else None

    return eventually(look, what="stopped task")


def test_a42_a_missing_log_group_keeps_containers_from_starting(stage, client):
    task = run_until_stopped(client, stage.register(log_group="/not/there"))
    reason = task["containers"][0]["reason"]
    assert reason.startswith("CannotStartContainerError: ")
    assert "The specified log group does not exist" in reason


def test_t21_an_image_that_the_own_registry_does_not_have_cannot_be_pulled(stage, client):
    """Source: ECS agent, errors.go; developer guide, stopped-task-error-codes."""
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web:1"
    task = run_until_stopped(client, stage.register(image=image))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert image in task["containers"][0]["reason"]


def test_t21_an_image_that_was_pushed_can_be_pulled(stage, client):
    """Source: ECS agent, errors.go; developer guide, stopped-task-error-codes."""
    ecr = client("ecr")
    ecr.create_repository(repositoryName="shop/web")
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
    layers = {"config": {"digest": f"sha256:{'1' * 64}"}, "layers": []}
    put = ecr.put_image(repositoryName="shop/web", imageTag="2", imageManifest=json.dumps(manifest | layers))
    digest = put["image"]["imageId"]["imageDigest"]
    for reference in (":2", f"@{digest}"):
        image = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web{reference}"
        task = run_until_stopped(client, stage.register(image=image, simulate="exit:1"))
        assert task["stopCode"] == "EssentialContainerExited"
        assert task["containers"][0]["exitCode"] == 0


def test_an_image_is_named_by_its_manifest(client):
    """Amazon ECR API, ImageIdentifier: the digest is the SHA-256 of the manifest, also of one without layers."""
    ecr = client("ecr")
    ecr.create_repository(repositoryName="shop/indexes")
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}
    manifests = [json.dumps({**index, "annotations": {"of": str(number)}}) for number in range(3)]
    for number, manifest in enumerate(manifests):
        ecr.put_image(repositoryName="shop/indexes", imageTag=str(number), imageManifest=manifest)
    listed = {one["imageTag"]: one["imageDigest"] for one in ecr.list_images(repositoryName="shop/indexes")["imageIds"]}
    assert listed == {
        str(number): f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
        for number, manifest in enumerate(manifests)
    }


def test_t23_a_secret_that_is_not_there_keeps_containers_from_starting(stage, client):
    """Source: no AWS document; as users of AWS report it."""
    arn = "arn:aws:ssm:us-east-1:123456789012:parameter/shop/db"
    secrets = [{"name": "DB", "valueFrom": arn}]
    task = run_until_stopped(client, stage.register(secrets=secrets))
    assert "ResourceInitializationError: unable to pull secrets or registry auth" in task["containers"][0]["reason"]
    client("ssm").put_parameter(Name="/shop/db", Value="x", Type="SecureString")
    made = client("secretsmanager").create_secret(Name="shop/key", SecretString="{}")["ARN"]
    secrets += [{"name": "SHORT", "valueFrom": "/shop/db"}, {"name": "KEY", "valueFrom": f"{made}:field::"}]
    task = run_until_stopped(client, stage.register(secrets=secrets, simulate="exit:1"))
    assert task["containers"][0]["exitCode"] == 0


def test_c13_managed_scaling_adds_instances_for_tasks_that_wait(stage, client):
    client("ecs").update_service(cluster="shop", service="web", desiredCount=18)

    def look():
        group = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
        return len(group["Instances"]) > 2 or None

    eventually(look, what="a third instance", seconds=60)
    activities = client("autoscaling").describe_scaling_activities(AutoScalingGroupName="shop")["Activities"]
    assert any("changing the desired capacity" in one["Cause"] for one in activities)
    tags = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]["Tags"]
    assert "AmazonECSManaged" in {one["Key"] for one in tags}
    client("ecs").update_service(cluster="shop", service="web", desiredCount=2)
    stage.wait_steady()


def test_a31_teardown_in_aws_order_leaves_nothing(stage, client):
    stage.remove()
    assert client("ecs").list_clusters()["clusterArns"] == []
    assert client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"] == []
    with pytest.raises(OSError, match=r"refused|Errno 111"):
        fetch(stage.url)

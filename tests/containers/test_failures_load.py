"""CPU load for real: busy containers have tasks and instances added, and both come back in."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from tests.fakes.local_stage import LocalStage, eventually
from tests.fakes.podman import IMAGE, shell
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

BUSY_SECONDS = 40
"""Real seconds: three simulated minutes of metrics twice, and the starts between them, on a busy machine."""
MOST = 6
BUSY_INSTANCES = 3
SPREAD_INSTANCES = 2
"""Tasks are spread over instances: each of the two that are left keeps its own busy (rule C23)."""
RESOURCE = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/shop/web",
    "ScalableDimension": "ecs:service:DesiredCount",
}


@pytest.fixture(scope="module")
def local(container_engine, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", container_engine.url)
        made = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
        made.start(runtime="docker", speed=20)
        yield made
        made.stop()


@pytest.fixture(scope="module")
def stage(local):
    status = local.status()
    assert status is not None
    target, clients = LocalTarget(status, "us-east-1"), {}

    def client(service):
        return clients.setdefault(service, clients.get(service) or target.client(service))

    made = LocalStage(client=client)
    made.make_network()
    made.make_instances(minimum=1, maximum=BUSY_INSTANCES)
    made.make_endpoint()
    return made


def test_s3_c18_c19_load_adds_tasks_and_instances_and_both_come_back_in(stage, local):
    busy_until = int(time.time()) + BUSY_SECONDS
    script = (
        "trap 'exit 0' TERM; mkdir -p /tmp/www; echo up > /tmp/www/index.html; "
        "/bin/busybox httpd -f -p 8080 -h /tmp/www & "
        f"while [ $(/bin/busybox date +%s) -lt {busy_until} ]; do "
        "n=0; while [ $n -lt 500 ]; do n=$((n+1)); done; done; wait"
    )
    # Two fit an instance by memory; their CPU is a share, so that one may use far more than it reserved.
    stage.make_service(stage.register(image=IMAGE, memory=900, cpu=32, **shell(script)), count=2)
    stage.wait_steady(seconds=90)
    scaling = stage.client("application-autoscaling")
    scaling.register_scalable_target(**RESOURCE, MinCapacity=2, MaxCapacity=MOST)
    scaling.put_scaling_policy(
        **RESOURCE,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 70.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            "ScaleOutCooldown": 30,
            "ScaleInCooldown": 30,
        },
    )

    def instances():
        return len(stage.client("ecs").list_container_instances(cluster="shop")["containerInstanceArns"])

    eventually(lambda: stage.service()["desiredCount"] == MOST, what="scaled to the maximum", seconds=90)
    eventually(lambda: stage.service()["runningCount"] == MOST, what="all of them run", seconds=90)
    assert instances() == BUSY_INSTANCES
    left = busy_until - time.time()
    local.set_speed(60)
    eventually(lambda: stage.service()["runningCount"] == 2, what="two tasks again", seconds=max(0, left) + 120)
    eventually(lambda: instances() == SPREAD_INSTANCES, what="an instance less", seconds=120)
    [activity] = scaling.describe_scaling_activities(**{k: RESOURCE[k] for k in ("ServiceNamespace", "ResourceId")})[
        "ScalingActivities"
    ][-1:]
    assert "triggered policy cpu" in activity["Cause"]
    assert datetime.now(UTC) >= activity["StartTime"]

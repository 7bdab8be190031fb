"""Failures on demand where Spot and Fargate run the tasks."""

import pytest

from tests.fakes.local_stage import LocalStage, eventually
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

ZONES = ("us-east-1a", "us-east-1b")


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    made = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
    made.start(runtime="simulated", speed=100)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def client(local):
    target = LocalTarget(local.status(), "us-east-1")
    clients = {name: target.client(name) for name in ("ec2", "ecs", "autoscaling", "ssm", "elbv2")}
    return clients.__getitem__


@pytest.fixture(scope="module")
def network(client):
    """A cluster with Fargate, and two subnets in two zones."""
    made = LocalStage(client=client, name="serverless")
    made.make_network()
    client("ecs").create_cluster(clusterName="serverless", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    client("ecs").register_task_definition(
        family="job",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "job", "image": "example/job:1"}],
    )
    return {"awsvpcConfiguration": {"subnets": made.subnets, "assignPublicIp": "ENABLED"}}


def described(client, arn):
    return client("ecs").describe_tasks(cluster="serverless", tasks=[arn])["tasks"][0]


def reaches(client, arn, status):
    def look():
        task = described(client, arn)
        return task if task["lastStatus"] == status else None

    return eventually(look, what=f"a task that is {status}")


def run(client, network, provider):
    started = client("ecs").run_task(
        cluster="serverless",
        taskDefinition="job",
        networkConfiguration=network,
        capacityProviderStrategy=[{"capacityProvider": provider, "weight": 1}],
    )
    return started["tasks"][0]["taskArn"]


def test_t19_a_task_on_fargate_spot_is_interrupted(local, client, network):
    """Source: API CapacityProviderStrategyItem."""
    arn = run(client, network, "FARGATE_SPOT")
    reaches(client, arn, "RUNNING")
    broken = local.break_("spot", "fargate")
    assert broken["what"] == arn.rpartition("/")[2]
    task = reaches(client, arn, "STOPPED")
    assert (task["stopCode"], task["stoppedReason"]) == ("SpotInterruption", "Your Spot Task was interrupted.")
    assert local.failures() == []


def test_p33_fargate_without_capacity_starts_nothing_until_mended(local, client, network):
    """Source: developer guide, service-event-messages-list."""
    local.break_("capacity", "fargate")
    refused = client("ecs").run_task(
        cluster="serverless", taskDefinition="job", launchType="FARGATE", networkConfiguration=network
    )
    assert "Capacity is unavailable at this time" in refused["failures"][0]["reason"]
    local.mend("fargate")
    reaches(client, run(client, network, "FARGATE"), "RUNNING")


def test_z8_fargate_tasks_of_a_lost_zone_end_and_new_ones_start_elsewhere(local, client, network):
    """Source: EC2 Auto Scaling user guide, auto-scaling-benefits."""
    arn = run(client, network, "FARGATE")
    zone = reaches(client, arn, "RUNNING")["availabilityZone"]
    local.break_("zone", zone)
    assert reaches(client, arn, "STOPPED")["stopCode"] == "InfrastructureHealth"
    placed = {reaches(client, run(client, network, "FARGATE"), "RUNNING")["availabilityZone"] for _ in range(3)}
    assert placed == set(ZONES) - {zone}
    assert [one["kind"] for one in local.mend(zone)] == ["zone"]


def test_c27_a_spot_instance_is_gone_after_two_minutes_and_replaced(local, client):
    made = LocalStage(client=client, name="spotty")
    made.make_network()
    made.make_instances(minimum=0, maximum=2)
    group = client("autoscaling")
    group.create_auto_scaling_group(
        AutoScalingGroupName="spotty-spot",
        MinSize=1,
        MaxSize=2,
        VPCZoneIdentifier=",".join(made.subnets),
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateId": made.made["template"], "Version": "1"},
                "Overrides": [{"InstanceType": "t3.small"}],
            },
            "InstancesDistribution": {"OnDemandBaseCapacity": 0, "OnDemandPercentageAboveBaseCapacity": 0},
        },
    )
    arn = group.describe_auto_scaling_groups(AutoScalingGroupNames=["spotty-spot"])["AutoScalingGroups"][0]
    client("ecs").create_capacity_provider(
        name="spotty-spot", autoScalingGroupProvider={"autoScalingGroupArn": arn["AutoScalingGroupARN"]}
    )
    client("ecs").put_cluster_capacity_providers(
        cluster="spotty", capacityProviders=["spotty-capacity", "spotty-spot"], defaultCapacityProviderStrategy=[]
    )

    def registered():
        arns = client("ecs").list_container_instances(cluster="spotty")["containerInstanceArns"]
        found = client("ecs").describe_container_instances(cluster="spotty", containerInstances=arns) if arns else {}
        return {one["ec2InstanceId"]: one["status"] for one in found.get("containerInstances", [])}

    [spot] = eventually(registered, what="a Spot instance")
    assert local.break_("spot")["what"] == spot
    eventually(lambda: registered().get(spot) != "ACTIVE", what="it drains")
    eventually(lambda: spot not in registered(), what="it is gone")
    eventually(registered, what="another one")
    assert local.failures() == []

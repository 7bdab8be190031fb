"""What AWS made while its answer was lost: the SDK's second try is refused or makes a twin, and nothing is lost."""

from __future__ import annotations

import pytest

from tests.fakes.engine_found import engine_or_skip
from tests.fakes.fault_injector import target_behind_faults
from tests.fakes.local_deploying_child import local_deployment
from tests.fakes.stages import small_stage
from tinystacks.deployment.deployment import Deployment
from tinystacks.deployment.ends import Result
from tinystacks.deployment.engine_model import EngineSettings
from tinystacks.deployment.events import Notice
from tinystacks.deployment.leftovers import Sweep
from tinystacks.deployment.settings import DeploymentSettings
from tinystacks.errors import AwsError, EngineError
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

GROUP = "/tinystacks/shop/dev/web"
TAGS = {"tinystacks:stack": "shop", "tinystacks:stage": "dev"}
ANSWER_LOST = {"response": {"abort_bytes": 1}, "times": 1}
"""AWS has done it, and the connection ends before it has said so."""
TWINS = ("CreateVpc", "CreateInternetGateway", "CreateRouteTable")
"""What has no name is made a second time."""
REFUSED = (
    "AuthorizeSecurityGroupEgress",
    "AuthorizeSecurityGroupIngress",
    "CreateAutoScalingGroup",
    "CreateCapacityProvider",
    "CreateInstanceProfile",
    "CreateLaunchTemplate",
    "CreateLoadBalancer",
    "CreateRole",
    "CreateSecurityGroup",
    "CreateSubnet",
    "CreateTargetGroup",
)
"""What is refused the second time, since it is there already; a log group has an answer without a body, see below."""
HARMLESS = ("CreateCluster", "CreateListener", "CreateService", "PutMetricAlarm", "RegisterTaskDefinition")


@pytest.fixture
def status(tmp_path):
    server = LocalAws(home=tmp_path / "home")
    yield server.start("simulated", speed=60)
    server.stop()


@pytest.fixture
def local(status):
    return LocalTarget(status, "us-east-1")


def groups(logs):
    return [one["logGroupName"] for one in logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]]


def test_an_up_whose_answers_are_lost_once_each_makes_everything_once(status, local, tmp_path):
    with target_behind_faults(status) as (injector, behind):
        operations = (*TWINS, *REFUSED, *HARMLESS)
        injector.break_with(*({**ANSWER_LOST, "operation": operation} for operation in operations))
        settings = DeploymentSettings(engine=EngineSettings(path=engine_or_skip().path))
        deployment = Deployment(small_stage(), behind, workspace=tmp_path, settings=settings)
        events = []
        assert deployment.up(events.append).result is Result.STEADY
        assert injector.fired() == len(operations)
        injector.break_with()

        told = [event.message for event in events if isinstance(event, Notice)]
        lost = [one for one in told if "its answer was lost" in one]
        assert len(lost) == len(TWINS) + len(REFUSED), "\n".join(lost)
        assert deployment.preview().changes.total == 0
        assert deployment.repair().orphans == ()
        ec2, iam = local.client("ec2"), local.client("iam")
        filters = [{"Name": "tag:tinystacks:stage", "Values": ["dev"]}]
        assert len(ec2.describe_vpcs(Filters=filters)["Vpcs"]) == 1
        assert len(iam.list_instance_profiles()["InstanceProfiles"]) == 1
        assert deployment.destroy().kept == ()
        assert Sweep(local.client, stack="shop", stage="dev").find() == []


def test_repair_finds_what_no_state_knows_without_an_unfinished_operation(local, tmp_path):
    deployment = local_deployment(tmp_path, tmp_path / "home", engine_or_skip().path)
    assert deployment.up().result is Result.STEADY
    ec2, ecr = local.client("ec2"), local.client("ecr")
    tags = [{"Key": key, "Value": value} for key, value in TAGS.items()]
    twin = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}])
    vpc = twin["Vpc"]["VpcId"]
    ec2.create_vpc(CidrBlock="10.1.0.0/16")
    ecr.create_repository(repositoryName="shop-dev-web", tags=tags)

    found = deployment.repair()
    assert {(one.type, one.id) for one in found.orphans} == {("VPC", vpc), ("image repository", "shop-dev-web")}
    assert found.unfinished == found.removed == ()
    agreed = [one for one in found.orphans if one.id == vpc]
    assert deployment.repair(remove=True, only=agreed).removed == (f"VPC {vpc}",), "no more than was agreed to"
    assert deployment.repair(remove=True).removed == ("image repository shop-dev-web",)
    assert deployment.repair().orphans == ()
    assert deployment.up().result is Result.UNCHANGED


def test_a_stage_that_another_state_knows_has_no_orphans(local, tmp_path):
    engine = engine_or_skip().path
    elsewhere = local_deployment(tmp_path / "elsewhere", tmp_path / "home", engine)
    assert elsewhere.up().result is Result.STEADY
    here = local_deployment(tmp_path / "here", tmp_path / "home", engine)
    for change in (here.up, here.preview, here.destroy, lambda: here.repair(remove=True)):
        with pytest.raises(EngineError, match=r"its state is not in this folder.*Nothing was changed"):
            change()
    assert elsewhere.up().result is Result.UNCHANGED
    assert elsewhere.preview().changes.total == 0


def test_a_log_group_whose_making_was_never_answered_is_made_again_and_no_other_is_touched(local, tmp_path):
    logs = local.client("logs")
    deployment = local_deployment(tmp_path, tmp_path / "home", engine_or_skip().path)

    logs.create_log_group(logGroupName=GROUP)
    with pytest.raises(AwsError, match="already exists"):
        deployment.up()
    assert groups(logs) == [GROUP], "somebody else's"
    logs.delete_log_group(logGroupName=GROUP)

    logs.create_log_group(logGroupName=GROUP, tags=TAGS)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="session")
    with pytest.raises(AwsError, match="already exists"):
        deployment.up()
    assert groups(logs) == [GROUP], "something was written to it"
    logs.delete_log_stream(logGroupName=GROUP, logStreamName="session")

    events = []
    assert deployment.up(events.append).result is Result.STEADY
    told = [event.message for event in events if isinstance(event, Notice)]
    assert any(f"log group {GROUP}, but its answer was lost" in one for one in told)
    assert deployment.preview().changes.total == 0

"""The real engine against the provider process and moto: what a program's owner sees."""

from __future__ import annotations

import gc
import json

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx
import pytest
from pulumi import automation as auto

from tests.fakes.local_world import ACCOUNT_ID, LocalWorld, local_world

# The SDKs warn about some of their own resources and functions when they are imported.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}],
}


@pytest.fixture(scope="module")
def world(engine_path, tmp_path_factory):
    with local_world(engine_path, tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(autouse=True)
def _nothing_is_left():
    """What a program left behind is reported in its own test."""
    yield
    gc.collect()


def provider(**more):
    return aws.Provider("aws", region="us-east-1", allowed_account_ids=[ACCOUNT_ID], **more)


def options(explicit):
    return pulumi.ResourceOptions(provider=explicit)


def test_network_role_and_log_group_through_their_whole_life(world: LocalWorld):
    def program():
        explicit = provider(default_tags=aws.ProviderDefaultTagsArgs(tags={"team": "platform"}))
        role = aws.iam.Role("task", assume_role_policy=json.dumps(TRUST), opts=options(explicit))
        group = aws.cloudwatch.LogGroup("web", retention_in_days=30, tags={"kind": "logs"}, opts=options(explicit))
        network = awsx.ec2.Vpc(
            "network",
            cidr_block="10.0.0.0/16",
            number_of_availability_zones=3,
            nat_gateways=awsx.ec2.NatGatewayConfigurationArgs(strategy=awsx.ec2.NatGatewayStrategy.NONE),
            subnet_strategy=awsx.ec2.SubnetAllocationStrategy.AUTO,
            subnet_specs=[
                awsx.ec2.SubnetSpecArgs(type=awsx.ec2.SubnetType.PUBLIC),
                awsx.ec2.SubnetSpecArgs(type=awsx.ec2.SubnetType.ISOLATED),
            ],
            enable_dns_hostnames=True,
            tags={"tinystacks:stack": "shop"},
            opts=pulumi.ResourceOptions(providers={"aws": explicit}),
        )
        pulumi.export("role", role.name)
        pulumi.export("group", group.name)
        pulumi.export("tags", group.tags_all)
        pulumi.export("vpc", network.vpc_id)
        pulumi.export("subnets", network.public_subnet_ids)
        pulumi.export("default_group", network.vpc.default_security_group_id)

    stack = world.stack("life", program)
    foreseen = world.preview(stack)
    made = world.up(stack)
    outputs = {name: output.value for name, output in stack.outputs().items()}

    assert foreseen == made == {"create": 28}
    assert len(outputs["subnets"]) == 3
    assert outputs["default_group"].startswith("sg-")
    assert outputs["tags"] == {"team": "platform", "kind": "logs"}
    assert world.up(stack) == {"same": 28}
    assert world.refresh(stack) == {"same": 28}
    assert world.preview(stack) == {"same": 28}

    # Somebody else changes something: a refresh sees it, the next update puts it right.
    world.client("logs").put_retention_policy(logGroupName=outputs["group"], retentionInDays=7)
    world.client("iam").tag_role(RoleName=outputs["role"], Tags=[{"Key": "stray", "Value": "1"}])
    assert world.refresh(stack) == {"same": 26, "update": 2}
    assert world.up(stack) == {"same": 26, "update": 2}
    found = world.client("logs").describe_log_groups(logGroupNamePrefix=outputs["group"])["logGroups"]
    assert [group["retentionInDays"] for group in found] == [30]
    assert world.up(stack) == {"same": 28}

    # Somebody else removes something: it is made again.
    world.client("logs").delete_log_group(logGroupName=outputs["group"])
    assert world.refresh(stack) == {"same": 27, "delete": 1}
    assert world.up(stack) == {"same": 27, "create": 1}

    stack.destroy(color="never")
    assert world.client("iam").list_roles()["Roles"] == []
    assert world.client("logs").describe_log_groups()["logGroups"] == []
    assert outputs["vpc"] not in [vpc["VpcId"] for vpc in world.client("ec2").describe_vpcs()["Vpcs"]]
    assert all(subnet["VpcId"] != outputs["vpc"] for subnet in world.client("ec2").describe_subnets()["Subnets"])


def test_a_changed_path_replaces_a_role_and_keeps_what_uses_it_alive(world: LocalWorld):
    path = {"now": "/"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    policy = world.client("iam").create_policy(PolicyName="shared", PolicyDocument=document)["Policy"]["Arn"]

    def program():
        explicit = provider()
        role = aws.iam.Role("worker", path=path["now"], assume_role_policy=json.dumps(TRUST), opts=options(explicit))
        aws.iam.RolePolicyAttachment(
            "worker",
            role=role.name,
            policy_arn=policy,
            opts=options(explicit),
        )
        pulumi.export("name", role.name)

    stack = world.stack("replace", program)
    world.up(stack)
    first = stack.outputs()["name"].value
    path["now"] = "/tasks/"

    # The role and, since its name changes with it, the attachment.
    assert world.up(stack)["replace"] == 2
    second = stack.outputs()["name"].value
    assert first != second
    names = [role["RoleName"] for role in world.client("iam").list_roles()["Roles"]]
    assert names == [second]
    stack.destroy(color="never")


def test_a_role_made_by_hand_can_be_imported_by_its_name(world: LocalWorld):
    world.client("iam").create_role(RoleName="by-hand", AssumeRolePolicyDocument=json.dumps(TRUST))

    def program():
        explicit = provider()
        aws.iam.Role(
            "adopted",
            name="by-hand",
            assume_role_policy=json.dumps(TRUST, indent=2),
            opts=pulumi.ResourceOptions(provider=explicit, import_="by-hand"),
        )

    stack = world.stack("import", program)
    assert world.up(stack) == {"create": 2, "import": 1}
    assert world.up(stack) == {"same": 3}
    stack.destroy(color="never")


def test_another_account_is_refused_before_any_resource_is_touched(world: LocalWorld):
    def program():
        explicit = aws.Provider("aws", region="us-east-1", allowed_account_ids=["999999999999"])
        aws.cloudwatch.LogGroup("forbidden", name="forbidden", opts=options(explicit))

    stack = world.stack("account", program)
    with pytest.raises(auto.CommandError, match="AWS account ID not allowed: 123456789012"):
        world.up(stack)
    assert world.client("logs").describe_log_groups()["logGroups"] == []


def test_a_secret_parameter_is_encrypted_in_the_state_and_data_sources_answer(world: LocalWorld):
    def program():
        explicit = provider()
        parameter = aws.ssm.Parameter("token", type="SecureString", value="canary-7391", opts=options(explicit))
        invoking = pulumi.InvokeOptions(provider=explicit)
        image = aws.ssm.get_parameter(
            name="/aws/service/ecs/optimized-ami/amazon-linux-2/recommended/image_id",
            opts=invoking,
        )
        zones = aws.get_availability_zones(opts=invoking)
        document = aws.iam.get_policy_document(
            statements=[{"actions": ["s3:GetObject", "s3:ListBucket"], "resources": ["*"]}],
            opts=invoking,
        )
        pulumi.export("zones", zones.names[:2])
        pulumi.export("identity", aws.get_caller_identity(opts=invoking).account_id)
        pulumi.export("region", aws.get_region(opts=invoking).region)
        pulumi.export("type", aws.ec2.get_instance_type(instance_type="t3.micro", opts=invoking).memory_size)
        pulumi.export("image", image.value)
        pulumi.export("document", document.minified_json)
        pulumi.export("value", parameter.value)

    stack = world.stack("secret", program)
    world.up(stack)
    outputs = stack.outputs()

    assert outputs["zones"].value == ["us-east-1a", "us-east-1b"]
    assert outputs["identity"].value == ACCOUNT_ID
    assert outputs["region"].value == "us-east-1"
    assert outputs["type"].value == 1024
    assert outputs["image"].value.startswith("ami-")
    assert json.loads(outputs["document"].value)["Statement"][0]["Action"] == ["s3:ListBucket", "s3:GetObject"]
    assert outputs["value"].secret
    stored = [file.read_text() for file in (world.folder / "state").rglob("secret*.json")]
    assert stored
    assert not any("canary-7391" in text for text in stored)
    stack.destroy(color="never")


def test_an_unknown_type_and_an_unknown_property_are_clear_errors(world: LocalWorld):
    def program():
        explicit = provider()
        aws.sqs.Queue("jobs", opts=options(explicit))

    with pytest.raises(auto.CommandError, match="the local AWS does not know aws:sqs/queue:Queue"):
        world.up(world.stack("unknown", program))

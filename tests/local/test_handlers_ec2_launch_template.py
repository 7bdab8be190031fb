"""Launch templates of the local provider, through boto3 against an emulated AWS."""

from __future__ import annotations

import base64

import pytest

from tests.fakes.provider_harness import ProviderHarness, moto_endpoint
from tinystacks.errors import LocalAwsError
from tinystacks.local.provider.ec2_launch_templates import LaunchTemplateHandler, launch_data

USER_DATA = base64.b64encode(b"#!/bin/bash\necho ECS_CLUSTER=shop >> /etc/ecs/ecs.config\n").decode()


@pytest.fixture(scope="module")
def harness():
    with moto_endpoint() as url:
        yield ProviderHarness(url)


def inputs(name, **more):
    return {
        "name": name,
        "imageId": "ami-0123456789abcdef0",
        "instanceType": "t3.micro",
        "userData": USER_DATA,
        "updateDefaultVersion": True,
        "ebsOptimized": "true",
        "iamInstanceProfile": {"arn": "arn:aws:iam::123456789012:instance-profile/shop"},
        "vpcSecurityGroupIds": ["sg-2", "sg-1"],
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
            "instanceMetadataTags": "disabled",
        },
        "monitoring": {"enabled": True},
        "blockDeviceMappings": [
            {
                "deviceName": "/dev/xvda",
                "ebs": {
                    "volumeSize": 30,
                    "volumeType": "gp3",
                    "encrypted": "true",
                    "deleteOnTermination": "true",
                    "throughput": 125,
                },
            }
        ],
        "tagSpecifications": [
            {"resourceType": "instance", "tags": {"tinystacks:stack": "shop", "Name": "shop"}},
            {"resourceType": "volume", "tags": {"tinystacks:stack": "shop"}},
        ],
        "tagsAll": {"tinystacks:stack": "shop"},
        **more,
    }


def test_everything_given_reads_back(harness):
    made = harness.create(LaunchTemplateHandler(), inputs("whole"))
    assert made.state["latestVersion"] == 1
    assert made.state["defaultVersion"] == 1
    assert made.state["arn"].endswith(f":launch-template/{made.id}")
    harness.delete(made)


def test_network_interfaces_with_three_state_booleans(harness):
    given = inputs(
        "interfaces",
        networkInterfaces=[
            {
                "associatePublicIpAddress": "true",
                "deleteOnTermination": "true",
                "deviceIndex": 0,
                "securityGroups": ["sg-b", "sg-a"],
            }
        ],
    )
    del given["vpcSecurityGroupIds"]
    harness.create(LaunchTemplateHandler(), given)


def test_monitoring_switched_off_reads_back(harness):
    harness.create(LaunchTemplateHandler(), inputs("quiet", monitoring={"enabled": False}))


def test_f3_change_of_data_makes_a_version_and_default_follows(harness):
    made = harness.create(LaunchTemplateHandler(), inputs("moving"))
    harness.update(made, inputs("moving", imageId="ami-0fedcba9876543210"))
    assert made.state["latestVersion"] == 2
    assert made.state["defaultVersion"] == 2
    harness.update(made, inputs("moving", imageId="ami-0fedcba9876543210", tagsAll={"only": "tags"}))
    assert made.state["latestVersion"] == 2
    assert made.state["userData"] == USER_DATA


def test_default_stays_at_one_without_being_asked(harness):
    given = inputs("still", updateDefaultVersion=False)
    made = harness.create(LaunchTemplateHandler(), given)
    harness.update(made, {**given, "instanceType": "t3.small"})
    assert (made.state["latestVersion"], made.state["defaultVersion"]) == (2, 1)


def test_outside_version_shows_as_drift(harness):
    made = harness.create(LaunchTemplateHandler(), inputs("drift"))
    harness.client("ec2").create_launch_template_version(
        LaunchTemplateId=made.id, LaunchTemplateData={"ImageId": "ami-00000000000000000", "InstanceType": "m5.large"}
    )
    state = harness.read(made)
    assert state["instanceType"] == "m5.large"
    assert "blockDeviceMappings" not in state
    assert state["latestVersion"] == 2


def test_import_reads_without_anything_known(harness):
    made = harness.create(LaunchTemplateHandler(), inputs("imported"))
    state = harness.imported(LaunchTemplateHandler(), made.id)
    assert state["metadataOptions"]["httpTokens"] == "required"
    assert {entry["resourceType"] for entry in state["tagSpecifications"]} == {"instance", "volume"}


def test_gone_template_reads_as_none(harness):
    made = harness.create(LaunchTemplateHandler(), inputs("gone"))
    harness.client("ec2").delete_launch_template(LaunchTemplateId=made.id)
    assert harness.read(made) is None


def test_unknown_nested_property_is_refused():
    with pytest.raises(LocalAwsError, match="elasticThing"):
        launch_data({"metadataOptions": {"elasticThing": "x"}})


def test_credit_specification_goes_with_burstable_types_only():
    given = {"creditSpecification": {"cpuCredits": "standard"}}
    assert "CreditSpecification" in launch_data({"instanceType": "t3.micro", **given})
    assert "CreditSpecification" not in launch_data({"instanceType": "m5.large", **given})

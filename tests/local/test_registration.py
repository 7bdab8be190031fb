"""Trap E7: instances that do not join the cluster are told by cause; asked of a stage that was made for it."""

from __future__ import annotations

import base64

import pytest

from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_deploying_child import local_deployment
from tinystacks.deployment.ends import Result
from tinystacks.deployment.registration import Registration
from tinystacks.local.process import LocalAws


@pytest.fixture
def deployment(tmp_path):
    engine = engine_or_skip().path
    server = LocalAws(home=tmp_path / "home")
    server.start("simulated")
    yield local_deployment(tmp_path, tmp_path / "home", engine)
    server.stop()


def test_e7_no_cluster_no_way_out_and_a_wrong_role_are_named(deployment):
    done = deployment.up()
    assert done.result is Result.STEADY
    client, outputs = deployment.target.client, done.outputs
    seen = Registration(outputs=outputs, minimum=2, client=client)
    seen.look()
    assert (seen.complete, seen.causes("web")) == (True, ())

    def reasons():
        # As if none of the running instances had registered.
        return [cause.reason for cause in Registration(outputs=outputs, minimum=2, client=client).causes("web")]

    assert reasons() == ["instances-not-registered"]

    ec2, scaling, iam = client("ec2"), client("autoscaling"), client("iam")
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [outputs.vpc_id]}])["RouteTables"]
    for table in tables:
        if any(route.get("DestinationCidrBlock") == "0.0.0.0/0" for route in table["Routes"]):
            ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")
    assert reasons() == ["instances-without-way-out"]

    (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[outputs.auto_scaling_group])[
        "AutoScalingGroups"
    ]
    template = group["LaunchTemplate"]
    data = ec2.describe_launch_template_versions(
        LaunchTemplateId=template["LaunchTemplateId"], Versions=[template["Version"]]
    )["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    profile = data["IamInstanceProfile"]["Arn"].rpartition("/")[2]
    (role,) = iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"]
    for policy in iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role["RoleName"], PolicyArn=policy["PolicyArn"])
    for policy in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
        iam.delete_role_policy(RoleName=role["RoleName"], PolicyName=policy)
    assert reasons() == ["instances-without-way-out", "instances-with-wrong-role"]

    other = base64.b64encode(b"#!/bin/sh\necho ECS_CLUSTER=other > /etc/ecs/ecs.config\n").decode()
    version = ec2.create_launch_template_version(
        LaunchTemplateId=template["LaunchTemplateId"], LaunchTemplateData={**data, "UserData": other}
    )["LaunchTemplateVersion"]["VersionNumber"]
    scaling.update_auto_scaling_group(
        AutoScalingGroupName=outputs.auto_scaling_group,
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplateId"], "Version": str(version)},
    )
    assert reasons()[0] == "instances-without-cluster"

"""Data sources, answered from moto and from static facts."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from tinystacks.local.provider.clients import Clients
from tinystacks.local.provider.configuration import ProviderSettings
from tinystacks.local.provider.invocation import Invocation, InvokeError
from tinystacks.local.provider.invokes import functions, invoke
from tinystacks.local.provider.values import Secret


@pytest.fixture(scope="module")
def clients():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield Clients(f"http://{host}:{port}")
    server.stop()


def ask(clients: Clients, token: str, **args: Any) -> dict[str, Any]:
    settings = ProviderSettings(region="us-east-1")
    result, failures = invoke(Invocation(token=token, args=args, settings=settings, clients=clients))
    assert failures == []
    return result


def test_zones_are_sorted_and_can_be_excluded(clients: Clients):
    token = "aws:index/getAvailabilityZones:getAvailabilityZones"
    found = ask(clients, token, state="available")
    assert found["names"][:3] == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert len(found["names"]) == len(found["zoneIds"])
    assert "us-east-1a" not in ask(clients, token, excludeNames=["us-east-1a"])["names"]
    assert ask(clients, token, region="eu-west-1")["names"][0] == "eu-west-1a"


def test_identity_partition_and_region(clients: Clients):
    assert ask(clients, "aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "123456789012"
    assert ask(clients, "aws:index/getPartition:getPartition") == {
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
        "id": "aws",
    }
    found = ask(clients, "aws:index/getRegion:getRegion", region="eu-central-1")
    assert found["description"] == "Europe (Frankfurt)"
    assert found["endpoint"] == "ec2.eu-central-1.amazonaws.com"
    with pytest.raises(InvokeError, match="region not found: mars-1"):
        ask(clients, "aws:index/getRegion:getRegion", region="mars-1")
    with pytest.raises(InvokeError, match="multiple regions"):
        ask(clients, "aws:index/getRegion:getRegion", region="eu-west-1", endpoint="ec2.eu-west-2.amazonaws.com")


def test_vpc_and_its_subnets(clients: Clients):
    ec2 = clients.client("ec2", "us-east-1")
    vpc_id = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2.create_tags(Resources=[vpc_id], Tags=[{"Key": "stage", "Value": "dev"}])
    subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.9.1.0/24", AvailabilityZone="us-east-1b")["Subnet"][
        "SubnetId"
    ]
    found = ask(clients, "aws:ec2/getVpc:getVpc", tags={"stage": "dev"})
    assert (found["id"], found["cidrBlock"], found["default"]) == (vpc_id, "10.9.0.0/16", False)
    assert found["mainRouteTableId"].startswith("rtb-")
    assert ask(clients, "aws:ec2/getVpc:getVpc", default=True)["default"]
    with pytest.raises(InvokeError, match="multiple EC2 VPCs matched"):
        ask(clients, "aws:ec2/getVpc:getVpc")
    with pytest.raises(InvokeError, match="no matching EC2 VPC found"):
        ask(clients, "aws:ec2/getVpc:getVpc", tags={"stage": "none"})
    in_vpc = [{"name": "vpc-id", "values": [vpc_id]}]
    assert ask(clients, "aws:ec2/getSubnets:getSubnets", filters=in_vpc)["ids"] == [subnet_id]
    assert ask(clients, "aws:ec2/getSubnets:getSubnets", tags={"no": "such"})["ids"] == []
    subnet = ask(clients, "aws:ec2/getSubnet:getSubnet", vpcId=vpc_id, availabilityZone="us-east-1b")
    assert (subnet["id"], subnet["availableIpAddressCount"]) == (subnet_id, 251)


def test_instance_type_tells_what_capacity_depends_on(clients: Clients):
    found = ask(clients, "aws:ec2/getInstanceType:getInstanceType", instanceType="t3.micro")
    assert (found["defaultVcpus"], found["memorySize"], found["maximumNetworkInterfaces"]) == (2, 1024, 2)
    with pytest.raises(InvokeError, match="operation error EC2: DescribeInstanceTypes"):
        ask(clients, "aws:ec2/getInstanceType:getInstanceType", instanceType="t99.huge")


def test_newest_machine_image_and_the_unsafe_question(clients: Clients):
    token = "aws:ec2/getAmi:getAmi"
    found = ask(clients, token, owners=["amazon"], mostRecent=True, nameRegex="^amzn2")
    assert found["arn"] == f"arn:aws:ec2:us-east-1::image/{found['id']}"
    assert all(isinstance(value, str) for mapping in found["blockDeviceMappings"] for value in mapping["ebs"].values())
    with pytest.raises(InvokeError, match="Most Recent Image Not Filtered"):
        ask(clients, token, mostRecent=True, nameRegex="^amzn")
    with pytest.raises(InvokeError, match="returned more than one result"):
        ask(clients, token, owners=["amazon"])
    with pytest.raises(InvokeError, match="returned no results"):
        ask(clients, token, owners=["amazon"], nameRegex="^nothing$")


def test_parameter_value_is_secret(clients: Clients):
    clients.client("ssm", "us-east-1").put_parameter(Name="/shop/db", Value="canary", Type="SecureString")
    found = ask(clients, "aws:ssm/getParameter:getParameter", name="/shop/db")
    assert found["value"] == Secret("canary")
    assert found["insecureValue"] == ""
    with pytest.raises(InvokeError, match="ParameterNotFound"):
        ask(clients, "aws:ssm/getParameter:getParameter", name="/shop/none")


def test_repository_and_image(clients: Clients):
    ecr = clients.client("ecr", "us-east-1")
    ecr.create_repository(repositoryName="shop/web", tags=[{"Key": "a", "Value": "1"}])
    for tag in ("v1", "v2"):
        config = {"digest": f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}", "size": 1}
        media = "application/vnd.docker.distribution.manifest.v2+json"
        manifest = {"schemaVersion": 2, "mediaType": media, "config": config, "layers": []}
        ecr.put_image(repositoryName="shop/web", imageManifest=json.dumps(manifest), imageTag=tag)
    repository = ask(clients, "aws:ecr/getRepository:getRepository", name="shop/web")
    assert repository["tags"] == {"a": "1"}
    assert repository["repositoryUrl"].endswith("/shop/web")
    token = "aws:ecr/getImage:getImage"
    image = ask(clients, token, repositoryName="shop/web", imageTag="v1")
    assert image["imageUri"] == f"{repository['repositoryUrl']}@{image['imageDigest']}"
    assert image["imageTags"] == ["v1"]
    with pytest.raises(InvokeError, match="one of imageDigest, imageTag or mostRecent"):
        ask(clients, token, repositoryName="shop/web")
    with pytest.raises(InvokeError, match="conflicts"):
        ask(clients, token, repositoryName="shop/web", imageTag="v1", mostRecent=True)


def test_load_balancer_by_name_and_by_tags(clients: Clients):
    ec2, elb = clients.client("ec2", "us-east-1"), clients.client("elbv2", "us-east-1")
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"] if subnet["DefaultForAz"]][:2]
    made = elb.create_load_balancer(Name="shop", Subnets=subnets, Tags=[{"Key": "stage", "Value": "dev"}])
    arn = made["LoadBalancers"][0]["LoadBalancerArn"]
    token = "aws:lb/getLoadBalancer:getLoadBalancer"
    found = ask(clients, token, name="shop")
    assert found["arn"] == arn == ask(clients, token, tags={"stage": "dev"})["arn"]
    assert found["arnSuffix"].startswith("app/shop/")
    assert found["idleTimeout"] == 60
    assert found["enableHttp2"] is True
    with pytest.raises(InvokeError, match="no matching"):
        ask(clients, token, tags={"stage": "prod"})


def test_cluster(clients: Clients):
    clients.client("ecs", "us-east-1").create_cluster(clusterName="shop", tags=[{"key": "a", "value": "1"}])
    found = ask(clients, "aws:ecs/getCluster:getCluster", clusterName="shop")
    assert (found["status"], found["tags"]) == ("ACTIVE", {"a": "1"})
    with pytest.raises(InvokeError, match="couldn't find resource"):
        ask(clients, "aws:ecs/getCluster:getCluster", clusterName="none")


def test_policy_document_is_written_as_the_real_provider_writes_it(clients: Clients):
    token = "aws:iam/getPolicyDocument:getPolicyDocument"
    found = ask(
        clients,
        token,
        policyId="p",
        statements=[
            {
                "sid": "Read",
                "actions": ["s3:GetObject", "s3:ListBucket"],
                "resources": ["arn:aws:s3:::b/&{aws:username}/<x>"],
                "principals": [{"type": "AWS", "identifiers": ["2", "1"]}, {"type": "Service", "identifiers": ["a"]}],
                "conditions": [{"test": "StringLike", "variable": "s3:prefix", "values": ["b", "a"]}],
            },
            {"effect": "Deny", "notActions": ["*"], "principals": [{"type": "*", "identifiers": ["*"]}]},
        ],
    )
    assert found["minifiedJson"] == (
        '{"Version":"2012-10-17","Id":"p","Statement":[{"Sid":"Read","Effect":"Allow",'
        '"Action":["s3:ListBucket","s3:GetObject"],"Resource":"arn:aws:s3:::b/${aws:username}/\\u003cx\\u003e",'
        '"Principal":{"AWS":["2","1"],"Service":"a"},"Condition":{"StringLike":{"s3:prefix":["b","a"]}}},'
        '{"Effect":"Deny","NotAction":"*","Principal":"*"}]}'
    )
    assert found["json"].startswith('{\n  "Version": "2012-10-17",\n  "Id": "p",\n  "Statement": [\n')


def test_policy_documents_merge_by_sid(clients: Clients):
    token = "aws:iam/getPolicyDocument:getPolicyDocument"

    def document(sid: str, action: str) -> str:
        return json.dumps({"Statement": [{"Sid": sid, "Effect": "Allow", "Action": action}]})

    found = ask(
        clients,
        token,
        sourcePolicyDocuments=[document("A", "s3:A"), document("B", "s3:B")],
        statements=[{"sid": "B", "actions": ["s3:own"]}, {"sid": "C", "actions": ["s3:C"]}],
        overridePolicyDocuments=[document("C", "s3:over")],
    )
    statements = json.loads(found["json"])["Statement"]
    assert [(entry["Sid"], entry["Action"]) for entry in statements] == [
        ("A", "s3:A"),
        ("B", "s3:own"),
        ("C", "s3:over"),
    ]
    for wrong in (
        {"sourcePolicyDocuments": [document("A", "x"), document("A", "y")]},
        {"statements": [{"sid": "A"}, {"sid": "A"}]},
        {"sourceJson": "{}"},
        {"version": "2008-10-17", "statements": [{"resources": ["&{x}"]}]},
    ):
        with pytest.raises(InvokeError):
            ask(clients, token, **wrong)


def test_every_function_takes_a_region_and_refuses_what_it_does_not_know(clients: Clients):
    for token in functions():
        _, failures = invoke(
            Invocation(token=token, args={"nonsense": 1}, settings=ProviderSettings(), clients=clients),
        )
        assert "nonsense" in [failure.property for failure in failures]
        assert "region" in functions()[token].arguments

"""What a user has in the account before the first stage: a VPC, a certificate, secrets, a bucket, a topic."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LOG_DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com"
"""What a bucket's policy lets write, in every region (Application Load Balancer user guide, enable-access-logging)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Ids and ARNs of what was there before."""

    vpc_id: str
    public_subnets: tuple[str, ...]
    private_subnets: tuple[str, ...]
    certificate: str
    parameter: str
    secret: str
    key: str
    bucket: str
    topic: str


def make_surroundings(client: Callable[[str], Any], region: str) -> Surroundings:
    """Make them with boto3, as somebody did long ago."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.60.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    public = tuple(_subnet(ec2, vpc, number, region) for number in range(2))
    private = tuple(_subnet(ec2, vpc, number + 10, region) for number in range(2))
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    for subnet in public:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=public[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    inner = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=inner, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    for subnet in private:
        ec2.associate_route_table(RouteTableId=inner, SubnetId=subnet)
    key = client("kms").create_key(Description="of the user")["KeyMetadata"]["Arn"]
    client("ssm").put_parameter(Name="/shop/db", Value="postgres://db", Type="SecureString", KeyId=key)
    bucket = f"access-logs-{region}"
    client("s3").create_bucket(
        Bucket=bucket,
        **({} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}),
    )
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": LOG_DELIVERY},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    client("s3").put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    return Surroundings(
        vpc_id=vpc,
        public_subnets=public,
        private_subnets=private,
        certificate=client("acm").request_certificate(DomainName="shop.example.com")["CertificateArn"],
        parameter=client("ssm").get_parameter(Name="/shop/db")["Parameter"]["ARN"],
        secret=client("secretsmanager").create_secret(Name="shop-api", SecretString='{"key": "k"}')["ARN"],
        key=key,
        bucket=bucket,
        topic=client("sns").create_topic(Name="pages")["TopicArn"],
    )


def _subnet(ec2: Any, vpc: str, number: int, region: str) -> str:
    made = ec2.create_subnet(
        VpcId=vpc, CidrBlock=f"10.60.{number}.0/24", AvailabilityZone=f"{region}{'ab'[number % 2]}"
    )
    return made["Subnet"]["SubnetId"]

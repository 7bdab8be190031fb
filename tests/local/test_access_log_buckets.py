"""A load balancer writes no access log into a bucket that is not there or does not let it.

Source: Application Load Balancer user guide, enable-access-logging (bucket policy); Elastic Load Balancing API
reference, ModifyLoadBalancerAttributes (InvalidConfigurationRequest).
"""

import json

import pytest

from tests.fakes.local_stage import refusal
from tinystacks.local.status import ACCOUNT_ID

SERVICE = {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
OF_THE_REGION = {"AWS": "arn:aws:iam::127311923021:root"}
OF_ANOTHER_REGION = {"AWS": "arn:aws:iam::156460612806:root"}
EVERYTHING = "arn:aws:s3:::logs/*"


@pytest.fixture(scope="module")
def balancer(client):
    ec2 = client("ec2")
    filters = [{"Name": "default-for-az", "Values": ["true"]}]
    subnets = [one["SubnetId"] for one in ec2.describe_subnets(Filters=filters)["Subnets"][:2]]
    made = client("elbv2").create_load_balancer(Name="logged", Subnets=subnets)["LoadBalancers"][0]
    client("s3").create_bucket(Bucket="logs")
    return made["LoadBalancerArn"]


def request(balancer, *, bucket="logs", enabled="true", prefix=""):
    given = {"access_logs.s3.enabled": enabled, "access_logs.s3.bucket": bucket, "access_logs.s3.prefix": prefix}
    attributes = [{"Key": key, "Value": value} for key, value in given.items()]
    return {"LoadBalancerArn": balancer, "Attributes": attributes}


def allow(client, *statements):
    whole = [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": EVERYTHING} | one for one in statements]
    policy = json.dumps({"Version": "2012-10-17", "Statement": whole})
    client("s3").put_bucket_policy(Bucket="logs", Policy=policy)


def denied(bucket):
    return "InvalidConfigurationRequest", f"Access Denied for bucket: {bucket}. Please check S3bucket permission"


def test_a_bucket_that_is_not_there_is_refused(client, balancer):
    change = client("elbv2").modify_load_balancer_attributes
    assert refusal(change, **request(balancer, bucket="nowhere")) == denied("nowhere")
    change(**request(balancer, bucket="nowhere", enabled="false"))


def test_a_bucket_without_a_policy_is_refused(client, balancer):
    client("s3").delete_bucket_policy(Bucket="logs")
    assert refusal(client("elbv2").modify_load_balancer_attributes, **request(balancer)) == denied("logs")


@pytest.mark.parametrize(
    "statement",
    [
        {"Principal": OF_ANOTHER_REGION},
        {"Principal": {"Service": "delivery.logs.amazonaws.com"}},
        {"Principal": SERVICE, "Action": "s3:GetObject"},
        {"Principal": SERVICE, "Resource": "arn:aws:s3:::other/*"},
        {"Principal": SERVICE, "Resource": "arn:aws:s3:::logs/api/AWSLogs/*"},
        {"Principal": SERVICE, "Resource": "arn:aws:s3:::logs/web/AWSLogs/210987654321/*"},
    ],
)
def test_a_policy_that_lets_somebody_else_or_somewhere_else_write_is_refused(client, balancer, statement):
    allow(client, statement)
    change = client("elbv2").modify_load_balancer_attributes
    assert refusal(change, **request(balancer, prefix="web")) == denied("logs")


def test_a_denial_counts_more_than_what_is_allowed(client, balancer):
    """IAM user guide, reference_policies_evaluation-logic; one that asks for TLS does not meet the load balancer."""
    unsafe = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Condition": {"Bool": {"aws:SecureTransport": False}},
    }
    allow(client, {"Principal": SERVICE}, unsafe)
    client("elbv2").modify_load_balancer_attributes(**request(balancer))
    allow(client, {"Principal": SERVICE}, {"Effect": "Deny", "Principal": "*"})
    assert refusal(client("elbv2").modify_load_balancer_attributes, **request(balancer)) == denied("logs")


@pytest.mark.parametrize(
    "statement",
    [
        {"Principal": SERVICE},
        {"Principal": SERVICE, "Resource": [f"arn:aws:s3:::logs/web/AWSLogs/{ACCOUNT_ID}/*"]},
        {"Principal": OF_THE_REGION, "Action": ["s3:PutObject*", "s3:Abort*"]},
        {"Principal": {"AWS": ["127311923021"]}},
        {"Principal": "*", "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}}},
    ],
)
def test_a_policy_that_lets_the_load_balancer_write_is_enough(client, balancer, statement):
    allow(client, statement)
    answer = client("elbv2").modify_load_balancer_attributes(**request(balancer, prefix="web"))
    assert {"Key": "access_logs.s3.bucket", "Value": "logs"} in answer["Attributes"]

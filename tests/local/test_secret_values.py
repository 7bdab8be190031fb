"""Secrets of containers, read through moto's APIs as the agent reads them."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from moto import mock_aws

from tinystacks.local.secret_values import SecretError, SecretValues


@pytest.fixture
def values(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    with mock_aws():
        make: Any = boto3.client
        yield SecretValues(lambda service, region: make(service, region_name=region))


def one(value_from):
    return {"secrets": [{"name": "IT", "valueFrom": value_from}]}


def test_a_parameter_by_name_and_by_arn_of_its_region(values):
    boto3.client("ssm", region_name="eu-west-1").put_parameter(Name="/shop/db", Value="secret", Type="SecureString")
    assert values.of(one("/shop/db"), "eu-west-1") == {"IT": "secret"}
    arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/db"
    assert values.of(one(arn), "us-east-1") == {"IT": "secret"}
    with pytest.raises(SecretError, match="unable to retrieve secret from ssm"):
        values.of(one("/shop/db"), "us-east-1")


def test_a_secret_whole_and_by_key(values):
    client = boto3.client("secretsmanager", region_name="eu-west-1")
    arn = client.create_secret(Name="shop/key", SecretString='{"user": "me", "port": 5432}')["ARN"]
    assert values.of(one(arn), "us-east-1") == {"IT": '{"user": "me", "port": 5432}'}
    assert values.of(one(f"{arn}:user::"), "us-east-1") == {"IT": "me"}
    assert values.of(one(f"{arn}:port:AWSCURRENT:"), "us-east-1") == {"IT": "5432"}
    with pytest.raises(SecretError, match="did not contain json key pass"):
        values.of(one(f"{arn}:pass::"), "us-east-1")
    with pytest.raises(SecretError, match="unable to retrieve secret from asm"):
        values.of(one(f"{arn[:-3]}zzz"), "us-east-1")


def test_h4_a_rotated_secret_is_what_the_next_task_gets(values):
    client = boto3.client("secretsmanager", region_name="eu-west-1")
    arn = client.create_secret(Name="shop/key", SecretString="first")["ARN"]
    assert values.of(one(arn), "eu-west-1") == {"IT": "first"}
    client.put_secret_value(SecretId=arn, SecretString="second")
    assert values.of(one(arn), "eu-west-1") == {"IT": "second"}

"""Keys of log groups: given, taken away and refused, as by CloudWatch Logs."""

from __future__ import annotations

import pytest

from tests.fakes.local_stage import refusal
from tests.fakes.provider_harness import ProviderHarness
from tinystacks.local.process import LocalAws
from tinystacks.local.provider.logs import LogGroupHandler

KEY = "arn:aws:kms:us-east-1:999988887777:key/0e4e3c6a-1111-2222-3333-444455556666"
OTHER = KEY.replace("0e4e3c6a", "1f5f4d7b")


@pytest.fixture(scope="module")
def harness(tmp_path_factory):
    local = LocalAws(home=tmp_path_factory.mktemp("local"), providers=False)
    yield ProviderHarness(local.start(runtime="simulated").endpoint_url)
    local.stop()


def test_the_key_of_a_deployed_log_group_changes_both_ways(harness):
    """Source: CloudWatch Logs API reference, AssociateKmsKey (it overrides an earlier key) and DisassociateKmsKey."""
    given = {"name": "/shop/web", "retentionInDays": 7}
    made = harness.create(LogGroupHandler(), given)
    for key in (KEY, OTHER, None):
        harness.update(made, {**given, "kmsKeyId": key})
        (group,) = harness.client("logs").describe_log_groups(logGroupNamePrefix="/shop/web")["logGroups"]
        assert group.get("kmsKeyId") == key
        assert group["retentionInDays"] == 7
    harness.delete(made)


def test_a_log_group_is_also_named_by_its_arn(harness):
    """Source: CloudWatch Logs API reference, AssociateKmsKey (`resourceIdentifier`)."""
    logs = harness.client("logs")
    logs.create_log_group(logGroupName="by-arn")
    arn = logs.describe_log_groups(logGroupNamePrefix="by-arn")["logGroups"][0]["arn"].removesuffix(":*")
    logs.associate_kms_key(resourceIdentifier=arn, kmsKeyId=KEY)
    assert logs.describe_log_groups(logGroupNamePrefix="by-arn")["logGroups"][0]["kmsKeyId"] == KEY
    logs.disassociate_kms_key(resourceIdentifier=arn)
    assert "kmsKeyId" not in logs.describe_log_groups(logGroupNamePrefix="by-arn")["logGroups"][0]


def test_what_cannot_be_is_refused(harness):
    """Source: CloudWatch Logs API reference, AssociateKmsKey and DisassociateKmsKey, errors."""
    logs = harness.client("logs")
    logs.create_log_group(logGroupName="there")
    missing = ("ResourceNotFoundException", "The specified log group does not exist.")
    assert refusal(logs.associate_kms_key, logGroupName="gone", kmsKeyId=KEY) == missing
    assert refusal(logs.disassociate_kms_key, logGroupName="gone") == missing
    for call in ({"logGroupName": "there", "kmsKeyId": "some-key"}, {"kmsKeyId": KEY}):
        assert refusal(logs.associate_kms_key, **call)[0] == "InvalidParameterException"
    assert refusal(logs.disassociate_kms_key)[0] == "InvalidParameterException"
    both = {"logGroupName": "there", "resourceIdentifier": "arn:aws:logs:us-east-1:123456789012:log-group:there"}
    assert refusal(logs.associate_kms_key, **both, kmsKeyId=KEY)[0] == "InvalidParameterException"
    assert "kmsKeyId" not in logs.describe_log_groups(logGroupNamePrefix="there")["logGroups"][0]

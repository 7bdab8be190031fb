"""What AWS's answers lack is told as AWS's; what this program looks up in vain is its own fault."""

from __future__ import annotations

import pytest

from tinystacks.aws_calls import aws_errors
from tinystacks.errors import AwsError


@pytest.mark.parametrize(
    ("service", "field"),
    [("ecs", "taskArns"), ("ec2", "SecurityGroupRules"), ("autoscaling", "InstanceId"), ("logs", "nextForwardToken")],
)
def test_a_field_of_an_answer_that_is_not_there_is_told_with_advice(service, field):
    with (
        pytest.raises(AwsError, match=f"stage dev: an answer of {service} lacks '{field}'") as told,
        aws_errors(service, "stage dev"),
    ):
        raise KeyError(field)
    assert "between this machine and AWS" in told.value.hint
    assert told.value.passes


@pytest.mark.parametrize(
    ("service", "key"),
    [("ecs", "web"), ("ecs", "SecurityGroupRules"), ("ecs", 3), ("no-such-service", "taskArns")],
)
def test_another_key_is_no_fault_of_aws(service, key):
    with pytest.raises(KeyError), aws_errors(service, "stage dev"):
        raise KeyError(key)

"""What AWS made while its answer was lost: the SDK's second try is refused, and `up` goes on all the same."""

from __future__ import annotations

import pytest

from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_deploying_child import local_deployment
from tinystacks.deployment.events import Notice
from tinystacks.deployment.results import Result
from tinystacks.errors import AwsError
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

GROUP = "/tinystacks/shop/dev/web"
TAGS = {"tinystacks:stack": "shop", "tinystacks:stage": "dev"}


@pytest.fixture
def local(tmp_path):
    server = LocalAws(home=tmp_path / "home")
    yield LocalTarget(server.start("simulated", speed=60), "us-east-1")
    server.stop()


def groups(logs):
    return [one["logGroupName"] for one in logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]]


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

"""What a process is told so that it uses the local AWS."""

from __future__ import annotations

from tinystacks.local.environment import environment
from tinystacks.local.status import LocalStatus


def told(**providers: int) -> dict[str, str]:
    status = LocalStatus(
        endpoint_url="http://127.0.0.1:4566",
        pid=1,
        runtime="simulated",
        speed=20,
        instance_id="i",
        providers=providers,
        started_at="",
        version="",
        home="/nowhere",
    )
    return environment(status, "us-east-1")


def test_the_engine_attaches_to_the_providers_and_downloads_none_in_their_place():
    variables = told(aws=4001, awsx=4002)
    assert variables["PULUMI_DEBUG_PROVIDERS"] == "aws:4001,awsx:4002"
    assert variables["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"


def test_without_providers_the_engine_is_left_alone():
    assert not [name for name in told() if name.startswith("PULUMI")]

"""The same program under plain `pulumi up`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi
import pytest
import yaml

from programs.plain import plain_settings
from programs.stage import declare_stage
from tests.programs.recorder import ACCOUNT, Recording, record
from tests.programs.samples import WEB, sample_stage
from tinystacks.errors import UsageError

if TYPE_CHECKING:
    from typing import Any

ROOT = Path(__file__).parents[2]


def run_plain(monkeypatch: pytest.MonkeyPatch, document: dict[str, Any], config: dict[str, str]) -> Recording:
    """Run as the Python language host does: configuration comes in the environment."""
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(config))
    stage = sample_stage(document)

    def program() -> None:
        declare_stage(stage, plain_settings(stage, pulumi.Config("tinystacks")))

    return record(program)


def test_region_and_account_come_from_the_configuration_and_aws(monkeypatch: pytest.MonkeyPatch):
    recording = run_plain(monkeypatch, {"services": {"web": WEB}}, {"aws:region": "eu-north-1"})

    provider = recording.one("pulumi:providers:aws").inputs
    assert provider["region"] == "eu-north-1"
    assert json.loads(provider["allowedAccountIds"]) == [ACCOUNT]


def test_b6_plain_updates_wait_for_the_service(monkeypatch: pytest.MonkeyPatch):
    recording = run_plain(monkeypatch, {"services": {"web": WEB}}, {"aws:region": "eu-north-1"})

    assert recording.one("aws:ecs/service:Service").inputs["waitForSteadyState"] is True


def test_the_stages_profile_and_image_pin_are_used(monkeypatch: pytest.MonkeyPatch):
    document = {"services": {"web": WEB}, "region": "eu-west-1", "profile": "work", "account": ACCOUNT}

    recording = run_plain(monkeypatch, document, {"tinystacks:ami": "ami-0123456789abcdef0"})

    assert recording.one("pulumi:providers:aws").inputs["profile"] == "work"
    assert recording.exports == {}
    assert recording.one("aws:ec2/launchTemplate:LaunchTemplate").inputs["imageId"] == "ami-0123456789abcdef0"
    assert not recording.invokes


def test_without_a_region_the_way_to_give_one_is_said(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UsageError, match="has no region") as caught:
        run_plain(monkeypatch, {"services": {"web": WEB}}, {})

    assert "pulumi config set aws:region" in caught.value.hint


def test_a_built_service_needs_its_image(monkeypatch: pytest.MonkeyPatch):
    document = {"services": {"web": {"build": ".", "port": 80}}, "region": "eu-west-1"}

    with pytest.raises(UsageError, match="no image is known for web"):
        run_plain(monkeypatch, document, {})
    recording = run_plain(monkeypatch, document, {"tinystacks:images": json.dumps({"web": "x@sha256:0"})})

    (container,) = json.loads(recording.one("aws:ecs/taskDefinition:TaskDefinition").inputs["containerDefinitions"])
    assert container["image"] == "x@sha256:0"


def test_the_project_file_points_at_the_program():
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())

    assert (ROOT / project["main"] / "__main__.py").is_file()
    assert project["runtime"]["name"] == "python"

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from tinystacks.doctor.account import check_credentials, check_quotas, check_service_linked_roles
from tinystacks.doctor.machine import check_container_engine, check_plugins, check_shell_tools
from tinystacks.errors import CredentialsError


def _refusal(code: str, operation: str) -> botocore.exceptions.ClientError:
    details: Any = {"Error": {"Code": code, "Message": "refused"}}
    return botocore.exceptions.ClientError(details, operation)


class FakeIam:
    def __init__(self, *roles: str) -> None:
        self.roles = roles

    def get_role(self, *, RoleName: str) -> dict[str, Any]:
        if RoleName not in self.roles:
            raise _refusal("NoSuchEntity", "GetRole")
        return {"Role": {}}


class FakeQuotas:
    def __init__(self, value: float | None) -> None:
        self.value = value

    def get_service_quota(self, **_arguments: str) -> dict[str, Any]:
        if self.value is None:
            raise _refusal("AccessDeniedException", "GetServiceQuota")
        return {"Quota": {"Value": self.value}}


class FakeEc2:
    def __init__(self, vpcs: int) -> None:
        self.vpcs = vpcs

    def describe_vpcs(self) -> dict[str, Any]:
        return {"Vpcs": [{}] * self.vpcs}

    def describe_addresses(self) -> dict[str, Any]:
        return {"Addresses": []}


def test_h1_a_missing_service_linked_role_is_named_with_the_call_that_makes_it() -> None:
    findings = check_service_linked_roles({"iam": FakeIam("AWSServiceRoleForECS")}.__getitem__)
    by_name = {finding.name: finding for finding in findings}
    assert by_name["Role AWSServiceRoleForECS"].verdict == "ok"
    missing = by_name["Role AWSServiceRoleForAutoScaling"]
    assert missing.verdict == "warning"
    assert "--aws-service-name autoscaling.amazonaws.com" in missing.mend


def test_e12_a_full_vpc_quota_is_seen_before_the_first_stage() -> None:
    findings = check_quotas({"ec2": FakeEc2(5), "service-quotas": FakeQuotas(5)}.__getitem__)
    vpcs = next(finding for finding in findings if finding.name == "VPCs per Region")
    assert (vpcs.verdict, "5 of 5 used" in vpcs.found, "L-F678F1CE" in vpcs.mend) == ("warning", True, True)


def test_as_much_is_asked_for_as_a_stage_takes_besides_what_is_used() -> None:
    findings = check_quotas({"ec2": FakeEc2(5), "service-quotas": FakeQuotas(5)}.__getitem__)
    asked = {finding.name: finding.mend.rpartition(" ")[2] for finding in findings if finding.verdict == "warning"}
    assert asked == {"VPCs per Region": "6", "Running On-Demand Standard instances (vCPU)": "12"}


def test_quotas_that_may_not_be_read_fall_back_to_a_new_accounts() -> None:
    findings = check_quotas({"ec2": FakeEc2(1), "service-quotas": FakeQuotas(None)}.__getitem__)
    assert next(finding for finding in findings if finding.name == "VPCs per Region").found == "1 of 5 used"


def test_credentials_that_do_not_work_fail_with_their_own_advice() -> None:
    def refuse() -> str:
        raise CredentialsError("the session has expired", hint="aws sso login")

    [finding] = check_credentials(refuse, "eu-west-1", None)
    assert (finding.verdict, finding.mend) == ("failed", "aws sso login")


def test_i6_shell_tools_are_a_warning_with_the_page_that_installs_them() -> None:
    findings = check_shell_tools({"aws": "/usr/bin/aws"}.get)
    assert [finding.verdict for finding in findings] == ["ok", "warning"]
    assert "session-manager" in findings[1].mend


def test_a_container_engine_counts_when_its_socket_is_there(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        assert check_container_engine({}.get, [path]).verdict == "ok"


@pytest.mark.parametrize(("programs", "words"), [({"docker": "/usr/bin/docker"}, "no engine answers"), ({}, "neither")])
def test_without_an_engine_the_simulation_is_said(tmp_path: Path, programs: dict[str, str], words: str) -> None:
    finding = check_container_engine(programs.get, [tmp_path / "none"])
    assert finding.verdict == "warning"
    assert words in finding.found


def test_a22_a_plugin_that_is_not_there_is_named_with_its_version(tmp_path: Path) -> None:
    (tmp_path / "resource-aws-v7.51.1").mkdir()
    there, missing = check_plugins(tmp_path, [("aws", "7.51.1"), ("awsx", "3.11.0")])
    assert there.verdict == "ok"
    assert "pulumi plugin install resource awsx v3.11.0" in missing.mend

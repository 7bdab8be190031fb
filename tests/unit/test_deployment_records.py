"""What is kept of a stage, what must hold before the engine runs, and what is never kept."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.deployment_target import FakeIam, FakeSsm, FakeTarget
from tests.fakes.stages import small_stage
from tinystacks.deployment.engine_state import State
from tinystacks.deployment.masking import (
    MASK,
    SECRET_SIGNATURE,
    SIGNATURE_KEY,
    has_plain_secret,
    masked,
    masked_outputs,
)
from tinystacks.deployment.preflight import AMI_PARAMETERS, architecture, ensure_service_roles, recommended_ami
from tinystacks.deployment.record_checks import (
    check_account,
    check_engine_version,
    check_identity,
    check_not_emptied,
)
from tinystacks.deployment.work_folder import BACKUPS_KEPT, StageRecord, WorkFolder
from tinystacks.errors import CredentialsError, EngineError, UsageError

RECORD = StageRecord(
    stack="shop", stage="dev", identity="aws:111111111111:eu-west-1", resources=3, engine_version="3.259.0"
)
SECRET = {SIGNATURE_KEY: SECRET_SIGNATURE, "ciphertext": "v1:x"}


def test_a2_another_account_is_refused_and_both_are_named():
    with pytest.raises(CredentialsError, match="111111111111, but these credentials are of 222222222222") as caught:
        check_identity(RECORD, stack="shop", identity="aws:222222222222:eu-west-1")
    assert caught.value.exit_code == 1


def test_a2_another_region_is_refused():
    with pytest.raises(UsageError, match="lives in region eu-west-1"):
        check_identity(RECORD, stack="shop", identity="aws:111111111111:us-east-1")


def test_a14_another_stack_s_name_is_refused():
    with pytest.raises(UsageError, match="belongs to stack `shop`"):
        check_identity(RECORD, stack="store", identity=RECORD.identity)


def test_the_account_in_the_file_is_obeyed():
    check_account(None, "1", "dev")
    with pytest.raises(CredentialsError, match="account 333333333333 only"):
        check_account("333333333333", "111111111111", "dev")


def test_a1_an_emptied_state_stops_and_names_the_newest_copy():
    with pytest.raises(EngineError, match="had 3 resources") as caught:
        check_not_emptied(RECORD, None, Path("backups/x.json"))
    assert "backups/x.json" in caught.value.hint
    check_not_emptied(replace(RECORD, resources=0), None, None)
    check_not_emptied(None, None, None)


def test_a11_an_older_engine_is_refused_a_newer_one_not():
    with pytest.raises(EngineError, match=r"last changed with engine 3\.259\.0"):
        check_engine_version(RECORD, "3.258.9")
    check_engine_version(RECORD, "3.259.0")
    check_engine_version(RECORD, "3.300.0")


def test_a_record_comes_back_as_it_was_and_keys_of_newer_versions_are_passed_over(tmp_path):
    folder = WorkFolder(tmp_path, "aws", "dev")
    folder.prepare()
    assert folder.read_record() is None
    record = replace(RECORD, former_ami_ids=("ami-1",), images={"web": "x@sha256:1"}, results={"1": "steady"})
    folder.write_record(record)
    assert folder.read_record() == record
    text = json.loads((folder.path / "record.json").read_text())
    assert StageRecord.from_mapping({**text, "of_the_future": 1}) == record


def test_a9_the_passphrase_is_random_stays_and_is_readable_by_its_owner_only(tmp_path):
    folder = WorkFolder(tmp_path, "local", "dev")
    folder.prepare()
    first = folder.passphrase_file().read_text()
    assert folder.passphrase_file().read_text() == first
    assert len(first) > 30
    assert stat.S_IMODE(folder.passphrase_file().stat().st_mode) == 0o600
    other = WorkFolder(tmp_path, "local", "prod")
    other.prepare()
    assert other.passphrase_file().read_text() != first


def test_nothing_of_the_folder_is_committed(tmp_path):
    WorkFolder(tmp_path, "aws", "dev").prepare()
    assert (tmp_path / ".tstack" / ".gitignore").read_text() == "*\n"


def test_a16_plugins_are_shared_and_the_rest_of_pulumi_home_is_not(tmp_path, monkeypatch):
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "users"))
    folders = [WorkFolder(tmp_path, "aws", stage) for stage in ("dev", "prod")]
    for folder in folders:
        folder.prepare()
    assert folders[0].home != folders[1].home
    assert {(folder.home / "plugins").resolve() for folder in folders} == {tmp_path / "users" / "plugins"}


def test_a1_only_the_newest_backups_are_kept(tmp_path):
    folder = WorkFolder(tmp_path, "aws", "dev")
    folder.prepare()
    for number in range(BACKUPS_KEPT + 3):
        folder.back_up({"n": number}, f"{number:03}")
    kept = sorted(path.stem for path in (folder.path / "backups").iterdir())
    assert len(kept) == BACKUPS_KEPT
    assert folder.newest_backup() == folder.path / "backups" / f"{BACKUPS_KEPT + 2:03}.json"


@pytest.mark.parametrize("text", ["{bad", "[]", '"a"', '{"stack": "shop"}'])
def test_a_damaged_record_is_told_with_the_way_out(tmp_path, text):
    folder = WorkFolder(tmp_path, "aws", "dev")
    folder.prepare()
    (folder.path / "record.json").write_text(text, encoding="utf-8")
    with pytest.raises(EngineError, match=r"cannot be read: .*record\.json") as refused:
        folder.read_record()
    assert "Remove that file" in refused.value.hint


def test_a19_secrets_are_masked_wherever_they_are():
    assert masked({"a": [SECRET, 1], "b": {"c": SECRET}}) == {"a": [MASK, 1], "b": {"c": MASK}}
    assert masked_outputs({"p": ("canary", True), "q": (1, False)}) == {"p": MASK, "q": 1}


def test_a8_a_plain_secret_in_an_export_is_noticed():
    assert not has_plain_secret({"a": [SECRET]})
    assert has_plain_secret({"a": [{SIGNATURE_KEY: SECRET_SIGNATURE, "plaintext": '"canary"'}]})


def test_the_state_is_read_from_the_engine_s_export():
    stack = {"type": "pulumi:pulumi:Stack", "urn": "u", "outputs": {"endpoint": "http://x"}}
    provider = {"type": "pulumi:providers:aws", "urn": "p", "custom": True}
    component = {"type": "tinystacks:aws:Cluster", "urn": "c"}
    service = {"type": "aws:ecs/service:Service", "urn": "s", "custom": True}
    deployment = {
        "manifest": {"version": "v3.259.0"},
        "secrets_providers": {"type": "passphrase", "state": {"salt": "v1:a"}},
        "resources": [stack, provider, component, service],
        "pending_operations": [{"type": "creating", "resource": service}],
    }
    state = State(export={"version": 3, "deployment": deployment})
    assert (state.count, state.engine_version, state.salt, len(state.pending)) == (1, "3.259.0", "v1:a", 1)
    assert state.exports == {"endpoint": "http://x"}
    empty = State(export={"version": 3, "deployment": {}})
    assert (empty.count, empty.engine_version, empty.salt, empty.pending, empty.exports) == (0, "", "", [], {})


@pytest.mark.parametrize(
    ("instance_type", "expected"),
    [
        ("t3.micro", "x86_64"),
        ("t4g.small", "arm64"),
        ("m7gd.large", "arm64"),
        ("c6gn.xlarge", "arm64"),
        ("a1.medium", "arm64"),
        ("g5.xlarge", "x86_64"),
        ("g5g.xlarge", "arm64"),
        ("im4gn.large", "arm64"),
        ("u-6tb1.metal", "x86_64"),
        ("x2gd.medium", "arm64"),
        ("m5a.large", "x86_64"),
    ],
)
def test_f1_the_image_s_architecture_follows_the_instance_type(instance_type, expected):
    stage = small_stage(compute={"instance_types": [instance_type]})
    assert architecture(stage) == expected
    ssm = FakeSsm()
    assert recommended_ami(stage, FakeTarget(clients={"ssm": ssm})) == ssm.image
    assert ssm.asked == [AMI_PARAMETERS[expected]]


def test_h1_roles_that_a_new_account_lacks_are_made_once_and_waited_for():
    iam = FakeIam()
    target = FakeTarget(clients={"iam": iam})
    waited: list[float] = []
    made = ensure_service_roles(small_stage(), target, wait=waited.append)
    assert "ecs.amazonaws.com" in made
    assert len(waited) == 1
    assert ensure_service_roles(small_stage(), target, wait=waited.append) == []
    assert len(waited) == 1


def test_h1_only_roles_that_the_stage_needs_are_made():
    stage = small_stage(compute={"kind": "fargate"}, services={"web": {"port": None, "tasks": 1}})
    made = ensure_service_roles(stage, FakeTarget(), wait=lambda _seconds: None)
    assert made == ["ecs.amazonaws.com"]

"""AWS without credentials, with expired ones, of another account: exit 1 with what to do, and the engine never runs."""

from __future__ import annotations

import pytest

from tests.fakes.command_line import CommandLine, a_user
from tests.fakes.sts_server import identity_of, refusal, sts_that_says
from tinystacks.deployment.work_folder import StageRecord, WorkFolder

FILE = "name: shop\nregion: us-east-1\nservices:\n  web: {image: 'nginx:1.27', port: 80}\n"
ACCOUNT = "123456789012"
CHANGES = (["preview"], ["up", "--yes"], ["destroy", "--yes"])


class Engine:
    """A program in the engine's place that notes every start."""

    def __init__(self, user: CommandLine) -> None:
        self.note = user.home / "engine-was-started"
        program = user.home / "pulumi"
        program.write_text(f'#!/bin/sh\necho "$@" >> {self.note}\necho v3.259.0\n')
        program.chmod(0o755)
        user.variables["TINYSTACKS_ENGINE"] = str(program)

    @property
    def was_started(self) -> bool:
        return self.note.exists()


@pytest.fixture
def user(tmp_path):
    return a_user(tmp_path)


@pytest.fixture
def engine(user):
    return Engine(user)


def refused(user: CommandLine, command: list[str], **variables: str) -> str:
    ran = user.run(*command, "--json", seconds=60, **variables)
    assert ran.code == 1, ran.err
    error = ran.document["error"]
    assert (error["kind"], error["exit_code"]) == ("credentials", 1)
    assert error["hint"]
    assert error["message"] in ran.err
    return f"{error['message']} {error['hint']}"


@pytest.mark.parametrize("command", CHANGES, ids=lambda command: command[0])
def test_without_credentials_it_is_said_how_to_sign_in(user, engine, command):
    user.write(FILE)
    told = refused(user, command)
    assert "aws configure" in told or "aws sso login" in told
    assert not engine.was_started
    assert [path.name for path in user.folder.iterdir()] == ["tstack.yaml"]


def test_an_unknown_profile_is_named(user, engine):
    user.write(FILE)
    assert "nowhere" in refused(user, ["up", "--yes", "--profile", "nowhere"])
    assert not engine.was_started


def test_without_a_region_it_is_said_where_one_may_be_named(user, engine):
    user.write(FILE.replace("region: us-east-1\n", ""))
    told = refused(user, ["up", "--yes"])
    assert all(place in told for place in ("--region", "region:", "AWS_REGION"))
    assert not engine.was_started


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("ExpiredToken", "sign in again"),
        ("ExpiredTokenException", "sign in again"),
        ("InvalidClientTokenId", "--profile"),
    ],
)
def test_an_expired_session_says_to_sign_in_again(user, engine, code, advice):
    user.write(FILE)
    message = "The security token included in the request is expired or invalid"
    with sts_that_says(refusal(code, message)) as variables:
        for command in CHANGES:
            told = refused(user, command, **variables)
            assert advice in told.lower()
    assert not engine.was_started
    assert [path.name for path in user.folder.iterdir()] == ["tstack.yaml"]


def test_a2_another_account_than_the_stage_s_record_is_refused(user, engine):
    user.write(FILE)
    folder = WorkFolder(user.folder, "aws", "dev")
    folder.prepare()
    record = StageRecord(stack="shop", stage="dev", identity=f"aws:{ACCOUNT}:us-east-1", resources=66)
    folder.write_record(record)
    with sts_that_says(identity_of("999999999999")) as variables:
        for command in CHANGES:
            told = refused(user, command, **variables)
            assert ACCOUNT in told
            assert "999999999999" in told
    assert not engine.was_started
    assert folder.read_record() == record


def test_a2_another_account_than_the_file_s_is_refused(user, engine):
    user.write(FILE.replace("region:", "account: '111111111111'\nregion:"))
    with sts_that_says(identity_of("999999999999")) as variables:
        for command in CHANGES:
            assert "111111111111" in refused(user, command, **variables)
    assert not engine.was_started


NO_REGION = FILE.replace("region: us-east-1\n", "")
COMMANDS = (*CHANGES, ["status"], ["tasks", "--cluster", "shop"], ["unlock", "--yes"])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_an_unknown_profile_is_named_where_only_it_could_tell_the_region(user, engine, command):
    user.write(NO_REGION)
    for told in (refused(user, [*command, "--profile", "nope"]), refused(user, command, AWS_PROFILE="nope")):
        assert "(nope)" in told
        assert "--profile" in told
    assert not engine.was_started


def test_an_unknown_profile_of_the_file_is_named_where_only_it_could_tell_the_region(user, engine):
    user.write(NO_REGION.replace("services:", "profile: nope\nservices:"))
    for command in CHANGES:
        assert "(nope)" in refused(user, command)
    assert not engine.was_started


@pytest.mark.parametrize(("file", "commands"), [(FILE, CHANGES), (NO_REGION, COMMANDS)], ids=["region", "no-region"])
def test_an_aws_config_file_that_cannot_be_read_is_named(user, engine, file, commands):
    user.write(file)
    config = user.home / "broken-config"
    config.write_text("[default\nregion = us-east-1\n")
    for command in commands:
        assert str(config) in refused(user, command, AWS_CONFIG_FILE=str(config))
    assert not engine.was_started


def test_doctor_says_that_the_profile_is_unknown(user):
    user.write(NO_REGION)
    ran = user.run("doctor", "--json", "--profile", "nope")
    assert ran.code == 1
    assert any("(nope)" in finding["found"] for finding in ran.document["findings"] if finding["verdict"] == "failed")


SETTINGS = {
    "sso": "[profile broken]\nsso_session = gone\nsso_account_id = 123456789012\nsso_role_name = r\n",
    "source": "[profile broken]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = gone\n",
    "process": "[profile broken]\ncredential_process = /bin/false\n",
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_profile_whose_set_up_is_broken_is_no_fault_of_the_network(user, engine, settings):
    user.write(FILE)
    config = user.home / "config"
    config.write_text(settings)
    told = refused(user, ["up", "--yes", "--profile", "broken"], AWS_CONFIG_FILE=str(config))
    assert "credentials cannot be had" in told
    assert "--profile" in told
    assert "network" not in told
    assert not engine.was_started

"""Regions that there are not: refused in words, with the close names, before anything is asked or started."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes.command_line import a_user
from tests.fakes.sts_server import identity_of, sts_that_says
from tinystacks.deployment.work_folder import StageRecord, WorkFolder
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

FILE = "name: shop\nservices:\n  web: {image: 'nginx:1.27', port: 80}\n"
COMMANDS = (["up", "--yes"], ["preview"], ["destroy", "--yes"], ["status"])


@pytest.fixture
def user(tmp_path):
    made = a_user(tmp_path, TINYSTACKS_ENGINE="/bin/false")
    made.write(FILE)
    return made


def refused(ran):
    assert ran.code == 2, ran.err
    error = ran.document["error"]
    assert error["kind"] == "usage"
    return error


@pytest.mark.parametrize("where", [[], ["--local"]], ids=["aws", "local"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_malformed_region_is_refused_with_the_close_name(user, command, where):
    error = refused(user.run(*command, *where, "--region", "eu_west 1", "--json"))
    assert "`eu_west 1`" in error["message"]
    assert "`eu-west-1`" in error["hint"]
    assert not user.local_aws_was_started


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_a_malformed_region_of_the_environment_is_refused(user, variable):
    assert "`mars`" in refused(user.run("up", "--yes", "--json", **{variable: "mars"}))["message"]


def test_a_malformed_region_of_the_profile_is_refused(user):
    config = user.home / "config"
    config.write_text("[default]\nregion = mars\n")
    assert "`mars`" in refused(user.run("up", "--yes", "--json", AWS_CONFIG_FILE=str(config)))["message"]


def test_a_malformed_region_is_refused_where_no_file_is_needed(user):
    assert "`mars`" in refused(user.run("tasks", "--cluster", "shop", "--region", "mars", "--json"))["message"]


@pytest.mark.parametrize("region", ["mars-1", "eu-west-9"])
def test_the_local_aws_refuses_a_region_that_it_lacks_and_is_not_started_for_it(user, region):
    error = refused(user.run("up", "--local", "--region", region, "--json"))
    assert f"`{region}`" in error["message"]
    assert not user.local_aws_was_started


def test_the_local_aws_refuses_a_region_of_the_file_that_it_lacks(user):
    user.write(f"region: eu-west-9\n{FILE}")
    error = refused(user.run("up", "--local", "--json"))
    assert "`eu-west-9`" in error["message"]
    assert "`eu-west-1`" in error["hint"]


def test_broken_aws_settings_of_the_user_do_not_reach_the_local_aws(user):
    error = refused(user.run("up", "--local", "--region", "eu-west-9", "--json", AWS_PROFILE="nope"))
    assert "`eu-west-9`" in error["message"]


def test_on_aws_a_region_that_is_newer_than_the_list_is_taken(user):
    with sts_that_says(identity_of("123456789012")) as variables:
        ran = user.run("preview", "--region", "eu-west-9", "--json", **variables)
    assert ran.document["error"]["kind"] == "engine-missing", "it went on, as far as the engine"


@pytest.fixture
def local(user):
    server = LocalAws(home=user.local_home, providers=False)
    yield server.start("simulated")
    server.stop()


def kept(user, identity):
    folder = WorkFolder(user.folder, "local", "dev")
    folder.prepare()
    folder.write_record(StageRecord(stack="shop", stage="dev", identity=identity, release=1, resources=66))
    return folder


def files(user):
    return {path: path.read_bytes() for path in user.folder.rglob("*") if path.is_file()}


def test_a2_a_stage_of_the_local_aws_is_not_touched_from_another_region(user, local):
    kept(user, LocalTarget(local, "us-east-1").identity())
    before = files(user)
    for command in COMMANDS:
        error = refused(user.run(*command, "--local", "--region", "eu-west-1", "--json"))
        assert "lives in region us-east-1" in error["message"]
        assert "eu-west-1" in error["message"]
        assert "--region us-east-1" in error["hint"]
        assert files(user) == before


def test_a_stage_of_an_earlier_life_of_the_local_aws_is_put_aside_from_whatever_region(user, local):
    folder = kept(user, LocalTarget(replace(local, instance_id="earlier"), "us-east-1").identity())
    read = user.run("status", "--local", "--region", "eu-west-1", "--json")
    assert (read.code, read.document["error"]["kind"]) == (1, "not-deployed")
    assert "earlier life" in read.err
    assert folder.read_record() is not None
    assert "started anew" in user.run("preview", "--local", "--region", "eu-west-1").err
    assert folder.read_record() is None

"""What cuts a command short, as processes: the next command says what it found and goes on."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.fakes.command_line import CommandLine, a_user, wait_for
from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_stage import fetch
from tests.fakes.stage_remains import remains
from tests.fakes.surroundings import Surroundings, make_surroundings
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UP = ("up", "--local", "--yes")
DESTROY = ("destroy", "--local", "--yes")


class Machine:
    """One user's machine with a local AWS; every test has a project of its own on it."""

    def __init__(self, folder: Path) -> None:
        self.user = a_user(folder, TINYSTACKS_ENGINE=str(engine_or_skip().path))
        self.local = LocalAws(home=self.user.local_home)
        self.local.start("simulated", speed=60)
        self.around: Surroundings = make_surroundings(self.client, "us-east-1")

    def client(self, service: str):
        status = self.local.status()
        assert status is not None
        return LocalTarget(status, "us-east-1").client(service)

    def project(self, folder: Path, name: str) -> CommandLine:
        user = replace(self.user, folder=folder)
        subnets = ", ".join(self.around.public_subnets)
        user.write(
            f"name: {name}\nservices:\n  web: {{image: 'nginx:1.27', port: 80, health_check: {{path: /}}}}\n"
            f"compute: {{kind: fargate}}\nnetwork: {{vpc_id: {self.around.vpc_id}, public_subnets: [{subnets}]}}\n"
        )
        return user


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    made = Machine(tmp_path_factory.mktemp("machine"))
    yield made
    made.local.stop()


def killed(user: CommandLine, command: tuple[str, ...], at: str) -> int:
    """Start a command and kill it when it says some words; its process id."""
    with user.start(*command) as process:
        wait_for(process, at)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return process.pid


def test_a3_killed_in_the_middle_of_up(machine, tmp_path):
    user = machine.project(tmp_path, "killed")
    pid = killed(user, UP, "created")
    again = user.run(*UP)
    assert again.code == 0, again.err
    assert f"process {pid}" in again.err
    assert "did not come to its end" in again.err
    unchanged = user.run(*UP, "--json")
    assert unchanged.document["result"] == "unchanged"
    gone = user.run(*DESTROY, "--json")
    assert gone.document["changes"]["delete"] == unchanged.document["changes"]["same"]
    assert remains(machine.client, "killed") == []


def test_c6_killed_in_the_middle_of_destroy(machine, tmp_path):
    user = machine.project(tmp_path, "halfgone")
    assert user.run(*UP).code == 0
    pid = killed(user, DESTROY, "deleted")
    again = user.run(*DESTROY)
    assert again.code == 0, again.err
    assert f"process {pid}" in again.err
    assert "is destroyed" in again.err + again.out
    assert remains(machine.client, "halfgone") == []


def test_interrupted_by_ctrl_c_it_ends_in_order_and_the_next_up_goes_on(machine, tmp_path):
    user = machine.project(tmp_path, "stopped")
    with user.start(*UP) as process:
        wait_for(process, "created")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    again = user.run(*UP)
    assert again.code == 0, again.err
    assert "did not come to its end" not in again.err
    assert user.run(*DESTROY).code == 0
    assert remains(machine.client, "stopped") == []


def test_a5_the_second_of_two_ups_is_refused_and_the_first_goes_on(machine, tmp_path):
    user = machine.project(tmp_path, "twice")
    with user.start(*UP) as first:
        wait_for(first, "created")
        # It waits in the middle of its work, however fast the machine is.
        first.send_signal(signal.SIGSTOP)
        try:
            second = user.run(*UP, "--json")
        finally:
            first.send_signal(signal.SIGCONT)
        _, said = first.communicate(timeout=300)
    assert first.returncode == 0, said
    assert second.code == 1
    error = second.document["error"]
    assert error["kind"] == "locked"
    for words in (f"process {first.pid}", socket.gethostname(), "`up` by ", " since 20"):
        assert words in error["message"]
    assert "Nothing was changed" in error["hint"]
    assert user.run("preview", "--local", "--exit-code").code == 0
    assert user.run(*DESTROY).code == 0
    assert remains(machine.client, "twice") == []


def test_refused_halfway_the_resource_is_named_in_words_of_the_file_and_the_next_up_converges(machine, tmp_path):
    user = machine.project(tmp_path, "refused")
    logs = machine.client("logs")
    logs.create_log_group(logGroupName="/tinystacks/refused/dev/web")
    ran = user.run(*UP, "--json")
    assert ran.code == 1
    error = ran.document["error"]
    assert (error["kind"], error["operation"], error["code"]) == (
        "aws",
        "CreateLogGroup",
        "ResourceAlreadyExistsException",
    )
    assert error["message"].startswith("service `web`: log group (refused-web-logs): creating ")
    assert "service `web`: log group (refused-web-logs) failed" in ran.err
    assert ran.err.count("ResourceAlreadyExistsException") == 1, "why is told once"
    logs.delete_log_group(logGroupName="/tinystacks/refused/dev/web")
    again = user.run(*UP, "--json")
    assert (again.code, again.document["result"]) == (0, "steady"), again.err
    assert again.document["changes"]["same"] > 0
    assert user.run(*DESTROY).code == 0
    assert remains(machine.client, "refused") == []


def test_repair_removes_only_after_a_yes(machine, tmp_path):
    user = machine.project(tmp_path, "lost")
    assert user.run(*UP).code == 0
    ec2 = machine.client("ec2")
    tags = [{"Key": "tinystacks:stack", "Value": "lost"}, {"Key": "tinystacks:stage", "Value": "dev"}]
    made = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}])
    vpc = made["Vpc"]["VpcId"]

    refused = user.run("repair", "--remove", "--local")
    assert refused.code == 2, refused.err
    assert "--yes" in refused.err
    assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"], "nothing was removed"

    removed = user.run("repair", "--remove", "--local", "--yes", "--json")
    assert (removed.code, removed.document["removed"]) == (0, [f"VPC {vpc}"]), removed.err
    assert user.run(*DESTROY).code == 0
    assert remains(machine.client, "lost") == []


def test_the_local_aws_killed_is_told_and_the_stage_made_anew(tmp_path):
    machine = Machine(tmp_path)
    project = tmp_path / "shop"
    project.mkdir()
    user = replace(machine.user, folder=project)
    user.write("name: shop\nservices:\n  web: {image: 'nginx:1.27', port: 80}\ncompute: {kind: fargate}\n")
    assert user.run(*UP).code == 0
    status = machine.local.status()
    assert status is not None
    os.kill(status.pid, signal.SIGKILL)
    absent = user.run("status", "--local")
    assert absent.code == 1
    assert "earlier life" in absent.err
    try:
        again = user.run(*UP, "--json")
        assert (again.code, again.document["result"]) == (0, "steady"), again.err
        assert "Its state was put aside" in again.err
        assert fetch(again.document["endpoint"] + "/ping")[0] == 200
        assert user.run(*DESTROY).code == 0
    finally:
        machine.local.stop()


def test_the_local_aws_killed_in_the_middle_of_up_is_an_error_and_the_next_up_goes_on(tmp_path):
    machine = Machine(tmp_path)
    project = tmp_path / "shop"
    project.mkdir()
    user = replace(machine.user, folder=project)
    user.write("name: shop\nservices:\n  web: {image: 'nginx:1.27', port: 80}\ncompute: {kind: fargate}\n")
    status = machine.local.status()
    assert status is not None
    with user.start(*UP) as process:
        wait_for(process, "created")
        os.kill(status.pid, signal.SIGKILL)
        _, said = process.communicate(timeout=200)
    assert process.returncode == 1, said
    assert "Traceback" not in said
    try:
        again = user.run(*UP, "--json")
        assert (again.code, again.document["result"]) == (0, "steady"), again.err
        assert "had ended without being stopped" in again.err
        assert user.run(*DESTROY).code == 0
    finally:
        machine.local.stop()


def test_without_an_engine_and_no_way_to_get_one_the_three_ways_are_told(tmp_path):
    user = a_user(tmp_path, PATH="/nowhere", HTTPS_PROXY="http://127.0.0.1:9")
    user.write("name: shop\nservices:\n  web: {image: 'nginx:1.27', port: 80}\n")
    try:
        ran = user.run(*UP, "--json")
        assert ran.code == 1
        error = ran.document["error"]
        assert error["kind"] == "engine-missing"
        for way in ("1. install Pulumi", "TINYSTACKS_ENGINE=", "3. install Go"):
            assert way in error["hint"]
            assert way in ran.err
        shown = user.run("engine", "show")
        assert shown.code == 1
        assert "PATH" in shown.out
    finally:
        user.run("local", "stop")

"""A stage whose state is shared (`state: s3://…`), changed from two machines: the way to AWS, led to the local one."""

from __future__ import annotations

import json
import os
import shutil
import signal

import pytest

from tests.fakes.command_line import CommandLine, a_user, wait_for
from tests.fakes.engine_found import engine_or_skip
from tinystacks.local.environment import environment
from tinystacks.local.process import LocalAws
from tinystacks.local.target import LocalTarget

FILE = """\
name: shop
state: s3://states/team
services:
  web:
    image: public.ecr.aws/nginx/nginx:{version}
    port: 8080
    health_check: {{path: /}}
    variables: {variables}
compute: {{kind: fargate}}
stages:
  dev: {{}}
"""


class Machines:
    """Two machines with the same file and no common folder."""

    def __init__(self, folder, engine):
        self.aws = LocalAws(home=folder / "local")
        status = self.aws.start("simulated", speed=60)
        LocalTarget(status, "us-east-1").client("s3").create_bucket(Bucket="states")
        variables = {
            "TINYSTACKS_ENGINE": engine,
            "PULUMI_CONFIG_PASSPHRASE": "words of the team",
            **environment(status, "us-east-1"),
        }
        self.here, self.there = (self._machine(folder / name, variables) for name in ("here", "there"))
        self.write()

    def _machine(self, folder, variables) -> CommandLine:
        folder.mkdir()
        return a_user(folder, **variables)

    def write(self, version="1.27", variables="{}"):
        for machine in (self.here, self.there):
            machine.write(FILE.format(version=version, variables=variables))


@pytest.fixture
def machines(tmp_path):
    made = Machines(tmp_path, str(engine_or_skip().path))
    yield made
    made.aws.stop()


def up(machine):
    done = machine.run("up", "--yes", "--json")
    assert done.document["result"] in {"steady", "unchanged", "rolled_back"}, done.err
    return done.document["result"], done.document["release"], done.document["changes"]


def releases(machine):
    done = machine.run("releases", "--json")
    assert done.code == 0, done.err
    return [(one["number"], one["result"]) for one in done.document["releases"]]


def test_releases_go_on_and_their_ends_are_known_wherever_one_was_made(machines):
    here, there = machines.here, machines.there
    assert up(here)[:2] == ("steady", 1)
    assert releases(there) == [(1, "steady")]
    result, release, changes = up(there)
    assert (result, release, changes["update"]) == ("unchanged", 1, 0)

    machines.write(version="1.28")
    assert up(there)[:2] == ("steady", 2)
    assert here.run("status", "--json").document["release"] == 2
    machines.write(version="1.29")
    assert up(here)[:2] == ("steady", 3)
    assert up(there)[:2] == ("unchanged", 3)

    machines.write(version="1.29", variables="{TINYSTACKS_SIMULATE: crash}")
    assert up(here)[:2] == ("rolled_back", 4)
    assert releases(there) == [(4, "rolled_back"), (3, "steady"), (2, "steady"), (1, "steady")]
    told = there.run("releases", "show", "4", "--json").document
    assert told["causes"], told
    assert told["causes"] == here.run("releases", "show", "4", "--json").document["causes"]

    back = there.run("rollback", "--yes", "--json")
    assert (back.document["result"], back.document["release"]) == ("steady", 5), back.err


def test_a_stage_that_was_destroyed_elsewhere_is_made_anew(machines):
    here, there = machines.here, machines.there
    assert up(here)[:2] == ("steady", 1)
    assert there.run("destroy", "--yes").code == 0
    gone = here.run("status")
    assert (gone.code, "is not deployed" in gone.err) == (1, True), gone.err
    assert up(here)[:2] == ("steady", 1)
    assert releases(there) == [(1, "steady")]


def test_a10_a_stage_whose_work_folder_is_lost_is_destroyed_as_ever(machines):
    """Salt, settings and record come with the state; the folder held nothing but copies."""
    here = machines.here
    assert up(here)[:2] == ("steady", 1)
    shutil.rmtree(here.folder / ".tstack")
    gone = here.run("destroy", "--yes", "--json")
    assert (gone.code, gone.document["result"]) == (0, "destroyed"), gone.err
    assert len(gone.document["removed"]) > gone.document["changes"]["delete"], "revisions of task definitions go too"
    assert gone.document["kept"] == []
    assert here.run("status").code == 1


def test_a_file_with_problems_keeps_nobody_from_seeing_what_was_deployed_last(machines):
    here, there = machines.here, machines.there
    assert up(here)[:2] == ("steady", 1)
    machines.write(version="1.28")
    assert up(there)[:2] == ("steady", 2)

    broken = FILE.format(version="1.29", variables="{}").replace("port: 8080", "port: 8080\n    memory: lots")
    for machine in (here, there):
        machine.write(broken)
    assert here.run("up", "--yes").code == 2
    seen = here.run("status", "--json")
    assert (seen.code, "this shows what was deployed" in seen.err) == (0, True), seen.err
    assert seen.document["release"] == 2, "not what this machine remembers"
    outputs = here.run("outputs", "--json").document
    assert outputs["services"]["web"]["image"].endswith(":1.28")
    for words in ("tasks", "logs", "exec --print"):
        done = there.run(*words.split())
        assert (done.code, "this shows what was deployed" in done.err) == (0, True), (words, done.err)

    assert releases(there) == [(2, "steady"), (1, "steady")]
    assert here.run("releases", "show", "2", "--json").document["result"] == "steady"

    here.write(broken.replace("s3://states/team", "s3:states"))
    refused = here.run("status")
    assert (refused.code, "state: must be" in refused.err) == (2, True), refused.err
    here.write(broken.replace("  dev: {}", "  dev: {state: 's3://nowhere'}"))
    missing = here.run("status")
    assert missing.code == 1, missing.err


def test_two_machines_do_not_change_a_stage_at_once(machines):
    here, there = machines.here, machines.there
    first = here.start("up", "--yes", "--json")
    wait_for(first, "created")
    engine = engine_of(here)
    os.kill(engine, signal.SIGSTOP)  # so that it is at it while the other one tries
    # What the one has just begun looks unfinished to the other, which must not remove it.
    refused = [
        there.run(*command) for command in (("up", "--yes"), ("repair", "--remove", "--yes"), ("unlock", "--yes"))
    ]
    os.kill(engine, signal.SIGCONT)
    _, err = first.communicate(timeout=300)
    assert first.returncode == 0, err
    for command in refused:
        assert (command.code, "is being changed by" in command.err) == (1, True), command.err
    assert up(there)[:2] == ("unchanged", 1)


def test_a_change_that_was_killed_is_gone_on_with_from_both_machines(machines):
    here, there = machines.here, machines.there
    kill(here, at="cluster (shop-cluster) created")
    refused = there.run("up", "--yes")
    assert (refused.code, "tstack unlock" in refused.err) == (1, True), refused.err
    # The machine where it was killed knows that its engine is gone.
    found = here.run("up", "--yes")
    assert "left by a command that is gone" in found.err
    if found.code:
        assert "tstack repair" in found.err
        assert here.run("repair", "--remove", "--yes").code == 0
    assert up(here)[0] in {"steady", "unchanged"}

    machines.write(version="1.28")
    kill(here, at="task definition (shop-web-task)")
    assert there.run("unlock", "--yes").code == 0
    assert up(there)[0] == "steady"
    assert up(here)[0] == "unchanged"


def kill(machine, at):
    """Kill an `up` and its engine."""
    process = machine.start("up", "--yes", "--json")
    wait_for(process, at)
    engine = engine_of(machine)
    process.kill()
    os.kill(engine, signal.SIGKILL)
    process.communicate()


def engine_of(machine):
    return json.loads((machine.folder / ".tstack" / "aws" / "dev" / "lock").read_text())["engine_pid"]

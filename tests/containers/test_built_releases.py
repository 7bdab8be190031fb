"""Building, releasing and going back with real containers: the command as a user runs it, the real engine, Podman."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.built_service import CRASH, DOCUMENT, write_service, write_version
from tests.fakes.command_line import a_user
from tests.fakes.engine_found import engine_or_skip
from tests.fakes.local_stage import fetch
from tests.fakes.podman import IMAGE
from tinystacks.local.process import LocalAws

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def user(container_engine, tmp_path_factory):
    made = a_user(
        tmp_path_factory.mktemp("built"), DOCKER_HOST=container_engine.url, TINYSTACKS_ENGINE=str(engine_or_skip().path)
    )
    write_service(made.folder)
    assert made.run("local", "start", "--runtime", "docker", "--speed", "10").code == 0
    yield made
    made.run("local", "stop")


def up(user, *words, code=0):
    done = user.run("up", "--local", "--json", *words)
    assert done.code == code, done.err + done.out
    return done


def images(user):
    return [one["images"]["web"] for one in user.run("releases", "--local", "--json").document["releases"]]


def test_b12_j2_images_are_built_once_deployed_by_digest_gated_and_brought_back(user, container_engine):
    first = up(user)
    builder = "podman" if container_engine.is_podman else "docker"
    assert f"building the image of web with {builder}" in first.err
    url = first.document["endpoint"]
    assert fetch(url) == (200, "v1\n")
    [v1] = images(user)
    assert "@sha256:" in v1

    again = up(user)
    assert "building" not in again.err
    assert (again.document["result"], sum(again.document["changes"].values())) == (
        "unchanged",
        again.document["changes"]["same"],
    )

    write_version(user.folder, "v2")
    command = '    release_command: ["-c", "echo migrating; exit 0"]\n'
    user.write(DOCUMENT.replace("    port: 8080\n", f"    port: 8080\n{command}"))
    second = up(user)
    assert "web │ migrating" in second.err
    assert fetch(url) == (200, "v2\n")
    assert up(user).document["result"] == "unchanged", "a command that went well changes nothing and is not run again"

    user.write(DOCUMENT.replace("    port: 8080\n", f"    port: 8080\n{command.replace('exit 0', 'exit 7')}"))
    write_version(user.folder, "v3")
    refused = up(user, code=4).document
    [cause] = refused["causes"]
    assert (refused["result"], cause["reason"], cause["exit_code"], cause["log_tail"]) == (
        "failed",
        "release-command",
        7,
        ["migrating"],
    )
    assert fetch(url) == (200, "v2\n")

    back = user.run("rollback", "--local", "--json", "--to", "1")
    assert back.code == 0, back.err
    assert "building" not in back.err
    assert fetch(url) == (200, "v1\n")
    assert images(user)[0] == v1


def test_b1_b2_after_a_rollback_by_ecs_preview_says_so_and_the_verdict_stays_with_the_release(user):
    user.write(DOCUMENT)
    write_version(user.folder, "v4", CRASH)
    failed = up(user, code=4).document
    assert failed["result"] == "rolled_back"
    kept = user.run("releases", "show", str(failed["release"]), "--local", "--json").document
    assert (kept["result"], kept["causes"]) == ("rolled_back", failed["causes"])
    assert failed["verdicts"] == kept["verdicts"]
    assert failed["verdicts"][0]["reason"].startswith("ECS went back to ")

    preview = user.run("preview", "--local", "--exit-code")
    assert preview.code == 3
    assert "as after a rollback by ECS" in preview.err


def test_j2_a_build_that_fails_says_what_was_made_and_both_ways_out(user):
    folder = user.folder / "broken"
    folder.mkdir()
    write_service(folder, document=DOCUMENT.replace("name: shop", "name: broken"))
    (folder / "web" / "Dockerfile").write_text("FROM scratch\nCOPY nothing /nothing\n")
    words = ("up", "--local", "--json", "--file", str(folder / "tstack.yaml"))

    first = user.run(*words)
    error = first.document["error"]
    assert (first.code, error["kind"]) == (1, "image")
    assert error["message"].startswith("service `web`: ")
    assert "nothing" in error["message"]
    place = f"--file {folder / 'tstack.yaml'}"
    made = "Nothing that runs was changed. The image repository of web was made"
    assert error["hint"].splitlines() == [
        f"{made}; the next `tstack up {place} --local` goes on from there.",
        "Correct the Dockerfile, or see to the container engine; then repeat the command.",
        f"Or deploy an image that was built elsewhere: `tstack up dev --local --image web=REFERENCE {place}`",
    ]

    again = user.run(*words)
    assert again.code == 1
    assert again.document["error"]["hint"].startswith("Nothing was changed.\n")


def test_ask_19_one_off_tasks_show_their_log_and_give_their_exit_code(user):
    done = user.run("run", "--local", "--", "-c", "echo once; exit 5")
    assert (done.code, done.out) == (5, "once\n")


def test_the_rehearsal_that_people_run(user, tmp_path):
    folder = tmp_path / "rehearsal"
    shutil.copytree(ROOT / "examples" / "rehearsal", folder)
    file = folder / "tstack.yaml"
    file.write_text(file.read_text().replace("{context: web}", f"{{context: web, args: {{BASE: '{IMAGE}'}}}}"))
    # Debian's busybox lacks the printenv that the image of the example has.
    printenv = folder / "web" / "printenv"
    printenv.write_text('#!/bin/sh\neval "echo \\$$1"\n')
    printenv.chmod(0o755)
    with (folder / "web" / "Dockerfile").open("a") as dockerfile:
        dockerfile.write("COPY printenv /bin/printenv\n")
    before = LocalAws(home=user.local_home).status()
    assert before is not None
    done = subprocess.run(
        [sys.executable, folder / "rehearse.py"],
        env=user.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    after = LocalAws(home=user.local_home).status()
    assert after is not None, "the local AWS of the user goes on"
    assert after.instance_id == before.instance_id

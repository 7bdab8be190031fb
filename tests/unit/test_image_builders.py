"""Docker and Podman as programs: what they are asked for, and what is said when there are none."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from tinystacks.images.builders import BuildOrder, DockerBuilder, PodmanBuilder, Programs, find_builder
from tinystacks.images.errors import BuilderMissingError, ImageError

ORDER = BuildOrder(
    context=Path("/src"),
    dockerfile=Path("/src/Dockerfile"),
    reference="127.0.0.1:5000/web:1",
    platform="linux/arm64",
    target="run",
    args={"B": "2", "A": "1"},
)
SERVER = '{"Platform":{"Name":"Docker Engine - Community"}}'


class Machine:
    """Programs that answer what a test says, by the words they are called with."""

    def __init__(self, answers):
        self.answers = answers
        self.calls: list[list[str]] = []
        self.secrets: list[str] = []
        self.settings: list[dict[str, object]] = []

    def __call__(self, command, *, say=None, secret="", environment=None):
        self.calls.append(list(command))
        self.secrets.append(secret)
        if "--config" in command:
            place = Path(command[command.index("--config") + 1])
            found = place / "config.json"
            self.settings.append(json.loads(found.read_text()) if found.exists() else {})
        for words, answer in self.answers.items():
            if words in " ".join(command):
                return answer
        return 0, ""

    def has(self, *names):
        return lambda name: name in names


def test_docker_builds_one_plain_image_for_the_platform():
    machine = Machine({})
    DockerBuilder(machine).build(ORDER, print)
    assert machine.calls == [
        [
            *[
                "docker",
                "buildx",
                "build",
                "--load",
                "--progress=plain",
                "--provenance=false",
                "--platform",
                "linux/arm64",
            ],
            *["--tag", "127.0.0.1:5000/web:1", "--file", "/src/Dockerfile", "--target", "run"],
            *["--build-arg", "A=1", "--build-arg", "B=2", "/src"],
        ]
    ]


def test_a_password_goes_by_stdin_and_into_no_file_of_the_user(tmp_path):
    (tmp_path / "config.json").write_text(
        json.dumps({"credsStore": "desktop", "currentContext": "x", "auths": {"a": {}}})
    )
    before = (tmp_path / "config.json").read_text()
    machine = Machine({})
    DockerBuilder(machine, home=tmp_path).push("host:1/web:1", user="AWS", password="hidden", say=print)
    assert machine.secrets == ["hidden", ""]
    assert not [word for call in machine.calls for word in call if "hidden" in word]
    assert machine.settings[0] == {"currentContext": "x"}
    assert (tmp_path / "config.json").read_text() == before


def test_podman_pushes_to_this_machine_without_tls_and_elsewhere_with():
    machine = Machine({})
    builder = PodmanBuilder(machine, "unix:///p.sock")
    builder.push("127.0.0.1:5000/web:1", user="AWS", password="x", say=print)
    builder.push("1.dkr.ecr.eu-west-1.amazonaws.com/web:1", user="AWS", password="x", say=print)
    assert ["--tls-verify=false" in call for call in machine.calls] == [True, True, False, False]
    assert all(call[:3] == ["podman", "--url", "unix:///p.sock"] for call in machine.calls)


def test_a_failed_build_says_the_end_of_its_output():
    machine = Machine({"build": (1, "\n".join(f"line {number}" for number in range(50)))})
    with pytest.raises(ImageError, match="line 49") as failed:
        PodmanBuilder(machine).build(ORDER, print)
    assert "line 20" not in failed.value.message


@pytest.mark.parametrize("words", ["login", "push"])
def test_an_image_that_cannot_be_pushed_is_no_matter_of_the_dockerfile(words):
    machine = Machine({f"podman {words}": (125, "connection refused")})
    with pytest.raises(ImageError, match="connection refused") as failed:
        PodmanBuilder(machine).push("127.0.0.1:5000/web:1", user="AWS", password="x", say=print)
    assert "Dockerfile" not in failed.value.hint
    assert "reaches the registry" in failed.value.hint


def test_docker_with_buildx_is_taken_before_podman():
    machine = Machine({"docker version": (0, SERVER)})
    assert find_builder(machine, has=machine.has("docker", "podman")).name == "docker"


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        ({"docker version": (1, "Cannot connect to the Docker daemon")}, "Cannot connect"),
        ({"docker version": (0, SERVER), "buildx version": (1, "")}, "buildx is missing"),
        (
            {"docker version": (0, '{"Platform":{"Name":"linux/amd64/debian"},"Components":[{"Name":"Podman"}]}')},
            "Podman",
        ),
    ],
)
def test_without_a_working_docker_podman_builds_or_the_error_says_both_ways_out(answers, word):
    machine = Machine({**answers, "podman": (0, "4.3.1")})
    assert find_builder(machine, has=machine.has("docker", "podman")).name == "podman"
    with pytest.raises(BuilderMissingError, match=word) as missing:
        find_builder(machine, has=machine.has("docker"))
    assert "Install and start Docker" in missing.value.hint
    assert "--image SERVICE=REFERENCE" in missing.value.hint


def test_the_user_ends_a_build_that_runs():
    asked = threading.Event()
    actions = []

    @contextmanager
    def calling(action):
        actions.append(action)
        asked.set()
        yield

    ended = []
    thread = threading.Thread(
        target=lambda: ended.append(Programs(calling)([sys.executable, "-c", "import time; time.sleep(600)"]))
    )
    thread.start()
    assert asked.wait(10)
    actions[0](1)
    thread.join(10)
    assert ended == [(-15, "")]


def test_output_comes_line_by_line_and_a_secret_reaches_stdin():
    lines: list[str] = []
    code, said = Programs()([sys.executable, "-c", "print(input()); print('b')"], say=lines.append, secret="a\n")
    assert (code, said, lines) == (0, "a\nb", ["a", "b"])

"""What a file that is wrong gets, as a process: exit 2, every problem with its place, and nothing touched."""

from __future__ import annotations

import json
import re

import pytest

from tests.fakes.command_line import a_user

PLACE = re.compile(r"error (?P<file>[^:]+):(?P<line>\d+):(?P<column>\d+): \S")
GOOD = "name: shop\nservices:\n  web: {image: 'nginx:1.27', port: 80}\n"

BAD = {
    "not YAML": ("name: shop\nservices: [\n", ["tstack.yaml:3:1:", "not YAML"]),
    "a list": ("- name: shop\n", ["tstack.yaml:1:1:", "mapping"]),
    "empty": ("", ["tstack.yaml:1:1:"]),
    "not text": ("name: \0shop\n", ["tstack.yaml:1:"]),
    "wrong type": (
        GOOD + "    memory: lots\n".replace("    ", "") + "compute: {instances: {min: two}}\n",
        [
            "tstack.yaml:4:1: memory: unknown key",
            'tstack.yaml:5:28: compute.instances.min: must be a whole number; "two"',
        ],
    ),
    "several at once": (
        "name: shop\nservices:\n  web:\n    image: nginx\n    prot: 80\n    cpu: -1\n    health_check: /ping\n",
        [
            "tstack.yaml:5:5: services.web.prot: unknown key; did you mean `port`?",
            "tstack.yaml:6:10:",
            "tstack.yaml:7:19:",
        ],
    ),
    "out of range": (GOOD.replace("80", "70000"), ["tstack.yaml:3:36: services.web.port:", "65535", "70000"]),
    "minimum above maximum": (
        GOOD.replace("port: 80", "port: 80, tasks: {min: 5, max: 2}"),
        ["tstack.yaml:3:", "services.web.tasks", "5", "2"],
    ),
    "does not fit": (
        GOOD.replace("port: 80", "port: 80, memory: 4000"),
        ["tstack.yaml:3:", "services.web.memory", "t3.micro"],
    ),
    "a Fargate size that is none": (
        GOOD.replace("port: 80", "port: 80, cpu: 256, memory: 4096") + "compute: {kind: fargate}\n",
        ["tstack.yaml:3:", "services.web", "256", "4096"],
    ),
    "duplicate keys": (
        GOOD + "name: other\n",
        ["tstack.yaml:4:1: name: the key is given twice (first in line 1)"],
    ),
    "stages in a circle": (
        GOOD + "stages:\n  dev: {extends: prod}\n  prod: {extends: dev}\n",
        ["tstack.yaml:5:18: stages.dev.extends:", "circle"],
    ),
    "a stage that becomes wrong": (
        GOOD + "stages:\n  dev: {}\n  prod:\n    services: {web: {port: zero}}\n",
        ["tstack.yaml:7:28:", "zero"],
    ),
    "an anchor in itself": ("name: shop\nservices: &a\n  web: *a\n", ["tstack.yaml:3:"]),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_with_places_and_nothing_is_touched(tmp_path, kind):
    user = a_user(tmp_path)
    text, told = BAD[kind]
    user.write(text)
    ran = user.run("up", "--local", "--yes")
    assert (ran.code, ran.out) == (2, ""), ran.err
    for words in told:
        assert words in ran.err
    lines = ran.err.strip().splitlines()
    assert [line for line in lines if line.startswith("error") and not PLACE.match(line)] == []
    assert [path.name for path in user.folder.iterdir()] == ["tstack.yaml"]
    assert not user.local_aws_was_started


@pytest.mark.parametrize("command", ["validate", "preview", "up", "status", "tasks", "outputs", "destroy"])
def test_every_command_that_reads_the_file_says_the_same_and_as_json_too(tmp_path, command):
    user = a_user(tmp_path)
    user.write(BAD["several at once"][0])
    ran = user.run(command, "--local", "--json", *(["--yes"] if command in {"up", "destroy"} else []))
    assert ran.code == 2
    error = ran.document["error"]
    assert (error["kind"], error["exit_code"], ran.document["schema_version"]) == ("spec", 2, 1)
    places = [(problem["file"], problem["line"], problem["column"], problem["field"]) for problem in error["problems"]]
    assert places == [
        ("tstack.yaml", 5, 5, "services.web.prot"),
        ("tstack.yaml", 6, 10, "services.web.cpu"),
        ("tstack.yaml", 7, 19, "services.web.health_check"),
    ]
    assert "services.web.prot: unknown key" in ran.err
    assert not user.local_aws_was_started


@pytest.mark.parametrize(
    "text",
    ["a: " + "[" * 10_000_000, "a: " + "{b: " * 2_500_000, json.dumps({"name": "x" * 10_000_000})],
    ids=["lists", "mappings", "one long value"],
)
def test_ten_megabytes_are_refused_at_once(tmp_path, text):
    user = a_user(tmp_path)
    user.write(text)
    ran = user.run("up", "--local", seconds=30)
    assert ran.code == 2
    assert PLACE.match(ran.err)
    assert len(ran.err) < 1000
    assert not user.local_aws_was_started


def test_validate_tells_a_warning_of_several_stages_once(tmp_path):
    user = a_user(tmp_path)
    user.write(GOOD.replace("port: 80", "port: 80, variables: {A_TOKEN: abcdefgh}") + "stages: {dev: {}, prod: {}}\n")
    told = user.run("validate")
    assert (told.code, told.err.count("A_TOKEN")) == (0, 1), told.err
    assert "dev" in told.err
    assert "prod" in told.err
    document = user.run("validate", "--json").document
    assert document["stages"] == ["dev", "prod"]
    (warning,) = document["warnings"]
    assert warning.startswith("tstack.yaml:3:")
    assert warning in told.err


def test_an_unknown_stage_is_refused_with_the_nearest_one(tmp_path):
    user = a_user(tmp_path)
    user.write(GOOD + "stages: {dev: {}, prod: {}}\n")
    for command in ("validate", "preview", "up", "status", "outputs", "destroy"):
        ran = user.run(command, "prd", "--local", *(["--yes"] if command in {"up", "destroy"} else []))
        assert ran.code == 2
        assert PLACE.match(ran.err)
        assert "there is no stage `prd`; did you mean `prod`?" in ran.err
    assert [path.name for path in user.folder.iterdir()] == ["tstack.yaml"]
    assert not user.local_aws_was_started


def test_no_file_is_refused_with_how_to_make_one(tmp_path):
    user = a_user(tmp_path)
    ran = user.run("up", "--local")
    assert ran.code == 2
    assert "tstack init" in ran.err
    assert user.run("up", "--local", "--file", "elsewhere.yaml").code == 2
    assert list(user.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["up", "one", "two"], "unexpected extra argument"),
        (["up", "--lcoal"], "--local"),
        (["upp"], "No such command"),
        (["up", "--local", "--speed", "fast"], "speed"),
        (["up", "--local", "--speed", "0"], "speed"),
        (["destroy", "--local"], "--yes"),
    ],
)
def test_wrong_usage_is_exit_2(tmp_path, arguments, told):
    user = a_user(tmp_path)
    user.write(GOOD)
    ran = user.run(*arguments)
    assert ran.code == 2
    assert told in ran.err
    assert not list(tmp_path.rglob("server.json")), "nothing was started"

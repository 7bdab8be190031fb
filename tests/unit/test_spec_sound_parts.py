"""Checks across fields speak in the same run as wrong types, unknown keys and missing ones."""

from __future__ import annotations

import pytest

from tinystacks.errors import SpecError
from tinystacks.spec.loader import load_stack_text

FILE = """\
name: shop
services:
  web:
    image: nginx
    port: 8080
    {web}
  worker:
    image: busybox
    tasks: {{min: 5, max: 2}}
  big:
    image: busybox
    memory: 64000
compute: {{instance_types: [t3.micro]{compute}}}
"""
MIN_ABOVE_MAX = "9: services.worker.tasks.max: must be at least `min` (5); 2 was given"
TOO_LARGE = "12: services.big.memory: a task needs 64000 MiB"


def told(text: str) -> list[str]:
    with pytest.raises(SpecError) as refused:
        load_stack_text(text)
    return [f"{problem.line}: {problem.field}: {problem.message}" for problem in refused.value.problems]


def test_an_unknown_key_in_one_service_hides_nothing_of_the_others():
    first, second, third = told(FILE.format(web="taks: {min: 3, max: 1}", compute=""))
    assert first.startswith("6: services.web.taks: unknown key")
    assert second == MIN_ABOVE_MAX
    assert third.startswith(TOO_LARGE)


def test_nothing_is_concluded_about_a_service_that_is_wrong_itself():
    problems = told(FILE.format(web="tasks: {min: many, max: 0}", compute=""))
    assert not [problem for problem in problems if "services.web.tasks.max: must be at least `min`" in problem]
    assert MIN_ABOVE_MAX in problems


def test_a_service_that_is_wrong_elsewhere_is_still_told_what_is_proven():
    problems = told(FILE.format(web="cpu: -3\n    tasks: {min: 3, max: 1}\n    secrets: {KEY: hunter2}", compute=""))
    assert [problem.split(":")[1].strip() for problem in problems[:3]] == [
        "services.web.cpu",
        "services.web.tasks.max",
        "services.web.secrets.KEY",
    ]


def test_a_range_is_judged_only_where_its_section_is_sound():
    problems = told(
        FILE.format(web="cpu: -3\n    tasks: {min: 9, mx: 12}", compute=", kynd: ec2, instances: {min: 5, max: 2}")
    )
    assert not [problem for problem in problems if "services.web.tasks.max" in problem]
    assert [problem for problem in problems if "compute.instances.max: must be at least" in problem]


EVERY_VALUE_WRONG = """\
name: shop
services:
  web:
    image: "no image"
    port: eighty
    health_check: {matcher: ok, timeout: 30, interval: 5}
    tasks: {min: 3, max: 1, schedule: {night: {when: later, min: 1}}}
    variables: {9LIVES: "1"}
    secrets: {KEY: hunter2}
    policies: [admin]
    kms_keys: [mine]
    route: {host: ["no host"], path: [nowhere]}
compute: {kynd: ec2, instance_types: [large], instances: {min: 5, max: 2}}
network: {zones: 3, vpc_id: mine, public_subnets: [left]}
endpoint: {certficate: x, certificate: mine, domain: "https://x", access_logs: "s3://logs"}
alarms: {topick: x, topic: mine}
"""


def test_a_value_that_is_wrong_by_itself_is_told_whatever_else_is_wrong():
    fields = {problem.split(":")[1].strip() for problem in told(EVERY_VALUE_WRONG)}
    web = {"image", "port", "health_check.matcher", "health_check.timeout", "tasks.max", "tasks.schedule.night.when"}
    web |= {"variables.9LIVES", "secrets.KEY", "policies[0]", "kms_keys[0]", "route.host[0]", "route.path[0]"}
    assert fields >= {f"services.web.{field}" for field in web}
    assert fields >= {"compute.kynd", "compute.instance_types[0]", "compute.instances.max", "network.zones"}
    assert fields >= {"network.vpc_id", "network.public_subnets[0]", "endpoint.certficate", "endpoint.certificate"}
    assert fields >= {"endpoint.domain", "endpoint.access_logs", "alarms.topick", "alarms.topic"}


FARGATE = """\
name: shop
services:
  web: {{image: nginx, cpu: 256, memory: 4096{web}}}
compute: {{kind: fargate{compute}}}
{top}
"""


def fargate(*, web: str = "", compute: str = "", top: str = "") -> set[str]:
    return {problem.split(":")[1].strip() for problem in told(FARGATE.format(web=web, compute=compute, top=top))}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"top": "tgas: {}"}, "tgas"),
        ({"top": "xyzzy: 3"}, "xyzzy"),
        ({"top": "tags: 3"}, "tags"),
        ({"compute": ", xyzzy: 1"}, "compute.xyzzy"),
        ({"web": ", xyzzy: 1"}, "services.web.xyzzy"),
        ({"web": ", port: 99999"}, "services.web.port"),
        ({"web": ", prot: 80"}, "services.web.prot"),
    ],
)
def test_what_cannot_change_the_answer_hides_nothing(wrong: dict[str, str], field: str):
    assert fargate(**wrong) == {field, "services.web.memory"}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"web": ", memry: 512"}, "services.web.memry"),
        ({"web": ", sidecar: {}"}, "services.web.sidecar"),
        ({"compute": ", kynd: ec2"}, "compute.kynd"),
        ({"top": "memory: 512"}, "memory"),
        ({"top": "cmpute: {kind: ec2}"}, "cmpute"),
    ],
)
def test_what_may_be_meant_otherwise_is_not_judged(wrong: dict[str, str], field: str):
    assert fargate(**wrong) == {field}


def test_a_pair_of_settings_is_judged_beside_a_wrong_port():
    text = "name: shop\nservices:\n  web: {image: nginx, read_only_root: true, port: 99999}\n"
    fields = {problem.split(":")[1].strip() for problem in told(text)}
    assert fields == {"services.web.read_only_root", "services.web.port"}
    assert len(told(text.replace("port: 99999", "exce: false"))) == 1


def test_what_tasks_run_on_is_not_guessed_where_it_is_wrong():
    problems = told(FILE.format(web="cpu: 256", compute=", kynd: ec2"))
    assert problems[0] == MIN_ABOVE_MAX
    assert problems[1].startswith("13: compute.kynd: unknown key")
    assert len(problems) == 2


@pytest.mark.parametrize(
    ("before", "after", "first"),
    [
        ("name: shop", "nome: shop", "nome: unknown key"),
        ("    image: nginx\n", "", "services.web"),
        ("    port: 8080", "    port: [8080]", "services.web.port"),
    ],
    ids=["no-name", "missing-image", "wrong-type"],
)
def test_other_forms_of_wrong_leave_the_rest_checked(before, after, first):
    text = FILE.format(web="cpu: 256", compute="").replace(before, after)
    problems = told(text)
    assert any(first in problem for problem in problems)
    assert any("must be at least `min` (5)" in problem for problem in problems)


def test_each_stage_whose_own_overrides_are_sound_is_checked():
    text = FILE.format(web="cpu: 256", compute="") + (
        "stages: {dev: {services: {worker: {cpuu: 1}}}, prod: {services: {web: {tasks: {min: 90}}}}}\n"
    )
    problems = told(text.replace("    tasks: {min: 5, max: 2}\n", ""))
    assert any("cpuu: unknown key" in problem for problem in problems)
    assert any("services.web.tasks.max: `min` is 90" in problem for problem in problems)


def test_what_a_service_is_made_of_is_judged_beside_a_wrong_type():
    both = "name: shop\nservices:\n  api:\n    image: nginx\n    build: .\n    port: [80]\n"
    assert fields_of(both) == ["services.api", "services.api.port"]
    neither = "name: shop\nservices:\n  api:\n    cpu: 256\n    port: [80]\n"
    assert fields_of(neither) == ["services.api", "services.api.port"]


@pytest.mark.parametrize("source", ["imagee: nginx", "image: [nginx]", "image: nginx\n    biuld: ."])
def test_a_source_that_is_misspelt_or_of_the_wrong_type_is_not_called_missing(source):
    assert len(told(f"name: shop\nservices:\n  api:\n    {source}\n    port: [80]\n")) == 2


ROUND = """\
name: shop
services:
  web: {image: nginx, tasks: {min: 5, max: 2}, read_only_root: true}
stages:
  dev: {extends: prod}
  prod: {extends: dev, services: {web: {exec: false}}}
"""


def test_stages_that_extend_each_other_do_not_hide_what_they_share_and_leave_as_it_is():
    circle = ["stages.dev.extends", "stages.prod.extends"]
    assert fields_of(ROUND) == ["services.web.tasks.max", *circle]
    assert fields_of(ROUND.replace("exec: false", "user: me")) == [
        "services.web.tasks.max",
        "services.web.read_only_root",
        *circle,
    ]


def test_values_that_are_wrong_by_themselves_are_told_beside_any_problem():
    text = (
        "name: shop\nservices: {web: {image: nginx, permissions: [{actions: [s3], resources: [bucket]}]}}\n"
        "compute: {instance_types: [t3.micro, t3.micro], knd: ec2}\n"
        "network: {cidr: 10.0.0.1/16, nat: sometimes}\n"
        "endpoint: {allow: [300.0.0.0/8], idle_timeout: x}\ntags: {aws:x: y, b: {}}\n"
    )
    assert set(fields_of(text)) == {
        "services.web.permissions[0].actions[0]",
        "services.web.permissions[0].resources[0]",
        "compute.instance_types[1]",
        "compute.knd",
        "network.cidr",
        "network.nat",
        "endpoint.allow[0]",
        "endpoint.idle_timeout",
        "tags.aws:x",
        "tags.b",
    }


def fields_of(text: str) -> list[str]:
    return [problem.split(": ")[1] for problem in told(text)]

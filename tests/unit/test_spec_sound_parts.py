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

"""Every rule of ECS is named by a test, or by the table of those that do not hold.

Tests also name traps of deployments, whose ids begin with A to K. An id with a letter that both lists have names a rule
where only rules are named (the control plane and ECS's API), and elsewhere where a text says "rule" before it.

The tests of the control plane and of the local AWS that name a rule say where it comes from, each in its own docstring:
pages of AWS's guides (DG is the ECS developer guide; ALB, AAS and ASG are those of Application Load Balancers, of
Application Auto Scaling and of EC2 Auto Scaling), operations and shapes of an API, code of AWS, or that no document of
AWS says it.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[1]
RULES = Path(__file__).with_name("ecs_rules.txt")
TABLE = TESTS.parent / "docs" / "local-aws.md"
SOURCED = ("controlplane", "local")
TIERS = ("controlplane", "local", "containers", "unit")
_RULE = r"[PDTCSZLA]\d+"
_SHARED_LETTERS = "ACD"
_ONLY_RULES = re.compile(r"controlplane/test_|local/test_(ecs_api|appautoscaling_api)_")
_FUNCTION = re.compile(r"^ *(?:async )?def (test_\w+)", re.MULTILINE)
_IN_NAME = re.compile(r"(?<=_)([pdtcszla]\d+)(?=_|$)")
_SAID = re.compile(rf"[Rr]ules? ({_RULE}(?:(?:, | and ){_RULE})*)")

_SOURCE = re.compile(
    r"https?://|\b(?:API|DG|ALB|AAS|ASG|QUOTA|AGENT|RFC \d+)\b|\bguide\b|\breference\b|\bECS agent\b|\bservice quotas\b"
    r"|\bbotocore\b|\bcontainers-roadmap\b|\bno AWS document\b|\bAWS blog\b"
)


def rules() -> dict[str, str]:
    lines = [one for one in RULES.read_text(encoding="utf-8").splitlines() if one and not one.startswith("#")]
    return dict(one.split(" ", 1) for one in lines)


def named_in(place: str, text: str) -> set[str]:
    """Rules that a file of tests names; `place` is its path below `tests`."""
    ids = {one.upper() for function in _FUNCTION.findall(text) for one in _IN_NAME.findall(function)}
    if not _ONLY_RULES.match(place):
        ids = {one for one in ids if one[0] not in _SHARED_LETTERS}
    return ids.union(*(re.findall(_RULE, said) for said in _SAID.findall(text)))


def without_source(place: str, text: str) -> Iterator[str]:
    """Tests of a file that name a rule, in their name or docstring, and no source of it."""
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name.startswith("test_"):
            docstring = ast.get_docstring(function) or ""
            if named_in(place, f"def {function.name}():\n{docstring}") and not _SOURCE.search(docstring):
                yield f"{place}::{function.name}"


def named_by_tests() -> set[str]:
    files = [file for tier in TIERS for file in (TESTS / tier).glob("test_*.py")]
    return {
        one for file in files for one in named_in(file.relative_to(TESTS).as_posix(), file.read_text(encoding="utf-8"))
    }


def in_the_table() -> dict[str, str]:
    section = TABLE.read_text(encoding="utf-8").partition("## Rules of ECS that do not hold")[2].partition("\n## ")[0]
    rows = re.findall(rf"^\| ({_RULE}) \| (.+) \|$", section, re.MULTILINE)
    return dict(rows)


def test_the_list_is_whole_and_says_each_topic_once():
    known = rules()
    assert len(known) == 250
    assert len(set(known.values())) == len(known)


def test_ids_of_traps_are_no_rules():
    trap, rule = "def test_a11_b9_p7_old():\n", 'def test_a18_throttled():\n    """Rule A18: quotas."""\n'
    assert named_in("unit/test_engine_finding.py", trap) == {"P7"}
    assert named_in("controlplane/test_exec.py", trap) == {"A11", "P7"}
    assert named_in("local/test_failures_on_demand.py", trap + rule) == {"P7", "A18"}


def test_every_rule_is_named_by_a_test_or_listed_with_a_reason():
    assert sorted(rules().keys() - named_by_tests() - in_the_table().keys()) == []


def test_the_table_lists_only_rules_and_gives_a_reason_for_each():
    listed = in_the_table()
    assert listed
    assert listed.keys() <= rules().keys()
    assert all(len(row.split(" | ")) == 2 and row.split(" | ")[1].strip() for row in listed.values())


def test_a_test_of_a_rule_without_a_source_is_found():
    bare, sourced = 'def test_p1_order():\n    """Ties."""\n', 'def test_p2_zones():\n    """DG task-placement."""\n'
    spoken = 'def test_order():\n    """Rule P1: ties."""\n'
    trap, other = "def test_a11_old():\n    pass\n", "def test_other():\n    pass\n"
    text = bare + sourced + spoken + trap + other
    assert list(without_source("local/test_x.py", text)) == [
        "local/test_x.py::test_p1_order",
        "local/test_x.py::test_order",
    ]
    assert list(without_source("controlplane/test_x.py", trap)) == ["controlplane/test_x.py::test_a11_old"]


def test_every_test_of_a_rule_names_its_source():
    files = [file for tier in SOURCED for file in sorted((TESTS / tier).glob("test_*.py"))]
    places = [(file.relative_to(TESTS).as_posix(), file.read_text(encoding="utf-8")) for file in files]
    assert [one for place, text in places for one in without_source(place, text)] == []

"""Every rule of ECS is named by a test, or by the table of those that do not hold."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
RULES = Path(__file__).with_name("ecs_rules.txt")
TABLE = TESTS.parent / "docs" / "local-aws.md"
TIERS = ("controlplane", "local", "containers", "unit")
_RULE = r"[PDTCSZLA]\d+"
_FUNCTION = re.compile(r"^ *(?:async )?def (test_\w+)", re.MULTILINE)
_IN_NAME = re.compile(r"(?<=_)([pdtcszla]\d+)(?=_|$)")
_SAID = re.compile(rf"[Rr]ules? ({_RULE}(?:(?:, | and ){_RULE})*)")


def rules() -> dict[str, str]:
    lines = [one for one in RULES.read_text(encoding="utf-8").splitlines() if one and not one.startswith("#")]
    return dict(one.split(" ", 1) for one in lines)


def named_by_tests() -> set[str]:
    named: set[str] = set()
    for tier in TIERS:
        for file in (TESTS / tier).glob("test_*.py"):
            text = file.read_text(encoding="utf-8")
            for function in _FUNCTION.findall(text):
                named |= {one.upper() for one in _IN_NAME.findall(function)}
            for said in _SAID.findall(text):
                named |= set(re.findall(_RULE, said))
    return named


def in_the_table() -> dict[str, str]:
    section = TABLE.read_text(encoding="utf-8").partition("## Rules of ECS that do not hold")[2].partition("\n## ")[0]
    rows = re.findall(rf"^\| ({_RULE}) \| (.+) \|$", section, re.MULTILINE)
    return dict(rows)


def test_the_list_is_whole_and_says_each_topic_once():
    known = rules()
    assert len(known) == 250
    assert len(set(known.values())) == len(known)


def test_every_rule_is_named_by_a_test_or_listed_with_a_reason():
    assert sorted(rules().keys() - named_by_tests() - in_the_table().keys()) == []


def test_the_table_lists_only_rules_and_gives_a_reason_for_each():
    listed = in_the_table()
    assert listed
    assert listed.keys() <= rules().keys()
    assert all(len(row.split(" | ")) == 2 and row.split(" | ")[1].strip() for row in listed.values())

"""What the engine tells of a step becomes values before and after."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tinystacks.deployment.differences import KNOWN_LATER, UNKNOWN, differences, value_at
from tinystacks.deployment.masking import MASK, SECRET_SIGNATURE, SIGNATURE_KEY
from tinystacks.rendering.differences import in_short


def _state(**outputs: Any) -> SimpleNamespace:
    return SimpleNamespace(inputs=outputs, outputs=outputs)


def _step(old: Any, new: Any, *names: str, **detailed: bool) -> SimpleNamespace:
    diffs = {path: SimpleNamespace(input_diff=inputs) for path, inputs in detailed.items()}
    return SimpleNamespace(old=old, new=new, diffs=list(names), detailed_diff=diffs or None)


def _told(step: Any, *, read: bool = True) -> list[tuple[str, Any, Any]]:
    return [(one.property, one.before, one.after) for one in differences(step, read=read)]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a", {"b.c": [1, {"d": 2}]}),
        ('a["b.c"]', [1, {"d": 2}]),
        ('a["b.c"][1].d', 2),
        ('a["b.c"][7]', None),
        ("a.nothing.below", None),
    ],
)
def test_a_property_path_leads_to_its_value_or_nowhere(path: str, value: Any) -> None:
    assert value_at({"a": {"b.c": [1, {"d": 2}]}}, path) == value


def test_the_values_of_a_refresh_are_those_that_aws_has() -> None:
    step = _step(_state(max=5, min=2), _state(max=9, min=2), "max")
    assert _told(step) == [("max", 5, 9)]


def test_the_values_of_a_preview_are_those_that_the_program_asks_for() -> None:
    new = SimpleNamespace(inputs={"taskDefinition": UNKNOWN, "desired": 3}, outputs={"taskDefinition": "a:1"})
    step = _step(_state(taskDefinition="a:1", desired=2), new, taskDefinition=True, desired=True)
    assert _told(step, read=False) == [("taskDefinition", "a:1", KNOWN_LATER), ("desired", 2, 3)]


def test_what_is_known_later_is_said_so_however_deep_it_stands() -> None:
    old, new = _state(balancers=[{"group": "a"}]), _state(balancers=[{"group": UNKNOWN}], network={"groups": [UNKNOWN]})
    assert _told(_step(old, new, "balancers", "network"), read=False) == [
        ("balancers[0].group", "a", KNOWN_LATER),
        ("network", None, {"groups": [KNOWN_LATER]}),
    ]


def test_documents_are_compared_inside() -> None:
    old = json.dumps([{"name": "web", "image": "nginx:1", "environment": [{"name": "A", "value": "1"}]}])
    new = json.dumps([{"name": "web", "image": "nginx:2", "environment": []}])
    assert _told(_step(_state(containerDefinitions=old), _state(containerDefinitions=new), "containerDefinitions")) == [
        ("containerDefinitions[0].image", "nginx:1", "nginx:2"),
        ("containerDefinitions[0].environment[0]", {"name": "A", "value": "1"}, None),
    ]


def test_secrets_are_masked() -> None:
    secret = {SIGNATURE_KEY: SECRET_SIGNATURE, "ciphertext": "v1:abc"}
    assert _told(_step(_state(value=secret), _state(value="plain"), "value")) == [("value", MASK, "plain")]


def test_what_is_made_or_gone_has_no_differences() -> None:
    assert _told(_step(None, _state(max=5))) == []


FAMILY = "arn:aws:ecs:eu-central-1:123456789012:task-definition/shop-of-many-things-production-web"
LONG = "0123456789" * 20


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (2, 3.0, ("2", "3")),
        (None, "x", ("(nothing)", "x")),
        (f"{FAMILY}:3", f"{FAMILY}:12", (f"…{FAMILY[-39:]}:3", f"…{FAMILY[-39:]}:12")),
        (f"{FAMILY}:3", KNOWN_LATER, (f"{FAMILY}:3", KNOWN_LATER)),
        (f"{LONG}a{LONG}", f"{LONG}bc{LONG}", (f"…{LONG[-40:]}a{LONG[:40]}…", f"…{LONG[-40:]}bc{LONG[:40]}…")),
        (f"a{LONG}", f"a{LONG}{LONG}", (f"…{LONG[-40:]}", f"…{LONG[-40:]}{LONG}")),
        ("", LONG, ('""', LONG)),
    ],
)
def test_of_long_values_only_what_is_alike_is_cut(before: Any, after: Any, shown: tuple[str, str]) -> None:
    assert in_short(before, after) == shown

"""Every resource type of the tables, property by property: what Check and Diff make of it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tinystacks.local.provider import checking, diffing, state_inputs
from tinystacks.local.provider.checking import CheckContext
from tinystacks.local.provider.comparing import NORMALISERS
from tinystacks.local.provider.handlers import handlers
from tinystacks.local.provider.property_paths import covers
from tinystacks.local.provider.tables import Property, ResourceTable, resource_tables
from tinystacks.local.provider.values import UNKNOWN, Unknown

TABLES = resource_tables()
CONTEXT = CheckContext(logical_name="thing", region="eu-west-1", seed=b"seed")
DOCUMENTS = {
    "container_definitions": '[{"name":"a%d"}]',
    "ecr_lifecycle": '{"rules":[{"rulePriority":1,"description":"%d"}]}',
}
SAMPLES = {
    # Values that several rules of the type have to like at once.
    ("aws:ec2/securityGroup:SecurityGroup", "name"): "group",
    ("aws:kms/alias:Alias", "name"): "alias/one",
    ("aws:kms/alias:Alias", "namePrefix"): "alias/one",
    ("aws:lb/listener:Listener", "defaultActions.fixedResponse.statusCode"): "200",
    ("aws:lb/listenerRule:ListenerRule", "actions.fixedResponse.statusCode"): "200",
}


def sample(table: ResourceTable, rules: Property, path: str, variant: int = 0) -> Any:
    """A value that the schema accepts; another variant is another value."""
    given = SAMPLES.get((table.token, path))
    if given is not None:
        return str(200 + variant) if given.isdigit() else given + "2" * variant
    if rules.type in {"bool", "int", "number", "string"}:
        return scalar(rules, variant)
    if rules.type == "map":
        return {"key": f"value{variant}"}
    if rules.free or rules.properties:
        content = {"anything": 1 + variant} if rules.free else block(table, rules, path, variant)
        return content if rules.type == "object" else [content]
    return [11 + variant] if rules.items == "int" else [f"entry{variant}"]


def scalar(rules: Property, variant: int) -> Any:
    if rules.type == "bool":
        return not variant
    if rules.type in {"int", "number"}:
        if rules.choices:
            return rules.choices[-1 - variant]
        low, high = rules.range or (10, None)
        start = max(int(low), 0) + 1  # zero is the same as nothing
        return start + variant if high is None or start + variant <= high else int(low) + variant
    if rules.choices:
        return rules.choices[variant % len(rules.choices)]
    if rules.json:
        return DOCUMENTS.get(rules.compare, '{"Version":"%d"}') % variant
    special = {"cidr": f"2001:db8:{variant}::/48", "instant": f"2030-01-0{variant + 1}T00:00:00Z"}
    return special.get(rules.compare, "ab" + "c" * (1 + variant))


def block(table: ResourceTable, rules: Property, path: str, variant: int) -> dict[str, Any]:
    filled = {
        name: sample(table, inner, f"{path}.{name}", variant)
        for name, inner in rules.properties.items()
        if inner.required and not inner.output
    }
    if not filled:
        name, inner = next(iter(rules.properties.items()))
        filled[name] = sample(table, inner, f"{path}.{name}", variant)
    return filled


def minimal(table: ResourceTable) -> dict[str, Any]:
    """The least that a program has to give."""
    inputs = {
        name: sample(table, rules, name)
        for name, rules in table.properties.items()
        if rules.required and not rules.output
    }
    for group in table.exactly_one_of:
        if not any(name in inputs for name in group):
            inputs[group[0]] = sample(table, table.properties[group[0]], group[0])
    return with_needed(table, inputs)


def with_needed(table: ResourceTable, inputs: dict[str, Any]) -> dict[str, Any]:
    for name, needed in table.requires.items():
        if name in inputs:
            for other in needed:
                inputs.setdefault(other, sample(table, table.properties[other], other))
    return inputs


def giving(table: ResourceTable, name: str, variant: int = 0) -> dict[str, Any]:
    """The least that a program has to give, and one property more."""
    inputs = minimal(table)
    for group in (*table.exactly_one_of, *table.conflicts):
        if name in group:
            inputs = {key: value for key, value in inputs.items() if key not in group}
    inputs[name] = sample(table, table.properties[name], name, variant)
    return with_needed(table, inputs)


def checked(table: ResourceTable, news: dict[str, Any], olds: dict[str, Any] | None = None) -> dict[str, Any]:
    inputs, failures = checking.check(table, olds or {}, news, CONTEXT)
    assert failures == [], news
    return inputs


def settled(table: ResourceTable, inputs: dict[str, Any]) -> dict[str, Any]:
    """State right after inputs were applied: they, and something of AWS's for the rest."""
    state = {name: value for name, value in inputs.items() if not name.startswith("__")}
    for name, rules in table.properties.items():
        if (rules.computed or rules.output) and name not in state and name not in {"tags", "tagsAll"}:
            # A value of another property that excludes this one would be impossible.
            state[name] = sample(table, rules, name, variant=0)
    return state


@pytest.mark.parametrize("token", sorted(TABLES))
def test_every_type_has_a_handler(token: str):
    assert token in handlers()
    assert handlers()[token].token == token


def test_every_handler_has_a_table():
    assert set(handlers()) == set(TABLES)


@pytest.mark.parametrize("token", sorted(TABLES))
def test_every_property_is_known_to_check(token: str):
    table = TABLES[token]
    for name, rules in table.properties.items():
        if not rules.output:
            assert name in checked(table, giving(table, name))


@pytest.mark.parametrize("token", sorted(TABLES))
def test_what_aws_decides_cannot_be_given(token: str):
    table = TABLES[token]
    for name in (name for name, rules in table.properties.items() if rules.output):
        _, failures = checking.check(table, {}, {**minimal(table), name: "x"}, CONTEXT)
        assert [failure.property for failure in failures] == [name]
        assert "decided by AWS" in failures[0].reason


@pytest.mark.parametrize("token", sorted(TABLES))
def test_a_missing_required_property_is_a_check_failure(token: str):
    table = TABLES[token]
    for name in (name for name, rules in table.properties.items() if rules.required):
        _, failures = checking.check(
            table,
            {},
            {key: value for key, value in minimal(table).items() if key != name},
            CONTEXT,
        )
        assert name in [failure.property for failure in failures]


@pytest.mark.parametrize("token", sorted(TABLES))
def test_an_unknown_property_is_a_check_failure_that_names_the_type(token: str):
    table = TABLES[token]
    _, failures = checking.check(table, {}, {**minimal(table), "notAProperty": 1}, CONTEXT)
    assert [failure.property for failure in failures] == ["notAProperty"]
    assert f"the local AWS does not know the property 'notAProperty' of {token}" in failures[0].reason


@pytest.mark.parametrize("token", sorted(TABLES))
def test_a_second_check_and_diff_of_the_same_program_changes_nothing(token: str):
    table = TABLES[token]
    for name in ["", *(name for name, rules in table.properties.items() if not rules.output)]:
        news = giving(table, name) if name else minimal(table)
        first = checked(table, news)
        again = checked(table, news, olds=first)
        assert again == first
        plan = diffing.plan(table, settled(table, first), again)
        assert plan.differences == (), name


@pytest.mark.parametrize("token", sorted(TABLES))
def test_a_change_of_a_force_new_property_replaces_and_no_other_does(token: str):
    table = TABLES[token]
    for name, rules in table.properties.items():
        if rules.output or name in {"region", "tagsAll"}:
            continue
        before = checked(table, giving(table, name))
        after = checked(table, giving(table, name, variant=1), olds=before)
        if before[name] == after[name]:
            continue  # a property with one possible value
        plan = diffing.plan(table, settled(table, before), after)
        assert name in plan.changed
        nested = rules.properties or {}
        if rules.force_new and not nested:
            assert plan.replaces, name
        if not rules.force_new and not any(inner.force_new for inner in nested.values()):
            assert not any(found.replace for found in plan.differences if covers(name, found.path)), name


@pytest.mark.parametrize("token", sorted(TABLES))
def test_an_unknown_value_of_a_force_new_property_replaces(token: str):
    table = TABLES[token]
    for name, rules in table.properties.items():
        if not rules.force_new or rules.output or name == "region":
            continue
        before = checked(table, giving(table, name))
        after = {**before, name: UNKNOWN}
        assert diffing.plan(table, settled(table, before), after).replaces, name


@pytest.mark.parametrize("token", sorted(TABLES))
def test_a_computed_property_that_the_program_leaves_out_is_kept(token: str):
    table = TABLES[token]
    inputs = checked(table, minimal(table))
    state = settled(table, inputs)
    for name, rules in table.properties.items():
        if rules.computed and not rules.output and name not in inputs:
            assert name in state
    assert diffing.plan(table, state, inputs).differences == ()


@pytest.mark.parametrize("token", sorted(TABLES))
def test_an_optional_property_taken_away_is_a_difference(token: str):
    table = TABLES[token]
    for name, rules in table.properties.items():
        if rules.output or rules.computed or rules.required or rules.has_default or rules.removal_ignored:
            continue
        if any(name in group for group in table.exactly_one_of):
            continue
        with_it = checked(table, giving(table, name))
        without = {key: value for key, value in with_it.items() if key != name}
        plan = diffing.plan(table, settled(table, with_it), without)
        assert [found.path.split(".")[0].split("[")[0] for found in plan.differences] == [name]


@pytest.mark.parametrize("token", sorted(token for token, table in TABLES.items() if table.name))
def test_automatic_names_match_pattern_and_limit(token: str):
    table = TABLES[token]
    assert table.name is not None
    rule = table.name
    inputs = checked(table, minimal(table))
    assert re.fullmatch(rf"{re.escape(rule.prefix)}thing-[0-9a-f]{{7}}(\.fifo)?", inputs[rule.property])
    assert rule.property in inputs["__defaults"]

    longest = "n" * (rule.max - 8)
    fitting, _ = checking.check(table, {}, minimal(table), CheckContext(logical_name=longest, region="eu-west-1"))
    assert len(fitting[rule.property]) == rule.max + len(rule.prefix)
    _, failures = checking.check(
        table, {}, minimal(table), CheckContext(logical_name=f"{longest}n", region="eu-west-1")
    )
    assert f"is longer than maximum length {rule.max}" in failures[0].reason


@pytest.mark.parametrize("token", sorted(token for token, table in TABLES.items() if table.name))
def test_a_replacement_deletes_first_only_when_the_program_gave_the_name(token: str):
    table = TABLES[token]
    assert table.name is not None
    generated = checked(table, minimal(table))
    assert not diffing.plan(table, {}, generated).delete_before_replace
    named = checked(table, giving(table, table.name.property))
    assert diffing.plan(table, {}, named).delete_before_replace


@pytest.mark.parametrize("token", sorted(TABLES))
def test_a_preview_leaves_unknown_what_only_aws_decides(token: str):
    table = TABLES[token]
    inputs = checked(table, minimal(table))
    planned = state_inputs.planned_create(table, inputs)
    for name, rules in table.properties.items():
        if rules.output or (rules.computed and name not in inputs):
            assert isinstance(planned[name], Unknown)
        elif name in inputs:
            assert planned[name] == inputs[name]


@pytest.mark.parametrize("token", sorted(TABLES))
def test_a_refresh_that_finds_nothing_new_leaves_the_inputs_as_they_were(token: str):
    table = TABLES[token]
    for name in ["", *(name for name, rules in table.properties.items() if not rules.output)]:
        inputs = checked(table, giving(table, name) if name else minimal(table))
        assert state_inputs.inputs_from_state(table, settled(table, inputs), inputs) == inputs


def test_every_comparison_named_in_the_tables_exists():
    def rules_of(properties: Any) -> set[str]:
        return {found for rules in properties.values() for found in ({rules.compare} | rules_of(rules.properties))}

    named = {name for table in TABLES.values() for name in rules_of(table.properties)} - {""}
    assert named == set(NORMALISERS)

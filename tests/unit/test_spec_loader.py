"""The file on disk: positions, plain words, and no input that breaks the loader."""

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tinystacks.errors import SpecError
from tinystacks.spec.loader import find_file, load_stack, load_stack_text
from tinystacks.spec.messages import PATTERNS
from tinystacks.spec.model import StackSpec

NAME = r"^[a-z]([a-z0-9-]*[a-z0-9])?$"
SMALL = "name: shop\nservices:\n  web: {image: nginx, port: 80}\n"


def problems(text):
    with pytest.raises(SpecError) as caught:
        load_stack_text(text, "tstack.yaml")
    return [str(problem) for problem in caught.value.problems]


def only(text):
    (problem,) = problems(text)
    return problem


def web(line):
    return f"name: shop\nservices:\n  web:\n    image: nginx\n    {line}\n"


def test_the_smallest_file():
    stack = load_stack_text(SMALL)
    assert stack.name == "shop"
    assert stack.stage_names == ("dev",)
    assert stack.services["web"].port == 80


def test_the_default_file_is_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tstack.yml").write_text(SMALL)
    assert load_stack().name == "shop"
    (tmp_path / "tstack.yaml").write_text(SMALL.replace("shop", "first"))
    assert load_stack().name == "first"


def test_a_file_equals_the_same_stack_in_python():
    assert load_stack_text(SMALL) == StackSpec.from_mapping(
        {"name": "shop", "services": {"web": {"image": "nginx", "port": 80}}}
    )


def test_every_problem_at_once_in_the_order_of_the_file():
    text = """\
name: Shop
services:
  web:
    image: nginx
    prot: 80
    cpu: many
    tasks: {min: 2, max: 9000}
compute:
  kind: ecs
"""
    assert problems(text) == [
        f'tstack.yaml:1:7: name: must be {PATTERNS[NAME]}; "Shop" was given',
        "tstack.yaml:5:5: services.web.prot: unknown key; did you mean `port`?",
        'tstack.yaml:6:10: services.web.cpu: must be a whole number; "many" was given',
        "tstack.yaml:7:26: services.web.tasks.max: must be at most 5000; 9000 was given",
        'tstack.yaml:9:9: compute.kind: must be `ec2` or `fargate`; "ecs" was given; did you mean `ec2`?',
    ]


def test_a_problem_carries_its_position_as_data():
    with pytest.raises(SpecError) as caught:
        load_stack_text(web("memory: 2"), "a.yaml")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.column, problem.field) == ("a.yaml", 5, 13, "services.web.memory")
    assert problem.severity == "error"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("rolling_update: {deadline: 9}", "must be at least 60; 9 was given"),
        ("memory: true", "must be a whole number; true was given"),
        ("memory: 1.5", "must be a whole number; 1.5 was given"),
        ("memory: '256'", 'must be a whole number; "256" was given; write it without quotes'),
        ("exec: yes", 'must be `true` or `false`; "yes" was given; write `true`'),
        ("command: ls -l", 'must be a list; "ls -l" was given; write it in brackets, such as `["…"]`'),
        ("command: [sh, 1]", 'must be text; 1 was given; write it in quotes: "1"'),
        ("health_check: /ping", 'must be a mapping of keys to values; "/ping" was given'),
        ("health_check: {path: ping}", 'must be a path that begins with `/`; "ping" was given'),
        ("environment: {}", "unknown key; did you mean `variables`?"),
        ("max_percent: 100", "unknown key; it belongs in `rolling_update`"),
        ("permissions: [{actions: [], resources: ['*']}]", "must not be empty"),
        ("permissions: [{actions: ['s3:Get*']}]", "is missing; it must be given"),
        ("logs: {retention_days: 8}", "must be `1`, `3`, `5`, `7`, `14`"),
        ("variables: {A: [b]}", "must be text; a list was given"),
        ("variables: {A: }", "must be text; nothing was given"),
        ("build: .", "needs either `build` (a folder to build) or `image` (a ready image)"),
        ("tasks: {schedule: {night: {when: daily}}}", "must be `cron(0 8 ? * MON-FRI *)`"),
        ("tasks: two", 'must be a number of tasks or a mapping such as `{min: 2, max: 5}`; "two" was given'),
        ("zzz: 1", "unknown key; possible here: command, entry_point"),
    ],
)
def test_plain_words(line, words):
    assert words in only(web(line))


def test_wrong_form_of_an_alternative_is_told_once():
    text = SMALL + "compute: {scaling: manged}\n"
    assert only(text).endswith('must be `managed` or a mapping such as `{cpu: 75, minutes: 15}`; "manged" was given')
    text = SMALL + "compute: {scaling: {cpu: 750}}\n"
    assert only(text).endswith("compute.scaling.cpu: must be at most 100; 750 was given")


def test_position_of_a_list_item():
    text = web("permissions:\n      - actions: [s3:GetObject]\n        resources: [1]")
    assert only(text).startswith("tstack.yaml:7:21: services.web.permissions[0].resources[0]: must be text")


def test_values_that_may_be_confidential_are_not_repeated():
    assert "hunter2" not in only(web("secrets: {A: [hunter2]}"))
    with pytest.raises(SpecError) as caught:
        load_stack_text(web("secrets: {A: hunter2}")).stage()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "written", ["1.10", "0012", "no", "True", "1e3", "12:30", "0x1F", "2026-01-01", "1_000", "x y"]
)
def test_a_variable_is_what_was_written(written):
    assert load_stack_text(web(f"variables: {{V: {written}}}")).services["web"].variables == {"V": written}


def test_codes_and_account_need_no_quotes():
    stack = load_stack_text(web("health_check: {matcher: 200}") + "account: 012345678901\n")
    assert stack.services["web"].health_check.matcher == "200"
    assert stack.account == "012345678901"


def test_yaml_1_2_truth_values():
    assert load_stack_text(web("exec: false")).services["web"].exec is False


def test_keys_without_value_count_as_not_given():
    stack = load_stack_text(SMALL + "compute:\nnetwork:\ntags:\nstages:\n  dev:\n  prod:\n")
    assert stack.stage_names == ("dev", "prod")
    assert stack.compute.kind == "ec2"
    assert load_stack_text(web("tasks: {target_cpu: null, min: 2, max: 2}")).services["web"].tasks.target_cpu is None


def test_anchors_and_merge_keys():
    text = """\
name: shop
services:
  web: &base {image: nginx, cpu: 512, memory: 300}
  worker:
    <<: *base
    cpu: 128
"""
    worker = load_stack_text(text).services["worker"]
    assert (worker.image, worker.cpu, worker.memory) == ("nginx", 128, 300)


def test_a_problem_behind_an_alias_is_told_where_it_is_used_and_stands():
    text = "name: shop\nservices:\n  web: &base {image: nginx, cpu: x}\n  worker: *base\n"
    fields = [line.split(": ")[1] for line in problems(text)]
    assert fields == ["services.web.cpu", "services.worker.cpu"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "1:1: the file is empty"),
        ("# nothing\n", "1:1: the file is empty"),
        ("- a\n", "1:1: the file must be a mapping"),
        ("just words", "1:1: the file must be a mapping"),
        ("a:\n\tb: 1", "2:1: not YAML: a tab cannot indent; use spaces"),
        ("a:\tb: 1\nc: {d:\te}", "1:3: not YAML: a tab cannot stand here; use a space"),
        ("image:\tnginx", "1:7: not YAML: a tab cannot stand here; use a space"),
        ("a: [a, b\n}", "2:1: not YAML: a list in brackets needs `,` between its items and `]` at its end"),
        ("a: {b: 1\n]", "2:1: not YAML: a mapping in braces needs `,` between its keys and `}` at its end"),
        ("a: |x\n  b", "1:5: not YAML: after `|` or `>` the text begins on the next line"),
        ("a: & b", "1:5: not YAML: a name is missing after `&`"),
        ("a: * b", "1:5: not YAML: a name is missing after `*`"),
        ("a: !!\n", "1:6: not YAML: a text that begins with `!` has to be in quotes"),
        ('a: "\\q"', "1:6: not YAML: a text in double quotes holds an unknown escape"),
        ("a: b: c", "1:5: not YAML: a `:` is not expected here"),
        ("a: 'b", "not YAML: a quoted text has no closing quote"),
        ("{a: 1", "not YAML: the file ends in the middle of a value"),
        ("a: @b", "1:4: not YAML: this character cannot begin a value"),
        ("a: &a [*a]", "1:8: `*a` contains itself"),
        ("a: *b", "1:4: `*b` stands for nothing"),
        ("a: !!python/object:os.system x", "1:4: the tag"),
        ("a: 1\n---\nb: 2", "2:1: the file holds a second document"),
        ("a: \x01", "1:4: not YAML: the file holds characters that YAML does not allow"),
        ('a: "\\ud800"', "1:4: a text holds a character that cannot be stored"),
        ('a: "\\UFFFFFFFF"', "a text holds an escape that stands for no character"),
        ("? [a]\n: 1\nname: b", "1:3: a key must be text"),
        ("<<: 1\nname: b", "1:5: `<<` takes a mapping"),
    ],
)
def test_what_is_no_yaml_of_ours(text, words):
    assert any(words in problem for problem in problems(text))


def test_a_key_given_twice_names_both_lines():
    text = "name: shop\nservices:\n  web: {image: nginx}\n  api: {image: nginx}\n  web: {image: other}\n"
    assert only(text) == "tstack.yaml:5:3: services.web: the key is given twice (first in line 3); keep one"


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 30)
)


HOSTILE = {
    "10 MB": "[" * 10_000_000,
    "brackets": "[" * 200_000,
    "maps": "{a: " * 60_000,
    "dashes": "- " * 130_000,
    "items": "- a\n" * 65_000,
    "keys": "? " * 130_000,
    "plain": "a,\n" * 80_000,
    "flow": "[" + "a," * 100_000 + "]",
    "anchors": "x: " + "&a " * 80_000,
    "quote": '"' + "x" * 260_000,
    "block": "a: |\n" + "  x\n" * 60_000,
    "bomb": BOMB,
    "ladder": "a0: &a0 [x]\n" + "".join(f"a{level}: &a{level} [*a{level - 1}]\n" for level in range(1, 60)),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_ends_in_a_clear_problem_soon(text):
    started = time.process_time()
    assert 1 <= len(problems(text)) <= 3
    assert time.process_time() - started < 2


def test_many_problems_end_in_a_count():
    found = problems(SMALL + "".join(f"key{number}: 1\n" for number in range(500)))
    assert len(found) == 201
    assert found[-1].endswith("and 300 more problems")


def test_more_stages_than_anyone_has():
    text = SMALL + "stages:\n" + "".join(f"  s{number}: {{extends: s{number - 1}}}\n" for number in range(1, 101))
    assert "stages.s1.extends: there is no stage `s0`" in problems(text)[0]
    assert only(text + "  last: {}\n") == "tstack.yaml:4:1: stages: must have at most 100 entries"


def test_problems_in_a_base_with_many_stages_are_told_soon():
    keys = "".join(f"key{number}: 1\n" for number in range(150))
    stages = "".join(f"  s{number}: {{}}\n" for number in range(100))
    started = time.process_time()
    assert len(problems(SMALL + keys + "stages:\n" + stages)) == 150
    assert time.process_time() - started < 2


def test_what_a_terminal_would_act_on_is_escaped():
    found = problems(SMALL + '"a\\e[31m\\nb": 1\nregion: "\\e[31m"\n' + f"{'k' * 100}: 1\n")
    assert "a\\x1b[31m\\nb: unknown key" in found[0]
    assert "\\x1b[31m" in found[1]
    assert f"{'k' * 60}…: unknown key" in found[2]


def test_what_belongs_to_a_stage_is_told_so():
    assert only(SMALL + "approval: manual\n").endswith("it belongs to a stage: `stages: {prod: {approval: …}}`")


def test_no_such_file_names_init(tmp_path):
    with pytest.raises(SpecError, match="there is no such file") as caught:
        load_stack(tmp_path / "tstack.yaml")
    assert "tstack init" in caught.value.hint


def test_the_file_is_found_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=r"tstack\.yaml:1:1: there is no such file"):
        find_file()
    (tmp_path / "tstack.yml").write_text("not read")
    assert find_file() == Path("tstack.yml")
    assert find_file(tmp_path / "tstack.yml") == tmp_path / "tstack.yml"


def test_a_folder(tmp_path):
    with pytest.raises(SpecError, match="this is a folder"):
        load_stack(tmp_path)


def test_not_utf_8(tmp_path):
    (tmp_path / "tstack.yaml").write_bytes(b"name: shop\ntags: {a: \xff}\n")
    with pytest.raises(SpecError, match=r"tstack\.yaml:2:11: the file is not UTF-8"):
        load_stack(tmp_path / "tstack.yaml")


def test_a_byte_order_mark_is_no_problem(tmp_path):
    (tmp_path / "tstack.yaml").write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert load_stack(tmp_path / "tstack.yaml").name == "shop"


def test_a_huge_file_is_not_read_whole(tmp_path):
    path = tmp_path / "tstack.yaml"
    with path.open("wb") as file:
        file.truncate(50 * 2**30)
    started = time.process_time()
    with pytest.raises(SpecError, match="too large"):
        load_stack(path)
    assert time.process_time() - started < 2


def test_a_path_through_a_file(tmp_path):
    (tmp_path / "tstack.yaml").write_text(SMALL)
    with pytest.raises(SpecError, match="there is no such file"):
        load_stack(tmp_path / "tstack.yaml" / "inner.yaml")


def test_a_path_that_cannot_be():
    with pytest.raises(SpecError, match="there is no such file"):
        load_stack("a\0b")
    with pytest.raises(SpecError, match="cannot be read: File name too long"):
        load_stack("a" * 5000)


YAML_WORDS = (
    "name services web image nginx port 80 tasks min stages prod extends compute : - { } [ ] , &a *a << null true ~ ' "
    '" !!str | network scaling managed build secrets route 1.5 # --- ? % schedule'
)
words = st.lists(st.sampled_from([*YAML_WORDS.split(" "), "\n", "  ", "    ", "\t"]), max_size=60)


@given(st.one_of(st.text(max_size=200), words.map(" ".join), words.map("".join)))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_gives_a_stack_or_a_spec_error(text):
    try:
        stack = load_stack_text(text)
    except SpecError as error:
        assert all(problem.line > 0 and problem.column > 0 for problem in error.problems)  # noqa: PT017 - any text
    else:
        assert isinstance(stack, StackSpec)


YAML_KEYS = (
    "name services web image build tasks stages dev extends compute scaling variables health_check network sidecars "
    "route schedule logs x"
)
keys = st.sampled_from(YAML_KEYS.split())
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
leaves = st.one_of(scalars, st.sampled_from(["ec2", "dev", "managed", "prod"]))
documents = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=5)),
    max_leaves=30,
)


@given(st.dictionaries(keys, documents, max_size=6))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_data_gives_a_stack_or_a_spec_error(document):
    document = {"name": "shop", "services": {"web": {"image": "nginx"}}, **document}
    try:
        stack = StackSpec.from_mapping(document)
        for name in stack.stage_names:
            stack.stage(name)
    except SpecError as error:
        assert error.problems  # noqa: PT017 - any data

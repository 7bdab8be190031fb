"""Stages: what is merged, what is replaced, and where a problem is told to stand."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinystacks.errors import SpecError
from tinystacks.spec import BuildSpec, ServiceSpec, StackSpec, TasksSpec, stage_warnings
from tinystacks.spec.loader import load_stack_text
from tinystacks.spec.overrides import merge_stage
from tinystacks.spec.positions import SourceMap
from tinystacks.spec.stages import resolve_stages, stack_problems, warnings_of_stages

BASE = """\
name: shop
services:
  web:
    image: nginx
    port: 80
    tasks: {min: 2, max: 5, target_cpu: 60}
    variables: {A: "1", B: "2"}
    command: [serve, --fast]
    sidecars: {proxy: {image: envoy, memory: 32}}
  worker: {image: worker}
network: {availability_zones: 2}
stages:
  dev: {}
"""


def stage(overrides, name="prod"):
    return load_stack_text(f"{BASE}  {name}: {overrides}\n").stage(name)


def problems(text, name=None):
    with pytest.raises(SpecError) as caught:
        load_stack_text(text).stage(name)
    return [str(problem) for problem in caught.value.problems]


def test_the_first_stage_is_the_default():
    stack = load_stack_text(BASE + "  prod: {}\n")
    assert stack.stage().stage == "dev"
    assert [stack.stage(name).order for name in stack.stage_names] == [0, 1]
    assert stack.stage("prod").full_name == "shop-prod"


def test_maps_merge_and_values_and_lists_replace():
    web = stage("{services: {web: {variables: {B: x, C: y}, command: [other], tasks: {max: 9}}}}").services["web"]
    assert web.variables == {"A": "1", "B": "x", "C": "y"}
    assert web.command == ["other"]
    assert (web.tasks.min, web.tasks.max, web.tasks.target_cpu) == (2, 9, 60)


def test_null_takes_a_value_away():
    changed = stage(
        "{services: {web: {command: null, variables: {A: null}, sidecars: {proxy: null}, tasks: null}, worker: null}}"
    )
    web = changed.services["web"]
    assert list(changed.services) == ["web"]
    assert web.command is None
    assert web.variables == {"B": "2"}
    assert web.sidecars == {}
    assert (web.tasks.min, web.tasks.max, web.tasks.target_cpu) == (2, 5, 75)


def test_null_for_the_cpu_target_means_none():
    tasks = stage("{services: {web: {tasks: {target_cpu: null, target_memory: 70}}}}").services["web"].tasks
    assert (tasks.target_cpu, tasks.target_memory) == (None, 70)


def test_a_number_of_tasks_merges_as_min_and_max():
    tasks = stage("{services: {web: {tasks: 3}}}").services["web"].tasks
    assert (tasks.min, tasks.max, tasks.target_cpu) == (3, 3, 60)


def test_an_image_takes_the_place_of_a_build_and_back():
    text = "name: shop\nservices:\n  web: {build: {context: ., target: run}}\nstages:\n"
    text += (
        "  dev: {}\n  prod: {services: {web: {image: nginx}}}\n  test: {extends: prod, services: {web: {build: ./x}}}\n"
    )
    stack = load_stack_text(text)
    assert stack.stage("prod").services["web"].build is None
    assert stack.stage("test").services["web"].build == BuildSpec(context="./x")
    assert stack.stage("test").services["web"].image is None


def test_a_stage_may_add_a_service():
    assert list(stage("{services: {api: {image: api}}}").services) == ["web", "worker", "api"]


def test_extends_applies_the_other_stage_first():
    text = BASE + "  prod: {approval: manual, region: eu-west-1, services: {web: {cpu: 512}}}\n"
    text += "  next: {extends: prod, services: {web: {memory: 300}}}\n  last: {extends: next, region: us-east-1}\n"
    last = load_stack_text(text).stage("last")
    assert (last.approval, last.region) == ("manual", "us-east-1")
    assert (last.services["web"].cpu, last.services["web"].memory) == (512, 300)


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        ("  prod: {extends: prd}\n", "14:19: stages.prod.extends: there is no stage `prd`; did you mean `prod`?"),
        ("  prod: {extends: prod}\n", "14:19: stages.prod.extends: stages extend each other in a circle: prod → prod"),
        ("  prod: {extends: [dev]}\n", "must be the name of a stage"),
        ("  prod: {name: other}\n", "14:10: stages.prod.name: `name` cannot differ between stages"),
        ("  prod: {stage: other}\n", "`stage` cannot differ between stages"),
        ("  prod: {aproval: manual}\n", "14:10: stages.prod.aproval: unknown key; did you mean `approval`?"),
        ("  prod: {services: {web: {prot: 1}}}\n", "stages.prod.services.web.prot: unknown key; did you mean `port`?"),
        ("  prod: {services: {web: {cpu: x}}}\n", '14:32: stages.prod.services.web.cpu: must be a whole number; "x"'),
        ("  prod: [a]\n", "stages.prod: must be a mapping"),
        ("  prod: {approval: yes}\n", 'stages.prod.approval: must be `none` or `manual`; "yes" was given'),
        ("  prod: {services: {api: {port: 1}}}\n", "stages.prod.services.api: needs either `build`"),
        (
            "  prod: {services: {wbe: {cpu: 512}}}\n",
            "or `image` (a ready image); did you mean `web`?",
        ),
    ],
)
def test_problems_of_overrides_are_found_when_the_file_is_loaded(stages, words):
    with pytest.raises(SpecError) as caught:
        load_stack_text(BASE + stages)
    assert [words in str(problem) for problem in caught.value.problems] == [True]


def test_a_problem_in_the_base_is_told_once_though_every_stage_has_it():
    with pytest.raises(SpecError) as caught:
        load_stack_text(BASE.replace("port: 80", "port: 0") + "  prod: {}\n  test: {region: eu-west-1}\n")
    assert [str(problem) for problem in caught.value.problems] == [
        "tstack.yaml:5:11: services.web.port: must be at least 1; 0 was given"
    ]


def test_a_problem_that_only_the_merge_has_stands_at_the_override():
    text = BASE + "  prod: {services: {web: {tasks: {min: 9}}}}\n"
    assert load_stack_text(text).stage("dev").services["web"].tasks.min == 2
    (problem,) = problems(text, "prod")
    assert problem == "tstack.yaml:6:26: services.web.tasks.max: must be at least `min` (9); 5 was given"
    text = BASE + "  prod:\n    extends: big\n  big:\n    services:\n      web:\n        memory: 4000\n"
    (problem,) = problems(text, "prod")
    assert problem.startswith(
        "tstack.yaml:19:17: stages.big.services.web.memory: a task with its sidecars needs 4032 MiB"
    )


def test_the_error_names_the_stage():
    with pytest.raises(SpecError) as caught:
        load_stack_text(BASE + "  prod: {services: {web: {memory: 4000}}}\n").stage("prod")
    assert "`prod`" in caught.value.hint


def test_an_unknown_stage():
    with pytest.raises(SpecError, match=r"there is no stage `prd`; did you mean `prod`\?"):
        load_stack_text(BASE + "  prod: {}\n").stage("prd")
    with pytest.raises(SpecError, match="there is no stage `x`; there is `dev`"):
        load_stack_text(BASE).stage("x")


def test_defaults_are_filled_in():
    prod = stage("{compute: {instance_types: [t4g.micro]}}")
    assert prod.compute.architecture == "arm64"
    assert (prod.services["web"].memory, prod.services["web"].network_mode) == (256, "bridge")


def test_defaults_on_fargate():
    prod = stage("{compute: {kind: fargate}, services: {web: {cpu: 512, sidecars: {proxy: {memory: 1024}}}}}")
    assert prod.compute.architecture == "x86_64"
    web = prod.services["web"]
    assert (web.memory, web.network_mode) == (2048, "awsvpc")
    assert prod.services["worker"].memory == 512


def test_z2_zone_rebalancing_is_off_where_ecs_refuses_it():
    prod = stage("{services: {web: {rolling_update: {max_percent: 100, min_healthy_percent: 50}}}}")
    assert not prod.services["web"].zone_rebalancing
    assert prod.services["worker"].zone_rebalancing


def test_the_same_stage_from_python():
    stack = StackSpec(
        name="shop",
        services={"web": ServiceSpec(image="nginx", port=80, tasks=TasksSpec(min=1, max=3))},
        stages={"dev": {}, "prod": {"services": {"web": {"tasks": {"max": 4}}}, "network": {"nat": "single"}}},
    )
    prod = stack.stage("prod")
    assert (prod.services["web"].tasks.min, prod.services["web"].tasks.max) == (1, 4)
    assert prod.network.nat == "single"
    assert prod == StackSpec.from_mapping(stack.model_dump(exclude_unset=True)).stage("prod")


def test_overrides_may_be_objects():
    stack = StackSpec(
        name="shop",
        services={"web": ServiceSpec(image="nginx", cpu=512)},
        stages={"prod": {"services": {"web": ServiceSpec(image="other")}}},
    )
    assert (stack.stage().services["web"].image, stack.stage().services["web"].cpu) == ("other", 512)


def test_objects_made_by_hand_tell_problems_without_position():
    with pytest.raises(SpecError) as caught:
        ServiceSpec(image="nginx", cpu="many", prot=1)  # pyright: ignore[reportArgumentType, reportCallIssue] - the test
    assert [str(problem) for problem in caught.value.problems] == [
        'cpu: must be a whole number; "many" was given',
        "prot: unknown key; did you mean `port`?",
    ]


def test_specs_are_frozen():
    with pytest.raises(Exception, match="frozen"):
        load_stack_text(BASE).stage().stack = "other"  # pyright: ignore[reportAttributeAccessIssue] - the test


def test_a_stage_survives_json():
    dev = load_stack_text(BASE).stage()
    assert type(dev).model_validate_json(dev.model_dump_json()) == dev


def test_warnings_and_errors_of_all_stages_once():
    text = BASE.replace('A: "1"', "A_TOKEN: abcdefgh") + "  prod: {services: {web: {memory: 4000}}}\n  test: {}\n"
    assert [problem.code for problem in stack_problems(load_stack_text(text))] == [
        "variable-looks-like-secret",
        "memory-does-not-fit",
    ]
    assert [problem.line for problem in stage_warnings(load_stack_text(text).stage("test"))] == [7]


def test_the_warnings_of_several_stages_once_in_file_order():
    text = "name: shop\nservices:\n  web:\n    image: nginx\n    variables: {A_TOKEN: abcdefgh}\n"
    text += "stages:\n  late: {services: {web: {variables: {B_TOKEN: abcdefgh}}}}\n  early: {}\n"
    early, late = (load_stack_text(text).stage(name) for name in ("early", "late"))
    for stages in ([early, late], [late, early]):
        assert [problem.line for problem in warnings_of_stages(stages)] == [5, 7]


def test_the_errors_of_all_stages_at_once():
    text = BASE + "  prod: {services: {web: {memory: 4000}}}\n  test: {network: {cidr: x}}\n"
    with pytest.raises(SpecError) as caught:
        resolve_stages(load_stack_text(text))
    assert [problem.code for problem in caught.value.problems] == ["memory-does-not-fit", "cidr"]
    assert caught.value.hint == "Found in stage `prod` and `test`."
    assert [stage.stage for stage in resolve_stages(load_stack_text(BASE + "  prod: {}\n"))] == ["dev", "prod"]


plain = st.recursive(
    st.one_of(st.integers(), st.text(max_size=3), st.lists(st.integers(), max_size=2)),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
variables = st.dictionaries(st.sampled_from(["A", "B", "C", "D"]), st.text(max_size=3), max_size=4)
tags = st.dictionaries(
    st.sampled_from(["tags", "network", "compute"]), st.dictionaries(st.sampled_from("abc"), plain), max_size=3
)


def merged(base, *layers):
    stages, previous = {}, None
    for number, layer in enumerate(layers):
        stages[f"s{number}"] = {**layer, **({"extends": previous} if previous else {})}
        previous = f"s{number}"
    return merge_stage(base, stages, previous or "", SourceMap())[0]


@settings(deadline=None)
@given(tags)
def test_merging_nothing_changes_nothing(base):
    assert merged(base, {}) == base


@settings(deadline=None)
@given(tags, tags)
def test_merging_twice_is_merging_once(base, layer):
    assert merged(base, layer, layer) == merged(base, layer)


@settings(deadline=None)
@given(tags, tags)
def test_merging_never_changes_what_is_given(base, layer):
    before = copy.deepcopy((base, layer))
    merged(base, layer)
    assert (base, layer) == before


same_form = st.fixed_dictionaries(
    {},
    optional={"tags": variables, "network": st.fixed_dictionaries({}, optional={"a": variables, "b": st.integers()})},
)


@settings(deadline=None)
@given(same_form, same_form, same_form)
def test_merging_is_associative_where_maps_stay_maps(first, second, third):
    assert merged(merged(first, second), third) == merged(first, merged(second, third))


@settings(deadline=None)
@given(variables, variables)
def test_the_later_map_wins_key_by_key(base, layer):
    assert merged({"tags": base}, {"tags": layer}) == {"tags": {**base, **layer}}


@settings(deadline=None)
@given(variables, st.sets(st.sampled_from(["A", "B", "C", "D"])))
def test_null_removes_exactly_its_key(base, removed):
    rest = {key: value for key, value in base.items() if key not in removed}
    assert merged({"tags": base}, {"tags": dict.fromkeys(removed)}) == {"tags": rest}


def test_regions_of_every_partition_are_taken():
    """Source: botocore's own list of endpoints, such as the European Sovereign Cloud's `eusc-de-east-1`."""
    for region in ("eu-west-1", "us-gov-west-1", "us-isob-east-1", "ap-southeast-10", "eusc-de-east-1"):
        stack = load_stack_text(BASE.replace("network:", f"region: {region}\nnetwork:"))
        assert stack.stage().region == region

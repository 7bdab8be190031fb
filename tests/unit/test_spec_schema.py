"""The JSON Schema and the reference say what the models say."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from tinystacks.errors import SpecError
from tinystacks.spec.docstrings import field_sentences
from tinystacks.spec.loader import load_stack_text
from tinystacks.spec.model import StackSpec, StageSpec
from tinystacks.spec.reference import file_reference
from tinystacks.spec.schema import all_models, file_schema, schema_text

DOCS = Path(__file__).parents[2] / "docs"
VALIDATOR = jsonschema.Draft202012Validator(file_schema())

VALID = [
    "name: shop\nservices: {web: {image: nginx}}",
    "name: shop\nservices: {web: {build: .}}",
    "name: shop\nservices: {web: {build: {context: ., args: {A: 1}}, tasks: 3, variables: {A: 1, B: true, C: x}}}",
    "name: shop\nservices: {web: {image: a}}\ncompute: {scaling: {cpu: 70}}\naccount: 123456789012\ntags: {a: 1}",
    "name: shop\nservices: {web: {image: a}}\nstages: {dev: {}, prod: {extends: dev, services: {web: {tasks: 4}}}}",
    "name: shop\nservices: {web: {image: a}, b: {image: b}}\nstages: {dev: null, prod: {services: {b: null}}}",
    "name: shop\nservices: {web: {image: a}}\nstages: {prod: {services: {web: {variables: {A: null}, command: null}}}}",
    "name: shop\nservices: {web: {image: a, permissions: [{actions: ['s3:*'], resources: ['*']}]}}",
]
INVALID = [
    "name: Shop\nservices: {web: {image: nginx}}",
    "name: shop",
    "name: shop\nservices: {}",
    "name: shop\nservices: {Web: {image: a}}",
    "name: shop\nservices: {web: {}}",
    "name: shop\nservices: {web: {image: a, build: .}}",
    "name: shop\nservices: {web: {image: a, prot: 1}}",
    "name: shop\nservices: {web: {image: a, memory: x}}",
    "name: shop\nservices: {web: {image: a, tasks: three}}",
    "name: shop\nservices: {web: {image: a}}\ncompute: {kind: lambda}",
    "name: shop\nservices: {web: {image: a}}\nstages: {}",
    "name: shop\nservices: {web: {image: a}}\nstages: {prod: {services: {web: {prot: 1}}}}",
    "name: shop\nservices: {web: {image: a}}\nstages: {prod: {name: other}}",
    "name: shop\nservices: {web: {image: a}}\nstages: {prod: {services: {web: {permissions: [{actions: ['s3:*']}]}}}}",
]


def test_the_kept_schema_equals_the_models():
    assert (DOCS / "tstack.schema.json").read_text(encoding="utf-8") == schema_text(), (
        "run: python -m tinystacks.spec.schema"
    )


def test_the_kept_reference_equals_the_models():
    assert (DOCS / "file.md").read_text(encoding="utf-8") == file_reference(), (
        "run: python -m tinystacks.spec.reference"
    )


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(file_schema())
    text = json.dumps(file_schema())
    assert set(re.findall(r"#/\$defs/(\w+)", text)) <= set(file_schema()["$defs"])


@pytest.mark.parametrize("text", VALID)
def test_schema_and_loader_accept(text):
    assert [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(text))] == []
    assert load_stack_text(text).name == "shop"


@pytest.mark.parametrize("text", INVALID)
def test_schema_and_loader_refuse(text):
    assert not VALIDATOR.is_valid(yaml.safe_load(text))
    with pytest.raises(SpecError):
        load_stack_text(text)


@pytest.mark.parametrize("model", [*all_models(StackSpec), StageSpec])
def test_every_key_is_described(model):
    sentences = field_sentences(model)
    assert set(sentences) == set(model.model_fields)
    assert all(sentence.endswith(".") for sentence in sentences.values())


def test_every_key_is_in_the_reference():
    reference = file_reference()
    for model in all_models(StackSpec):
        for name in model.model_fields:
            assert f"| `{name}` |" in reference


def test_the_example_of_the_reference_is_valid():
    (example,) = re.findall(r"```yaml\n(.*?)```", file_reference(), re.DOTALL)
    stack = load_stack_text(example)
    assert stack.stage("prod").services["web"].tasks.max == 20
    assert VALIDATOR.is_valid(yaml.safe_load(example))

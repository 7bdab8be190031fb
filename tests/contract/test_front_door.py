"""`import tinystacks` is cheap, and every public name is there."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import tinystacks

ROOT = Path(__file__).parents[2]
HEAVY = ("pulumi", "boto3", "botocore", "pydantic", "pulumi_aws", "moto", "yaml")


def modules_after(code):
    script = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["tinystacks", "cli"])
def test_a24_importing_loads_nothing_heavy(module):
    loaded = modules_after(f"import {module}")
    assert module in loaded
    assert loaded.isdisjoint(HEAVY)


def test_the_file_is_read_without_aws_and_engine():
    loaded = modules_after("import tinystacks.spec")
    assert loaded.isdisjoint({"pulumi", "boto3", "botocore", "moto"})


@pytest.mark.parametrize("name", tinystacks.__all__)
def test_every_public_name_resolves(name):
    assert getattr(tinystacks, name) is not None


def test_public_names_are_sorted_and_listed():
    assert list(tinystacks.__all__) == sorted(tinystacks.__all__)
    assert set(tinystacks.__all__) <= set(dir(tinystacks))


def test_every_error_of_the_tree_is_public():
    errors = importlib.import_module("tinystacks.errors")
    raised = {name for name in vars(errors) if name.endswith("Error")}
    assert raised <= set(tinystacks.__all__)


def test_every_part_of_the_file_is_public():
    spec = importlib.import_module("tinystacks.spec")
    assert set(spec.__all__) - {"ApplicationSpec"} <= set(tinystacks.__all__)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="Deploymnt"):
        tinystacks.Deploymnt  # noqa: B018 - the access is the test


def test_names_are_the_same_object_each_time():
    assert tinystacks.StackSpec is tinystacks.StackSpec
    assert tinystacks.StackSpec is importlib.import_module("tinystacks.spec").StackSpec

"""The names that programs load from the AWS SDK are those that they use, and the SDK's own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from programs import sdk

PROGRAMS = Path(sdk.__file__).parent
USE = re.compile(r"\b(awsx?)\.([a-z0-9]+)\.([A-Za-z_]+)")


def test_every_name_that_is_loaded_is_used_and_the_other_way_round() -> None:
    texts = [path.read_text(encoding="utf-8") for path in PROGRAMS.glob("*.py") if path.name != "sdk.py"]
    used = {match for text in texts for match in USE.findall(text)}
    tables = {"aws": sdk.AWS_NAMES, "awsx": sdk.AWSX_NAMES}
    loaded = {
        (package, service, name) for package, table in tables.items() for service in table for name in table[service]
    }
    assert used == loaded


def in_a_new_process(code: str) -> str:
    """Run Python code where nothing is loaded yet; give what it printed."""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=PROGRAMS.parent)
    return done.stdout.strip()


@pytest.mark.parametrize(("root", "table"), [("pulumi_aws", sdk.AWS_NAMES), ("pulumi_awsx", sdk.AWSX_NAMES)])
def test_each_is_the_very_object_that_the_whole_package_gives(root, table) -> None:
    different = in_a_new_process(
        f"""
from importlib import import_module
from programs import sdk
table = {dict(table)!r}
parts = {{(s, n): getattr(import_module("{root}." + s), n) for s in table for n in table[s]}}
for service in table:
    dir(import_module("{root}." + service))
print([key for key, part in parts.items() if getattr(import_module("{root}." + key[0]), key[1]) is not part])
"""
    )
    assert different == "[]"


def test_names_alone_are_loaded_until_somebody_asks_for_everything() -> None:
    told = in_a_new_process(
        """
import sys
from programs.sdk import aws, awsx
from pulumi._types import resource_types
def whole(): return "pulumi_aws.ec2.ami" in sys.modules
resource_types(awsx.ec2.Vpc)
print(callable(aws.ec2.get_vpc), callable(aws.iam.get_policy_document))
print(aws.ec2.outputs.__name__, hasattr(aws.ec2, "__nothing__"), whole())
from pulumi_aws.ec2 import *
print(Ami.__name__, whole(), callable(get_vpc), hasattr(aws.ec2, "Nothing"))
"""
    )
    assert told.splitlines() == ["True True", "pulumi_aws.ec2.outputs False False", "Ami True True False"]


def test_a_package_that_was_loaded_before_stays_as_it_is() -> None:
    told = in_a_new_process(
        """
import warnings
warnings.simplefilter("ignore")
import pulumi_aws.ec2
pulumi_aws.ec2.Ami
before = dict(vars(pulumi_aws.ec2))
from programs.sdk import aws
print(type(aws.ec2).__name__, all(vars(aws.ec2)[key] is before[key] for key in before))
"""
    )
    assert told == "module True"

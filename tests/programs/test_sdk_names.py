"""The names that programs load from the AWS SDK are those that they use, and the SDK's own."""

from __future__ import annotations

import re
from pathlib import Path

import pulumi_aws
import pulumi_awsx
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


@pytest.mark.parametrize(
    ("root", "ours", "table"), [(pulumi_aws, sdk.aws, sdk.AWS_NAMES), (pulumi_awsx, sdk.awsx, sdk.AWSX_NAMES)]
)
def test_each_is_the_very_object_that_the_whole_package_gives(root, ours, table) -> None:
    for service, names in table.items():
        for name in names:
            assert getattr(getattr(ours, service), name) is getattr(getattr(root, service), name), name

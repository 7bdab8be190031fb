# ruff: noqa: INP001 - a script for people, no package
"""Write `tinystacks/spec/data/instance_types.csv` from the EC2 instance types that moto carries.

moto (PyPI) ships the answer of EC2's `DescribeInstanceTypes` as package data. Run this after updating moto:

    python scripts/instance_types.py

macOS hosts are left out: ECS has no agent for them.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import importlib.metadata
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent.parent / "tinystacks" / "spec" / "data" / "instance_types.csv"
COLUMNS = ("type", "vcpu", "memory_mib", "architecture", "max_interfaces", "burstable")


def moto_instance_types() -> dict[str, dict[str, Any]]:
    """Read moto's copy of `DescribeInstanceTypes`, without importing moto."""
    package = importlib.util.find_spec("moto")
    if package is None or package.origin is None:
        raise SystemExit("moto is not installed")
    source = Path(package.origin).parent / "ec2" / "resources" / "instance_types.json.gz"
    return json.loads(gzip.decompress(source.read_bytes()))


def rows(types: dict[str, dict[str, Any]]) -> list[tuple[str, int, int, str, int, int]]:
    """Give one row per type that can be a container instance, by name."""
    found: list[tuple[str, int, int, str, int, int]] = []
    for name, facts in sorted(types.items()):
        architectures = set(facts["ProcessorInfo"]["SupportedArchitectures"]) & {"x86_64", "arm64"}
        if len(architectures) != 1:
            continue
        found.append(
            (
                name,
                facts["VCpuInfo"]["DefaultVCpus"],
                facts["MemoryInfo"]["SizeInMiB"],
                architectures.pop(),
                facts["NetworkInfo"]["MaximumNetworkInterfaces"],
                int(facts["BurstablePerformanceSupported"]),
            )
        )
    return found


def main() -> None:
    """Write the table with a header that says where it is from and of which day."""
    version = importlib.metadata.version("moto")
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# EC2 instance types as in moto {version} (DescribeInstanceTypes), written on {today}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows(moto_instance_types()))
    sys.stderr.write(f"wrote {TABLE}\n")


if __name__ == "__main__":
    main()

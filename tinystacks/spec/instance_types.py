"""What an EC2 instance type offers to tasks: CPU units, memory that ECS may place, network interfaces.

The table in `data/instance_types.csv` is written by `scripts/instance_types.py`; its first line names source and day.
"""

from __future__ import annotations

import csv
import difflib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Architecture = Literal["x86_64", "arm64"]

AGENT_RESERVED_MIB = 32
"""MiB that the user data keeps from tasks (`ECS_RESERVED_MEMORY`), for the agent and the system.

ECS developer guide, "Reserving Amazon ECS Linux container instance memory"."""

_TABLE = Path(__file__).parent / "data" / "instance_types.csv"
_LOOKS_VALID = re.compile(
    r"[a-z]+(-\d+tb)?\d+[a-z0-9-]*\.(nano|micro|small|medium|large|xlarge|\d{1,3}xlarge|metal(-\d{1,3}xl)?)"
)
_GRAVITON = re.compile(r"(a1|[a-z]+\d+g[a-z0-9-]*)\.")

_USABLE_SHARE = ((512, 0.80), (1024, 0.888), (2048, 0.92), (8192, 0.90), (16383, 0.93))
"""Least share of the advertised memory that Linux hands to ECS, up to a size in MiB; 0.95 beyond.

The low end of what instances of these sizes registered with ECS-optimized images (t3.micro about 910 MiB, t3.small
1901, c5.large 3704, m5.large 7680, m5.xlarge 15576; ECS developer guide, "Viewing container instance memory")."""
_USABLE_SHARE_LARGE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceType:
    """One instance type.

    Attributes:
        name: such as `t3.micro`.
        vcpu: virtual CPUs.
        memory_mib: advertised memory in MiB.
        architecture: `x86_64` or `arm64`.
        max_interfaces: network interfaces that can be attached.
        burstable: whether CPU is given by credits (t family).
    """

    name: str
    vcpu: int
    memory_mib: int
    architecture: Architecture
    max_interfaces: int
    burstable: bool

    @property
    def cpu_units(self) -> int:
        """CPU units that the instance registers: 1024 per vCPU (ECS API reference, `Resource`)."""
        return self.vcpu * 1024

    @property
    def usable_mib(self) -> int:
        """MiB that tasks can count on: the low end of what Linux offers, less the agent's share (trap E2)."""
        share = next((share for size, share in _USABLE_SHARE if self.memory_mib <= size), _USABLE_SHARE_LARGE)
        return max(0, int(self.memory_mib * share + 0.75) - AGENT_RESERVED_MIB)

    @property
    def awsvpc_tasks(self) -> int:
        """Tasks in `awsvpc` mode that fit: one interface each, and one is the instance's own (no trunking; trap E1)."""
        return self.max_interfaces - 1


@cache
def instance_types() -> dict[str, InstanceType]:
    """Give every known instance type by name; the table is read once."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(line for line in file if not line.startswith("#"))
        return {
            row["type"]: InstanceType(
                name=row["type"],
                vcpu=int(row["vcpu"]),
                memory_mib=int(row["memory_mib"]),
                architecture="arm64" if row["architecture"] == "arm64" else "x86_64",
                max_interfaces=int(row["max_interfaces"]),
                burstable=row["burstable"] == "1",
            )
            for row in table
        }


def table_source() -> str:
    """Give the first line of the table: where its facts are from, and of which day."""
    with _TABLE.open(encoding="utf-8") as file:
        return file.readline().lstrip("# ").rstrip()


def looks_like_instance_type(name: str) -> bool:
    """Say whether a name follows the pattern of instance types, so that it may be newer than the table."""
    return _LOOKS_VALID.fullmatch(name) is not None


def architecture_of(name: str) -> Architecture:
    """Give the CPU architecture of a type; one that is not in the table is told by its name (`g` = Graviton)."""
    known = instance_types().get(name)
    if known is not None:
        return known.architecture
    return "arm64" if _GRAVITON.match(name) else "x86_64"


def similar_instance_types(name: str) -> list[str]:
    """Give up to three known types whose names are close to this one."""
    return difflib.get_close_matches(name, instance_types(), n=3, cutoff=0.75)

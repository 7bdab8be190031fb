"""The table of instance types, and what tasks can have of an instance."""

import csv
import runpy
from pathlib import Path

import pytest

from tinystacks.spec.instance_types import (
    AGENT_RESERVED_MIB,
    architecture_of,
    instance_types,
    looks_like_instance_type,
    similar_instance_types,
    table_source,
)
from tinystacks.spec.room import Fleet, Needs

ROOT = Path(__file__).parents[2]


def test_the_table_is_what_the_script_makes_of_moto():
    script = runpy.run_path(str(ROOT / "scripts" / "instance_types.py"))
    with script["TABLE"].open(encoding="utf-8") as file:
        header, *rows = csv.reader(line for line in file if not line.startswith("#"))
    assert tuple(header) == script["COLUMNS"]
    assert rows == [[str(value) for value in row] for row in script["rows"](script["moto_instance_types"]())]


def test_the_table_says_its_source_and_day():
    assert "DescribeInstanceTypes" in table_source()
    assert "written on 20" in table_source()


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("t3.micro", (2, 1024, "x86_64", 2, True)),
        ("t4g.small", (2, 2048, "arm64", 3, True)),
        ("m5.large", (2, 8192, "x86_64", 3, False)),
        ("c7g.xlarge", (4, 8192, "arm64", 4, False)),
    ],
)
def test_known_types(name, facts):
    known = instance_types()[name]
    vcpu, memory, architecture, interfaces, burstable = facts
    assert (known.vcpu, known.memory_mib, known.architecture) == (vcpu, memory, architecture)
    assert (known.max_interfaces, known.burstable) == (interfaces, burstable)
    assert known.cpu_units == vcpu * 1024
    assert known.awsvpc_tasks == interfaces - 1


@pytest.mark.parametrize(
    ("name", "registered"),
    [("t3.micro", 910), ("t3.small", 1901), ("t3.medium", 3828), ("m5.large", 7680), ("m5.xlarge", 15576),
     ("m5.2xlarge", 31368), ("c5.large", 3704), ("c5.xlarge", 7624), ("c5.2xlarge", 15463), ("t2.micro", 993)],
)  # fmt: skip
def test_p5_usable_memory_is_below_what_instances_registered(name, registered):
    usable = instance_types()[name].usable_mib
    assert registered * 0.85 < usable <= registered - AGENT_RESERVED_MIB + registered * 0.007


def test_every_known_type_looks_like_one_and_tells_its_architecture():
    for name, known in instance_types().items():
        assert looks_like_instance_type(name)
        assert architecture_of(name) == known.architecture


def test_newer_types_are_told_from_typing_errors():
    assert looks_like_instance_type("m99g.24xlarge")
    assert architecture_of("m99g.24xlarge") == "arm64"
    assert architecture_of("m99i.large") == "x86_64"
    assert not looks_like_instance_type("t3.mirco")
    assert not looks_like_instance_type("t3")
    assert similar_instance_types("t3.mirco")[0] == "t3.micro"


def needs(memory=100, cpu=0, interfaces=0, ports=()):
    return Needs(memory_mib=memory, cpu_units=cpu, interfaces=interfaces, ports=frozenset(ports))


ROOM = needs(memory=1000, cpu=1024, interfaces=2)


def test_p15_spread_puts_tasks_on_the_instance_with_fewest():
    fleet = Fleet(3, ROOM)
    assert fleet.place(needs(memory=600), 2) == 2
    assert fleet.place(needs(memory=500), 9) == 2  # the third instance only


def test_p16_binpack_leaves_room_for_large_tasks():
    small, large = needs(memory=250), needs(memory=900)
    spread, packed = Fleet(2, ROOM), Fleet(2, ROOM)
    assert spread.place(small, 4) == packed.place(small, 4, spread=False) == 4
    assert spread.place(large, 1) == 0
    assert packed.place(large, 1) == 1


@pytest.mark.parametrize(
    ("task", "per_instance"),
    [(needs(memory=300), 3), (needs(cpu=512), 2), (needs(interfaces=1), 2), (needs(ports=[80]), 1)],
)
def test_p1_every_resource_counts(task, per_instance):
    assert Fleet(4, ROOM).place(task, 100) == 4 * per_instance

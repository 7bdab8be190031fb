"""The sizes of a Fargate task (ECS API reference, `RegisterTaskDefinition`, `cpu` and `memory`; rule P13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_GIB = 1024


def _gib(first: int, last: int, step: int = 1) -> tuple[int, ...]:
    return tuple(range(first * _GIB, last * _GIB + 1, step * _GIB))


FARGATE_SIZES: Mapping[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: _gib(1, 4),
    1024: _gib(2, 8),
    2048: _gib(4, 16),
    4096: _gib(8, 30),
    8192: _gib(16, 60, 4),
    16384: _gib(32, 120, 8),
}
"""Task CPU units to the MiB that go with them."""


def memory_choices(cpu: int) -> Sequence[int]:
    """Give the MiB that a Fargate task of so many CPU units may have; nothing for CPU that Fargate does not offer."""
    return FARGATE_SIZES.get(cpu, ())


def closest_size(cpu: int, memory: int) -> tuple[int, int] | None:
    """Give the smallest size with at least this CPU and memory; None when even the largest is too small."""
    for size_cpu, sizes in FARGATE_SIZES.items():
        if size_cpu < cpu:
            continue
        for size_memory in sizes:
            if size_memory >= memory:
                return size_cpu, size_memory
    return None

"""CPU and memory pairs that Fargate runs (P13). Source: API Task, members cpu and memory."""

from __future__ import annotations

GIB = 1024
SIZES: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1 * GIB, 4 * GIB + 1, GIB)),
    1024: tuple(range(2 * GIB, 8 * GIB + 1, GIB)),
    2048: tuple(range(4 * GIB, 16 * GIB + 1, GIB)),
    4096: tuple(range(8 * GIB, 30 * GIB + 1, GIB)),
    8192: tuple(range(16 * GIB, 60 * GIB + 1, 4 * GIB)),
    16384: tuple(range(32 * GIB, 120 * GIB + 1, 8 * GIB)),
}


def exists(cpu: int, memory: int) -> bool:
    """Whether Fargate runs tasks of this size (CPU units, MiB)."""
    return memory in SIZES.get(cpu, ())

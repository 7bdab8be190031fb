"""Why a container ended, where its exit code does not say it.

Podman before version 5 never tells that a container was ended for its memory
(https://github.com/containers/podman/pull/21523). The kernel does, with the name of the control group, which holds the
container's id (`oom-kill:… oom_memcg=/…/libpod-ID`; kernel documentation, "printk" and "memory").
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
"""The agent's text (T22)."""
KERNEL_LOG = Path("/dev/kmsg")
_RECORD = 8192
"""Bytes of the longest record (kernel documentation, `/dev/kmsg`); each read gives one."""
_MOST_RECORDS = 100_000
_KILLED = 137
"""Exit code after SIGKILL: 128 and the number of the signal."""


def end_reason(state: Mapping[str, Any], container_id: str, log: Path = KERNEL_LOG) -> str:
    """Give the agent's text for an end, or the container engine's; empty where there is nothing to say.

    Args:
        state: as the engine's API gives it.
        container_id: the container's.
        log: the kernel's.
    """
    killed = state.get("ExitCode") == _KILLED and not state.get("Error")
    if state.get("OOMKilled") or (killed and ended_for_memory(container_id, log)):
        return OUT_OF_MEMORY
    return str(state.get("Error") or "")


def ended_for_memory(container_id: str, log: Path = KERNEL_LOG) -> bool:
    """Say whether the kernel ended a program of a container because its memory was used up.

    Args:
        container_id: the whole id.
        log: the kernel's.

    Returns:
        False also where this user may not read the log, and where there is none.
    """
    try:
        source = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return any("oom-kill:" in record and container_id in record for record in _records(source))
    finally:
        os.close(source)


def _records(source: int) -> list[str]:
    found = bytearray()
    for _ in range(_MOST_RECORDS):
        try:
            record = os.read(source, _RECORD)
        except BrokenPipeError:
            continue  # this record was overwritten meanwhile; the next read gives the oldest that is left
        except OSError:
            break  # no more for now
        if not record:
            break
        found += record
    return found.decode(errors="replace").splitlines()

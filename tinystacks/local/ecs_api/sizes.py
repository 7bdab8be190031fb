"""Task sizes as requests write them: CPU in units or vCPU, memory in MiB or GB (API RegisterTaskDefinition)."""

from __future__ import annotations

import re

from tinystacks.controlplane.errors import EcsError, client_error

_CPU = re.compile(r"(?P<units>\d{1,9})|(?P<vcpu>\d{0,6}\.?\d{1,6})\s*vcpu", re.IGNORECASE)
_MEMORY = re.compile(r"(?P<mib>\d{1,9})|(?P<gb>\d{0,6}\.?\d{1,6})\s*gb", re.IGNORECASE)
_UNITS_PER_VCPU = 1024
_MIB_PER_GB = 1024


def sized(members: dict[str, str]) -> dict[str, str]:
    """Give the members `cpu` and `memory`, where there are any, in CPU units and MiB as ECS keeps them.

    Raises:
        EcsError: one of them cannot be read.
    """
    result: dict[str, str] = {}
    if "cpu" in members:
        result["cpu"] = _whole(_CPU, members["cpu"], _UNITS_PER_VCPU, client_error("Invalid 'cpu' setting for task."))
    if "memory" in members:
        refusal = client_error("Invalid 'memory' setting for task.")
        result["memory"] = _whole(_MEMORY, members["memory"], _MIB_PER_GB, refusal)
    return result


def _whole(pattern: re.Pattern[str], text: str, factor: int, refusal: EcsError) -> str:
    found = pattern.fullmatch(text.strip())
    if not found:
        raise refusal
    whole, large = found.groups()
    return str(int(whole) if whole else round(float(large) * factor))

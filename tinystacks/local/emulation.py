"""moto's state, as the rest of the local AWS reads it.

moto keeps one backend object per account, region and service in this process. Reading them directly costs nothing,
where a call over HTTP costs milliseconds; whoever changes them, or needs two reads to agree, holds `lock`.
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
from typing import TYPE_CHECKING, Any

from tinystacks.local.status import ACCOUNT_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.autoscaling.models import AutoScalingBackend
    from moto.ec2.models import EC2Backend
    from moto.elbv2.models import ELBv2Backend

_RESERVED_SETTING = re.compile(r"""^\s*(?:echo\s+["']?)?ECS_RESERVED_MEMORY=["']?(\d+)""", re.MULTILINE)
_CLUSTER_SETTING = re.compile(r"""^\s*(?:echo\s+["']?)?ECS_CLUSTER=["']?([A-Za-z0-9_-]+)""", re.MULTILINE)


class Emulation:
    """moto's backends.

    Attributes:
        lock: held around every call into moto; nothing that holds it may wait for a control plane.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()

    def backend(self, service: str, region: str) -> Any:
        """The backend of a service in a region, made on first use."""
        return _all_backends(service)[ACCOUNT_ID][region]

    def ec2(self, region: str) -> EC2Backend:
        """EC2 of a region."""
        return self.backend("ec2", region)

    def autoscaling(self, region: str) -> AutoScalingBackend:
        """EC2 Auto Scaling of a region."""
        return self.backend("autoscaling", region)

    def elbv2(self, region: str) -> ELBv2Backend:
        """Elastic Load Balancing of a region."""
        return self.backend("elbv2", region)

    def used_regions(self, service: str) -> Iterator[tuple[str, Any]]:
        """The regions in which a service was used, with their backends; makes none."""
        backends = _all_backends(service)
        if ACCOUNT_ID in backends:
            account = backends[ACCOUNT_ID]
            yield from [(region, account[region]) for region in list(account)]


def _all_backends(service: str) -> dict[str, dict[str, Any]]:
    """Moto's backends of a service by account and region; looking one up makes it."""
    from moto import backends  # noqa: PLC0415 - moto takes seconds to load

    find: Any = backends.get_backend
    return find(service)


def cluster_of_user_data(user_data: str | None) -> str:
    """The cluster that an instance's agent joins: `ECS_CLUSTER=…` in its user data (AGENT README).

    Args:
        user_data: as the launch template holds it, base64.

    Returns:
        The cluster's name; `default` when the user data sets none, as the agent does.
    """
    found: list[str] = _CLUSTER_SETTING.findall(_user_data_text(user_data))
    return found[-1] if found else "default"


def reserved_memory_of_user_data(user_data: str | None) -> int:
    """MiB that an instance's agent keeps from tasks: `ECS_RESERVED_MEMORY=…`, 0 without (AGENT README).

    Args:
        user_data: as the launch template holds it, base64.
    """
    found: list[str] = _RESERVED_SETTING.findall(_user_data_text(user_data))
    return int(found[-1]) if found else 0


def _user_data_text(user_data: str | None) -> str:
    try:
        return base64.b64decode(user_data or "", validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return user_data or ""

"""Everything that changes what moto does, in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.local import balancer_names, groups
from tinystacks.local.additions import (
    certificates,
    deregistration_delays,
    image_digests,
    launch_templates,
    log_keys,
    machine_images,
    metric_statistics,
    missing_ids,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def install(open_balancer: Callable[[str], int]) -> None:
    """Make moto do as AWS does, where it does otherwise.

    Args:
        open_balancer: gives the port of a new load balancer by its ARN.
    """
    groups.install()
    balancer_names.install(open_balancer)
    machine_images.install()
    certificates.install()
    image_digests.install()
    launch_templates.install()
    metric_statistics.install()
    missing_ids.install()
    deregistration_delays.install()
    log_keys.install()

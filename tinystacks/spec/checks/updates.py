"""Rolling updates that could never move."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tinystacks.spec.checks.finding import Finding, error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinystacks.spec.model import StageSpec
    from tinystacks.spec.service import RollingUpdateSpec


def check(stage: StageSpec) -> Iterator[Finding]:
    """Check that an update can move at every number of tasks that scaling may choose (trap B8; rules D2, D5)."""
    for name, service in stage.services.items():
        path = ("services", name, "rolling_update")
        update = service.rolling_update
        counts = _counts(service.tasks.min, service.tasks.max)
        stuck = next((count for count in counts if not can_move(update, count)), None)
        if stuck is not None:
            lower, upper = bounds(update, stuck)
            message = (
                f"an update of {stuck} task{'s' if stuck > 1 else ''} could never move: {lower} must stay healthy and "
                f"{upper} may run; raise `max_percent` to {_enough_percent(lower, stuck)} or lower the other"
            )
            yield error((*path, "max_percent"), "update-cannot-move", message)
        if update.max_percent <= 100 and service.zone_rebalancing:  # noqa: PLR2004 - percent
            message = (
                "ECS moves no tasks between zones when `max_percent` is 100; set `zone_rebalancing: false` or raise it"
            )
            yield error(("services", name, "zone_rebalancing"), "zone-rebalancing-max-percent", message)


def bounds(update: RollingUpdateSpec, count: int) -> tuple[int, int]:
    """Give how many tasks must stay healthy and how many may run while `count` are wanted (rule D2)."""
    return math.ceil(count * update.min_healthy_percent / 100), count * update.max_percent // 100


def can_move(update: RollingUpdateSpec, count: int) -> bool:
    """Say whether ECS may start a new task or stop an old one while `count` are wanted."""
    lower, upper = bounds(update, count)
    return upper > lower


def _counts(smallest: int, largest: int) -> range:
    return range(max(1, smallest), max(smallest, largest) + 1)


def _enough_percent(lower: int, count: int) -> int:
    return math.ceil((lower + 1) * 100 / count)

"""What can be broken, and one thing that is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinystacks.local.clock import SpeededClock

KINDS = {
    "task": "containers of a service are killed, one task after the other; or one task, by its id",
    "instance": "an EC2 instance fails as a host does: its containers end, and EC2 notices minutes later",
    "zone": "all instances and tasks of an Availability Zone fail, and nothing new starts in it",
    "health": "all health checks of a service fail",
    "pull": "images of a service, or images with this text in their name, cannot be pulled",
    "capacity": "EC2 and Fargate, one of them, or a zone have no capacity for anything new",
    "agent": "the agent of an instance loses its connection to ECS",
    "spot": "EC2 Spot takes an instance back in two minutes, or Fargate Spot a task",
    "throttling": "ECS calls are throttled as in an account whose bursts are used up",
}
"""Each kind of failure, with what it does."""

EVERY_SECONDS = 30.0
"""Simulated seconds between two tasks that are killed."""
AGENT_LOST_SECONDS = 60.0
"""After this long without its host an agent counts as disconnected (rule Z8: about a minute)."""
HOST_LOST_SECONDS = 180.0
"""After this long EC2's status checks have failed and the group replaces the instance (rule Z8: minutes)."""
SPOT_NOTICE_SECONDS = 120.0
"""Notice of a Spot interruption (rule C27)."""


@dataclass(slots=True, kw_only=True)
class Failure:
    """Something that is broken; times in simulated seconds since the epoch.

    Attributes:
        id: short name, such as `zone-1`.
        kind: one of `KINDS`.
        what: the thing: `cluster/service`, a task's or an instance's id, a zone, …; empty for all.
        region: where; empty for all regions.
        since: when it began.
        until: when it mends itself; None for never.
        every: time between two kills.
        times: tasks that were killed, or that could not have their image.
        instances: EC2 instances that it took.
        tasks: Fargate tasks that it took.
        stage: how far the loss of hosts has come: 0 begun, 1 containers gone, 2 agents gone, 3 replaced.
        next_at: time of the next kill.
    """

    id: str
    kind: str
    what: str
    region: str = ""
    since: float = 0.0
    until: float | None = None
    every: float = EVERY_SECONDS
    times: int = 0
    instances: tuple[str, ...] = ()
    tasks: tuple[str, ...] = field(default=())
    stage: int = 0
    next_at: float = 0.0

    @property
    def once(self) -> bool:
        """Whether it is one event: a task by its id dies once."""
        return self.kind == "task" and bool(self.what) and "/" not in self.what

    def document(self, clock: SpeededClock) -> dict[str, Any]:
        """Give it as JSON, in the user's time."""
        return {
            "id": self.id,
            "kind": self.kind,
            "what": self.what,
            "since": _iso(clock.to_wall(self.since)),
            "until": None if self.until is None else _iso(clock.to_wall(self.until)),
            "once": self.once,
            "times": self.times,
            "instances": list(self.instances),
            "doing": self._doing(),
        }

    def _doing(self) -> str:
        """One line on what goes on."""
        name = self.what or "all services"
        hosts = ("fails", "its containers are gone", "its agent is disconnected", "it is replaced")[self.stage]
        return {
            "task": f"task {name} is killed"
            if self.once
            else f"a task of {name} is killed every {self.every:g} s; {self.times} so far",
            "instance": f"{name}: {hosts}",
            "zone": f"{name}: {('fails', 'containers are gone', 'agents are gone', 'instances are gone')[self.stage]}"
            "; nothing starts in it",
            "health": f"health checks of {name} fail",
            "pull": f"images of {name} cannot be pulled; {self.times} so far",
            "capacity": f"no capacity: {self.what or 'EC2 and Fargate'}",
            "agent": f"the agent of {name} is disconnected",
            "spot": f"{name} is interrupted: two minutes are left at most",
            "throttling": "ECS calls are throttled",
        }[self.kind]


def _iso(wall_time: float) -> str:
    return datetime.fromtimestamp(wall_time, UTC).isoformat(timespec="seconds")

"""Registered targets and their health, as a state machine without a clock of its own.

moto keeps one target per instance, but several tasks of one service share an instance under different ports; so the
targets live here. Sources: Application Load Balancer user guide, pages target-group-health-checks and
load-balancer-target-groups; Elastic Load Balancing API reference, TargetHealth.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Address = tuple[str, int]
"""Where a target really listens on this machine."""

FIRST_CHECK_SECONDS = 1.0
"""The first check follows registration within one interval; the document gives no closer time."""

_DESCRIPTIONS = {
    "Elb.RegistrationInProgress": "Target registration is in progress",
    "Elb.InitialHealthChecking": "Initial health checks in progress",
    "Target.DeregistrationInProgress": "Target deregistration is in progress",
    "Target.NotInUse": "Target group is not configured to receive traffic from the load balancer",
    "Target.NotRegistered": "Target is not registered to the target group",
    "Target.Timeout": "Request timed out",
    "Target.FailedHealthChecks": "Health checks failed",
    "Target.HealthCheckDisabled": "Health checks are disabled for this target group",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroup:
    """A target group's settings that matter here; times in simulated seconds.

    Attributes:
        check_protocol: `HTTP` or `HTTPS`; the certificate is not looked at, as an ALB does not.
        check_port: a port number, or None for the port that receives traffic.
        codes: HTTP codes that pass, as in `200-299,302`.
        in_use: whether a listener rule forwards to it.
        algorithm: `round_robin`, `least_outstanding_requests` or `weighted_random`.
        protocol: `HTTP` or `HTTPS`.
        protocol_version: `HTTP1`, `HTTP2` or `GRPC`.
        slow_start: seconds in which a new target's share grows to a full one.
        sticky: `lb_cookie`, `app_cookie`, or empty where clients are not bound to targets.
        sticky_seconds: for how long they are.
        sticky_cookie: name of the application's cookie.
    """

    arn: str
    port: int = 80
    check_enabled: bool = True
    check_protocol: str = "HTTP"
    check_path: str = "/"
    check_port: int | None = None
    interval: float = 30.0
    timeout: float = 5.0
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    codes: str = "200"
    deregistration_delay: float = 300.0
    in_use: bool = True
    algorithm: str = "round_robin"
    protocol: str = "HTTP"
    protocol_version: str = "HTTP1"
    slow_start: float = 0.0
    sticky: str = ""
    sticky_seconds: float = 86400.0
    sticky_cookie: str = ""

    def passes(self, code: int) -> bool:
        """Whether an HTTP code counts as healthy."""
        for part in self.codes.split(","):
            low, _, high = part.strip().partition("-")
            if low.isdigit() and int(low) <= code <= int(high if high.isdigit() else low):
                return True
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """Outcome of one health check; `reason` and `description` are empty when it passed."""

    passed: bool
    reason: str = ""
    description: str = ""


@dataclass(slots=True, kw_only=True)
class Target:
    """One registered target; `state` as DescribeTargetHealth names it."""

    target_group_arn: str
    target_id: str
    port: int
    address: Address | None
    task_id: str = ""
    state: str = "initial"
    reason: str = "Elb.RegistrationInProgress"
    description: str = _DESCRIPTIONS["Elb.RegistrationInProgress"]
    next_check_at: float = 0.0
    passed: int = 0
    failed: int = 0
    draining_until: float | None = None
    checked_at: float = 0.0
    slow_since: float | None = None
    gone: bool = False
    open_requests: int = field(default=0, compare=False)
    turn: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChange:
    """A target's state changed."""

    target_group_arn: str
    target_id: str
    port: int
    task_id: str
    state: str
    reason: str
    description: str


class TargetBook:
    """All targets of one region's target groups; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._groups: dict[str, TargetGroup] = {}
        self._targets: dict[str, dict[tuple[str, int], Target]] = {}
        self._changes: list[HealthChange] = []

    def set_groups(self, groups: Mapping[str, TargetGroup]) -> None:
        """Take over the present settings of all target groups; targets of a deleted group are forgotten."""
        with self._lock:
            self._groups = dict(groups)
            for arn in [arn for arn in self._targets if arn not in self._groups]:
                for target in self._targets.pop(arn).values():
                    self._note(target, "unused", "Target.NotRegistered")

    def group(self, arn: str) -> TargetGroup | None:
        """The settings of a target group."""
        return self._groups.get(arn)

    def register(
        self, arn: str, target_id: str, port: int, *, address: Address | None, now: float, task_id: str = ""
    ) -> None:
        """Register a target, or take back one that drains."""
        with self._lock:
            targets = self._targets.setdefault(arn, {})
            known = targets.get((target_id, port))
            if known is not None and known.draining_until is None:
                known.address = address or known.address
                return
            target = Target(
                target_group_arn=arn,
                target_id=target_id,
                port=port,
                address=address,
                task_id=task_id,
                next_check_at=now + FIRST_CHECK_SECONDS,
            )
            targets[target_id, port] = target
            self._note(target, "initial", "Elb.RegistrationInProgress")

    def deregister(self, arn: str, target_id: str, port: int | None, *, now: float) -> bool:
        """Let a target drain for the group's deregistration delay; False when it is not registered.

        Args:
            arn: the target group.
            target_id: instance id or address.
            port: None for every port of that id.
            now: simulated time.
        """
        with self._lock:
            found = [
                target
                for (one_id, one_port), target in self._targets.get(arn, {}).items()
                if one_id == target_id and port in {None, one_port}
            ]
            group = self._groups.get(arn)
            for target in found:
                if target.draining_until is None:
                    delay = group.deregistration_delay if group is not None and group.in_use else 0.0
                    target.draining_until = now + delay
                    self._note(target, "draining", "Target.DeregistrationInProgress")
            return bool(found)

    def leave(self, arn: str, target_id: str, port: int, *, now: float, task_id: str) -> None:
        """Deregister a task's target; one that is not registered is reported as gone at once."""
        with self._lock:
            if not self.deregister(arn, target_id, port, now=now):
                unknown = Target(target_group_arn=arn, target_id=target_id, port=port, address=None, task_id=task_id)
                self._note(unknown, "unused", "Target.NotRegistered")

    def advance(self, now: float) -> None:
        """End drainings that are over; switch states of groups that a listener began or ceased to use."""
        with self._lock:
            for arn, targets in self._targets.items():
                group = self._groups.get(arn)
                for key, target in list(targets.items()):
                    if target.draining_until is not None:
                        if now >= target.draining_until:
                            del targets[key]
                            target.gone = True
                            self._note(target, "unused", "Target.NotRegistered")
                    elif group is not None:
                        self._follow_use(target, group, now)

    def due(self, now: float) -> list[tuple[Target, TargetGroup]]:
        """Targets whose check is due; their next check is set by the beat, whatever the answer takes."""
        with self._lock:
            found: list[tuple[Target, TargetGroup]] = []
            for arn, targets in self._targets.items():
                group = self._groups.get(arn)
                if group is None or not group.in_use or not group.check_enabled:
                    continue
                for target in targets.values():
                    if target.draining_until is None and now >= target.next_check_at:
                        target.next_check_at += group.interval
                        target.next_check_at = max(target.next_check_at, now)
                        target.checked_at = now
                        found.append((target, group))
            return found

    def checked(self, target: Target, group: TargetGroup, result: CheckResult) -> None:
        """Count the outcome of a check: one success makes a new target healthy, thresholds rule the rest."""
        with self._lock:
            current = self._targets.get(target.target_group_arn, {}).get((target.target_id, target.port))
            if current is not target or target.draining_until is not None:
                return
            if result.passed:
                target.passed, target.failed = target.passed + 1, 0
                if target.state == "initial" or target.passed >= group.healthy_threshold:
                    self._begin_slowly(target, group)
                    self._note(target, "healthy", "")
                return
            target.passed, target.failed = 0, target.failed + 1
            if target.state == "unhealthy" or target.failed >= group.unhealthy_threshold:
                self._note(target, "unhealthy", result.reason, result.description)
            elif target.state == "initial":
                self._note(target, "initial", "Elb.InitialHealthChecking")

    def routable(self, arn: str) -> list[Target]:
        """Targets that may get requests: the healthy ones, or all when none is healthy (fail open)."""
        with self._lock:
            staying = [one for one in self._targets.get(arn, {}).values() if one.draining_until is None]
            return [one for one in staying if one.state == "healthy"] or staying

    def describe(self, arn: str) -> list[Target]:
        """All targets of a group, draining ones included."""
        with self._lock:
            return list(self._targets.get(arn, {}).values())

    def registered_groups(self) -> Iterable[str]:
        """ARNs of groups that have targets."""
        with self._lock:
            return [arn for arn, targets in self._targets.items() if targets]

    def take_changes(self) -> list[HealthChange]:
        """What changed since the last call, in order."""
        with self._lock:
            changes, self._changes = self._changes, []
            return changes

    def _begin_slowly(self, target: Target, group: TargetGroup) -> None:
        """Slow start, where another target can bear the load (ALB user guide, slow start mode)."""
        if target.state == "healthy":
            return
        others = [one for one in self._targets[group.arn].values() if one is not target and one.state == "healthy"]
        full = any(one.slow_since is None or target.checked_at - one.slow_since >= group.slow_start for one in others)
        target.slow_since = target.checked_at if group.slow_start and full else None

    def _follow_use(self, target: Target, group: TargetGroup, now: float) -> None:
        if not group.in_use:
            self._note(target, "unused", "Target.NotInUse")
        elif not group.check_enabled:
            self._note(target, "unavailable", "Target.HealthCheckDisabled")
        elif target.state in {"unused", "unavailable"}:
            target.passed = target.failed = 0
            target.next_check_at = now + FIRST_CHECK_SECONDS
            self._note(target, "initial", "Elb.InitialHealthChecking")

    def _note(self, target: Target, state: str, reason: str, description: str = "") -> None:
        text = description or _DESCRIPTIONS.get(reason, "")
        if (target.state, target.reason, target.description) == (state, reason, text) and state != "initial":
            return
        target.state, target.reason, target.description = state, reason, text
        self._changes.append(
            HealthChange(
                target_group_arn=target.target_group_arn,
                target_id=target.target_id,
                port=target.port,
                task_id=target.task_id,
                state=state,
                reason=reason,
                description=text,
            )
        )

"""Breaks things, keeps them broken, and mends them.

Requests begin and end failures; what there is to do is done by the scheduler's turns, so that one thread acts.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from tinystacks.errors import UsageError
from tinystacks.local.failures import naming
from tinystacks.local.failures.hosts import HostLoss
from tinystacks.local.failures.model import EVERY_SECONDS, KINDS, SPOT_NOTICE_SECONDS, Failure
from tinystacks.local.failures.shortages import LAUNCHERS, Shortages

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tinystacks.controlplane.model import Task
    from tinystacks.controlplane.plane import ControlPlane
    from tinystacks.local.clock import SpeededClock
    from tinystacks.local.emulation import Emulation
    from tinystacks.local.failures.book import FailureBook
    from tinystacks.local.group_watch import GroupWatch
    from tinystacks.local.planes import PlaneRegistry
    from tinystacks.local.runtime.base import Runtime

_MEANT = {"health": "service", "pull": "service or image", "task": "service or task"}
"""Kinds that are about services, and what may be named for them."""
_FARGATE_SPOT = "FARGATE_SPOT"


class Breaker:
    """Failures on demand.

    Args:
        book: what is broken.
        clock: simulated time.
        emulation: moto.
        planes: the control planes.
        groups: the Auto Scaling groups.
        runtime: runs the containers.
    """

    def __init__(
        self,
        *,
        book: FailureBook,
        clock: SpeededClock,
        emulation: Emulation,
        planes: PlaneRegistry,
        groups: GroupWatch,
        runtime: Runtime,
    ) -> None:
        self._book = book
        self._clock = clock
        self._planes = planes
        self._groups = groups
        self._runtime = runtime
        self._hosts = HostLoss(book=book, planes=planes, groups=groups, runtime=runtime)
        self._shortages = Shortages(book=book, emulation=emulation, planes=planes, groups=groups)
        self._lock = threading.RLock()

    def document(self) -> list[dict[str, Any]]:
        """Everything that is broken, as JSON."""
        return [one.document(self._clock) for one in self._book.active()]

    # ---- what requests ask

    def begin(
        self, kind: str, what: str = "", *, seconds: float | None = None, every: float | None = None
    ) -> dict[str, Any]:
        """Break something.

        Args:
            kind: one of `KINDS`.
            what: the thing, by any of its names; empty for the kind's default.
            seconds: mend it after so many simulated seconds; None to wait for `end`.
            every: simulated seconds between two kills of tasks.

        Returns:
            The failure as JSON.

        Raises:
            UsageError: there is no such kind or thing, or it is broken already.
        """
        if kind not in KINDS:
            raise naming.unknown_kind(kind)
        for name, value in (("for", seconds), ("every", every)):
            if value is not None and not 0 < value < float("inf"):
                raise UsageError(f"`{name}` must be more than 0 seconds")
        if every is not None and kind != "task":
            raise UsageError(f"`every` is for tasks; {kind} fails all the time", hint="Leave it out.")
        with self._lock:
            failure = self._found(kind, what)
            for one in self._book.of_kind(kind):
                if (one.what, one.region) == (failure.what, failure.region):
                    raise UsageError(
                        f"{kind} {one.what} is broken already".replace("  ", " "),
                        hint=f"Mend it: tstack local mend {one.id}",
                    )
            failure.since = failure.next_at = self._clock.now()
            failure.until = None if seconds is None else failure.since + seconds
            failure.every = every or EVERY_SECONDS
            self._book.add(failure)
            self._start(failure)
            return failure.document(self._clock)

    def end(self, what: str = "all") -> list[dict[str, Any]]:
        """Mend what a user names: an id, a kind, the broken thing, or `all`.

        Returns:
            What was mended, as JSON.

        Raises:
            UsageError: nothing that is broken has this name.
        """
        with self._lock:
            chosen = [one for one in self._book.active() if what == "all" or what in self._names(one)]
            if not chosen and what != "all" and not self._book.active():
                raise UsageError(f"{what} cannot be mended: nothing is broken")
            if not chosen and what != "all":
                raise naming.unknown(
                    "failure", what, [name for one in self._book.active() for name in (one.id, one.kind, one.what)]
                )
            for one in chosen:
                self._end(one)
            return [one.document(self._clock) for one in chosen]

    @staticmethod
    def _names(failure: Failure) -> set[str]:
        return {failure.id, failure.kind, failure.what, failure.what.rpartition("/")[2]} - {""}

    # ---- turns of the scheduler

    def turn(self, region: str, now: float) -> None:
        """Keep broken what is broken in a region, and mend what is due."""
        if not self._book.active() and not self._shortages.is_told(region):
            return
        with self._lock:
            for failure in self._book.active():
                if failure.until is not None and now >= failure.until:
                    self._end(failure)
                elif failure.region in {"", region}:
                    self._keep(failure, region, now)
            self._shortages.tell(region)

    def _keep(self, failure: Failure, region: str, now: float) -> None:
        match failure.kind:
            case "task" if now >= failure.next_at:
                self._kill_one(failure, region, now)
            case "instance" | "zone":
                self._hosts.advance(failure, now)
                if failure.kind == "instance" and failure.stage == HostLoss.REPLACED:
                    self._book.remove(failure)
            case "spot" if now >= failure.since + SPOT_NOTICE_SECONDS:
                self._end(failure)
            case _:
                pass

    def _kill_one(self, failure: Failure, region: str, now: float) -> None:
        with self._planes.locked(region) as plane:
            victims = [one for one in naming.running_tasks(plane) if _is_meant(failure, one)]
            if not victims:
                return
            victim = victims[0]
            is_lone = failure.what == victim.id
            task_id, names = victim.id, tuple(victim.containers)
        failure.times += 1
        failure.next_at = now + failure.every
        self._runtime.kill(task_id, names)
        if is_lone:
            self._book.remove(failure)

    # ---- from names to things

    def _found(self, kind: str, what: str) -> Failure:
        failure = Failure(id=self._book.new_id(kind), kind=kind, what="")
        if kind in _MEANT:
            self._find_service(failure, what)
        elif kind in {"instance", "agent", "spot"}:
            self._find_instance(failure, what)
        elif kind == "zone" or (kind == "capacity" and what not in {"", *LAUNCHERS}):
            may_be, others = ("launcher or zone", LAUNCHERS) if kind == "capacity" else ("zone", ())
            found = naming.find_zone(self._shortages.zones(), what, kind=may_be, others=others)
            failure.region, failure.what = found.region, found.name
        elif kind == "capacity":
            failure.what = what
        elif what:
            raise UsageError("throttling is of the whole API", hint="Give no name: tstack local break throttling")
        return failure

    def _find_service(self, failure: Failure, what: str) -> None:
        if not what:
            return
        if failure.kind == "task":
            for region in self._planes.regions():
                with self._planes.locked(region) as plane:
                    for one in naming.running_tasks(plane):
                        if what.rpartition("/")[2] == one.id:
                            failure.region, failure.what = region, one.id
                            return
        with self._all_planes() as planes:
            images = _images(planes) if failure.kind == "pull" else set[str]()
            try:
                found = naming.find_service(planes, what, kind=_MEANT[failure.kind], others=images)
            except UsageError:
                if not any(what in image for image in images):
                    raise
                failure.what = what
                return
        failure.region, failure.what = found.region, found.name

    def _find_instance(self, failure: Failure, what: str) -> None:
        with self._all_planes() as planes:
            if failure.kind == "spot" and what in {"", "fargate"}:
                spot = {one for plane in planes for one in self._groups.spot_instances(plane.state.region)}
                if not spot or what == "fargate":
                    self._find_fargate_spot(failure, planes)
                    return
                what = min(spot)
            region, found = naming.find_instance(planes, what)
        if failure.kind == "spot" and found.id not in self._groups.spot_instances(region):
            raise UsageError(
                f"{found.id} is no Spot instance", hint="Only Spot is interrupted; `break instance` ends any instance."
            )
        failure.region, failure.what, failure.instances = region, found.id, (found.id,)

    @staticmethod
    def _find_fargate_spot(failure: Failure, planes: list[ControlPlane]) -> None:
        for plane in planes:
            for task in naming.running_tasks(plane):
                if task.capacity_provider_name == _FARGATE_SPOT:
                    failure.region, failure.what = plane.state.region, task.id
                    return
        raise UsageError("nothing runs on Spot", hint="Neither a Spot instance nor a task on FARGATE_SPOT is there.")

    # ---- begin and end

    def _start(self, failure: Failure) -> None:
        match failure.kind:
            case "agent":
                with self._planes.locked(failure.region) as plane:
                    plane.agent_connection(failure.what, connected=False)
            case "spot":
                with self._planes.locked(failure.region) as plane:
                    if failure.instances:
                        plane.instance_interrupted(failure.what)
                    else:
                        plane.task_interrupted(failure.what)
                        self._book.remove(failure)
            case "health":
                self._fail_container_checks(failure)
            case "instance" | "zone":
                self._hosts.begin(failure)
            case _:
                pass
        self._shortages.tell_all()

    def _end(self, failure: Failure) -> None:
        self._book.remove(failure)
        match failure.kind:
            case "agent":
                with self._planes.locked(failure.region) as plane:
                    plane.agent_connection(failure.what, connected=True)
            case "instance" | "spot" | "zone":
                self._hosts.end(failure)
            case _:
                pass
        self._shortages.tell_all()

    def _fail_container_checks(self, failure: Failure) -> None:
        """Say UNHEALTHY of containers that run; whatever is said of them later is changed on its way."""
        for region in [failure.region] if failure.region else self._planes.regions():
            with self._planes.locked(region) as plane:
                for task in naming.running_tasks(plane):
                    if _is_meant(failure, task) and task.service is not None:
                        for container in task.containers.values():
                            if container.has_health_check:
                                plane.container_health(task.id, container.name, "UNHEALTHY")

    def _all_planes(self) -> AbstractContextManager[list[ControlPlane]]:
        return self._planes.all_locked()


def _is_meant(failure: Failure, task: Task) -> bool:
    """Whether a failure of services or tasks is about a task; with no name it is about all tasks of services."""
    if not failure.what:
        return task.service is not None
    return failure.what in {task.id, naming.key_of(task)}


def _images(planes: list[ControlPlane]) -> set[str]:
    """The images of all registered task definitions."""
    return {
        str(container.get("image"))
        for plane in planes
        for revisions in plane.state.task_definitions.values()
        for one in revisions
        if one is not None
        for container in one.containers
    }

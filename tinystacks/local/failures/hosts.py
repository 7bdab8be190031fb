"""Loss of hosts, in the order in which the parts of AWS notice it (rules Z8, C5, T18).

The containers are gone at once and their targets answer no more. After a minute ECS misses the agents and places
nothing there any more. Minutes later EC2's status checks have failed: the group replaces the instance without draining
it, and ECS ends its tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tinystacks.local.failures.model import AGENT_LOST_SECONDS, HOST_LOST_SECONDS

if TYPE_CHECKING:
    from tinystacks.local.failures.book import FailureBook
    from tinystacks.local.failures.model import Failure
    from tinystacks.local.group_watch import GroupWatch
    from tinystacks.local.planes import PlaneRegistry
    from tinystacks.local.runtime.base import Runtime

_REASON = (
    "an instance was taken out of service in response to an EC2 health check indicating it has been terminated or "
    "stopped."
)


class HostLoss:
    """Takes instances and zones through their loss.

    Args:
        book: what is broken.
        planes: the control planes.
        groups: the Auto Scaling groups.
        runtime: runs the containers.
    """

    GONE: ClassVar[int] = 1
    UNREACHABLE: ClassVar[int] = 2
    REPLACED: ClassVar[int] = 3

    def __init__(self, *, book: FailureBook, planes: PlaneRegistry, groups: GroupWatch, runtime: Runtime) -> None:
        self._book = book
        self._planes = planes
        self._groups = groups
        self._runtime = runtime

    def begin(self, failure: Failure) -> None:
        """Take note of what is lost; from now on nothing is heard of it."""
        with self._planes.locked(failure.region) as plane:
            state = plane.state
            if failure.kind == "zone":
                failure.instances = tuple(one.id for one in state.ec2_instances.values() if one.zone == failure.what)
                failure.tasks = tuple(
                    one.id
                    for one in state.tasks.values()
                    if one.zone == failure.what and one.container_instance is None and one.last_status != "STOPPED"
                )
        self._book.refresh()

    def advance(self, failure: Failure, now: float) -> None:
        """Do what is due."""
        if failure.stage < self.GONE:
            self._end_containers(failure)
            failure.stage = self.GONE
        if failure.stage < self.UNREACHABLE and now >= failure.since + AGENT_LOST_SECONDS:
            self._disconnect(failure)
            failure.stage = self.UNREACHABLE
        if failure.stage < self.REPLACED and now >= failure.since + HOST_LOST_SECONDS:
            self._replace(failure)
            failure.stage = self.REPLACED

    def end(self, failure: Failure) -> None:
        """What was lost does not come back: whatever is left of it ends now, and a zone may be used again."""
        if failure.stage < self.GONE:
            self._end_containers(failure)
        if failure.stage < self.REPLACED:
            self._disconnect(failure)
            self._replace(failure)
        if failure.kind == "zone":
            self._groups.balance_zones(failure.region)

    def _end_containers(self, failure: Failure) -> None:
        with self._planes.locked(failure.region) as plane:
            lost = set(failure.instances)
            ended = [
                one.id
                for one in plane.state.tasks.values()
                if one.last_status != "STOPPED"
                and one.container_instance is not None
                and one.container_instance.ec2_instance_id in lost
            ]
        self._runtime.instance_gone((*ended, *failure.tasks))

    def _disconnect(self, failure: Failure) -> None:
        with self._planes.locked(failure.region) as plane:
            for instance_id in failure.instances:
                plane.agent_connection(instance_id, connected=False)
            for task_id in failure.tasks:
                plane.host_lost(task_id)

    def _replace(self, failure: Failure) -> None:
        for instance_id in failure.instances:
            self._groups.lose(failure.region, instance_id, _REASON)

"""One call of an operation: its request, the plane it goes to, and what most operations need of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from botocore import xform_name

from tinystacks.controlplane.errors import invalid_parameter
from tinystacks.local.ecs_api.shapes.common import Shape
from tinystacks.local.json_api.paging import Key, Pages

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tinystacks.controlplane.model import Cluster, Service
    from tinystacks.controlplane.plane import ControlPlane
    from tinystacks.controlplane.requests import Failure
    from tinystacks.controlplane.state import State
    from tinystacks.local.ecs_api.account_settings import AccountSettings
    from tinystacks.local.ecs_api.session_port import ExecSessions

Item = TypeVar("Item")

LARGEST_PAGE = 100
"""Most results of one page, for every list of ECS but that of capacity providers (API reference)."""

_PAGES = Pages(lambda: invalid_parameter("Invalid token."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call.

    Attributes:
        operation: its name in the API reference.
        body: the request, checked against the model.
        plane: the control plane of the region; its lock is held while the operation runs.
        account_settings: the region's account settings.
        exec_sessions: opens the sessions of ExecuteCommand.
    """

    operation: str
    body: Shape
    plane: ControlPlane
    account_settings: AccountSettings
    exec_sessions: ExecSessions

    @property
    def state(self) -> State:
        """The plane's state, to read."""
        return self.plane.state

    def arguments(self) -> dict[str, Any]:
        """Give the request's members by the names that the plane's commands use."""
        return {xform_name(name): value for name, value in self.body.items()}

    def cluster(self) -> Cluster:
        """Give the ACTIVE cluster that the request names, or `default`."""
        return self.state.cluster(self.body.get("cluster"))

    def includes(self, part: str) -> bool:
        """Tell whether `include` asks for a part."""
        return part in self.body.get("include", ())

    def cluster_arn(self, name: str) -> str:
        """Give the ARN of a cluster by name."""
        return self.state.identities.arn(f"cluster/{name}")

    def services_of(self, cluster: Cluster) -> list[Service]:
        """Give the services of a cluster that are not INACTIVE."""
        return [
            service
            for (name, _), service in self.state.services.items()
            if name == cluster.name and service.status != "INACTIVE"
        ]

    def named(self, member: str, *, most: int) -> list[str]:
        """Give a list of references; ECS takes neither none nor more than the documented number.

        Raises:
            EcsError: the list is empty or too long.
        """
        references: list[str] = self.body.get(member, [])
        subject = member[:1].upper() + member[1:]
        if not references:
            raise invalid_parameter(f"{subject} cannot be empty.")
        if len(references) > most:
            raise invalid_parameter(f"{subject} cannot have more than {most} members.")
        return references

    def page(
        self,
        items: Iterable[Item],
        *,
        key: Callable[[Item], Key],
        size: int = LARGEST_PAGE,
        most: int = LARGEST_PAGE,
        descending: bool = False,
    ) -> tuple[list[Item], Shape]:
        """Cut the page that the request asks for; the second result is the `nextToken` member, if there is one.

        Args:
            items: all items.
            key: place of an item in the order; unique.
            size: items per page when the request names no number.
            most: largest number that the request may name.
            descending: the order goes down.
        """
        size = self.body.get("maxResults", size)
        if not 1 <= size <= most:
            raise invalid_parameter(f"maxResults must be between 1 and {most}.")
        page, token = _PAGES.cut(
            items,
            name=self.operation,
            key=key,
            size=size,
            token=self.body.get("nextToken"),
            descending=descending,
        )
        return page, {} if token is None else {"nextToken": token}


Operation = Callable[[Call], Shape]


def failure_shapes(failures: Sequence[Failure]) -> list[Shape]:
    """Show the plane's failures as the API does."""
    return [{"arn": one.arn, "reason": one.reason} | ({"detail": one.detail} if one.detail else {}) for one in failures]

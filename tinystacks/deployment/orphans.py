"""What exists of a stage and is in no state (trap A3).

The engine notes a resource when AWS has answered. What AWS made for an engine that died, or while its answer was lost
on the way, bears the stage's tags, but the state does not know it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.deployment.events import Notice
from tinystacks.deployment.leftovers import CLUSTER, LOG_GROUP, REPOSITORY, Leftover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tinystacks.deployment.engine_state import State
    from tinystacks.deployment.events import OnEvent
    from tinystacks.deployment.pace import Pace

UNNAMED = frozenset(
    {
        "aws:ec2/eip:Eip",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
    }
)
"""Types without names of their own: asked for a second time, AWS makes a second one."""
GUARDED = UNNAMED | {"aws:ecs/capacityProvider:CapacityProvider"}
"""Types that AWS does not delete while anything uses them (Amazon EC2 API, DeleteVpc, DeleteSubnet, DeleteRouteTable,
DeleteSecurityGroup, DetachInternetGateway, ReleaseAddress; Amazon ECS API, DeleteCapacityProvider)."""
_ADOPTED = {"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "aws:ec2/securityGroup:SecurityGroup"}
"""What the engine takes over instead of making it, and what it is."""
_ON_ITS_WAY = 3.0
"""Seconds in which a call that was sent is done, or never will be; calls that make something take AWS less than one."""


def _unknown_of(state: State, found: Iterable[Leftover]) -> list[Leftover]:
    """Give what the state does not know, by type and id, ARN or name."""
    known: set[tuple[str, str]] = set()
    for item in state.resources:
        outputs: Mapping[str, Any] = item.get("outputs") or {}
        names = (item.get("id"), outputs.get("arn"), outputs.get("name"))
        token = _ADOPTED.get(str(item["type"]), str(item["type"]))
        known.update((token, str(name)) for name in names if name)
    return [item for item in found if not known & {(item.resource_type, item.id), (item.resource_type, item.arn)}]


def orphans_of(state: State, found: Iterable[Leftover]) -> list[Leftover]:
    """Give what is the stage's for certain and that the state does not know.

    A cluster that the state does not know says that the stage was made with another state, from another folder or
    machine: then nothing is an orphan. An answer to CreateCluster cannot be lost: asked again, it gives the same
    cluster (Amazon ECS API, CreateCluster).

    Args:
        state: of the engine.
        found: what is there of the stage.
    """
    unknown = _unknown_of(state, found)
    if any(item.resource_type == CLUSTER for item in unknown):
        return []
    return [item for item in unknown if not item.by_name]


def begun_orphans(state: State, found: Iterable[Leftover]) -> list[Leftover]:
    """Give what an unfinished creation may have made: of its type, and not in the state."""
    creating = _creating(state)
    return [item for item in _unknown_of(state, found) if item.resource_type in creating]


def found_in_time(state: State, find: Callable[[], Sequence[Leftover]], pace: Pace) -> Sequence[Leftover]:
    """Look until as much is found as unfinished creations asked for: the last may still be on its way.

    Args:
        state: of the engine.
        find: lists what is there of the stage.
        pace: time.
    """
    until = pace.clock() + _ON_ITS_WAY
    while True:
        found = find()
        made = Counter(item.resource_type for item in begun_orphans(state, found))
        if not _creating(state) - made or pace.clock() > until:
            return found
        pace.sleep(1)


def remove_orphans(orphans: Iterable[Leftover], remove: Callable[[Leftover], None], emit: OnEvent) -> None:
    """Delete what no state knows, and say so."""
    for item in orphans:
        remove(item)
        emit(Notice(message=f"Removed what the earlier command left: {item.type} {item.id}."))


def is_empty(client: Callable[[str], Any], item: Leftover) -> bool:
    """Whether nothing was ever put into a resource; only log groups and image repositories can hold something.

    Args:
        client: gives a boto3 client by service name.
        item: the resource.
    """
    if item.resource_type == LOG_GROUP:
        with aws_errors("logs", f"log group {item.id}"):
            return not client("logs").describe_log_streams(logGroupName=item.id, limit=1)["logStreams"]
    if item.resource_type == REPOSITORY:
        with aws_errors("ecr", f"image repository {item.id}"):
            return not client("ecr").list_images(repositoryName=item.id, maxResults=1)["imageIds"]
    return True


def _creating(state: State) -> Counter[str]:
    return Counter(str(item["resource"]["type"]) for item in state.pending if item.get("type") == "creating")

"""What a state says of a stage, and where ECS has moved on since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.deployment.masking import masked
from tinystacks.ecs_calls import describe_services
from tinystacks.errors import AwsError
from tinystacks.outputs import StageOutputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.deployment.engine_state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedService:
    """A service whose task definition at ECS is not the one in the state.

    Attributes:
        urn: the engine's identity.
        live: ARN of the task definition at ECS.
        recorded: the one in the state.
    """

    urn: str
    live: str
    recorded: str


def outputs_of(state: State | None) -> StageOutputs | None:
    """Read a stage's outputs from its state, secrets masked; none when it has none (yet)."""
    if state is None:
        return None
    try:
        return StageOutputs.from_exports(masked(dict(state.exports)))
    except (KeyError, TypeError):
        return None


def drifted_services(client: Callable[[str], Any], state: State | None) -> list[MovedService]:
    """Give the services whose task definition at ECS is not the one in the state (trap B2).

    Args:
        client: gives a boto3 client by service name.
        state: the engine's.
    """
    recorded: dict[str, dict[str, tuple[str, str]]] = {}
    for item in state.resources if state else ():
        if item["type"] == "aws:ecs/service:Service" and item.get("outputs"):
            seen = item["outputs"]
            cluster = recorded.setdefault(str(seen.get("cluster", "")), {})
            cluster[str(seen.get("name", ""))] = (str(item["urn"]), str(seen.get("taskDefinition", "")))
    drifted: list[MovedService] = []
    for cluster, services in recorded.items():
        try:
            with aws_errors("ecs", "services of the stage"):
                found = describe_services(client("ecs"), cluster, list(services))
                live = {name: str(service["taskDefinition"]) for name, service in found.items()}
        except AwsError:
            continue  # the engine's own refusal says more
        drifted += [
            MovedService(urn=services[name][0], live=revision, recorded=services[name][1])
            for name, revision in live.items()
            if name in services and _last_part(revision) != _last_part(services[name][1])
        ]
    return drifted


def _last_part(task_definition: str) -> str:
    """Give `family:revision` of a task definition, given as that or as ARN."""
    return task_definition.rpartition("/")[2]

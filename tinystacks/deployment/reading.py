"""What a state says of a stage, and where ECS has moved on since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors, batches
from tinystacks.deployment.masking import masked
from tinystacks.errors import AwsError
from tinystacks.outputs import StageOutputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.deployment.engine_state import State

_SERVICES_PER_CALL = 10
"""ECS API reference, DescribeServices."""


def outputs_of(state: State | None) -> StageOutputs | None:
    """Read a stage's outputs from its state, secrets masked; none when it has none (yet)."""
    if state is None:
        return None
    try:
        return StageOutputs.from_exports(masked(dict(state.exports)))
    except (KeyError, TypeError):
        return None


def drifted_services(client: Callable[[str], Any], state: State | None) -> list[str]:
    """Give the services (engine identities) whose task definition at ECS is not the one in the state (trap B2).

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
    drifted: list[str] = []
    for cluster, services in recorded.items():
        try:
            with aws_errors("ecs", "services of the stage"):
                ecs = client("ecs")
                for batch in batches(list(services), _SERVICES_PER_CALL):
                    for live in ecs.describe_services(cluster=cluster, services=batch).get("services", []):
                        urn, expected = services.get(live["serviceName"], ("", ""))
                        if urn and not _same_revision(live.get("taskDefinition", ""), expected):
                            drifted.append(urn)
        except AwsError:
            continue  # the engine's own refusal says more
    return drifted


def _same_revision(live: str, expected: str) -> bool:
    """Compare two task definitions, given as ARN or as `family:revision`."""
    return live.rpartition("/")[2] == expected.rpartition("/")[2]

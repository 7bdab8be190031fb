"""What the agent of ECS Exec needs inside a container: its rights, where it writes, which keys it finds.

Source: ECS developer guide, "Using Amazon ECS Exec" (task role, considerations) and "Troubleshooting Amazon ECS Exec
issues"; containers-roadmap issue 1359 (writable mounts make do for a writable root).
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTIONS = (
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
"""What the agent in the container does with the task role."""
KEY_VARIABLES = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"})
_STATE = PurePosixPath("/var/lib/amazon/ssm")
"""Where the agent keeps its state, and ends when it cannot."""


def lacks_room(definition: Mapping[str, Any]) -> bool:
    """Whether the agent has nowhere to write: a read-only root, and nothing writable mounted where it needs it.

    Args:
        definition: container definition in the API's form.
    """
    if not definition.get("readonlyRootFilesystem"):
        return False
    parameters: Mapping[str, Any] = definition.get("linuxParameters") or {}
    mounts: list[Mapping[str, Any]] = [
        *(one for one in definition.get("mountPoints") or () if not one.get("readOnly")),
        *(parameters.get("tmpfs") or ()),
    ]
    return not any(_STATE.is_relative_to(str(one.get("containerPath") or "/-")) for one in mounts)


def own_keys(definition: Mapping[str, Any]) -> list[str]:
    """The variables of a container that hold keys, which the agent takes before those of the role.

    Args:
        definition: container definition in the API's form.
    """
    given: list[Mapping[str, Any]] = [*(definition.get("environment") or ()), *(definition.get("secrets") or ())]
    return sorted({str(one.get("name")) for one in given} & KEY_VARIABLES)

"""What a container instance runs at its first boot: the settings of the ECS agent, as text."""

from __future__ import annotations

import base64

from tinystacks.spec.instance_types import AGENT_RESERVED_MIB


def agent_settings(*, cluster: str, spot: bool) -> dict[str, str]:
    """Give the agent's settings (names as in the README of aws/amazon-ecs-agent).

    Args:
        cluster: name of the cluster to join; without it an instance joins none (trap E7).
        spot: whether Spot instances may be among them.
    """
    settings = {
        "ECS_CLUSTER": cluster,
        # Room for the agent and the system, which the fit check of a stage takes off too (trap E2).
        "ECS_RESERVED_MEMORY": str(AGENT_RESERVED_MIB),
        "ECS_ENABLE_TASK_IAM_ROLE": "true",
        # Log lines are sent with the service's execution role, so that the instance role needs no right to logs.
        "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE": "true",
        # No container may be privileged (ECS.4) or, with awsvpc, reach the instance role (trap E10).
        "ECS_DISABLE_PRIVILEGED": "true",
        "ECS_AWSVPC_BLOCK_IMDS": "true",
        # Old images and containers fill a 30 GiB disk with the defaults of 3 h and 1 h (trap E9).
        "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION": "30m",
        "ECS_IMAGE_CLEANUP_INTERVAL": "10m",
        "ECS_IMAGE_MINIMUM_CLEANUP_AGE": "30m",
    }
    if spot:
        # Two minutes' notice: stop placing, let requests finish (trap E8).
        settings["ECS_ENABLE_SPOT_INSTANCE_DRAINING"] = "true"
    return settings


def user_data(*, cluster: str, spot: bool = False) -> str:
    """Give the script of a container instance, in plain text."""
    lines = [f"{name}={value}" for name, value in sorted(agent_settings(cluster=cluster, spot=spot).items())]
    return "\n".join(["#!/bin/bash", "set -euo pipefail", "cat >>/etc/ecs/ecs.config <<'END'", *lines, "END", ""])


def encoded_user_data(*, cluster: str, spot: bool = False) -> str:
    """Give the script as a launch template takes it (base64)."""
    return base64.b64encode(user_data(cluster=cluster, spot=spot).encode()).decode()

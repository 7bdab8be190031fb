"""Starting an instance refresh after a change of what instances are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.local.provider.api_errors import ignoring
from tinystacks.local.provider.api_shapes import entries, refuse_unknown
from tinystacks.local.provider.autoscaling_shapes import GROUP, REFRESH_PREFERENCES
from tinystacks.local.provider.handler import polling

if TYPE_CHECKING:
    from tinystacks.local.provider.handler import Call, Inputs

ALWAYS_TRIGGERS = frozenset({"launchConfiguration", "launchTemplate", "mixedInstancesPolicy"})
RUNNING = frozenset({"Pending", "InProgress", "Cancelling", "RollbackInProgress"})
CANCEL_TIMEOUT_SECONDS = 900.0
"""How long the real provider waits for a running refresh to end."""


def refresh_wanted(new: Inputs, changed: frozenset[str]) -> bool:
    """Whether these changes start a refresh: the block is there, and a template, policy or listed trigger changed."""
    refresh: Inputs = new.get("instanceRefresh") or {}
    return bool(refresh) and bool(changed & (ALWAYS_TRIGGERS | set(entries(refresh, "triggers"))))


def start_refresh(call: Call, group_name: str, refresh: Inputs) -> None:
    """Cancel a running refresh, then start a new one, which is not waited for.

    Raises:
        WaitError: the running refresh did not end in time.
    """
    refuse_unknown(f"{GROUP}.instanceRefresh", refresh, {"strategy", "triggers", "preferences"})
    autoscaling = call.clients("autoscaling")
    with ignoring("ActiveInstanceRefreshNotFound"):
        autoscaling.cancel_instance_refresh(AutoScalingGroupName=group_name)
        polling(
            call,
            lambda: None if _running(call, group_name) else True,
            until=f"Auto Scaling Group ({group_name}) instance refresh to be cancelled",
            timeout_seconds=CANCEL_TIMEOUT_SECONDS,
        )
    preferences = REFRESH_PREFERENCES.to_api(refresh.get("preferences") or {})
    autoscaling.start_instance_refresh(
        AutoScalingGroupName=group_name,
        Strategy=refresh.get("strategy") or "Rolling",
        **({"Preferences": preferences} if preferences else {}),
    )


def _running(call: Call, group_name: str) -> bool:
    answer = call.clients("autoscaling").describe_instance_refreshes(AutoScalingGroupName=group_name)
    refreshes: list[dict[str, Any]] = answer["InstanceRefreshes"]
    return any(refresh["Status"] in RUNNING for refresh in refreshes)

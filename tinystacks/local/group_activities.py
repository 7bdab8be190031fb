"""Scaling activities of an Auto Scaling group, as DescribeScalingActivities tells them.

Source: EC2 Auto Scaling user guide, as-verify-scaling-activity and lifecycle-hooks; API reference, Activity. That one
whose hook waits is in MidTerminatingLifecycleAction, 60 % done, no AWS document says; outputs of it are public.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEPT_ACTIVITIES = 200
_TERMINATING = "Terminating EC2 instance"
_WAITING = {"StatusCode": "MidTerminatingLifecycleAction", "Progress": 60}


class Activities:
    """The activities of one group, newest first."""

    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give them in the API's form, newest first."""
        return iter(self._entries)

    def write(self, name: str, arn: str, description: str, causes: list[str], *, failure: str = "") -> None:
        """Write one that has ended.

        Args:
            name: of the group.
            arn: of the group.
            description: what was done, as it is told.
            causes: one thing after the other that led to it, each without its time.
            failure: why it failed; empty when it did not.
        """
        now = datetime.now(UTC)
        self._entries.insert(
            0,
            {
                "ActivityId": str(uuid.uuid4()),
                "AutoScalingGroupName": name,
                "AutoScalingGroupARN": arn,
                "Description": description,
                "Cause": "  ".join(f"At {now_text()} {one}" for one in causes if one),
                "StartTime": now,
                "EndTime": now,
                "StatusCode": "Failed" if failure else "Successful",
                "StatusMessage": failure or None,
                "Progress": 100,
                "Details": "{}",
            },
        )
        del self._entries[_KEPT_ACTIVITIES:]

    def write_termination(self, name: str, arn: str, instance_id: str, causes: list[str]) -> None:
        """Write that an instance is terminated."""
        self.write(name, arn, f"{_TERMINATING}: {instance_id}", causes)

    def wait_for_hook(self, instance_id: str) -> None:
        """The newest termination of an instance waits for its lifecycle hook."""
        entry = self._termination(instance_id)
        if entry is not None:
            entry.update(_WAITING)
            entry["EndTime"] = None

    def end(self, instance_id: str) -> None:
        """The termination of an instance that waited has ended."""
        entry = self._termination(instance_id)
        if entry is not None and entry["EndTime"] is None:
            entry.update(StatusCode="Successful", Progress=100, EndTime=datetime.now(UTC))

    def _termination(self, instance_id: str) -> dict[str, Any] | None:
        return next((one for one in self._entries if one["Description"] == f"{_TERMINATING}: {instance_id}"), None)


def now_text() -> str:
    """The present time as causes tell it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

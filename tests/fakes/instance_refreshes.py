"""An Auto Scaling client whose instance refreshes, which moto lacks, are kept in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError


@dataclass
class AutoScalingWithRefreshes:
    """Every call goes to the real client, but those of instance refreshes."""

    client: Any
    started: list[dict[str, Any]] = field(default_factory=list)
    running: bool = False
    cancelled: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def start_instance_refresh(self, **members: Any) -> dict[str, Any]:
        self.started.append(members)
        self.running = True
        return {"InstanceRefreshId": f"refresh-{len(self.started)}"}

    def cancel_instance_refresh(self, **members: Any) -> dict[str, Any]:
        if not self.running:
            error: Any = {"Error": {"Code": "ActiveInstanceRefreshNotFound", "Message": str(members)}}
            raise ClientError(error, "CancelInstanceRefresh")
        self.running = False
        self.cancelled += 1
        return {}

    def describe_instance_refreshes(self, **members: Any) -> dict[str, Any]:
        del members
        return {"InstanceRefreshes": [{"Status": "InProgress" if self.running else "Cancelled"}]}

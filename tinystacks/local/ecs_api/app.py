"""Amazon ECS's API: operations by name, each on the control plane of its region."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from tinystacks.controlplane.errors import EcsError
from tinystacks.local.ecs_api import (
    account_setting_calls,
    capacity_providers,
    clusters,
    container_instances,
    execute_command,
    services,
    tags,
    task_definitions,
    tasks,
)
from tinystacks.local.ecs_api.account_settings import AccountSettings
from tinystacks.local.ecs_api.call import Call, Operation
from tinystacks.local.ecs_api.refusals import refusal
from tinystacks.local.ecs_api.rules import RULES
from tinystacks.local.ecs_api.session_port import NoStream
from tinystacks.local.json_api.service import Service, detached

if TYPE_CHECKING:
    from tinystacks.local.ecs_api.session_port import ExecSessions
    from tinystacks.local.planes import PlaneRegistry

OPERATIONS: dict[str, Operation] = {
    **account_setting_calls.OPERATIONS,
    **capacity_providers.OPERATIONS,
    **clusters.OPERATIONS,
    **container_instances.OPERATIONS,
    **execute_command.OPERATIONS,
    **services.OPERATIONS,
    **tags.OPERATIONS,
    **task_definitions.OPERATIONS,
    **tasks.OPERATIONS,
}
"""Every operation that is answered; `unsupported.py` lists the others."""


class EcsApi:
    """Amazon ECS in front of control planes; safe to call from many threads.

    Args:
        planes: the control planes by region.
        sessions: opens the sessions of ExecuteCommand; by default they lead nowhere.
    """

    internal_error = "ServerException"

    def __init__(self, planes: PlaneRegistry, *, sessions: ExecSessions | None = None) -> None:
        self._planes = planes
        self._sessions = sessions or NoStream()
        self._model = Service("ecs", refusal=refusal, rules=RULES)
        self._settings: dict[str, AccountSettings] = {}
        self._guard = threading.Lock()

    @property
    def target_prefix(self) -> str:
        """The part of `X-Amz-Target` before the dot."""
        return self._model.target_prefix

    @property
    def model(self) -> Service:
        """ECS's model, against which requests are checked."""
        return self._model

    def handle(self, operation: str, region: str, body: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation.

        Args:
            operation: name as in the API reference, such as `CreateService`.
            region: region of the call.
            body: the request as decoded JSON.

        Returns:
            The response, nothing of which is shared with the control plane.

        Raises:
            EcsError: ECS refuses the call.
        """
        request = self._model.request(operation, body)
        answer = OPERATIONS.get(operation)
        if answer is None:
            raise EcsError("UnsupportedFeatureException", f"The local AWS does not offer {operation}.")
        with self._planes.locked(region) as plane:
            call = Call(
                operation=operation,
                body=request,
                plane=plane,
                account_settings=self._account_settings(region),
                exec_sessions=self._sessions,
            )
            return detached(answer(call))

    def _account_settings(self, region: str) -> AccountSettings:
        with self._guard:
            if region not in self._settings:
                root = f"arn:aws:iam::{self._planes.account_id}:root"
                self._settings[region] = AccountSettings(root)
            return self._settings[region]

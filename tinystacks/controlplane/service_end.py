"""The end of a service: DRAINING while tasks are left, INACTIVE, gone (A29)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.controlplane import stopping

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Service
    from tinystacks.controlplane.state import State


def drain(state: State, service: Service) -> None:
    """Stop every task of a deleted service; without tasks it is INACTIVE."""
    for deployment in service.deployments:
        for task in list(deployment.tasks.values()):
            stopping.begin(
                state, task, "ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {deployment.id})"
            )
    service.notes.clear()
    if service.stopping:
        return
    service.status = "INACTIVE"
    service.deployments = []
    service.tags = {}
    key = (service.cluster, service.name)
    state.after(state.settings.inactive_service_seconds, lambda: _forget(state, key, service))


def _forget(state: State, key: tuple[str, str], service: Service) -> None:
    if state.services.get(key) is service:
        del state.services[key]

"""Labels by which this local AWS finds again what it made in the container engine, and their removal."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.local.documents import members, structure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tinystacks.local.runtime.docker_engine import Client

INSTANCE = "tinystacks.instance"
HOME = "tinystacks.home"
TASK = "tinystacks.task"
CONTAINER = "tinystacks.container"
_AT_ONCE = 8
_TRIES = 5
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose containers they are.

    Attributes:
        instance_id: one life of the local AWS.
        home: its state folder: only one local AWS at a time lives there, so what another life left is nobody's.
    """

    instance_id: str
    home: str = ""

    def labels(self, task_id: str, container: str = "") -> dict[str, str]:
        """Labels of something that is made for a task."""
        labels = {INSTANCE: self.instance_id, HOME: self.home, TASK: task_id}
        return {**labels, CONTAINER: container} if container else labels


def remove_leftovers(client: Client, owner: Owner) -> int:
    """Remove what an earlier life with the same home left when it was killed.

    Returns:
        How many containers there were.
    """
    if not owner.home:
        return 0
    return _remove(
        client, f"{HOME}={owner.home}", lambda labels: labels.get(INSTANCE, owner.instance_id) != owner.instance_id
    )


def remove_all(client: Client, instance_id: str) -> int:
    """Remove everything of one life.

    Returns:
        How many containers there were.
    """
    return _remove(client, f"{INSTANCE}={instance_id}", lambda _labels: True)


def remove_of_task(client: Client, instance_id: str, task_id: str) -> None:
    """Remove everything of one task."""
    _remove(client, f"{TASK}={task_id}", lambda labels: labels.get(INSTANCE) == instance_id)


def remove_container(client: Client, container_id: str) -> None:
    """Kill and remove a container; one that is gone already is fine.

    Podman would first let it end by itself for ten seconds, and refuses to remove what ends just now.
    """
    from docker.errors import APIError, NotFound  # noqa: PLC0415 - loaded with the runtime

    for _ in range(_TRIES):
        with suppress(APIError):
            client.kill(container_id)
        try:
            client.remove_container(container_id, force=True, v=True)
        except NotFound:
            return
        except APIError:
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _remove(client: Client, label: str, wanted: Callable[[Mapping[str, str]], bool]) -> int:
    from docker.errors import APIError  # noqa: PLC0415 - loaded with the runtime

    found: Sequence[Mapping[str, Any]] = client.containers(all=True, filters={"label": label})
    chosen = [str(one["Id"]) for one in found if wanted(structure(one, "Labels"))]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for one in chosen:
            pool.submit(remove_container, client, one)
    volumes: Mapping[str, Any] = client.volumes(filters={"label": label})
    for volume in members(volumes, "Volumes"):
        if wanted(structure(volume, "Labels")):
            with suppress(APIError):
                client.remove_volume(volume["Name"], force=True)
    return len(chosen)


def main(url: str, api_version: str, instance_id: str) -> None:
    """Remove everything of one life, from a process that outlives it."""
    import docker  # noqa: PLC0415 - beside its only use
    from requests.exceptions import ConnectionError as Unreachable  # noqa: PLC0415 - beside its only use

    made: Any = docker.APIClient
    client = made(base_url=url, version=api_version, timeout=60)
    try:
        # What was just being made when the server ended shows up a moment later.
        while remove_all(client, instance_id):
            time.sleep(_PAUSE_SECONDS)
    except Unreachable:
        raise SystemExit("the container engine ended before its containers were removed") from None
    finally:
        client.close()


if __name__ == "__main__":
    main(*sys.argv[1:4])

"""Makes containers, and gives way where an engine or this machine cannot do what an instance can."""

from __future__ import annotations

import dataclasses
import logging
import socket
import threading
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tinystacks.local.documents import members
from tinystacks.local.runtime.docker_engine import end_stream, explanation
from tinystacks.local.runtime.docker_labels import remove_container
from tinystacks.local.runtime.docker_settings import (
    LOOPBACK,
    Surroundings,
    create_arguments,
    published_ports,
    shares_network,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from tinystacks.local.runtime.base import ContainerOrder, TaskOrder
    from tinystacks.local.runtime.docker_engine import Client, Engine
    from tinystacks.local.runtime.docker_images import Images
    from tinystacks.local.runtime.docker_labels import Owner
    from tinystacks.local.runtime.docker_network import TaskNetworks
    from tinystacks.local.secret_values import Secrets

_log = logging.getLogger(__name__)

_NO_INIT = ("container-init binary", "init binary")


class StartError(Exception):
    """A container cannot be made or started; its text is the container's reason, prefix included (T21)."""


class FixedPorts:
    """Host ports that containers have for themselves.

    On AWS each instance has its own ports; here all instances are one machine, so the first that asks for a port gets
    it, and the next a free one in its place.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: set[int] = set()

    def claim(self, ports: frozenset[int]) -> bool:
        """Take ports, all or none of them."""
        with self._lock:
            if ports & self._taken or not all(_is_free(port) for port in ports):
                return False
            self._taken |= ports
            return True

    def release(self, ports: frozenset[int]) -> None:
        """Give ports back."""
        with self._lock:
            self._taken -= ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


class Creation:
    """What was made for one container, so that all of it is removed whatever happens.

    Args:
        client: of the engine.
        ports: the ports that it may take.
    """

    def __init__(self, client: Client, ports: FixedPorts) -> None:
        self.client = client
        self._all_ports = ports
        self._ports: frozenset[int] = frozenset()
        self._ids: list[str] = []

    def note(self, container_id: str) -> None:
        """A container was made."""
        self._ids.append(container_id)

    def claim(self, ports: frozenset[int]) -> bool:
        """Take host ports, all or none of them."""
        taken = self._all_ports.claim(ports)
        self._ports |= ports if taken else frozenset()
        return taken

    def remove(self) -> None:
        """Remove all that was made."""
        while self._ids:
            remove_container(self.client, self._ids.pop())
        self._all_ports.release(self._ports)
        self._ports = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A container that was made.

    Attributes:
        id: the engine's.
        task: the task.
        order: the container.
        around: what it was made with besides its definition.
        image_digest: of its image.
    """

    id: str
    task: TaskOrder
    order: ContainerOrder
    around: Surroundings
    image_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Where a running container is reached.

    Attributes:
        address: in the engine's network; empty when it has none of its own.
        host_ports: as ECS tells them.
        addresses: where each container port listens on this machine.
    """

    address: str
    host_ports: Mapping[int, int]
    addresses: Mapping[int, tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Makes and starts containers.

    Attributes:
        engine: the container engine.
        owner: whose containers they are.
        images: the images.
        networks: networks of tasks.
        secrets: values of secrets.
        ports: host ports that are taken.
    """

    engine: Engine
    owner: Owner
    images: Images
    networks: TaskNetworks
    secrets: Secrets
    ports: FixedPorts = field(default_factory=FixedPorts)

    def make(
        self,
        creation: Creation,
        task: TaskOrder,
        order: ContainerOrder,
        *,
        hosts: Callable[[], Mapping[str, str]],
        pulling: Callable[[], AbstractContextManager[None]],
    ) -> Created:
        """Have everything that a container needs, and make it.

        Args:
            creation: notes what was made.
            task: the task.
            order: the container.
            hosts: waits for linked containers and gives their addresses by name.
            pulling: is entered while the image is had.

        Raises:
            PullError: its image cannot be had.
            SecretError: a secret cannot be had.
            StartError: the engine refuses it.
        """
        client = creation.client
        secrets = self.secrets.of(order.definition, task.region)
        with pulling():
            image = self.images.ready(client, str(order.definition.get("image", "")), order.image_digest)
        around = Surroundings(
            image=image.reference,
            labels=self.owner.labels(task.task_id, order.name),
            secrets=secrets,
            joined=self.networks.holder(client, task, self.owner.labels(task.task_id)) if shares_network(task) else "",
            hosts=hosts(),
            volumes=self._volumes(client, task, order),
            fixed_ports=creation.claim(frozenset(published_ports(order.definition).values()) - {0}),
        )
        return self._create(creation, Created(id="", task=task, order=order, around=around, image_digest=image.digest))

    def start(self, client: Client, made: Created) -> Any:
        """Start a container.

        Returns:
            The stream of its output from its first byte on.

        Raises:
            StartError: the engine cannot start it.
        """
        from docker.errors import APIError  # noqa: PLC0415 - loaded with the runtime

        output: Any = None
        try:
            # Podman sets a container up, its ports included, when somebody attaches.
            output = client.attach(made.id, stream=True, demux=True)
            client.start(made.id)
        except APIError as error:
            end_stream(output)
            raise StartError(f"CannotStartContainerError: Error response from daemon: {explanation(error)}") from error
        return output

    def facts(self, client: Client, made: Created, task: TaskOrder, order: ContainerOrder) -> Facts:
        """Where a running container is reached."""
        own: Mapping[str, Any] = client.inspect_container(made.id).get("NetworkSettings") or {}
        holder = made.around.joined
        network: Mapping[str, Any] = client.inspect_container(holder)["NetworkSettings"] if holder else own
        bound: Mapping[str, Any] = network.get("Ports") or {}
        host_ports: dict[int, int] = {}
        addresses: dict[int, tuple[str, int]] = {}
        for (port, protocol), fixed in published_ports(order.definition).items():
            real = next((int(one["HostPort"]) for one in members(bound, f"{port}/{protocol}")), 0)
            if real:
                host_ports[port] = port if shares_network(task) else fixed or real
                addresses[port] = (LOOPBACK, real)
        return Facts(address=_address(own), host_ports=host_ports, addresses=addresses)

    def _create(self, creation: Creation, wanted: Created) -> Created:
        from docker.errors import APIError  # noqa: PLC0415 - loaded with the runtime

        client, around = creation.client, wanted.around
        try:
            try:
                made = self._created(client, wanted, around)
            except APIError as error:
                if not any(sign in explanation(error) for sign in _NO_INIT):
                    raise
                # Podman brings no init program of its own (Debian: package catatonit).
                _log.warning("no init process for %s: %s", wanted.order.name, explanation(error))
                around = dataclasses.replace(around, init=False)
                made = self._created(client, wanted, around)
        except APIError as error:
            raise StartError(f"CannotCreateContainerError: Error response from daemon: {explanation(error)}") from error
        creation.note(made)
        return dataclasses.replace(wanted, id=made, around=around)

    def _created(self, client: Client, wanted: Created, around: Surroundings) -> str:
        task, order = wanted.task, wanted.order
        name = f"tinystacks-{task.family}-{task.revision}-{order.name}-{uuid.uuid4().hex[:12]}"
        arguments = create_arguments(client, self.engine, task, order, around)
        return str(client.create_container(name=name, **arguments)["Id"])

    def _volumes(self, client: Client, task: TaskOrder, order: ContainerOrder) -> dict[str, str]:
        """The engine's volume per volume that a container mounts; each is the task's own and ends with it."""
        names: dict[str, str] = {}
        for one in members(order.definition, "mountPoints"):
            source = str(one["sourceVolume"])
            names[source] = f"tinystacks-{task.task_id[:12]}-{source}"
            client.create_volume(names[source], labels=self.owner.labels(task.task_id))
        return names


def _address(network: Mapping[str, Any]) -> str:
    networks: Mapping[str, Mapping[str, Any]] = network.get("Networks") or {}
    found = [str(one.get("IPAddress") or "") for one in networks.values()]
    return str(network.get("IPAddress") or "") or next((one for one in found if one), "")

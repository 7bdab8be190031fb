"""One network for all containers of a task, held by a container that does nothing, as the ECS agent does it.

Under `awsvpc` a task's containers reach each other on localhost, whichever of them has ended or was restarted, so the
network belongs to none of them. The image of its holder is made here (one program of a few instructions): it needs no
registry.
Source: ECS developer guide, task-networking-awsvpc (the pause container).
"""

from __future__ import annotations

import io
import json
import struct
import tarfile
import threading
from typing import TYPE_CHECKING, Any

from tinystacks.local.documents import members
from tinystacks.local.runtime.docker_settings import port_bindings, published_ports, ulimits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.runtime.base import TaskOrder
    from tinystacks.local.runtime.docker_engine import Client, Engine

REPOSITORY = "localhost/tinystacks/pause"
TAG = "1"
_PROGRAM = "/pause"
_BASE = 0x400000
_HEADERS = 64 + 56
_MACHINES = {"amd64": 62, "arm64": 183}
"""e_machine in the ELF specification."""
_CODE = {
    # mov eax, 34 (pause); syscall; jmp to the start
    "amd64": bytes.fromhex("b822000000 0f05 ebf7"),
    # mov x0…x4, 0; mov x8, 73 (ppoll); svc 0; b to the start
    "arm64": struct.pack("<8I", *(0xD2800000 + register for register in range(5)), 0xD2800928, 0xD4000001, 0x17FFFFF9),
}


def pause_program(architecture: str) -> bytes:
    """A Linux program that waits for ever.

    Args:
        architecture: `amd64` or `arm64`.

    Raises:
        KeyError: another architecture; ECS has only these.
    """
    code = _CODE[architecture]
    size = _HEADERS + len(code)
    header = struct.pack(
        "<4s5B7x2HI3QI6H",
        b"\x7fELF",
        *(2, 1, 1, 0, 0),  # 64 bits, little-endian, version 1, System V
        *(2, _MACHINES[architecture], 1),  # an executable, for this machine, version 1
        *(_BASE + _HEADERS, 64, 0),  # entry, program headers, no section headers
        *(0, 64, 56, 1, 64, 0, 0),  # flags, sizes and counts of headers
    )
    segment = struct.pack("<2I6Q", 1, 5, 0, _BASE, _BASE, size, size, 0x1000)  # loaded, readable and executable
    return header + segment + code


class TaskNetworks:
    """The networks of tasks, each made when its first container needs it.

    Args:
        engine: the container engine.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._holders: dict[str, str] = {}

    def holder(self, client: Client, task: TaskOrder, labels: Mapping[str, str]) -> str:
        """Id of the container that holds a task's network and publishes all its ports."""
        with self._lock:
            if task.task_id not in self._holders:
                self._holders[task.task_id] = self._make(client, task, labels)
            return self._holders[task.task_id]

    def forget(self, task_id: str) -> None:
        """A task is gone; its holder is removed with its other containers."""
        with self._lock:
            self._holders.pop(task_id, None)

    def _make(self, client: Client, task: TaskOrder, labels: Mapping[str, str]) -> str:
        from docker.types import Ulimit  # noqa: PLC0415 - loaded with the runtime

        ports: dict[tuple[int, str], int] = {}
        for definition in members(task.document, "containerDefinitions"):
            ports |= published_ports(definition)
        limits = [Ulimit(name=name, soft=soft, hard=hard) for name, soft, hard in ulimits(self._engine, task, {})]
        host: Any = client.create_host_config(port_bindings=port_bindings(ports, fixed=False), ulimits=limits)
        made: Mapping[str, Any] = client.create_container(
            image=self._image(client),
            entrypoint=[_PROGRAM],
            ports=list(ports),
            labels=dict(labels),
            name=f"tinystacks-{task.family}-{task.revision}-network-{task.task_id[:12]}",
            host_config=host,
        )
        client.start(made["Id"])
        return str(made["Id"])

    def _image(self, client: Client) -> str:
        from docker.errors import ImageNotFound  # noqa: PLC0415 - loaded with the runtime

        reference = f"{REPOSITORY}:{TAG}"
        try:
            client.inspect_image(reference)
        except ImageNotFound:
            answer: str = client.import_image_from_data(_archive(pause_program(self._engine.architecture)))
            image = json.loads(answer.strip().splitlines()[-1])["status"]
            client.tag(image, REPOSITORY, TAG)
        return reference


def _archive(program: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(_PROGRAM.lstrip("/"))
        entry.size, entry.mode = len(program), 0o755
        archive.addfile(entry, io.BytesIO(program))
    return buffer.getvalue()

"""A program with a terminal inside a running container, through the engine's API.

The connection that carries the terminal is spoken here, not by docker's client: that one loses what the engine writes
in one packet with the head of its answer.
Source: Docker Engine API, "Start an exec instance" (the connection is taken over after 101 or 200).
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tinystacks.local.documents import members, structure
from tinystacks.local.runtime.docker_engine import explanation
from tinystacks.local.sessions.process import EnterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.runtime.docker_engine import Engine

TERMINAL = "xterm-256color"
"""What the agent sets as TERM."""
_PIECE = 16 * 1024
_LARGEST_HEAD = 64 * 1024
_ENDED_WITHIN = 5.0
_PAUSE_SECONDS = 0.05
_JOINED = "container:"
_LOOPBACK = "127.0.0.1"
_GOOD = (101, 200)
_NOT_RUN = (125, 126, 127)
_NOT_STARTED = b"exec failed"
"""What both engines write to the terminal, after saying that the program runs, when it does not."""
_NOT_THERE = ("no such file or directory", "executable file not found", "not found in $path", "crun: executable")


class ContainerProcess:
    """A program that runs.

    Args:
        engine: the container engine.
        exec_id: the engine's id of the program.
        program: its name.
        reader: what it writes.
        writer: what is typed.
    """

    def __init__(
        self, engine: Engine, exec_id: str, program: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._engine = engine
        self._id = exec_id
        self._reader = reader
        self._writer = writer
        self._program = program
        self._begun = False

    async def read(self) -> bytes:
        """Give what it wrote; empty when it has ended.

        Raises:
            EnterError: it never began, which engines tell on the terminal.
        """
        try:
            data = await self._reader.read(_PIECE)
        except ConnectionError:
            return b""
        begun, self._begun = self._begun, True
        if begun or _NOT_STARTED not in data or await self.exit_code() not in _NOT_RUN:
            return data
        raise EnterError(start_failure(self._program, data.decode(errors="replace")))

    async def write(self, data: bytes) -> None:
        """Type something."""
        with suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    async def resize(self, columns: int, rows: int) -> None:
        """Set the size of its terminal; one that has just ended has none."""
        await asyncio.to_thread(self._resize, columns, rows)

    async def exit_code(self) -> int:
        """Give its exit code; the engine knows it a moment after the output has ended."""
        for _ in range(round(_ENDED_WITHIN / _PAUSE_SECONDS)):
            found = await asyncio.to_thread(self._inspect)
            if not found.get("Running") and found.get("ExitCode") is not None:
                return int(found["ExitCode"])
            await asyncio.sleep(_PAUSE_SECONDS)
        return 1

    async def close(self) -> None:
        """Hang up; a shell ends then."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    def _resize(self, columns: int, rows: int) -> None:
        from docker.errors import APIError  # noqa: PLC0415 - loaded with the runtime
        from requests import RequestException  # noqa: PLC0415 - as above

        with self._engine.client() as client, suppress(APIError, RequestException):
            client.exec_resize(self._id, height=rows, width=columns)

    def _inspect(self) -> Mapping[str, Any]:
        from docker.errors import APIError  # noqa: PLC0415 - loaded with the runtime
        from requests import RequestException  # noqa: PLC0415 - as above

        with self._engine.client() as client:
            try:
                return client.exec_inspect(self._id)
            except (APIError, RequestException):
                return {"Running": False, "ExitCode": 1}


class DockerDoor:
    """Running containers of an engine, to enter.

    Args:
        engine: the container engine.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def enter(self, runtime_id: str, command: tuple[str, ...]) -> ContainerProcess:
        """Start a program in a container, as root.

        Raises:
            EnterError: the container does not run, or the program is not in it.
        """
        exec_id = await asyncio.to_thread(_create, self._engine, runtime_id, command)
        path = urlsplit(self._engine.url).path
        try:
            reader, writer = await asyncio.open_unix_connection(path, limit=_LARGEST_HEAD)
        except OSError as error:
            raise EnterError(f"the container engine does not answer: {error}") from error
        try:
            await _take_over(self._engine, exec_id, command[0], reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            writer.close()
            raise EnterError(f"the container engine hung up: {error}") from error
        except EnterError:
            writer.close()
            raise
        return ContainerProcess(self._engine, exec_id, command[0], reader, writer)

    async def port_address(self, runtime_id: str, port: int) -> tuple[str, int]:
        """Give where a port of a container can be reached: as published, else in the engine's own network.

        Raises:
            EnterError: the container does not run.
        """
        return await asyncio.to_thread(_port_address, self._engine, runtime_id, port)


def _port_address(engine: Engine, container_id: str, port: int) -> tuple[str, int]:
    from docker.errors import APIError  # noqa: PLC0415 - loaded with the runtime
    from requests import RequestException  # noqa: PLC0415 - as above

    with engine.client() as client:
        try:
            found: Mapping[str, Any] = client.inspect_container(container_id)
            mode = str(structure(found, "HostConfig").get("NetworkMode") or "")
            if mode.startswith(_JOINED):
                found = client.inspect_container(mode.removeprefix(_JOINED))
        except (APIError, RequestException) as error:
            raise EnterError(explanation(error)) from error
    network = structure(found, "NetworkSettings")
    for bound in members(structure(network, "Ports"), f"{port}/tcp"):
        return _LOOPBACK, int(bound["HostPort"])
    own = [network, *(structure(structure(network, "Networks"), name) for name in structure(network, "Networks"))]
    return next((str(one["IPAddress"]) for one in own if one.get("IPAddress")), _LOOPBACK), port


def _create(engine: Engine, container_id: str, command: tuple[str, ...]) -> str:
    from docker.errors import APIError  # noqa: PLC0415 - loaded with the runtime
    from requests import RequestException  # noqa: PLC0415 - as above

    with engine.client() as client:
        try:
            made: Mapping[str, Any] = client.exec_create(
                container_id, list(command), stdin=True, tty=True, user="0", environment={"TERM": TERMINAL}
            )
        except (APIError, RequestException) as error:
            raise EnterError(explanation(error)) from error
    return str(made["Id"])


async def _take_over(
    engine: Engine,
    exec_id: str,
    program: str,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    body = json.dumps({"Detach": False, "Tty": True}).encode()
    writer.write(
        f"POST /v{engine.api_version}/exec/{exec_id}/start HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\n"
        f"Upgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status = int(head.split(" ", 2)[1])
    if status in _GOOD:
        return
    said = (await reader.read(_LARGEST_HEAD)).decode(errors="replace")
    raise EnterError(start_failure(program, said))


def start_failure(program: str, said: str) -> str:
    """Say why a program did not start, as the agent says it where that is known.

    Args:
        program: what should have run.
        said: the engine's words.
    """
    if any(one in said.lower() for one in _NOT_THERE):
        return f"Failed to start pty: fork/exec {program}: no such file or directory"
    return f"Failed to start pty: {said.strip()}"

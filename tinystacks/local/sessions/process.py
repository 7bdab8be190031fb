"""What a session needs of whatever runs containers."""

from __future__ import annotations

from typing import Protocol


class EnterError(Exception):
    """A container could not be entered; the text is for whoever asked."""


class Process(Protocol):
    """A program with a terminal of its own inside a container."""

    async def read(self) -> bytes:
        """Give what it wrote; empty when it has ended.

        Raises:
            EnterError: it never began, which may show only now.
        """
        ...

    async def write(self, data: bytes) -> None:
        """Type something."""
        ...

    async def resize(self, columns: int, rows: int) -> None:
        """Set the size of its terminal."""
        ...

    async def exit_code(self) -> int:
        """Give its exit code; only once `read` gave nothing."""
        ...

    async def close(self) -> None:
        """Leave it, whether or not it has ended."""
        ...


class Containers(Protocol):
    """Running containers that can be entered."""

    async def enter(self, runtime_id: str, command: tuple[str, ...]) -> Process:
        """Start a program in a running container, as root, with a terminal.

        Raises:
            EnterError: the container does not run, or the program is not in it.
        """
        ...

    async def port_address(self, runtime_id: str, port: int) -> tuple[str, int]:
        """Give where a port of a container can be reached from this machine.

        Raises:
            EnterError: the container does not run.
        """
        ...

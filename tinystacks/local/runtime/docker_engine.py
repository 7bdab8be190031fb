"""The container engine that runs tasks: Docker, or Podman where it speaks Docker's API."""

from __future__ import annotations

import io
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.container_engines import engine_sockets

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping
    from pathlib import Path

Client = Any
"""`docker.APIClient`; its package and its stubs leave most of it untyped."""

ANSWER_SECONDS = 1.0
"""An engine that runs answers a ping in milliseconds; one that does not within this time is not there."""
CALL_SECONDS = 60.0
"""Longest silence of the engine within one call; the agent gives up on a pull after as long (its README)."""
LEAST_API_VERSION = "1.24"
"""The oldest that the client speaks."""
_ANSWER = "_response"
"""Where docker's client keeps the HTTP answer of a stream, of either kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An engine that answers.

    Attributes:
        url: such as `unix:///var/run/docker.sock`.
        name: as it calls itself, such as `Podman Engine`.
        version: of the engine.
        api_version: of Docker's API, such as `1.41`.
        architecture: of its machine, `amd64` or `arm64`.
        cpus: processors of its machine.
    """

    url: str
    name: str
    version: str
    api_version: str
    architecture: str
    cpus: int

    @property
    def is_podman(self) -> bool:
        """Whether it is Podman, which leaves a few things to its caller."""
        return self.name.startswith("Podman")

    def __str__(self) -> str:
        return f"{self.name} {self.version} at {self.url}"

    @contextmanager
    def client(self, *, timeout_seconds: float = CALL_SECONDS) -> Generator[Client]:
        """A client for one thread, closed at the end.

        Args:
            timeout_seconds: longest silence within one call.
        """
        with closing(_client(self.url, self.api_version, timeout_seconds)) as made:
            yield made


def find_engine(sockets: Iterable[Path] | None = None) -> Engine | None:
    """The first engine that answers within a second; None when there is none.

    Args:
        sockets: where to ask; by default `DOCKER_HOST` and the usual places.
    """
    for path in engine_sockets() if sockets is None else sockets:
        # A path that is not there costs nothing, not even the time to load the client.
        if path.is_socket() and (found := ask(f"unix://{path}")) is not None:
            return found
    return None


def ask(url: str) -> Engine | None:
    """What answers at a URL; None when nothing does within a second.

    Args:
        url: such as `unix:///var/run/docker.sock`.
    """
    from docker.errors import DockerException  # noqa: PLC0415 - loaded only where a socket is
    from requests import RequestException  # noqa: PLC0415 - as above

    try:
        with closing(_client(url, LEAST_API_VERSION, ANSWER_SECONDS)) as client:
            # Without a version in its path: an engine refuses versions that it finds too old.
            client.get(f"{client.base_url}/_ping").raise_for_status()
        with closing(_client(url, "auto", CALL_SECONDS)) as client:
            version: Mapping[str, Any] = client.version()
            info: Mapping[str, Any] = client.info()
            api_version = str(client.api_version)
    except (DockerException, RequestException):
        return None
    components: list[Mapping[str, Any]] = version.get("Components") or [{}]
    return Engine(
        url=url,
        name=str(components[0].get("Name") or "Docker"),
        version=str(version.get("Version", "")),
        api_version=api_version,
        architecture=str(version.get("Arch", "")),
        cpus=int(info.get("NCPU") or 1),
    )


def _client(url: str, version: str, timeout_seconds: float) -> Client:
    import docker  # noqa: PLC0415 - loaded only where an engine is looked for

    made: Any = docker.APIClient
    return made(base_url=url, version=version, timeout=timeout_seconds)


def end_stream(stream: Any) -> None:
    """Close a connection that the engine keeps open for a container's output.

    Args:
        stream: what the client gave for it; its own `close` leaves the connection when the engine has ended it.
    """
    answer: Any = getattr(stream, _ANSWER, None)
    ends = (answer, stream) if isinstance(stream, io.RawIOBase) else (stream, answer)
    for one in ends:
        if one is not None:
            with suppress(OSError):
                one.close()


def explanation(error: BaseException) -> str:
    """What the engine said, without what the client puts around it."""
    said: object = getattr(error, "explanation", None)
    if isinstance(said, bytes):
        said = said.decode("utf-8", errors="replace")
    return str(said or error).strip()


def engine_gone(url: str) -> str:
    """What Docker's own clients say of an engine that does not answer, and agents pass on."""
    return f"Cannot connect to the Docker daemon at {url}. Is the docker daemon running?"

"""Programs that build and push images: Docker with buildx, or Podman.

Sources: Docker CLI reference, `docker buildx build`, `docker login`, `docker push`; podman-build(1), podman-login(1),
podman-push(1), podman(1) (`--url`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from tinystacks.images.errors import BuilderMissingError, ImageError

_TAIL_LINES = 20
_DOCKER_BUILD = ("docker", "buildx", "build", "--load", "--progress=plain", "--provenance=false")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_MEND = "Correct the Dockerfile, or see to the container engine; then repeat the command."
_REACH = "See that the container engine reaches the registry, then repeat the command; what was built is kept there."


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOrder:
    """One image to build.

    Attributes:
        context: folder of the sources.
        dockerfile: the Dockerfile.
        reference: name and tag.
        platform: such as `linux/arm64`.
        target: build stage; none for the last.
        args: build arguments.
    """

    context: Path
    dockerfile: Path
    reference: str
    platform: str
    target: str | None = None
    args: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def options(self) -> list[str]:
        """The options that Docker and Podman share."""
        given = [word for name, value in sorted(self.args.items()) for word in ("--build-arg", f"{name}={value}")]
        stage = ["--target", self.target] if self.target else []
        return ["--platform", self.platform, "--tag", self.reference, "--file", str(self.dockerfile), *stage, *given]


class Run(Protocol):
    """Runs a program and gives its output."""

    def __call__(
        self,
        command: Sequence[str],
        *,
        say: Callable[[str], None] | None = None,
        secret: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """Give exit code and output.

        Args:
            command: program and arguments.
            say: receives each line of output.
            secret: goes to its standard input.
            environment: variables besides this process's.
        """
        ...


Calling = Callable[[Callable[[int], None]], AbstractContextManager[None]]
"""Has an action called when the user asks for the end; as `Interrupt.calling`."""


def _never_called(_action: Callable[[int], None]) -> AbstractContextManager[None]:
    return nullcontext()


class Programs:
    """Runs programs of this machine; see `Run`.

    Args:
        calling: how the user ends one.
    """

    def __init__(self, calling: Calling = _never_called) -> None:
        self._calling = calling

    def __call__(
        self,
        command: Sequence[str],
        *,
        say: Callable[[str], None] | None = None,
        secret: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """Run a program to its end."""
        with subprocess.Popen(  # noqa: S603 - docker or podman, with arguments of ours
            list(command),
            stdin=subprocess.PIPE if secret else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **(environment or {})},
            # Ctrl-C is for tstack, which ends what it began in order.
            start_new_session=True,
        ) as process:
            if secret and process.stdin:
                process.stdin.write(secret)
                process.stdin.close()
            lines: list[str] = []
            assert process.stdout is not None
            with self._calling(lambda count: process.terminate() if count == 1 else process.kill()):
                for line in process.stdout:
                    lines.append(line.rstrip())
                    if say is not None:
                        say(line.rstrip())
                code = process.wait()
        return code, "\n".join(lines)


class Builder(Protocol):
    """Builds images and pushes them."""

    name: str

    def build(self, order: BuildOrder, say: Callable[[str], None]) -> None:
        """Build an image and keep it in the engine.

        Raises:
            ImageError: it failed; with the end of the output.
        """
        ...

    def architecture(self, reference: str) -> str:
        """Give what an image in the engine was built for, such as `amd64`; empty when unknown."""
        ...

    def push(self, reference: str, *, user: str, password: str, say: Callable[[str], None]) -> None:
        """Push an image to its registry.

        Raises:
            ImageError: it failed.
        """
        ...


class DockerBuilder:
    """Docker with buildx."""

    name = "docker"

    def __init__(self, run: Run, *, home: Path | None = None) -> None:
        self._run = run
        self._home = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") if home is None else home

    def build(self, order: BuildOrder, say: Callable[[str], None]) -> None:
        """Build into the engine; attestations are left out, so that the digest names one plain image."""
        _done(
            self._run(
                [*_DOCKER_BUILD, *order.options, str(order.context)],
                say=say,
            ),
            f"docker could not build {order.reference}",
            hint=_MEND,
        )

    def architecture(self, reference: str) -> str:
        """Ask the engine."""
        return _architecture(self._run, ["docker"], reference)

    def push(self, reference: str, *, user: str, password: str, say: Callable[[str], None]) -> None:
        """Push with a login that ends with the push: the user's own file and key chain are not touched."""
        host = reference.partition("/")[0]
        with TemporaryDirectory(prefix="tstack-docker-") as folder:
            place = Path(folder)
            _copy_settings(self._home, place)
            docker = ["docker", "--config", folder]
            _done(
                self._run([*docker, "login", "--username", user, "--password-stdin", host], secret=password),
                f"docker could not log in to {host}",
                hint=_REACH,
            )
            _done(self._run([*docker, "push", reference], say=say), f"docker could not push {reference}", hint=_REACH)


class PodmanBuilder:
    """Podman, on this machine or through a socket.

    Args:
        run: runs programs.
        url: socket of its service; empty for the user's own Podman.
    """

    name = "podman"

    def __init__(self, run: Run, url: str = "") -> None:
        self._run = run
        self._podman = ["podman", "--url", url] if url else ["podman"]

    def build(self, order: BuildOrder, say: Callable[[str], None]) -> None:
        """Build into Podman's storage."""
        _done(
            self._run([*self._podman, "build", *order.options, str(order.context)], say=say),
            f"podman could not build {order.reference}",
            hint=_MEND,
        )

    def architecture(self, reference: str) -> str:
        """Ask Podman."""
        return _architecture(self._run, self._podman, reference)

    def push(self, reference: str, *, user: str, password: str, say: Callable[[str], None]) -> None:
        """Push with a login that ends with the push."""
        host = reference.partition("/")[0]
        plain = ["--tls-verify=false"] if host.rpartition(":")[0] in _LOOPBACK else []
        with TemporaryDirectory(prefix="tstack-podman-") as folder:
            file = ["--authfile", str(Path(folder) / "auth.json")]
            _done(
                self._run(
                    [*self._podman, "login", *file, *plain, "--username", user, "--password-stdin", host],
                    secret=password,
                ),
                f"podman could not log in to {host}",
                hint=_REACH,
            )
            _done(
                self._run([*self._podman, "push", *file, *plain, reference], say=say),
                f"podman could not push {reference}",
                hint=_REACH,
            )


def find_builder(
    run: Run, url: str = "", *, has: Callable[[str], object] = shutil.which
) -> DockerBuilder | PodmanBuilder:
    """Find what builds images here.

    Args:
        run: runs programs.
        url: socket of the engine that shall have the image; empty for any.
        has: tells whether a program is installed.

    Raises:
        BuilderMissingError: nothing does; says what was found and the two ways out.
    """
    found: list[str] = []
    if has("docker"):
        problem = _docker_problem(run, url)
        if not problem:
            return DockerBuilder(run)
        found.append(f"docker: {problem}")
    if has("podman"):
        named = url or os.environ.get("CONTAINER_HOST", "") or os.environ.get("DOCKER_HOST", "")
        builder = PodmanBuilder(run, named)
        code, said = _quick(run, ["podman", *(["--url", named] if named else []), "version"])
        if code == 0:
            return builder
        found.append(f"podman: {said.splitlines()[-1] if said else 'does not answer'}")
    looked = f" ({'; '.join(found)})" if found else ""
    raise BuilderMissingError(
        f"there is no container engine that builds images on this machine{looked}",
        hint="Install and start Docker (with buildx) or Podman; or deploy an image that was built elsewhere: "
        "`tstack up --image SERVICE=REFERENCE`.",
    )


def _docker_problem(run: Run, url: str) -> str:
    environment = {"DOCKER_HOST": url} if url else None
    code, said = _quick(run, ["docker", "version", "--format", "{{json .Server}}"], environment)
    if code != 0:
        return said.splitlines()[-1] if said else "its engine does not answer"
    if "podman" in said.lower():
        return "Podman answers at its socket"
    if _quick(run, ["docker", "buildx", "version"])[0] != 0:
        return "buildx is missing"
    return ""


def _quick(run: Run, command: list[str], environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    try:
        return run(command, environment=environment)
    except OSError as error:
        return 1, str(error)


def _architecture(run: Run, program: list[str], reference: str) -> str:
    code, said = run([*program, "image", "inspect", "--format", "{{.Architecture}}", reference])
    return said.strip() if code == 0 else ""


def _done(outcome: tuple[int, str], failure: str, *, hint: str) -> None:
    code, said = outcome
    if code != 0:
        tail = "\n".join(f"  {line}" for line in said.splitlines()[-_TAIL_LINES:])
        raise ImageError(f"{failure} (exit code {code}):\n{tail}", hint=hint)


def _copy_settings(home: Path, place: Path) -> None:
    """Take over contexts and plugins of the user's Docker, but no logins and no store for them."""
    if not home.is_dir():
        return
    for entry in home.iterdir():
        if entry.name != "config.json":
            (place / entry.name).symlink_to(entry)
    try:
        settings = json.loads((home / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    kept = {key: value for key, value in settings.items() if key not in {"auths", "credsStore", "credHelpers"}}
    (place / "config.json").write_text(json.dumps(kept), encoding="utf-8")

"""A Podman service of the tests' own, with one small image; no registry is asked."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fakes.local_stage import eventually
from tinystacks.local.runtime.docker_engine import find_engine
from tinystacks.local.runtime.docker_labels import remove_container

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from tinystacks.local.runtime.docker_engine import Engine

NEEDED = ("podman", "runc", "iptables", "busybox")
REPOSITORY = "localhost/tinystacks-tests/busybox"
IMAGE = f"{REPOSITORY}:1"
SERVE = (
    "trap 'echo stopping; exit 0' TERM; mkdir -p /tmp/www; echo \"$HOSTNAME$GREETING\" > /tmp/www/index.html; "
    "echo serving; /bin/busybox httpd -f -p 8080 -h /tmp/www & wait"
)
"""Serves port 8080 and ends with 0 on SIGTERM."""


def missing() -> list[str]:
    """Programs that are not there."""
    return [name for name in NEEDED if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None]


def shell(script: str) -> dict[str, Any]:
    """What makes a container definition run a script."""
    return {"entryPoint": ["/bin/busybox", "sh", "-c"], "command": [script]}


@contextlib.contextmanager
def podman_service() -> Generator[Engine]:
    """Start Podman's service in a folder of its own, as root of a machine without systemd can."""
    # conmon's sockets have long names under this folder; the kernel takes 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="ts-pod-", dir="/tmp"))
    socket = folder / "podman.sock"
    own = ["--root", str(folder / "root"), "--runroot", str(folder / "run"), "--tmpdir", str(folder / "tmp")]
    base = ["podman", "--storage-driver=vfs", "--runtime=runc", "--cgroup-manager=cgroupfs", *own]
    with (folder / "log").open("wb") as log:
        service = subprocess.Popen(
            [*base, "system", "service", "--time=0", f"unix://{socket}"],
            stdout=log,
            stderr=log,
            start_new_session=True,
            # The container monitor leaves a file named `oom` where it stands.
            cwd=socket.parent,
        )
    try:
        engine = eventually(lambda: find_engine([socket]), what="podman's service", seconds=30)
        load_image(engine)
        try:
            yield engine
        finally:
            # A local AWS that ended leaves the removal of its containers to a process that outlives it.
            _await_end(_sweepers, folder)
            _remove_everything(engine)
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(60)
        # A container that was being made while the service ended is known to its storage alone.
        subprocess.run([*base, "rm", "--all", "--force", "--time", "0"], check=False, capture_output=True, timeout=60)
        # The monitor of each command in a container (health checks) would stay for 300 s to tell its exit code.
        # Nothing else is killed: it is taking firewall rules back, which would lead a port astray for good.
        for one in filter(_is_exec_monitor, _users(folder)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(one), signal.SIGKILL)
        _await_end(_users, folder)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def given_service(socket: Path) -> Generator[Engine]:
    """Use an engine that runs already, such as Docker's, of which nothing but the tests' own containers is touched."""
    engine = eventually(lambda: find_engine([socket]), what=f"an engine at {socket}", seconds=5)
    with engine.client() as client:
        before = {one["Id"] for one in client.containers(all=True)}
    load_image(engine)
    try:
        yield engine
    finally:
        with engine.client() as client:
            for one in client.containers(all=True):
                if one["Id"] not in before:
                    remove_container(client, one["Id"])


def container_ids(engine: Engine, *labels: str) -> list[str]:
    """Containers of an engine that have all these labels."""
    with engine.client() as client:
        return [one["Id"] for one in client.containers(all=True, filters={"label": list(labels)})]


def _users(folder: Path) -> list[str]:
    """Processes that were told of a folder."""
    found: list[str] = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in one.read_bytes():
                found.append(one.parent.name)
    return found


def _sweepers(folder: Path) -> list[str]:
    return [one for one in _users(folder) if "docker_labels" in _command(one)]


def _await_end(processes: Callable[[Path], list[str]], folder: Path) -> None:
    try:
        eventually(lambda: not processes(folder), what=f"the end of all processes in {folder}", seconds=60)
    except AssertionError as late:
        raise AssertionError(f"{late}: {'; '.join(map(_command, processes(folder)))}") from None


def _is_exec_monitor(process: str) -> bool:
    return "--exec-process-spec" in _command(process)


def _command(process: str) -> str:
    try:
        return Path("/proc", process, "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def load_image(engine: Engine, tag: str = "1", *, programs: Sequence[str] = ("busybox", "sh")) -> str:
    """Make an image of busybox under some names, and give it a tag, which another image may lose by it.

    Returns:
        Its reference.
    """
    with engine.client() as client:
        answer = client.import_image_from_data(busybox_layer(programs))
        client.tag(json.loads(answer.strip().splitlines()[-1])["status"], REPOSITORY, tag)
    return f"{REPOSITORY}:{tag}"


def busybox_layer(programs: Sequence[str]) -> bytes:
    """Give an archive of the files of an image: busybox under some names."""
    program = Path(shutil.which("busybox") or "/bin/busybox").read_bytes()
    return _archive([f"bin/{one}" for one in programs], program)


def _archive(names: Sequence[str], program: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for folder, mode in (("bin", 0o755), ("tmp", 0o1777)):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            archive.addfile(entry)
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(program), 0o755
            archive.addfile(entry, io.BytesIO(program))
    return buffer.getvalue()


def _remove_everything(engine: Engine) -> None:
    with engine.client() as client:
        for one in client.containers(all=True):
            remove_container(client, one["Id"])

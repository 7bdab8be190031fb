"""Checks of this machine: programs on PATH, the engine's plug-ins, a container engine, the local AWS's parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.doctor.finding import Finding
from tinystacks.local_parts import INSTALL_LOCAL_PARTS, missing_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Which = Callable[[str], str | None]

_SESSION_MANAGER_GUIDE = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
)


def check_shell_tools(which: Which) -> list[Finding]:
    """Check what opening a shell in a task needs: the AWS CLI and its Session Manager plugin.

    Args:
        which: finds a program on PATH, as `shutil.which`.
    """
    findings: list[Finding] = []
    for name, program, mend in (
        ("AWS CLI", "aws", "Install it: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"),
        ("Session Manager plugin", "session-manager-plugin", f"Install it: {_SESSION_MANAGER_GUIDE}"),
    ):
        path = which(program)
        if path:
            findings.append(Finding(name=name, verdict="ok", found=path))
        else:
            found = f"`{program}` is not on PATH; only opening a shell in a task needs it"
            findings.append(Finding(name=name, verdict="warning", found=found, mend=mend))
    return findings


def check_container_engine(which: Which, sockets: Iterable[Path]) -> Finding:
    """Check for Docker or Podman, which build images and run the containers of the local AWS.

    Args:
        which: finds a program on PATH.
        sockets: where an engine may answer, in order.
    """
    socket = next((path for path in sockets if path.is_socket()), None)
    program = which("docker") or which("podman")
    if socket is not None:
        return Finding(name="Container engine", verdict="ok", found=f"answers at {socket}")
    if program:
        return Finding(
            name="Container engine",
            verdict="warning",
            found=f"{program} is there, but no engine answers; the local AWS simulates the containers",
            mend="Start Docker, or `podman system service --time=0`, or set DOCKER_HOST.",
        )
    return Finding(
        name="Container engine",
        verdict="warning",
        found="neither Docker nor Podman; the local AWS simulates the containers, and `build:` cannot be built",
        mend="Install Docker (https://docs.docker.com/engine/install/) or Podman, or give an `image:`.",
    )


def check_local_parts() -> Finding:
    """Check that the packages of `tinystacks[local]` are installed."""
    missing = missing_parts()
    if not missing:
        return Finding(name="Local AWS", verdict="ok", found="all its parts are installed")
    return Finding(
        name="Local AWS",
        verdict="warning",
        found=f"{', '.join(missing)} missing; only --local needs them",
        mend=INSTALL_LOCAL_PARTS,
    )


def check_plugins(plugin_folder: Path, wanted: Iterable[tuple[str, str]]) -> list[Finding]:
    """Check the engine's AWS plug-ins; the engine downloads a missing one at the first `tstack up`.

    Args:
        plugin_folder: the engine's plug-in cache.
        wanted: name and version of each plug-in.
    """
    findings: list[Finding] = []
    for name, version in wanted:
        folder = plugin_folder / f"resource-{name}-v{version}"
        title = f"Plug-in {name} {version}"
        if folder.is_dir():
            findings.append(Finding(name=title, verdict="ok", found=str(folder)))
        else:
            findings.append(
                Finding(
                    name=title,
                    verdict="warning",
                    found="not downloaded yet; the first `up` in an account does it (--local needs none)",
                    mend=f"To do it now: pulumi plugin install resource {name} v{version} "
                    "(with --file for an archive from a machine that may download)",
                )
            )
    return findings

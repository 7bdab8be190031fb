"""The programs on this machine that open a session with a task.

Source: AWS CLI user guide, "Installing"; AWS Systems Manager user guide, "Install the Session Manager plugin".
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from tinystacks.operations.exec_model import AccessCheck

if TYPE_CHECKING:
    from collections.abc import Callable

    Which = Callable[[str], str | None]

CLI, PLUGIN = "aws", "session-manager-plugin"
_CLI_GUIDE = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
_PLUGIN_GUIDE = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
)
_PLUGIN_DOWNLOADS = "https://s3.amazonaws.com/session-manager-downloads/plugin/latest"


def has_tools(which: Which = shutil.which) -> bool:
    """Tell whether both programs are on PATH."""
    return all(which(program) for program in (CLI, PLUGIN))


def check_tools(which: Which = shutil.which, *, needed: bool = True, platform: str = sys.platform) -> list[AccessCheck]:
    """Look for both programs on PATH.

    Args:
        which: finds a program, as `shutil.which`.
        needed: false for the local AWS, whose sessions this package can take itself.
        platform: as `sys.platform`, for the line that installs what is missing.
    """
    return [
        _check("AWS CLI", CLI, which, _install_cli(platform), needed=needed),
        _check("Session Manager plugin", PLUGIN, which, _install_plugin(platform), needed=needed),
    ]


def _check(name: str, program: str, which: Which, install: str, *, needed: bool) -> AccessCheck:
    path = which(program)
    if path:
        return AccessCheck(name=name, verdict="ok", found=path)
    found = f"`{program}` is not on PATH"
    if not needed:
        return AccessCheck(name=name, verdict="ok", found=f"{found}; --local goes without it, AWS needs it")
    return AccessCheck(name=name, verdict="failed", found=found, mend=install)


def _install_cli(platform: str) -> str:
    if platform == "darwin":
        return f"brew install awscli ({_CLI_GUIDE})"
    if platform == "win32":
        return f"msiexec.exe /i https://awscli.amazonaws.com/AWSCLIV2.msi ({_CLI_GUIDE})"
    return (
        "curl -o awscliv2.zip https://awscli.amazonaws.com/awscli-exe-linux-$(uname -m).zip && unzip awscliv2.zip && "
        f"sudo ./aws/install ({_CLI_GUIDE})"
    )


def _install_plugin(platform: str) -> str:
    if platform == "darwin":
        return f"brew install --cask session-manager-plugin ({_PLUGIN_GUIDE})"
    if platform == "win32":
        return f"Run {_PLUGIN_DOWNLOADS}/windows/SessionManagerPluginSetup.exe ({_PLUGIN_GUIDE})"
    return (
        f"curl -o session-manager-plugin.deb {_PLUGIN_DOWNLOADS}/ubuntu_64bit/session-manager-plugin.deb && "
        f"sudo dpkg -i session-manager-plugin.deb; other systems and processors: {_PLUGIN_GUIDE}"
    )

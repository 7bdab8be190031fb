"""All checks in the order in which a user meets them."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from tinystacks.container_engines import engine_sockets
from tinystacks.doctor.account import check_credentials, check_quotas, check_service_linked_roles
from tinystacks.doctor.finding import Finding
from tinystacks.doctor.machine import (
    check_container_engine,
    check_local_parts,
    check_plugins,
    check_shell_tools,
)
from tinystacks.errors import TinystacksError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tinystacks.deployment.engine_model import EngineReport
    from tinystacks.deployment.target import Target

_PLUGINS = {"aws": "pulumi-aws", "awsx": "pulumi-awsx"}


def examine_machine(report: EngineReport) -> Iterator[Finding]:
    """Check this machine.

    Args:
        report: where an engine was looked for.
    """
    yield _engine(report)
    yield from check_plugins(_plugin_folder(), ((name, version(package)) for name, package in _PLUGINS.items()))
    yield from check_shell_tools(shutil.which)
    yield check_container_engine(shutil.which, engine_sockets())
    yield check_local_parts()


def examine_account(target: Callable[[], Target]) -> Iterator[Finding]:
    """Check the AWS account; what needs credentials is left out when there are none.

    Args:
        target: gives the account and region to check.
    """
    try:
        account = target()
        findings = check_credentials(account.account_id, account.region, account.profile)
    except TinystacksError as error:
        yield Finding(name="Region", verdict="failed", found=error.message, mend=error.hint)
        return
    yield from findings
    if any(finding.verdict == "failed" for finding in findings):
        return
    yield from check_service_linked_roles(account.client)
    yield from check_quotas(account.client)


def _engine(report: EngineReport) -> Finding:
    if report.engine is not None:
        found = f"pulumi {report.engine.version} at {report.engine.path}"
        return Finding(name="Engine", verdict="ok", found=found)
    return Finding(
        name="Engine",
        verdict="failed",
        found="no `pulumi` program of an accepted version; everything that changes a stage needs it",
        mend="tstack engine install (downloads it, or builds it with Go), or install Pulumi so that it is on PATH",
    )


def _plugin_folder() -> Path:
    home = os.environ.get("PULUMI_HOME")
    return (Path(home) if home else Path.home() / ".pulumi") / "plugins"

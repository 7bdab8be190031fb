"""The environment that points the engine, the AWS CLI and any AWS client at the local AWS.

The user's own AWS settings (profile, session token, files) must not leak in: a mapping cannot unset a variable, so
each is set to something of the local AWS's own; the shell form unsets them.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from tinystacks.local.status import StateFolder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.status import LocalStatus

PROFILE = "local"
KEY = "local"
_NO_PROXY = "127.0.0.1,localhost"
_UNSET_IN_SHELL = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)


def environment(status: LocalStatus, region: str) -> dict[str, str]:
    """Variables for a process that is to use the local AWS.

    Args:
        status: the running local AWS.
        region: region that clients of that process shall use.

    Returns:
        Variables to set; an empty value takes the place of one that would have to be unset.
    """
    folder = StateFolder(Path(status.home))
    variables = {
        "AWS_ENDPOINT_URL": status.endpoint_url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": KEY,
        "AWS_SESSION_TOKEN": "",
        "AWS_SECURITY_TOKEN": "",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_PROFILE": PROFILE,
        "AWS_DEFAULT_PROFILE": PROFILE,
        "AWS_CONFIG_FILE": str(folder.aws_config_file),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder.aws_credentials_file),
        "AWS_ROLE_ARN": "",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "NO_PROXY": _NO_PROXY,
        "no_proxy": _NO_PROXY,
    }
    if status.providers:
        variables["PULUMI_DEBUG_PROVIDERS"] = debug_providers(status.providers)
        # The engine would otherwise fetch hundreds of MB of plug-ins that the attached providers stand for.
        variables["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    return variables


def debug_providers(ports: Mapping[str, int]) -> str:
    """The engine's own form: `aws:4001,awsx:4002`."""
    return ",".join(f"{package}:{port}" for package, port in sorted(ports.items()))


def shell_exports(status: LocalStatus, region: str) -> str:
    """Lines for `eval "$(tstack local env)"` in a POSIX shell: real settings are unset, ours are set."""
    wanted = environment(status, region)
    lines = [f"unset {' '.join(_UNSET_IN_SHELL)}"]
    lines += [
        f"export {name}={shlex.quote(value)}"
        for name, value in wanted.items()
        if name not in _UNSET_IN_SHELL and (value or name == "AWS_PAGER")
    ]
    return "\n".join(lines) + "\n"


def write_aws_files(folder: StateFolder, endpoint_url: str, region: str) -> None:
    """Write the profile `local`, so that `aws --profile local` works and no other profile is ever read."""
    folder.aws_config_file.write_text(
        f"[profile {PROFILE}]\nregion = {region}\nendpoint_url = {endpoint_url}\ns3 =\n  addressing_style = path\n",
        encoding="utf-8",
    )
    folder.aws_credentials_file.write_text(
        f"[{PROFILE}]\naws_access_key_id = {KEY}\naws_secret_access_key = {KEY}\n", encoding="utf-8"
    )

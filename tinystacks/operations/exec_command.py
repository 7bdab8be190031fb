"""The exact AWS CLI line that opens a shell in a running task.

Source: https://docs.aws.amazon.com/cli/latest/reference/ecs/execute-command.html
"""

from __future__ import annotations

import shlex
from typing import Literal

ShellName = Literal["bash", "powershell"]


def exec_command(
    *,
    cluster: str,
    task: str,
    container: str,
    command: str = "/bin/sh",
    region: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    shell: ShellName = "bash",
) -> str:
    """Give the line to copy.

    Args:
        cluster: name of the cluster.
        task: id or ARN of the task.
        container: name of the container.
        command: program to run; `/bin/sh` is in nearly every image.
        region: added when given, for a stage in another region than the configured one.
        profile: added when given.
        endpoint_url: added when given, for the local AWS.
        shell: whose quoting to use.
    """
    words = ["aws", "ecs", "execute-command", "--cluster", cluster, "--task", task, "--container", container]
    words += ["--command", command, "--interactive"]
    for option, value in (("--region", region), ("--profile", profile), ("--endpoint-url", endpoint_url)):
        if value:
            words += [option, value]
    quote = shlex.quote if shell == "bash" else _powershell_quote
    return " ".join(quote(word) for word in words)


def _powershell_quote(word: str) -> str:
    plain = word.replace("-", "").replace("/", "").replace(".", "").replace(":", "").replace("_", "")
    return word if plain.isalnum() else "'" + word.replace("'", "''") + "'"

"""The exact AWS CLI line that opens a shell in a running task.

Source: https://docs.aws.amazon.com/cli/latest/reference/ecs/execute-command.html
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

ShellName = Literal["bash", "powershell"]
DEFAULT_COMMAND = "/bin/sh"
"""`bash` is missing in many images (I5)."""
_PLAIN = str.maketrans("", "", "-/.:_")
_SINGLE_QUOTES = re.compile("['\u2018-\u201b]")
"""PowerShell reference, about_Quoting_Rules: typographic quotes end a string too, and doubled ones do not."""
_BEFORE_QUOTE = re.compile(r'(\\*)"')
_KEEPS_QUOTES = "\"$PSNativeCommandArgumentPassing\" -in 'Standard','Windows'"
"""PowerShell reference, about_Parsing: before 7.3, and with `Legacy`, double quotes within an argument of a program
must be escaped, and since then must not be; `--%` is for Windows alone and ends at a pipe."""


def exec_command(
    *,
    cluster: str,
    task: str,
    container: str,
    command: str = DEFAULT_COMMAND,
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
    words = exec_words(
        cluster=cluster,
        task=task,
        container=container,
        command=command,
        region=region,
        profile=profile,
        endpoint_url=endpoint_url,
    )
    return quoted(words, shell)


def exec_words(
    *,
    cluster: str,
    task: str,
    container: str,
    command: str = DEFAULT_COMMAND,
    region: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
) -> list[str]:
    """Give program and arguments, as `exec_command` puts them into a line."""
    words = ["aws", "ecs", "execute-command", "--cluster", cluster, "--task", task, "--container", container]
    words += ["--command", command, "--interactive"]
    for option, value in (("--region", region), ("--profile", profile), ("--endpoint-url", endpoint_url)):
        if value:
            words += [option, value]
    return words


def quoted(words: Sequence[str], shell: ShellName = "bash") -> str:
    """Put words into a line that a shell reads back as these words."""
    quote = shlex.quote if shell == "bash" else _powershell_quote
    return " ".join(quote(word) for word in words)


def _powershell_quote(word: str) -> str:
    if word.translate(_PLAIN).isalnum():
        return word
    kept = _single_quoted(word)
    if '"' not in word:
        return kept
    escaped = _single_quoted(_BEFORE_QUOTE.sub(r'\1\1\\"', word))
    return f"$(if ({_KEEPS_QUOTES}) {{{kept}}} else {{{escaped}}})"


def _single_quoted(text: str) -> str:
    return "'" + _SINGLE_QUOTES.sub(r"\g<0>\g<0>", text) + "'"

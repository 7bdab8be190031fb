"""What an engine command that failed means, as an error of ours.

The engine says most things in text only; this module is the only one that reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinystacks.deployment.wording import STAGE_WORDS
from tinystacks.errors import (
    AwsError,
    CredentialsError,
    EngineError,
    InterruptedUpdateError,
    LockedError,
    Problem,
    SpecError,
    TinystacksError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_LOCK = re.compile(r"created by (?P<user>[^@\s]+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)")
_LOCKED = ("the stack is currently locked by", "Another update is currently in progress")
_NO_STACK = re.compile(r"no stack named .* found")
_PASSPHRASE = (
    "incorrect passphrase",
    "passphrase must be set",
    "message authentication failed",
    "PULUMI_CONFIG_PASSPHRASE",
)
_NO_BUCKET = "NoSuchBucket: "
_DAMAGED = "failed to load checkpoint: "
_PENDING = "pending operations"
_PLUGIN_NAMES = (
    re.compile(r"pulumi-resource-(?P<name>[a-z0-9]+)'? at version v?(?P<version>\d+\.\d+\.\d+)"),
    re.compile(r"pulumi-resource-(?P<name>[a-z0-9]+)-v(?P<version>\d+\.\d+\.\d+)"),
    re.compile(r"plugin:? \[?(?P<name>[a-z0-9]+)-v?(?P<version>\d+\.\d+\.\d+)"),
)
_PLUGIN_WORDS = (
    "download and install resource plugin",
    "no resource plugin",
    "failed to download plugin",
    "could not download plugin",
    "failed to load plugin",
    "failed to install plugin",
)
# The form of errors of the AWS SDK for Go: "operation error ECS: CreateService, https response error StatusCode: 400,
# RequestID: …, api error AccessDeniedException: …", or with the exception's name in place of "api error …".
_AWS = re.compile(
    r"operation error (?P<service>[^:\n]+): (?P<operation>\w+),\s*"
    r"(?:https response error StatusCode: \d+, RequestID: [^,]*,\s*)?(?:api error )?(?P<code>[\w.]+): (?P<message>.+)",
    re.DOTALL,
)
_UNANSWERED = re.compile(
    r"operation error (?P<service>[^:,\n]+): .*(?:request send failed|Connection was closed|Could not connect|"
    r"Connect timeout|Read timeout)",
    re.IGNORECASE | re.DOTALL,
)
"""The same where no answer came: "operation error EC2: DescribeVpcs, exceeded maximum number of attempts, 3, https
response error StatusCode: 0, RequestID: , request send failed, Post …"; the local providers have botocore's words."""
_ACCESS = re.compile(r"AccessDenied\w*|UnauthorizedOperation|is not authorized to perform")
_CREDENTIALS = re.compile(
    r"ExpiredToken\w*|InvalidClientTokenId|UnrecognizedClientException|no valid credential sources|"
    r"failed to refresh cached credentials|AWS account ID not allowed",
)
_PROGRAM = re.compile(
    r"^(?:an unhandled error occurred: )?(?:python inline source runtime error|Exception calling application): "
)
_LOOKUP = r"invoke of \S+ failed: invocation of \S+ returned an error: "
_INVOKED = re.compile(f"^{_LOOKUP}")
_READ = re.compile(r"^invoking (?P<token>aws:\S+): ")
_FIELDS = {"aws:ec2/getVpc:getVpc": "network.vpc_id", "aws:ec2/getSubnets:getSubnets": "network.public_subnets"}
"""What the program reads before it makes anything, by the field of the file that names it."""
_LOST_MONITOR = re.compile(
    r"Resource monitor has terminated|resource monitor shut down|StatusCode\.UNAVAILABLE|"
    r"grpc: the client connection is closing"
)
"""What the program and components say when the engine, which failed on something else, does not answer any more."""
_CANCELLED = re.compile(r"context canceled|operation was cancell?ed")
"""What providers say of what they were told to leave."""
_TRACE = "\nTraceback (most recent call last):"
_OWN_REFUSAL = "\ntinystacks.errors."
_GO_ON = "What was done stays; correct the cause and repeat the command: it goes on from here."
_NETWORK = "Look at the network, then repeat the command: it goes on from here."
_COLOURS = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")


class EngineFailure(Exception):  # noqa: N818 - a carrier between modules, explained before it reaches a user
    """An engine command that did not end well.

    Attributes:
        command: its first word, such as `up`.
        code: exit code; negative for a signal.
        stdout: all it wrote.
        stderr: all it wrote there.
        problems: error diagnostics: the resource in words of the file, and the text.
        failed_types: type tokens of the resources that failed; filled in by who follows the engine's events.
    """

    def __init__(
        self,
        *,
        command: str,
        code: int,
        stdout: str = "",
        stderr: str = "",
        problems: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(f"the engine's `{command}` ended with {code}")
        self.command = command
        self.code = code
        self.stdout = stdout
        self.stderr = stderr
        self.problems = problems
        self.failed_types: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """Everything said, without colours."""
        parts = [message for _words, message in self.problems] or [self.stdout]
        return plain("\n".join([*parts, self.stderr]))

    @property
    def no_stack(self) -> bool:
        """Whether the engine knows no such stage."""
        return bool(_NO_STACK.search(self.stderr))

    @property
    def of_program(self) -> bool:
        """Whether the program stopped before it made anything: what the file names, such as a VPC, is not there."""
        return re.search(_LOOKUP, self.text) is not None or f"{_OWN_REFUSAL}SpecError: " in self.text

    @property
    def locked(self) -> bool:
        """Whether another update holds the engine's lock."""
        return any(words in self.stderr for words in _LOCKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLock:
    """Who holds the engine's own lock, as it names them."""

    user: str
    host: str
    pid: int
    since: str


def engine_locks(text: str) -> list[EngineLock]:
    """Read the holders that the engine names when it is locked out."""
    return [
        EngineLock(user=match["user"], host=match["host"], pid=int(match["pid"]), since=match["since"])
        for match in _LOCK.finditer(text)
    ]


def plain(text: str) -> str:
    """Take colours and their markers out of a text of the engine."""
    return _COLOURS.sub("", text)


def without_trace(text: str) -> str:
    """Give what a program was refused, without where in Python that came up; a mistake in the program keeps its place.

    Args:
        text: of an error diagnostic, without colours.
    """
    said, trace, where = text.strip().partition(_TRACE)
    said = _PROGRAM.sub("", said)
    invoked = _INVOKED.sub("", said)
    known = invoked != said or _OWN_REFUSAL in where
    return invoked if known or not trace else text.strip()


def refusals(failure: EngineFailure) -> str:
    """Say what AWS refused, a line each; empty where it refused nothing. For failures that end no command.

    Args:
        failure: what the engine left.
    """
    return _lines(
        (words, said)
        for words, said in _told(failure)
        if words and words != STAGE_WORDS and not _CANCELLED.search(said)
    )


def explain(failure: EngineFailure, *, stage: str) -> TinystacksError:  # noqa: PLR0911 - one line per known failure, in order
    """Turn a failure into an error of ours that says what to do.

    Args:
        failure: what the engine left.
        stage: name of the stage, for the hints.
    """
    text = failure.text
    if failure.locked:
        return _locked(failure.stderr, stage)
    if any(words in text for words in _PASSPHRASE):
        return EngineError(
            f"The secrets in the state of stage `{stage}` cannot be read: the passphrase is wrong or missing.",
            hint="Set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE) to the one the stage was made with, "
            "or restore the file `passphrase` in its folder below .tstack.",
        )
    if _NO_BUCKET in text and not failure.problems:
        return EngineError(
            f"The bucket that `state:` names for stage `{stage}` does not exist.",
            hint="Make it first (`aws s3 mb s3://NAME`, with versioning on), or correct the name in the file.",
        )
    if _DAMAGED in text and not failure.problems:
        why = text.partition(_DAMAGED)[2].splitlines()[0]
        return EngineError(
            f"The state of stage `{stage}` is damaged: {why}. Nothing was changed.",
            hint=f"The engine keeps a copy: put `{stage}.json.bak` (below .tstack, in `state/.pulumi/stacks`) "
            f"in the place of `{stage}.json`. Earlier states are in the stage's `backups` (`pulumi stack import`).",
        )
    if any(words in text for words in _PLUGIN_WORDS):
        return _plugin(text)
    if _CREDENTIALS.search(text) and not _ACCESS.search(text):
        return CredentialsError(
            f"AWS does not accept the credentials: {_first_line(text)}",
            hint="Log in again, or choose another profile with --profile; then repeat the command.",
        )
    if failure.problems:
        return _refused(failure)
    if _PENDING in text:
        return InterruptedUpdateError(
            f"An earlier change of stage `{stage}` ended midway: {_first_line(text)}", hint="Run `tstack repair`."
        )
    if failure.code < 0:
        return EngineError(
            f"The engine was ended by signal {-failure.code} during `{failure.command}`.",
            hint="Repeat the command: it finds out what was done and goes on.",
        )
    return EngineError(f"The engine failed during `{failure.command}`:\n{_tail(text)}")


def _locked(stderr: str, stage: str) -> LockedError:
    holders = engine_locks(stderr)
    if not holders:
        return LockedError(f"Another update of stage `{stage}` is running.", hint="Wait for it to end.")
    holder = holders[0]
    return LockedError(
        f"Stage `{stage}` is being changed by {holder.user} on {holder.host}, process {holder.pid}, "
        f"since {holder.since}.",
        hint="Wait for it to end, then repeat this command. If that process is gone for good: `tstack unlock`.",
    )


def _plugin(text: str) -> EngineError:
    match = next((found for pattern in _PLUGIN_NAMES if (found := pattern.search(text))), None)
    name, version = (match["name"], match["version"]) if match else ("NAME", "VERSION")
    return EngineError(
        f"The engine cannot get the provider plugin `{name}` {version}: {_first_line(text)}",
        hint=(
            "Repeat the command when the network is back, or place the plugin by hand: download "
            f"https://get.pulumi.com/releases/plugins/pulumi-resource-{name}-v{version}-OS-ARCH.tar.gz where there is "
            f"a network, then here: pulumi plugin install resource {name} v{version} --file FILE.tar.gz"
        ),
    )


def _refused(failure: EngineFailure) -> TinystacksError:
    """Say which resource failed and with what; the first that AWS refused gives the error its kind."""
    told = _told(failure)
    if not told:
        said = plain(f"{failure.stdout}\n{failure.stderr}")
        return EngineError(f"The engine left the program during `{failure.command}`:\n{_tail(said)}", hint=_GO_ON)
    message = _lines(told)
    if any(f"{_OWN_REFUSAL}SpecError: " in trace for _words, trace in failure.problems):
        return SpecError([Problem(field="", message=said) for _words, said in told])
    hint = _GO_ON
    for _words, said in failure.problems:
        match = _AWS.search(plain(said))
        if match:
            if _ACCESS.search(said):
                hint = f"The credentials lack the right for {match['operation']}. {hint}"
            return AwsError(
                message,
                service=match["service"].lower().replace(" ", "-"),
                operation=match["operation"],
                code=match["code"],
                hint=hint,
            )
    unanswered = next((match for _words, said in told if (match := _UNANSWERED.search(said))), None)
    if unanswered:
        service = unanswered["service"].lower().replace(" ", "-")
        return AwsError(message, service=service, hint=_NETWORK, passes=True)
    return EngineError(message, hint=hint)


def _told(failure: EngineFailure) -> list[tuple[str, str]]:
    """Give what was refused, each once: the resource in words of the file, and the text."""
    own = [(words, message) for words, message in failure.problems if not _LOST_MONITOR.search(message)]
    return list(dict.fromkeys((words, _in_words(without_trace(plain(message)))) for words, message in own))


def _lines(told: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{words}: {said}" if words else said for words, said in told)


def _in_words(said: str) -> str:
    """Name the field of the file where something could not be read."""
    read = _READ.match(said)
    field = _FIELDS.get(read["token"]) if read else None
    return f"`{field}` cannot be read: {said[read.end() :]}" if read and field else said


def _first_line(text: str) -> str:
    for line in text.splitlines():
        if line.strip() and not line.startswith(("Updating", "Previewing", "Refreshing", "Destroying", "Diagnostics")):
            return line.strip().removeprefix("error: ")
    return text.strip()


def _tail(text: str, lines: int = 15) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])

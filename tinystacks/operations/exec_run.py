"""Running the AWS CLI with this terminal, for sessions with tasks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tinystacks.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

_END_OF_INPUT = b"\x04"
_PIECE = 1024


def configured_region(profile: str | None) -> str | None:
    """Give the region that the AWS CLI uses by itself; None when there is none, or its versions see different ones.

    Version 1 reads AWS_DEFAULT_REGION, version 2 AWS_REGION before it (AWS CLI user guide, "Environment variables").

    Args:
        profile: name of the AWS profile.
    """
    first = os.environ.get("AWS_REGION")
    second = os.environ.get("AWS_DEFAULT_REGION")
    if not second:
        import botocore.session  # noqa: PLC0415 - only when nothing nearer names a region
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above

        try:
            second = botocore.session.Session(profile=profile).get_config_variable("region")
        except BotoCoreError:
            second = None
    return second if second and first in {None, "", second} else None


def run_aws(words: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run the AWS CLI until its session ends.

    Where stdin is no terminal, it is fed through a pipe that stays open: the plugin ends with an error at the end of
    its input, before it has shown what the program wrote. The program sees the end as Ctrl-D.

    Args:
        words: program and arguments.
        environment: variables besides this process's own.

    Raises:
        AccessError: it could not be started, or ended with an error, which it has told itself.
    """
    piped = not sys.stdin.isatty()
    with _keys_for_the_child():
        try:
            process = subprocess.Popen(  # noqa: S603 - the AWS CLI from the user's PATH
                list(words), env={**os.environ, **environment}, stdin=subprocess.PIPE if piped else None
            )
        except OSError as error:
            raise AccessError(
                f"{words[0]} could not be started: {error}", hint="`tstack exec --check` tells more."
            ) from error
        if piped:
            threading.Thread(target=_feed, args=(process,), name="session-input", daemon=True).start()
        code = process.wait()
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
    if code:
        raise AccessError(
            f"{' '.join(words[:3])} ended with exit code {code}",
            hint="`tstack exec --check` looks at everything that a session needs.",
        )


def _feed(process: subprocess.Popen[bytes]) -> None:
    pipe = process.stdin
    if pipe is None:
        return
    with suppress(OSError, ValueError):
        while data := os.read(sys.stdin.fileno(), _PIECE):
            pipe.write(data)
            pipe.flush()
        pipe.write(_END_OF_INPUT)
        pipe.flush()


@contextmanager
def _keys_for_the_child() -> Generator[None]:
    """Leave Ctrl-C to the session while it runs: the plugin sends it to the program in the container."""
    # Not ignored: that the child would inherit.
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

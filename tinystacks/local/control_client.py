"""Asks the running local AWS about itself, and tells it to change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tinystacks.errors import LocalAwsError, TinystacksError, UsageError
from tinystacks.local.control_api import PREFIX

if TYPE_CHECKING:
    import urllib.error

    from tinystacks.local.status import LocalStatus

_TIMEOUT_SECONDS = 30.0


def ask(status: LocalStatus, name: str, **given: object) -> dict[str, Any]:
    """Call one of the paths of `ControlApi`.

    Args:
        status: the running local AWS.
        name: of the path.
        given: the members of the body; without any the path is read.

    Raises:
        UsageError: what was asked for makes no sense there.
        LocalAwsError: it does not answer, or refuses.
    """
    import urllib.error  # noqa: PLC0415 - reads of AWS do without
    import urllib.request  # noqa: PLC0415 - same

    body = json.dumps(given).encode() if given else None
    request = urllib.request.Request(  # noqa: S310 - always http, to 127.0.0.1
        f"{status.endpoint_url}{PREFIX}{name}", data=body, headers={"Content-Type": "application/json"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise _refusal(error) from error
    except (OSError, ValueError) as error:
        raise LocalAwsError(
            f"the local AWS at {status.endpoint_url} does not answer: {error}", hint="Look at `tstack local status`."
        ) from error


def _refusal(error: urllib.error.HTTPError) -> TinystacksError:
    try:
        told = json.load(error)["error"]
        kind = UsageError if told["kind"] == UsageError.kind else LocalAwsError
        return kind(str(told["message"]), hint=str(told["hint"]))
    except (ValueError, KeyError, TypeError):
        return LocalAwsError(f"the local AWS answers {error.code}")

"""What one resource type has to offer, and what it is given.

A handler knows AWS calls only. Defaults, names, differences and replacements are the framework's, after tables. So are:

- **tags**: `inputs["tagsAll"]` is what to send to AWS (provider defaults with the resource's own over them); `read`
  gives all tags that AWS has as `tagsAll`, and the framework works out `tags` and drops `aws:…` and ignored keys;
- **`id` and `region`**: added to what `read` gives;
- **properties that AWS does not tell** (`forceDelete`, `skipDestroy`, …; `kept` in the tables): copied from the last
  known state when `read` leaves them out;
- **`ignoreChanges`**: in `update`, `new` holds the present value of an ignored property and `changed` does not name it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, runtime_checkable

from tinystacks.errors import LocalAwsError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

Inputs = dict[str, Any]
"""Properties of one resource under their Pulumi names: plain Python, secrets unwrapped, no unknowns."""

T = TypeVar("T")

DEFAULT_INTERVAL_SECONDS = 0.2
"""Pause between two looks; the local AWS's clock runs fast, so the real provider's seconds would be minutes here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanError:
    """Something wrong with the inputs that the real provider refuses before any call.

    Attributes:
        property: path of the property in Pulumi's form, such as `loadBalancers[0].containerPort`; empty for the whole.
        reason: what is wrong, in words close to the real provider's.
    """

    property: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Everything one operation on one resource may use.

    Attributes:
        clients: boto3 client by service name (`ecs`, `elbv2`, …), already at the right region and endpoint.
        region: region of this resource.
        account_id: 12 digits.
        partition: `aws`, `aws-cn` or `aws-us-gov`.
        urn: the resource's URN.
        timeout_seconds: the longest that this operation may take, wall time.
        cancelled: set when the engine wants everything to end.
    """

    clients: Callable[[str], Any]
    region: str
    account_id: str
    partition: str
    urn: str
    timeout_seconds: float
    cancelled: threading.Event

    @property
    def logical_name(self) -> str:
        """Last part of the URN: the name in the program."""
        return self.urn.rsplit("::", 1)[-1]


@runtime_checkable
class Handler(Protocol):
    """Makes, reads, changes and removes resources of one type.

    A handler may offer more, looked up by name: `import_id(call, given) -> str` where import and state ids differ,
    `plan(call, old, new) -> list[PlanError]` for refusals before any call (asked only when all of `new` is known; `old`
    is None for a new resource, else its state), and `replace_keys(old, new) -> frozenset[str]` for replacements that
    depend on several properties (what is not known yet is left out of `new`).
    """

    token: ClassVar[str]

    def create(self, call: Call, inputs: Inputs) -> str:
        """Make it, wait as the real provider does, and return its id."""
        ...

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """All properties as they are now, or None when it is gone.

        `state` holds the last known properties, for forms that are kept and properties that AWS does not tell; it is
        empty on import.
        """
        ...

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Bring it from `old` to `new`; `changed` names the top-level properties that differ."""
        ...

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """Remove it and wait until it is gone; nothing to remove is success."""
        ...


class WaitError(LocalAwsError):
    """A resource did not reach its state in time, or waiting was cancelled."""

    kind = "local-aws-wait"


class CreatedButFailedError(LocalAwsError):
    """`create` made the resource, but it did not become what was asked for; the state has to hold it.

    Args:
        resource_id: id of what was made.
        message: why it is not ready.
    """

    kind = "local-aws-created-but-failed"

    def __init__(self, resource_id: str, message: str) -> None:
        super().__init__(message)
        self.resource_id = resource_id


def polling(
    call: Call,
    look: Callable[[], T | None],
    *,
    until: str,
    timeout_seconds: float | None = None,
    interval_seconds: float = DEFAULT_INTERVAL_SECONDS,
) -> T:
    """Look again and again until the answer is not None.

    Args:
        call: the operation; its deadline and its cancellation end the wait.
        look: one look; None means "not yet". What it raises ends the wait.
        until: what is waited for, as it stands in the error: `service to become INACTIVE`.
        timeout_seconds: shorter limit than the operation's own.
        interval_seconds: pause between two looks.

    Returns:
        The first answer that is not None.

    Raises:
        WaitError: time is up, or the engine cancelled.
    """
    limit = call.timeout_seconds if timeout_seconds is None else min(timeout_seconds, call.timeout_seconds)
    deadline = time.monotonic() + limit
    while (answer := look()) is None:
        if time.monotonic() >= deadline:
            raise WaitError(f"timeout while waiting for {until} (after {limit:g} s)")
        if call.cancelled.wait(interval_seconds):
            raise WaitError(f"cancelled while waiting for {until}")
    return answer


def tried_until(
    call: Call,
    attempt: Callable[[], T],
    *,
    passing: Callable[[Exception], bool],
    timeout_seconds: float,
    interval_seconds: float = DEFAULT_INTERVAL_SECONDS,
) -> T:
    """Do something again while it fails with a passing error, such as `DependencyViolation`.

    Args:
        call: the operation; its deadline and its cancellation end the attempts.
        attempt: what to do.
        passing: whether an error is worth another attempt.
        timeout_seconds: how long passing errors are borne.
        interval_seconds: pause between two attempts.

    Returns:
        What the first successful attempt returned.

    Raises:
        Exception: the last error, when it does not pass or time is up.
    """
    deadline = time.monotonic() + min(timeout_seconds, call.timeout_seconds)
    while True:
        try:
            return attempt()
        except Exception as error:
            if not passing(error) or time.monotonic() >= deadline or call.cancelled.wait(interval_seconds):
                raise

"""ECS's API as it throttles: token buckets per kind of call, while somebody has broken it so (rule A18).

Source: AWS General Reference, Amazon ECS endpoints and quotas, "Amazon ECS API request throttling". A bucket begins
empty, as where other callers of the account have used its burst up.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.local.json_api.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.local.wall_time import Api


@dataclass(slots=True, kw_only=True)
class Bucket:
    """Tokens of one kind of call.

    Attributes:
        operations: names of its operations, as a regular expression.
        burst: most tokens.
        rate: tokens that come per real second.
        tokens: tokens now.
        at: monotonic time of the last look.
    """

    operations: re.Pattern[str]
    burst: float
    rate: float
    tokens: float = 0.0
    at: float = 0.0

    def take(self, now: float) -> bool:
        """Take a token, if there is one."""
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


_KINDS = (
    (r"(Create|Update|Delete)Service", 50, 5),
    (r"(Describe|List)Services", 100, 20),
    (r"(Create|Update|Delete)Cluster|UpdateClusterSettings|PutClusterCapacityProviders", 20, 1),
    (r"(Register|Deregister|Delete)TaskDefinitions?", 20, 1),
    (r"(Create|Update|Delete)CapacityProvider", 10, 1),
    (r"(Run|Start|Stop)Task|(Register|Deregister)ContainerInstance|UpdateContainerInstancesState", 100, 40),
)


class ThrottledApi:
    """An API that answers ThrottlingException when a bucket is empty.

    Args:
        api: the API.
        throttles: whether buckets count now.
        clock: monotonic time in seconds.
    """

    def __init__(self, api: Api, throttles: Callable[[], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._throttles = throttles
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: list[Bucket] = []

    @property
    def target_prefix(self) -> str:
        """The part of `X-Amz-Target` before the dot."""
        return self._api.target_prefix

    @property
    def internal_error(self) -> str:
        """The code that says the service itself failed."""
        return self._api.internal_error

    def handle(self, operation: str, region: str, body: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation, or refuse it."""
        if not self._allows(operation):
            raise ApiError("ThrottlingException", "Rate exceeded")
        return self._api.handle(operation, region, body)

    def _allows(self, operation: str) -> bool:
        with self._lock:
            if not self._throttles():
                self._buckets = []
                return True
            now = self._clock()
            self._buckets = self._buckets or [
                Bucket(operations=re.compile(names), burst=burst, rate=rate, at=now) for names, burst, rate in _KINDS
            ]
            found = next((one for one in self._buckets if one.operations.fullmatch(operation)), None)
            return found is None or found.take(now)

"""boto3 clients for reads that run side by side: one per service, made once.

boto3 sessions must not make clients in several threads at once, clients may be shared by threads (boto3 guide, "Multi-
threading"). Reads wait for AWS most of their time, so that side by side they take as long as the slowest.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self, TypeVar

from tinystacks.errors import CredentialsError, TinystacksError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

_SIDE_BY_SIDE = 8


class Clients:
    """Gives clients and runs reads.

    Args:
        make: gives a boto3 client by service name.
    """

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._make = make
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str) -> Any:
        """Give the client of a service, the same one each time."""
        with self._lock:
            if service not in self._made:
                self._made[service] = self._make(service)
            return self._made[service]


class SideBySide:
    """Reads that run at the same time; use as a context manager.

    Attributes:
        not_read: what AWS refused of the reads that may be left out, in words.
    """

    def __init__(self) -> None:
        self.not_read: list[str] = []
        self._pool = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="tinystacks-read")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def begin(self, read: Callable[[], T]) -> Callable[[], T]:
        """Begin a read; what comes back waits for its answer and raises its error."""
        return self._pool.submit(read).result

    def begin_optional(self, read: Callable[[], T], otherwise: T) -> Callable[[], T]:
        """Begin a read without which the rest still tells something; a refusal is noted in `not_read`."""
        answer = self.begin(read)

        def wait() -> T:
            try:
                return answer()
            except CredentialsError:
                raise
            except TinystacksError as error:
                self.not_read.append(error.message)
                return otherwise

        return wait

    def all(self, reads: Sequence[Callable[[], T]]) -> list[T]:
        """Run reads and give their answers in the order given."""
        return [answer() for answer in [self.begin(read) for read in reads]]

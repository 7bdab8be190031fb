"""Reads that run side by side: they wait for AWS most of their time, and so take as long as the slowest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Self, TypeVar

from tinystacks.errors import CredentialsError, TinystacksError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

_SIDE_BY_SIDE = 8


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

"""Looking again and again; what was seen last stays while AWS cannot be reached."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tinystacks.operations.model import StageStatus

POLL_SECONDS = 2.0
PATIENCE_SECONDS = 4.0
"""How long an answer may take before its lack is told; longer than one does from far away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What is known now.

    Attributes:
        status: what was seen last.
        seen_at: when that was.
        trouble: why nothing newer is known; none when this is the newest.
        silent_seconds: for how long AWS has not answered the look that is under way; 0 when none is.
    """

    status: StageStatus
    seen_at: datetime
    trouble: AwsError | None = None
    silent_seconds: float = 0


class Watch:
    """Looks at a stage.

    Args:
        read: reads the stage.
        wait: waits some seconds; false when the watch shall end.
        clock: gives the time, with time zone.
        patience: seconds without an answer after which the picture says so, again and again.
    """

    def __init__(
        self,
        read: Callable[[], StageStatus],
        *,
        wait: Callable[[float], bool],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._read = read
        self._wait = wait
        self._clock = clock
        self._patience = patience

    def pictures(self) -> Iterator[Picture]:
        """Give a picture after each look until the waiting ends.

        Raises:
            AwsError: at the first look, when there is nothing to show.
        """
        picture = Picture(status=self._read(), seen_at=self._clock())
        yield picture
        while self._wait(POLL_SECONDS):
            began = time.monotonic()
            answers = self._look()
            while (found := self._answer(answers)) is None:
                yield replace(picture, silent_seconds=time.monotonic() - began)
            if isinstance(found, AwsError):
                picture = replace(picture, trouble=found)
            elif isinstance(found, BaseException):
                raise found
            else:
                picture = Picture(status=found, seen_at=self._clock())
            yield picture

    def _look(self) -> queue.SimpleQueue[StageStatus | BaseException]:
        """Begin to read in a thread of its own, which nobody waits for when the watch ends."""
        answers: queue.SimpleQueue[StageStatus | BaseException] = queue.SimpleQueue()

        def look() -> None:
            try:
                answers.put(self._read())
            except BaseException as error:  # noqa: BLE001 - it is raised where the answer is taken
                answers.put(error)

        threading.Thread(target=look, name="watch", daemon=True).start()
        return answers

    def _answer(self, answers: queue.SimpleQueue[StageStatus | BaseException]) -> StageStatus | BaseException | None:
        try:
            return answers.get(timeout=self._patience)
        except queue.Empty:
            return None

"""Looking again and again; what was seen last stays while AWS cannot be reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tinystacks.operations.model import StageStatus

POLL_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What is known now.

    Attributes:
        status: what was seen last.
        seen_at: when that was.
        trouble: why nothing newer is known; none when this is the newest.
    """

    status: StageStatus
    seen_at: datetime
    trouble: AwsError | None = None


class Watch:
    """Looks at a stage.

    Args:
        read: reads the stage.
        wait: waits some seconds; false when the watch shall end.
        clock: gives the time, with time zone.
    """

    def __init__(
        self,
        read: Callable[[], StageStatus],
        *,
        wait: Callable[[float], bool],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._read = read
        self._wait = wait
        self._clock = clock

    def pictures(self) -> Iterator[Picture]:
        """Give a picture after each look until the waiting ends.

        Raises:
            AwsError: at the first look, when there is nothing to show.
        """
        picture = Picture(status=self._read(), seen_at=self._clock())
        yield picture
        while self._wait(POLL_SECONDS):
            try:
                picture = Picture(status=self._read(), seen_at=self._clock())
            except AwsError as error:
                picture = Picture(status=picture.status, seen_at=picture.seen_at, trouble=error)
            yield picture

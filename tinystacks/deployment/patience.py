"""Waiting on while AWS does not answer: what was ordered goes on without anyone who looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.deployment.events import Notice, Warned
from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.deployment.events import OnEvent
    from tinystacks.deployment.pace import Pace

_LOOKS = 24
"""Two minutes on AWS, besides the tries that botocore itself makes for every look."""


class Patience:
    """Looks at AWS, and passes over looks that fail for a reason that passes, for a time.

    Args:
        pace: time.
        on_event: is told when AWS stops answering, and when it answers again.
    """

    def __init__(self, pace: Pace, on_event: OnEvent) -> None:
        self._pace = pace
        self._on_event = on_event
        self._silent_from: float | None = None

    def look(self, look: Callable[[], None]) -> None:
        """Look once.

        Args:
            look: reads what is followed.

        Raises:
            AwsError: AWS refused, or has not answered for as long as 24 looks take.
        """
        try:
            look()
        except AwsError as error:
            if not error.passes:
                raise
            now = self._pace.clock()
            if self._silent_from is None:
                self._silent_from = now
                self._on_event(Warned(message=error.message, hint="What was ordered goes on; AWS is asked again."))
            elif now - self._silent_from >= _LOOKS * self._pace.poll:
                raise
        else:
            if self._silent_from is not None:
                self._on_event(Notice(message="AWS answers again."))
            self._silent_from = None

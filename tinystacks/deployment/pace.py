"""Time, as whatever waits sees it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How time passes while something is waited for.

    Attributes:
        clock: seconds, never going back.
        sleep: waits for seconds; ends early when the user interrupts.
        poll: seconds between two looks.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    poll: float = 5.0

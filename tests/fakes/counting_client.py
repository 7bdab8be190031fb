"""boto3 clients whose calls are counted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Counting:
    """Gives clients, and counts what they ask by the operation's name."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._make = make
        self.calls: Counter[str] = Counter()

    def client(self, service: str) -> Any:
        made = self._make(service)
        # Who makes clients may give the same one again.
        made.meta.events.register("before-call", self._count, unique_id=f"counted by {id(self)}")
        return made

    def _count(self, model: Any, **_rest: Any) -> None:
        self.calls[model.name] += 1

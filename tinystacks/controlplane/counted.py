"""A multiset that knows its most frequent keys without sorting."""

from __future__ import annotations


class CountedKeys:
    """Counts per key; adding, removing and finding a key with the highest count take constant time.

    Keys of one count come out in the order in which they reached it, so that the same history gives the same answer.
    """

    __slots__ = ("_buckets", "_counts", "_highest", "total")

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._buckets: dict[int, dict[str, None]] = {}
        self._highest = 0
        self.total = 0

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, key: str) -> None:
        """Count a key once more."""
        self.total += 1
        self._move(key, self._counts.get(key, 0) + 1)

    def remove(self, key: str) -> None:
        """Count a key once less."""
        self.total -= 1
        self._move(key, self._counts[key] - 1)

    def highest(self) -> str:
        """Give the first key with the highest count.

        Raises:
            KeyError: there is no key.
        """
        while self._highest and not self._buckets.get(self._highest):
            self._highest -= 1
        return next(iter(self._buckets[self._highest]))

    def _move(self, key: str, count: int) -> None:
        before = self._counts.pop(key, 0)
        if before:
            del self._buckets[before][key]
        if count:
            self._counts[key] = count
            self._buckets.setdefault(count, {})[key] = None
            self._highest = max(self._highest, count)

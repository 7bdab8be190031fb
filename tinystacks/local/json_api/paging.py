"""Pages of a list, and the tokens between them."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tinystacks.controlplane.errors import EcsError

Item = TypeVar("Item")
Key = tuple[str | float, ...]


class Pages:
    """Cuts sorted lists into pages.

    A token names the list and the last item's place in the order, not a count: what comes and goes between two pages
    neither repeats nor hides other items.

    Args:
        bad_token: makes the service's error for a token that is none of this list's.
    """

    def __init__(self, bad_token: Callable[[], EcsError]) -> None:
        self._bad_token = bad_token

    def cut(
        self,
        items: Iterable[Item],
        *,
        name: str,
        key: Callable[[Item], Key],
        size: int,
        token: str | None,
        descending: bool = False,
    ) -> tuple[list[Item], str | None]:
        """Return one page and the token of the next.

        Args:
            items: all items, in any order.
            name: name of the list, so that a token of another list is refused.
            key: place of an item in the order; no two items may have the same.
            size: items per page.
            token: token of the page before; None for the first page.
            descending: the order goes down.

        Returns:
            The page and the next token, None on the last page.
        """
        after = self._decode(token, name) if token is not None else None
        try:
            rest = [item for item in items if after is None or (key(item) < after if descending else key(item) > after)]
        except TypeError:
            raise self._bad_token() from None
        rest.sort(key=key, reverse=descending)
        page = rest[:size]
        return page, self._encode(name, key(page[-1])) if len(rest) > size else None

    @staticmethod
    def _encode(name: str, key: Key) -> str:
        return base64.urlsafe_b64encode(json.dumps([name, *key]).encode()).decode()

    def _decode(self, token: str, name: str) -> Key:
        try:
            decoded: Any = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
        except (binascii.Error, ValueError, RecursionError):
            raise self._bad_token() from None
        if not isinstance(decoded, list):
            raise self._bad_token()
        parts = cast("list[Any]", decoded)
        if parts[:1] != [name] or not all(isinstance(part, (str, int, float)) for part in parts):
            raise self._bad_token()
        return tuple(parts[1:])

"""Answers that a live stage gave, played again, each time with something left out that stood in them."""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ANY = "*"
"""In a path: every item of a list."""
EMPTIED = "[]"
"""At the end of a path: the list stays, without any item."""
Path = tuple[str | int, ...]
Call = tuple[str, str, str]
"""Service, operation, arguments."""


@dataclass
class Answers:
    """What was answered, in order, by call."""

    given: dict[Call, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def omissions(self, *, one_by_one: bool) -> Iterator[tuple[str, str, Path]]:
        """Give everything that can be left out: service, operation and path.

        Args:
            one_by_one: whether it is left out of each item of a list alone too, besides out of all of them.
        """
        paths: dict[tuple[str, str, Path], None] = {}
        for (service, operation, _), answers in self.given.items():
            for answer in answers:
                for path in paths_in(answer, one_by_one=one_by_one):
                    paths[service, operation, path] = None
        return iter(paths)

    def recording(self, client: Callable[[str], Any]) -> Callable[[str], Any]:
        """Give clients whose answers are kept."""
        return lambda service: _Client(service, _Recorder(self, client(service)).answer)

    def playing(self, omission: tuple[str, str, Path] | None = None) -> Callable[[str], Any]:
        """Give clients that answer as recorded, without what is left out; every answer comes in its order."""
        player = _Player(self, omission)
        return lambda service: _Client(service, player.answer)


def paths_in(value: Any, so_far: Path = (), *, one_by_one: bool) -> Iterator[Path]:
    """Give the paths of all that can be left out of an answer."""
    if isinstance(value, dict):
        for key, inner in cast("dict[str, Any]", value).items():
            yield (*so_far, key)
            yield from paths_in(inner, (*so_far, key), one_by_one=one_by_one)
    elif isinstance(value, list) and value:
        yield (*so_far, EMPTIED)
        for number, inner in enumerate(cast("list[Any]", value)):
            yield from paths_in(inner, (*so_far, ANY), one_by_one=one_by_one)
            if one_by_one and len(value) > 1:
                yield (*so_far, number)
                yield from paths_in(inner, (*so_far, number), one_by_one=one_by_one)


def without(value: Any, path: Path) -> Any:
    """Leave out what a path leads to; where it leads nowhere the value stays as it is."""
    first, rest = path[0], path[1:]
    if isinstance(value, dict) and first in value:
        document = cast("dict[Any, Any]", value)
        own = {first: without(document[first], rest)} if rest else {}
        return {**{key: inner for key, inner in document.items() if key != first}, **own}
    if isinstance(value, list):
        return _without_in_list(cast("list[Any]", value), first, rest)
    return value


def _without_in_list(items: list[Any], first: str | int, rest: Path) -> list[Any]:
    if first == EMPTIED:
        return []
    if first == ANY:
        return [without(item, rest) for item in items]
    if not isinstance(first, int) or first >= len(items):
        return items
    own = [without(items[first], rest)] if rest else []
    return [*items[:first], *own, *items[first + 1 :]]


class _Recorder:
    def __init__(self, answers: Answers, client: Any) -> None:
        self._answers = answers
        self._client = client

    def answer(self, service: str, operation: str, arguments: dict[str, Any]) -> Any:
        key = service, operation, _key(arguments)
        given = self._answers.given[key]
        try:
            answer = getattr(self._client, operation)(**arguments)
        except Exception as refused:
            given.append(refused)
            raise
        kept = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
        given.append(copy.deepcopy(kept))
        return answer


class _Player:
    """Plays; what was not asked so when it was recorded is answered as another call of that operation was."""

    def __init__(self, answers: Answers, omission: tuple[str, str, Path] | None) -> None:
        self._given = answers.given
        self._omission = omission
        self._played: dict[Call, int] = defaultdict(int)

    def answer(self, service: str, operation: str, arguments: dict[str, Any]) -> Any:
        key = service, operation, _key(arguments)
        if key not in self._given:
            key = next((one for one in self._given if one[:2] == key[:2]), key)
        given = self._given.get(key) or [{}]
        answer = given[min(self._played[key], len(given) - 1)]
        self._played[key] += 1
        if isinstance(answer, Exception):
            raise answer
        if self._omission is not None and self._omission[:2] == (service, operation):
            return without(answer, self._omission[2])
        return answer


class _Client:
    def __init__(self, service: str, answer: Callable[[str, str, dict[str, Any]], Any]) -> None:
        self._service = service
        self._answer = answer

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation.startswith("_"):
            raise AttributeError(operation)
        return lambda **arguments: self._answer(self._service, operation, arguments)

    def get_paginator(self, operation: str) -> _Pages:
        return _Pages(getattr(self, operation))


@dataclass
class _Pages:
    read: Callable[..., Any]

    def paginate(self, **arguments: Any) -> Iterator[Any]:
        yield self.read(**arguments)


def _key(arguments: dict[str, Any]) -> str:
    return json.dumps(arguments, sort_keys=True, default=str)

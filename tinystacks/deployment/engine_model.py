"""What is known of engines: where they may come from, where they were looked for, and the one that is used."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "TINYSTACKS_ENGINE"
"""Environment variable with the path of an engine."""


def _default_cache() -> Path:
    import platformdirs  # noqa: PLC0415 - kept out of import time

    return platformdirs.user_cache_path("tinystacks") / "engine"


def path_from_environment() -> Path | None:
    """Give the engine that the variable `TINYSTACKS_ENGINE` names; none when it is not set."""
    value = os.environ.get(VARIABLE)
    return Path(value).expanduser() if value else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Where engines may come from.

    Attributes:
        path: an engine to use and no other; the variable `TINYSTACKS_ENGINE` by default.
        search_path: like PATH, which is the default.
        cache: folder with one folder per version.
        download: whether an engine may be downloaded.
        build: whether an engine may be built with Go.
    """

    path: Path | None = field(default_factory=path_from_environment)
    search_path: str | None = None
    cache: Path = field(default_factory=_default_cache)
    download: bool = True
    build: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An engine that can be used.

    Attributes:
        path: the program.
        version: such as `3.259.0`.
        origin: `settings`, `path`, `cache`, `download` or `build`.
        reason: one phrase, why this one.
    """

    path: Path
    version: str
    origin: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One place that was looked at.

    Attributes:
        place: where, in words.
        taken: whether the engine there is used.
        reason: why, or why not.
    """

    place: str
    taken: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineReport:
    """Every place looked at, in order, and the engine that is used; none when there is none."""

    engine: Engine | None
    looked: tuple[Looked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Obtain:
    """One way to get an engine into the cache.

    Attributes:
        origin: `download` or `build`.
        place: in words.
        refusal: gives why this cannot be done here, or an empty text; quick, changes nothing.
        run: puts an engine at the path given; raises `EngineMissingError` when it cannot.
    """

    origin: str
    place: str
    refusal: Callable[[], str]
    run: Callable[[Path, Callable[[str], None]], None]

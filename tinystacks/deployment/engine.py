"""Finding the engine, the `pulumi` program: settings, PATH, the user's cache, download, or a build with Go.

An engine in the cache got there by a move of a finished and checked file, so its folder's name is its version. A
download needs get.pulumi.com, a build needs Go and its module proxy; both go into the cache.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tinystacks.errors import EngineMissingError

if TYPE_CHECKING:
    from collections.abc import Callable

ENGINE_VERSION = "3.259.0"
"""The version that is downloaded or built: the one tinystacks is tested with."""
OLDEST_VERSION = (3, 206, 0)
"""The Automation API streams events over gRPC to engines newer than 3.205.0 (`pulumi.automation._stack`)."""
NEXT_MAJOR = 4
VARIABLE = "TINYSTACKS_ENGINE"
"""Environment variable with the path of an engine."""
_VERSION_TIMEOUT = 30.0


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


def find_engine(
    settings: EngineSettings | None = None,
    *,
    say: Callable[[str], None] = lambda _message: None,
    ways: tuple[Obtain, ...] | None = None,
) -> Engine:
    """Give the engine to use, getting one when there is none.

    Args:
        settings: where it may come from.
        say: is told what takes long.
        ways: how an engine can be had; downloading and building by default.

    Raises:
        EngineMissingError: there is none and none can be had; says the three ways to get one.
    """
    settings = settings or EngineSettings()
    report = engine_report(settings)
    if report.engine is not None:
        return report.engine
    looked = list(report.looked)
    if settings.path is None:
        for way in ways if ways is not None else _default_ways(settings):
            engine, reason = _obtain(way, settings, say)
            if engine is not None:
                return engine
            looked.append(Looked(place=way.place, taken=False, reason=reason))
    raise _missing(looked, settings)


def engine_report(settings: EngineSettings | None = None) -> EngineReport:
    """Look at every place that may hold an engine; downloads and builds nothing."""
    settings = settings or EngineSettings()
    looked: list[Looked] = []
    engine: Engine | None = None
    for origin, place, candidate in _candidates(settings):
        if engine is not None:
            looked.append(Looked(place=place, taken=False, reason=f"not needed: {engine.path} comes first"))
            continue
        version, reason = _check(candidate, cached=origin == "cache")
        if version:
            reason = f"version {version}, the first accepted one"
            engine = Engine(path=candidate, version=version, origin=origin, reason=f"{place}: {reason}")
        looked.append(Looked(place=place, taken=bool(version), reason=reason))
    if settings.path is None:
        looked.extend(_absent_places(settings, {entry.place for entry in looked}))
    return EngineReport(engine=engine, looked=tuple(looked))


def version_of(path: Path) -> str:
    """Ask a program for its version.

    Raises:
        OSError: it cannot be started.
        subprocess.SubprocessError: it failed, or did not answer in time.
    """
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    done = subprocess.run(  # noqa: S603 - the path is the user's own choice or their PATH
        [str(path), "version"], capture_output=True, text=True, timeout=_VERSION_TIMEOUT, check=True, env=environment
    )
    return done.stdout.strip().removeprefix("v")


def accepted(version: str) -> str:
    """Give an empty text for an accepted version, else why it is not."""
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if match is None:
        return f"`{version[:40]}` is no version"
    numbers = tuple(int(part) for part in match.groups())
    if numbers[0] >= NEXT_MAJOR:
        return f"version {version} is too new; accepted: {_range_words()}"
    if numbers < OLDEST_VERSION:
        return f"version {version} is too old; accepted: {_range_words()}"
    return ""


def version_numbers(version: str) -> tuple[int, ...]:
    """Give a version as numbers that can be compared; empty for no version."""
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    return tuple(int(part) for part in match.groups()) if match else ()


def _candidates(settings: EngineSettings) -> list[tuple[str, str, Path]]:
    """List the programs that exist, in the order in which they are preferred."""
    if settings.path is not None:
        return [("settings", f"settings ({settings.path})", settings.path)]
    found: list[tuple[str, str, Path]] = []
    on_path = shutil.which("pulumi", path=settings.search_path)
    if on_path:
        found.append(("path", f"PATH ({on_path})", Path(on_path).absolute()))
    cached = sorted(
        (path for path in settings.cache.glob("*/pulumi") if path.is_file() and version_numbers(path.parent.name)),
        key=lambda path: version_numbers(path.parent.name),
        reverse=True,
    )
    found.extend(("cache", f"cache ({path})", path) for path in cached)
    return found


def _absent_places(settings: EngineSettings, seen: set[str]) -> list[Looked]:
    absent: list[Looked] = []
    if not any(place.startswith("PATH") for place in seen):
        absent.append(Looked(place="PATH", taken=False, reason="no program named `pulumi`"))
    if not any(place.startswith("cache") for place in seen):
        absent.append(Looked(place=f"cache ({settings.cache})", taken=False, reason="empty"))
    return absent


def _check(path: Path, *, cached: bool) -> tuple[str, str]:
    """Give the version of an accepted program, or why it is not accepted."""
    if cached:
        version = path.parent.name
    else:
        try:
            version = version_of(path)
        except subprocess.CalledProcessError as error:
            return "", f"`{path} version` ended with exit code {error.returncode}"
        except (OSError, subprocess.SubprocessError) as error:
            return "", f"cannot be run: {error}"
    refusal = accepted(version)
    return ("", refusal) if refusal else (version, "")


def _obtain(way: Obtain, settings: EngineSettings, say: Callable[[str], None]) -> tuple[Engine | None, str]:
    refusal = way.refusal()
    if refusal:
        return None, refusal
    place = settings.cache / ENGINE_VERSION / "pulumi"
    try:
        way.run(place, say)
    except EngineMissingError as error:
        return None, error.message
    return Engine(path=place, version=ENGINE_VERSION, origin=way.origin, reason=f"{way.place}, now in the cache"), ""


def _default_ways(settings: EngineSettings) -> tuple[Obtain, ...]:
    from tinystacks.deployment import engine_build, engine_download  # noqa: PLC0415 - needed by few commands

    return (
        *((engine_download.way(),) if settings.download else ()),
        *((engine_build.way(settings.search_path),) if settings.build else ()),
    )


def _missing(looked: list[Looked], settings: EngineSettings) -> EngineMissingError:
    tried = "\n".join(f"  {entry.place}: {entry.reason}" for entry in looked)
    return EngineMissingError(
        f"There is no engine: a `pulumi` program of version {_range_words()}.\n{tried}",
        hint=(
            "Three ways to get one:\n"
            f"  1. install Pulumi {ENGINE_VERSION} (https://www.pulumi.com/docs/install/), with `pulumi` on PATH;\n"
            f"  2. put the program anywhere and name it: {VARIABLE}=/path/to/pulumi, "
            f"or at {settings.cache / ENGINE_VERSION / 'pulumi'};\n"
            "  3. install Go 1.25 or newer (https://go.dev/dl/): tinystacks then builds the engine itself, in minutes."
        ),
    )


def _range_words() -> str:
    return f"{'.'.join(map(str, OLDEST_VERSION))} or newer, below {NEXT_MAJOR}"

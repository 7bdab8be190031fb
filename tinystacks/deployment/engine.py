"""Finding the engine, the `pulumi` program: settings, PATH, the user's cache, download, or a build with Go.

An engine in the cache got there by a move of a finished and checked file, so its folder's name is its version. A
download needs get.pulumi.com, a build needs Go and its module proxy; both go into the cache.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tinystacks.deployment.engine_model import VARIABLE, Engine, EngineReport, EngineSettings, Looked
from tinystacks.deployment.engine_versions import ENGINE_VERSION, accepted, range_words, version_numbers, version_of
from tinystacks.errors import EngineMissingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.deployment.engine_model import Obtain


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


def ways_to_an_engine(settings: EngineSettings | None = None) -> str:
    """Say how an engine can be had where there is none.

    Args:
        settings: where it may come from.
    """
    settings = settings or EngineSettings()
    named = (
        f"Only {settings.path} was looked at, since {VARIABLE} (or a setting) names it: unset it, or name another.\n"
        if settings.path is not None
        else ""
    )
    return (
        f"{named}Three ways to get one:\n"
        f"  1. install Pulumi {ENGINE_VERSION} (https://www.pulumi.com/docs/install/), with `pulumi` on PATH;\n"
        f"  2. put the program anywhere and name it: {VARIABLE}=/path/to/pulumi, "
        f"or at {settings.cache / ENGINE_VERSION / 'pulumi'};\n"
        "  3. install Go 1.25 or newer (https://go.dev/dl/): tinystacks then builds the engine itself, in minutes."
    )


def _missing(looked: list[Looked], settings: EngineSettings) -> EngineMissingError:
    tried = "\n".join(f"  {entry.place}: {entry.reason}" for entry in looked)
    return EngineMissingError(
        f"There is no engine: a `pulumi` program of version {range_words()}.\n{tried}",
        hint=ways_to_an_engine(settings),
    )

"""Where the engine is looked for, in which order, and what is said when there is none."""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tinystacks.deployment import engine_build, engine_download
from tinystacks.deployment.engine import engine_report, find_engine
from tinystacks.deployment.engine_model import EngineSettings, Obtain
from tinystacks.deployment.engine_versions import ENGINE_VERSION
from tinystacks.errors import EngineMissingError


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def pulumi(path: Path, version: str) -> Path:
    return script(path, f'echo "v{version}"')


def settings(tmp_path: Path, **values) -> EngineSettings:
    bare = EngineSettings(
        path=None, search_path=str(tmp_path / "bin"), cache=tmp_path / "cache", download=False, build=False
    )
    return replace(bare, **values)


def test_a_path_in_the_settings_is_the_only_place(tmp_path):
    mine = pulumi(tmp_path / "mine" / "pulumi", "3.300.1")
    pulumi(tmp_path / "bin" / "pulumi", "3.259.0")
    engine = find_engine(settings(tmp_path, path=mine))
    assert (engine.path, engine.version, engine.origin) == (mine, "3.300.1", "settings")


def test_a_wrong_path_in_the_settings_is_an_error_even_when_path_has_an_engine(tmp_path):
    pulumi(tmp_path / "bin" / "pulumi", "3.259.0")
    with pytest.raises(EngineMissingError, match="cannot be run"):
        find_engine(settings(tmp_path, path=tmp_path / "nothing"))


def test_path_comes_before_the_cache(tmp_path):
    on_path = pulumi(tmp_path / "bin" / "pulumi", "3.260.0")
    pulumi(tmp_path / "cache" / "3.259.0" / "pulumi", "3.259.0")
    report = engine_report(settings(tmp_path))
    assert report.engine is not None
    assert report.engine.path == on_path
    assert [entry.taken for entry in report.looked] == [True, False]
    assert "comes first" in report.looked[1].reason


@pytest.mark.parametrize(("version", "words"), [("3.100.0", "too old"), ("4.0.0", "too new"), ("hello", "no version")])
def test_a11_an_engine_outside_the_range_is_passed_over_and_the_reason_said(tmp_path, version, words):
    pulumi(tmp_path / "bin" / "pulumi", version)
    pulumi(tmp_path / "cache" / "3.259.0" / "pulumi", "3.259.0")
    report = engine_report(settings(tmp_path))
    assert report.engine is not None
    assert report.engine.origin == "cache"
    assert words in report.looked[0].reason


def test_the_newest_of_the_cache_is_taken(tmp_path):
    for version in ("3.259.0", "3.1000.0", "3.300.0"):
        pulumi(tmp_path / "cache" / version / "pulumi", version)
    assert find_engine(settings(tmp_path)).version == "3.1000.0"


def test_a_program_that_fails_is_passed_over(tmp_path):
    script(tmp_path / "bin" / "pulumi", "exit 3")
    report = engine_report(settings(tmp_path))
    assert report.engine is None
    assert "exit code 3" in report.looked[0].reason


def test_no_engine_says_the_three_ways_to_get_one(tmp_path):
    with pytest.raises(EngineMissingError) as caught:
        find_engine(settings(tmp_path))
    error = caught.value
    assert error.exit_code == 1
    assert all(words in error.hint for words in ("1. install Pulumi", "2. put the program", "3. install Go"))
    assert "PATH: no program named `pulumi`" in error.message


def test_a22_a_download_without_a_network_fails_at_once_and_the_next_way_is_tried(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    download = engine_download.way(f"http://127.0.0.1:{port}/install.sh")
    build = Obtain(origin="build", place="a build", refusal=lambda: "", run=lambda place, _say: None)
    engine = find_engine(settings(tmp_path), ways=(download, build))
    assert engine.origin == "build"
    with pytest.raises(EngineMissingError, match="cannot be reached"):
        find_engine(settings(tmp_path), ways=(download,))


def test_a_download_lands_in_the_cache(tmp_path):
    def install(folder: Path, version: str) -> Path:
        return pulumi(folder / "bin" / "pulumi", version)

    place = tmp_path / "cache" / ENGINE_VERSION / "pulumi"
    engine_download.way(install=install).run(place, lambda _message: None)
    assert engine_report(settings(tmp_path)).engine is not None
    assert [entry.name for entry in (tmp_path / "cache").iterdir() if entry.is_dir()] == [ENGINE_VERSION]


def test_a_downloaded_program_of_another_version_is_refused(tmp_path):
    place = tmp_path / "cache" / ENGINE_VERSION / "pulumi"
    way = engine_download.way(install=lambda folder, _version: pulumi(folder / "pulumi", "3.1.0"))
    with pytest.raises(EngineMissingError, match=r"says version 3\.1\.0"):
        way.run(place, lambda _message: None)
    assert not place.exists()


def go(tmp_path: Path, on_build: str) -> Path:
    """A Go whose `build` runs the given lines with `$out` naming the program to make."""
    return script(
        tmp_path / "bin" / "go",
        f"""echo "$1" >> {tmp_path}/calls
[ "$1" = mod ] && exit 0
while [ "$1" != "-o" ]; do shift; done
out=$2
{on_build}""",
    )


GOOD = f'printf "#!/bin/sh\\necho {ENGINE_VERSION}\\n" > $out; chmod +x $out'


def test_a_build_with_go_says_that_it_takes_minutes_and_is_found_from_then_on(tmp_path):
    go(tmp_path, GOOD)
    said = []
    ways = (engine_build.way(str(tmp_path / "bin")),)
    engine = find_engine(settings(tmp_path), say=said.append, ways=ways)
    assert engine.origin == "build"
    assert "minutes" in said[0]
    assert find_engine(settings(tmp_path)).origin == "cache"


def test_a_build_that_fails_leaves_nothing_behind_and_says_why(tmp_path):
    go(tmp_path, "echo half > $out; echo 'no route to proxy' >&2; exit 1")
    with pytest.raises(EngineMissingError, match="no route to proxy"):
        find_engine(settings(tmp_path), ways=(engine_build.way(str(tmp_path / "bin")),))
    assert list((tmp_path / "cache").glob("*/pulumi")) == []
    assert engine_report(settings(tmp_path)).engine is None


def test_no_go_is_a_reason_and_no_failure(tmp_path):
    with pytest.raises(EngineMissingError, match="no program named `go`"):
        find_engine(settings(tmp_path), ways=(engine_build.way(str(tmp_path / "bin")),))


def test_two_builds_at_once_run_go_once(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    program = go(tmp_path, f"read _line < {fifo}; {GOOD}")
    place = tmp_path / "cache" / ENGINE_VERSION / "pulumi"
    waiting = threading.Event()

    def second_says(message: str) -> None:
        if "waiting" in message:
            waiting.set()

    started = threading.Event()
    first = threading.Thread(
        target=engine_build.build, args=(place,), kwargs={"go": program, "say": lambda _m: started.set()}
    )
    first.start()
    assert started.wait(10)
    second = threading.Thread(target=engine_build.build, args=(place,), kwargs={"go": program, "say": second_says})
    second.start()
    assert waiting.wait(10)
    fifo.write_text("go on\n")
    first.join(20)
    second.join(20)
    assert place.exists()
    assert (tmp_path / "calls").read_text().split() == ["mod", "build"]

"""Building the engine with Go from the module proxy, where it cannot be downloaded.

The build takes minutes. It goes on in a folder of its own and is moved into the cache when it is finished and answers
with its version, so a part of a build never counts; a lock keeps two builds from running side by side.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tinystacks.deployment.engine_model import Obtain
from tinystacks.deployment.engine_versions import ENGINE_VERSION, version_of
from tinystacks.errors import EngineMissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_TIDY_TIMEOUT = 20 * 60.0
_BUILD_TIMEOUT = 60 * 60.0

# The replacement is the one in the engine's own go.mod (https://github.com/pulumi/pulumi/blob/master/pkg/go.mod);
# a module that is built as a dependency does not bring its replacements along.
_GO_MOD = f"""module tinystacks/engine

go 1.25.11

tool {_PACKAGE}

require (
	github.com/pulumi/pulumi/pkg/v3 v{ENGINE_VERSION}
	github.com/pulumi/pulumi/sdk/v3 v{ENGINE_VERSION}
)

replace github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e
"""


def way(search_path: str | None = None) -> Obtain:
    """Describe building with Go as a way to get an engine.

    Args:
        search_path: like PATH, which is the default.
    """

    def refusal() -> str:
        return "" if shutil.which("go", path=search_path) else "no program named `go` on PATH"

    def run(place: Path, say: Callable[[str], None]) -> None:
        go = shutil.which("go", path=search_path)
        if go is None:
            raise EngineMissingError(refusal())
        build(place, go=Path(go), say=say)

    return Obtain(origin="build", place="built with Go from its module proxy", refusal=refusal, run=run)


def build(place: Path, *, go: Path, say: Callable[[str], None]) -> None:
    """Build the engine and move it to its place; waits for another process that builds it, and uses its result.

    Args:
        place: path of the program in the cache.
        go: the Go program.
        say: is told that it takes minutes.

    Raises:
        EngineMissingError: Go failed; says the last lines of its output.
    """
    with alone(place.parent.parent, say):
        if place.exists():
            return
        say(f"Building the engine (pulumi {ENGINE_VERSION}) with Go; this happens once and takes some minutes.")
        with tempfile.TemporaryDirectory(prefix=".build-", dir=place.parent.parent) as folder:
            work = Path(folder)
            (work / "go.mod").write_text(_GO_MOD, encoding="utf-8")
            _run([str(go), "mod", "tidy"], work, _TIDY_TIMEOUT)
            flags = f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={ENGINE_VERSION}"
            program = work / "pulumi"
            _run([str(go), "build", "-trimpath", "-ldflags", flags, "-o", str(program), _PACKAGE], work, _BUILD_TIMEOUT)
            move_into_place(program, place)
        say(f"The engine is built: {place}")


@contextmanager
def alone(cache: Path, say: Callable[[str], None]) -> Generator[None]:
    """Let one process at a time put an engine into the cache; the others wait."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another command is getting the engine; waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def move_into_place(program: Path, place: Path) -> None:
    """Check that a program is the engine of our version, then move it to its place in one step.

    Raises:
        EngineMissingError: it does not run, or is another version.
    """
    try:
        version = version_of(program)
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineMissingError(f"the program does not run: {error}") from error
    if version != ENGINE_VERSION:
        raise EngineMissingError(f"the program says version {version}, not {ENGINE_VERSION}")
    place.parent.mkdir(parents=True, exist_ok=True)
    program.replace(place)


def _run(command: Sequence[str], folder: Path, timeout: float) -> None:
    # A go.work file above the cache, or flags meant for the user's own modules, must not change this build.
    environment = {**os.environ, "GOWORK": "off", "GOFLAGS": "-mod=mod"}
    try:
        subprocess.run(  # noqa: S603 - Go from the user's PATH with fixed arguments
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout, check=True
        )
    except subprocess.CalledProcessError as error:
        tail = "\n".join(str(error.stderr or error.stdout).strip().splitlines()[-8:])
        raise EngineMissingError(f"`go {command[1]}` failed: {tail}") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineMissingError(f"`go {command[1]}` failed: {error}") from error

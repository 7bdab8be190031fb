"""The `tstack` command as a user runs it: a process with a home, a folder and an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TSTACK = Path(sys.executable).with_name("tstack")


@dataclass(frozen=True, slots=True)
class Ran:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        return json.loads(self.out)


@dataclass(slots=True)
class CommandLine:
    """A user's folder.

    Attributes:
        folder: where commands run.
        home: the user's home; caches and state of the machine's own user are out of reach.
        variables: of the environment, besides PATH.
    """

    folder: Path
    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    def environment(self, **variables: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "TINYSTACKS_LOCAL_HOME": str(self.local_home),
            "AWS_EC2_METADATA_DISABLED": "true",
            **self.variables,
            **variables,
        }

    @property
    def local_home(self) -> Path:
        return self.home / "local"

    @property
    def local_aws_was_started(self) -> bool:
        return (self.local_home / "server.log").exists()

    def write(self, text: str, name: str = "tstack.yaml") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *arguments: str, seconds: float = 300, **variables: str) -> Ran:
        done = subprocess.run(
            [TSTACK, *arguments],
            cwd=self.folder,
            env=self.environment(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start a command whose stderr can be read while it runs."""
        return subprocess.Popen(
            [TSTACK, *arguments],
            cwd=self.folder,
            env=self.environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def a_user(folder: Path, **variables: str) -> CommandLine:
    """Make a home and an empty project below a folder."""
    home, project = folder / "home", folder / "project"
    home.mkdir()
    project.mkdir()
    return CommandLine(project, home, variables)


def wait_for(process: subprocess.Popen[str], words: str) -> str:
    """Read a command's stderr until it says some words; what it said."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if words in line:
            return said
    raise AssertionError(f"the command never said {words!r}:\n{said}")

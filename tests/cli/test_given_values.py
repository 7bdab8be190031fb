"""Words of the command line arrive as Typer would give them, and Pydantic is loaded only where one needs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.main import get_command

from tinystacks.commands.given_values import convert_only_what_is_given

ROOT = Path(__file__).parents[2]


def _application(seen: list[dict[str, Any]]) -> typer.Typer:
    app = typer.Typer()

    @app.callback()
    def root(*, version: Annotated[bool, typer.Option("--version")] = False) -> None:
        seen.append({"version": version})

    @app.command()
    def show(
        stage: Annotated[str | None, typer.Argument()] = None,
        rest: Annotated[list[str] | None, typer.Argument()] = None,
        *,
        file: Annotated[Path | None, typer.Option("--file", envvar="FILE")] = None,
        count: Annotated[int, typer.Option("--count", min=1)] = 2,
        speed: Annotated[float | None, typer.Option("--speed")] = None,
        name: Annotated[str, typer.Option("--name")] = "web",
        images: Annotated[list[str] | None, typer.Option("--image")] = None,
        follow: Annotated[bool, typer.Option("--follow/--no-follow")] = False,
    ) -> None:
        seen.append(dict(sorted(locals().items())))

    return app


def _run(words: list[str], environment: dict[str, str], *, quick: bool) -> tuple[list[dict[str, Any]], int, str]:
    seen: list[dict[str, Any]] = []
    command = get_command(_application(seen))
    if quick:
        convert_only_what_is_given(command)
    done = _invoke(command, words, environment)
    for one in seen:
        one.pop("seen", None)
    return seen, *done


def _invoke(command: Any, words: list[str], environment: dict[str, str]) -> tuple[int, str]:
    with pytest.MonkeyPatch.context() as patch:
        for key, value in environment.items():
            patch.setenv(key, value)
        try:
            return int(command(words, standalone_mode=False) or 0), ""
        except Exception as error:  # noqa: BLE001 - whatever Typer says is compared
            return 1, f"{type(error).__name__}: {error}"


@pytest.mark.parametrize(
    "words",
    [
        ["show"],
        ["show", "dev"],
        ["show", "dev", "a", "b", "--image", "web=x", "--image", "api=y", "--follow"],
        ["show", "--file", "tstack.yaml", "--count", "3", "--speed", "1.5", "--name", "", "--no-follow"],
        ["show", "--count", "0"],
        ["show", "--count", "many"],
        ["show", "--speed", "fast"],
        ["show", "--nothing"],
        ["--version", "show"],
    ],
)
@pytest.mark.parametrize("environment", [{}, {"FILE": "other.yaml"}])
def test_values_are_those_that_typer_gives(words, environment):
    assert _run(words, environment, quick=True) == _run(words, environment, quick=False)


def test_a_read_without_numbers_does_without_pydantic(tmp_path):
    script = (
        "import sys, cli\n"
        "try: cli.main(['local', 'status', '--json'])\n"
        "except SystemExit: pass\n"
        "sys.exit('pydantic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"TINYSTACKS_LOCAL_HOME": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

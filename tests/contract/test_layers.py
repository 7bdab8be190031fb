"""Rules of structure that import-linter cannot say."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [*ROOT.glob("tinystacks/**/*.py"), *ROOT.glob("programs/**/*.py"), ROOT / "cli.py"]


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def test_one_module_drives_the_automation_api() -> None:
    users = {str(path.relative_to(ROOT)) for path in SOURCES if "pulumi.automation" in _imports(path)}
    assert users <= {"tinystacks/deployment/automation.py", "tinystacks/deployment/engine_download.py"}


def test_click_is_never_imported() -> None:
    """Typer carries its own copy, and does not depend on the package."""
    assert not [path for path in SOURCES if any(name.split(".")[0] == "click" for name in _imports(path))]


def test_the_command_line_reaches_parts_only_through_the_sdk() -> None:
    allowed = ("tinystacks.errors", "tinystacks.rendering", "tinystacks.workspace", "tinystacks.deployment")
    allowed += ("tinystacks.commands", "tinystacks.spec", "tinystacks.operations")
    ours = {name for name in _imports(ROOT / "cli.py") if name.startswith("tinystacks.")}
    assert not {name for name in ours if not name.startswith(allowed)}
    assert not {name for name in _imports(ROOT / "cli.py") if name.split(".")[0] in {"boto3", "pulumi", "programs"}}


def test_the_sdk_never_prints() -> None:
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        if path.name not in {"cli.py", "__main__.py", "schema.py"}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert calls == []


@pytest.mark.parametrize("arguments", [["--help"], ["up", "--help"], ["--version"]])
def test_help_loads_neither_pulumi_nor_boto3(arguments: list[str]) -> None:
    code = (
        "import sys, cli\n"
        "try:\n    cli.main(sys.argv[1:])\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'pulumi', 'boto3', 'botocore', 'moto', 'grpc'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr

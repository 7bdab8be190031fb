"""What is shipped: a wheel whose top-level names are `tinystacks`, `programs` and `cli`."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def _python(site: Path, code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    # The folder of the caller comes first on the path, as it does for a program of their own.
    code = f"import sys; sys.path[:0] = [{str(folder)!r}, {str(site)!r}]\n{code}"
    command = [sys.executable, "-I", "-c", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def test_the_wheel_has_its_data_and_nothing_else_at_the_top(installed):
    top = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}
    assert top == {"tinystacks", "programs", "cli.py"}
    for name in ("py.typed", "spec/data/instance_types.csv", "local/provider/tables"):
        assert (installed / "tinystacks" / name).exists(), name


def test_other_modules_named_cli_and_programs_are_named_in_a_clear_error(installed, tmp_path):
    (tmp_path / "cli.py").write_text("print('not the one')\n")
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "__init__.py").write_text("")
    code = (
        "import tinystacks\n"
        "from pathlib import Path\n"
        "stage = tinystacks.StackSpec.from_mapping({'name': 'shop', 'services': {'web': {'image': 'nginx'}}}).stage()\n"
        "try:\n"
        "    tinystacks.Deployment(stage, tinystacks.AwsTarget(region='eu-west-1'), workspace=Path('.'))\n"
        "except tinystacks.UsageError as error:\n"
        "    print(error)\n"
    )
    run = _python(installed, code, tmp_path)
    assert run.returncode == 0, run.stderr
    assert f"another module named `programs` ({tmp_path / 'programs'}" in run.stdout
    assert "rename that module" in run.stdout


def test_the_wheel_works_where_nothing_hides_it(installed, tmp_path):
    code = (
        "import tinystacks, programs.stage, cli\n"
        "from pathlib import Path\n"
        "stage = tinystacks.StackSpec.from_mapping({'name': 'shop', 'services': {'web': {'image': 'nginx'}}}).stage()\n"
        "tinystacks.Deployment(stage, tinystacks.AwsTarget(region='eu-west-1'), workspace=Path('.'))\n"
    )
    run = _python(installed, code, tmp_path)
    assert run.returncode == 0, run.stderr

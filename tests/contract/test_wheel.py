"""The wheel: what is in it, that it works as installed, and what is said where its top-level names are taken.

`cli` and `programs` are import names of the wheel, since the layout of the project puts them at the top.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = """
from pathlib import Path
from tinystacks import AwsTarget, Deployment, StackSpec
stage = StackSpec.from_mapping({"name": "shop", "services": {"web": {"image": "nginx"}}}).stage()
print(Deployment(stage, AwsTarget(region="eu-west-1"), workspace=Path()))
"""


def run(*command: str | Path, cwd: Path, paths: tuple[Path, ...] = ()) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(path) for path in paths), "PYTHONSAFEPATH": ""}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like site-packages that holds the wheel; what it depends on comes from the environment of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def taken(tmp_path: Path) -> Path:
    """A folder with other modules named `cli` and `programs`."""
    (tmp_path / "cli.py").write_text("ANSWER = 42\n")
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "__init__.py").write_text("")
    return tmp_path


def test_the_wheel_holds_three_top_level_names_and_all_data(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (record,) = [name for name in names if name.endswith("entry_points.txt")]
        assert "tstack = cli:main" in archive.read(record).decode()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"cli.py", "programs", "tinystacks"}
    sources = {
        str(path.relative_to(ROOT))
        for package in ("tinystacks", "programs")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert sources <= set(names)
    assert "tinystacks/py.typed" in names


def test_it_works_as_installed(installed, tmp_path):
    done = run(sys.executable, "-c", DEPLOY, cwd=tmp_path, paths=(installed,))
    assert done.returncode == 0, done.stderr
    place = run(sys.executable, "-c", "import cli, tinystacks; print(cli.__file__)", cwd=tmp_path, paths=(installed,))
    assert place.stdout.strip() == str(installed / "cli.py")
    (tmp_path / "tstack.yaml").write_text("name: shop\nservices:\n  web: {image: nginx, port: 80}\n")
    valid = run(sys.executable, "-c", "import cli; cli.main(['validate'])", cwd=tmp_path, paths=(installed,))
    assert valid.returncode == 0, valid.stderr


def test_the_script_does_not_mind_other_modules_in_the_folder_it_is_called_in(installed, taken):
    script = taken / "bin" / "tstack"
    script.parent.mkdir()
    # As pip writes it.
    script.write_text("import sys\nfrom cli import main\nif __name__ == '__main__':\n    sys.exit(main())\n")
    for command in ("--version", "engine"):
        done = run(sys.executable, script, command, "--help", cwd=taken, paths=(installed,))
        assert done.returncode == 0, done.stderr


def test_where_the_names_are_taken_the_error_names_the_other_file(installed, taken):
    other = run(sys.executable, "-c", "from cli import main", cwd=taken, paths=(taken, installed))
    assert other.returncode == 1
    assert f"cannot import name 'main' from 'cli' ({taken / 'cli.py'})" in other.stderr
    done = run(sys.executable, "-c", DEPLOY, cwd=taken, paths=(taken, installed))
    assert done.returncode == 1
    said, advice = done.stderr.strip().splitlines()[-2:]
    assert said.startswith("tinystacks.errors.UsageError: ")
    assert str(taken / "programs") in said
    assert str(installed / "programs") in said
    assert "PYTHONPATH" in advice


def test_where_only_programs_is_taken_a_command_says_so_without_a_traceback(installed, taken):
    (taken / "cli.py").unlink()
    (taken / "tstack.yaml").write_text("name: shop\nservices:\n  web: {image: nginx, port: 80}\n")
    code = "import cli; cli.main(['preview', '--region', 'us-east-1'])"
    done = run(sys.executable, "-c", code, cwd=taken, paths=(taken, installed))
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert str(taken / "programs") in done.stderr

"""What an image is built from: `.dockerignore` (Dockerfile reference), content hashes, versions by git."""

from __future__ import annotations

import os
import subprocess

import pytest

from tinystacks.errors import UsageError
from tinystacks.images.errors import ImageError
from tinystacks.images.git import source_version
from tinystacks.images.ignoring import source_files
from tinystacks.images.references import parse_reference
from tinystacks.images.sources import read_sources
from tinystacks.spec.service import BuildSpec

FILES = (
    "a.txt",
    "b.md",
    "src/a.txt",
    "src/deep/a.txt",
    "src/deep/keep.txt",
    "node_modules/x/index.js",
    ".tstack/record",
)


@pytest.fixture
def folder(tmp_path):
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("rules", "left_out"),
    [
        ("", set()),
        ("# comment\n\n", set()),
        ("*.md", {"b.md"}),
        ("a.txt", {"a.txt"}),
        ("**/a.txt", {"a.txt", "src/a.txt", "src/deep/a.txt"}),
        ("src/*/a.txt", {"src/deep/a.txt"}),
        ("src/**", {"src/a.txt", "src/deep/a.txt", "src/deep/keep.txt"}),
        ("/node_modules/", {"node_modules/x/index.js"}),
        ("src\n!src/deep/keep.txt", {"src/a.txt", "src/deep/a.txt"}),
        ("!src/deep/keep.txt\nsrc", {"src/a.txt", "src/deep/a.txt", "src/deep/keep.txt"}),
        ("?.m[ab]", set()),
        ("?.m[cd]", {"b.md"}),
    ],
)
def test_ignore_files_by_the_dockerfile_reference_and_never_our_own_folder(folder, rules, left_out):
    found = {path.relative_to(folder).as_posix() for path in source_files(folder, rules)}
    assert found == set(FILES) - {".tstack/record"} - left_out


def test_the_stack_s_own_file_is_no_source_unless_it_is_asked_for(folder):
    """With `COPY . .` another number of tasks would else be another image, and replace every task."""
    (folder / "src" / "tstack.yaml").write_text("of the application")
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . .\n")
    before = digest(folder)
    (folder / "tstack.yaml").write_text("name: shop")
    assert digest(folder) == before
    assert folder / "src" / "tstack.yaml" in set(source_files(folder, ""))
    assert folder / "tstack.yaml" in set(source_files(folder, "*.md\n!tstack.yaml"))


def digest(folder, *, platform="linux/amd64", **build):
    return read_sources(BuildSpec(**build), folder, service="web", platform=platform).digest


def test_the_same_content_has_the_same_hash_and_anything_that_matters_changes_it(folder):
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / ".dockerignore").write_text("*.md\n")
    first = digest(folder)
    os.utime(folder / "a.txt", (1, 1))
    (folder / "b.md").write_text("ignored")
    (folder / ".tstack" / "record").write_text("changes with every update")
    assert digest(folder) == first
    others = {digest(folder, args={"A": "1"}), digest(folder, target="x"), digest(folder, platform="linux/arm64")}
    (folder / "a.txt").chmod(0o755)
    others.add(digest(folder))
    (folder / "a.txt").rename(folder / "c.txt")
    others.add(digest(folder))
    (folder / "Dockerfile").write_text("FROM scratch\nCMD x\n")
    others.add(digest(folder))
    assert len(others | {first}) == 7


def test_the_staged_context_is_exactly_what_was_hashed(folder, tmp_path):
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "link").symlink_to("a.txt")
    sources = read_sources(BuildSpec(), folder, service="web", platform="linux/amd64")
    with sources.staged(tmp_path / "work") as (context, dockerfile):
        assert dockerfile.read_text() == "FROM scratch\n"
        assert {one.relative_to(context).as_posix() for one in context.rglob("*") if not one.is_dir()} == {
            one.relative_to(folder).as_posix() for one in sources.files
        }
        assert (context / "link").readlink().as_posix() == "a.txt"
    assert list((tmp_path / "work").iterdir()) == []


def test_a_missing_folder_or_dockerfile_names_the_field(tmp_path):
    with pytest.raises(ImageError, match=r"services\.web\.build: there is no folder"):
        digest(tmp_path, context="nowhere")
    with pytest.raises(ImageError, match="there is no Dockerfile in"):
        digest(tmp_path)


def test_the_version_is_the_commit_and_says_when_it_is_dirty(tmp_path):
    assert source_version(tmp_path) == ""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "a").write_text("1")
    subprocess.run([*git, "add", "a"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "first"], check=True)
    clean = source_version(tmp_path)
    assert len(clean) == 12
    (tmp_path / "a").write_text("2")
    assert source_version(tmp_path) == f"{clean}-dirty"


@pytest.mark.parametrize(
    ("text", "host", "name", "tag", "digest"),
    [
        ("nginx", "", "nginx", "", ""),
        ("nginx:1.27", "", "nginx", "1.27", ""),
        ("127.0.0.1:5000/shop/web:1", "127.0.0.1:5000", "shop/web", "1", ""),
        ("localhost/web", "localhost", "web", "", ""),
        (f"a.example.com/web@sha256:{'0' * 64}", "a.example.com", "web", "", f"sha256:{'0' * 64}"),
        (f"web:1@sha256:{'0' * 64}", "", "web", "1", f"sha256:{'0' * 64}"),
    ],
)
def test_references(text, host, name, tag, digest):
    found = parse_reference(text)
    assert (found.host, found.name, found.tag, found.digest) == (host, name, tag, digest)


def test_ecr_registries_tell_their_region():
    assert parse_reference("123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:1").ecr_region == "eu-west-1"
    assert parse_reference("public.ecr.aws/nginx/nginx:1").ecr_region == ""


@pytest.mark.parametrize("text", ["", "-x", "web image", "web@sha256:12"])
def test_what_is_no_reference_is_refused(text):
    with pytest.raises(UsageError, match="no image reference"):
        parse_reference(text)

"""What an image is built from, as one hash: the same sources are not built twice."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tinystacks.images.errors import ImageError
from tinystacks.images.ignoring import read_rules, source_files

if TYPE_CHECKING:
    from collections.abc import Generator

    from tinystacks.spec.service import BuildSpec

_CHUNK = 1024 * 1024
_HASH_LETTERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Everything that decides what is in an image.

    Attributes:
        context: folder of the sources.
        dockerfile: the Dockerfile.
        files: files and links of the context that go into the build.
        build: target and arguments.
        platform: such as `linux/amd64`.
        digest: the same for the same content; lower-case hexadecimal.
    """

    context: Path
    dockerfile: Path
    files: tuple[Path, ...]
    build: BuildSpec
    platform: str
    digest: str

    @contextmanager
    def staged(self, folder: Path) -> Generator[tuple[Path, Path]]:
        """Make a context of exactly these files, so that what was hashed is what is built.

        Args:
            folder: to make it in; on the same file system nothing is copied.

        Returns:
            The context and the Dockerfile.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix="build-") as made:
            place = Path(made) / "context"
            place.mkdir()
            for path in self.files:
                _put(path, place / path.relative_to(self.context))
            dockerfile = Path(made) / "Dockerfile"
            _put(self.dockerfile.resolve(), dockerfile)
            yield place, dockerfile


def read_sources(build: BuildSpec, workspace: Path, *, service: str, platform: str) -> Sources:
    """Look at the sources of a service.

    Args:
        build: what the file says.
        workspace: folder of the file.
        service: name of the service.
        platform: that the image is built for.

    Raises:
        ImageError: there is no such folder or Dockerfile.
    """
    context = (workspace / build.context).resolve()
    dockerfile = context / build.dockerfile
    field = f"services.{service}.build"
    if not context.is_dir():
        raise ImageError(f"{field}: there is no folder {context}", hint="`context` is relative to the file.")
    if not dockerfile.is_file():
        raise ImageError(
            f"{field}: there is no {build.dockerfile} in {context}",
            hint="Write one, or name it with `dockerfile` (from the context on); or run a ready image with `image`.",
        )
    files = tuple(source_files(context, read_rules(context, dockerfile)))
    settings = {"args": dict(sorted(build.args.items())), "target": build.target, "platform": platform}
    total = hashlib.sha256(json.dumps(settings).encode())
    total.update(_content(dockerfile))
    for path in files:
        total.update(f"\0{path.relative_to(context).as_posix()}\0{_kind(path)}\0".encode())
        total.update(_content(path))
    return Sources(
        context=context,
        dockerfile=dockerfile,
        files=files,
        build=build,
        platform=platform,
        digest=total.hexdigest()[:_HASH_LETTERS],
    )


def _kind(path: Path) -> str:
    if path.is_symlink():
        return "link"
    return "program" if os.access(path, os.X_OK) else "file"


def _content(path: Path) -> bytes:
    if path.is_symlink():
        return str(path.readlink()).encode()
    if not path.is_file():
        return b""  # sockets and pipes are no sources
    whole = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            whole.update(chunk)
    return whole.digest()


def _put(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if not source.is_symlink() and not source.is_file():
        return
    try:
        os.link(source, place, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, place, follow_symlinks=False)

"""Layers and image configurations as files, each under the hash of its content."""

from __future__ import annotations

import hashlib
import re
import shutil
import threading
import uuid
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_DIGEST = re.compile(r"sha256:(?P<hash>[0-9a-f]{64})")


class BlobError(Exception):
    """A blob cannot be taken.

    Args:
        code: error code of the distribution specification.
        message: what is wrong.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class _Upload:
    path: Path
    size: int = 0
    hashed: Any = field(default_factory=hashlib.sha256)


class Blobs:
    """The blobs of all repositories.

    Args:
        folder: to keep them in; what an earlier life left there is removed.
    """

    def __init__(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self._folder = folder
        self._folder.mkdir(parents=True, mode=0o700)
        self._uploads: dict[str, _Upload] = {}
        self._lock = threading.Lock()

    def begin(self) -> str:
        """Begin an upload; its id."""
        upload = str(uuid.uuid4())
        path = self._folder / f"upload-{upload}"
        path.touch()
        with self._lock:
            self._uploads[upload] = _Upload(path)
        return upload

    def append(self, upload: str, data: Iterable[bytes]) -> int:
        """Add to an upload; its size.

        Raises:
            BlobError: there is no such upload.
        """
        found = self._of(upload)
        with found.path.open("ab") as file:
            for piece in data:
                file.write(piece)
                found.hashed.update(piece)
                found.size += len(piece)
        return found.size

    def finish(self, upload: str, digest: str) -> None:
        """Keep an upload under its digest.

        Raises:
            BlobError: there is no such upload, or its content is something else.
        """
        found = self._of(upload)
        with self._lock:
            del self._uploads[upload]
        if f"sha256:{found.hashed.hexdigest()}" != digest:
            found.path.unlink()
            raise BlobError("DIGEST_INVALID", f"the content is not {digest}")
        found.path.replace(self._path(digest))

    def size(self, digest: str) -> int | None:
        """Bytes of a blob; None when it is not here."""
        path = self._path(digest)
        return path.stat().st_size if path.is_file() else None

    def open(self, digest: str) -> IO[bytes]:
        """Open a blob that is here."""
        return self._path(digest).open("rb")

    def close(self) -> None:
        """Remove everything."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _of(self, upload: str) -> _Upload:
        with self._lock:
            found = self._uploads.get(upload)
        if found is None:
            raise BlobError("BLOB_UPLOAD_UNKNOWN", f"no upload {upload}")
        return found

    def _path(self, digest: str) -> Path:
        match = _DIGEST.fullmatch(digest)
        if match is None:
            raise BlobError("DIGEST_INVALID", f"{digest!r} is no digest")
        return self._folder / match["hash"]

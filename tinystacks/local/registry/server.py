"""The registry's HTTP API.

Source: OCI distribution specification 1.1. Of it: pushes in one piece or many, pulls, tags; no deletion (ECR has calls
of its own for that), no mounting of blobs (a client then uploads them).
"""

from __future__ import annotations

import json
import logging
import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from tinystacks.local.registry.blobs import BlobError, Blobs
from tinystacks.local.registry.manifests import ManifestError, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tinystacks.local.registry.manifests import Manifests

_log = logging.getLogger(__name__)

_NAME = r"(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
_BLOB = re.compile(rf"/v2/{_NAME}/blobs/(?P<digest>[\w:]+)")
_UPLOADS = re.compile(rf"/v2/{_NAME}/blobs/uploads/?")
_UPLOAD = re.compile(rf"/v2/{_NAME}/blobs/uploads/(?P<upload>[0-9a-f-]{{36}})")
_MANIFEST = re.compile(rf"/v2/{_NAME}/manifests/(?P<reference>[\w][\w.:-]*)")
_PIECE = 256 * 1024
_LARGEST_MANIFEST = 4 * 1024 * 1024
"""Bytes; the distribution specification's least that a registry takes, and ECR's most."""
_MOST_UNREAD = 256
"""Pieces of a body that nobody wants which are still read."""
_SECONDS = 120


class Registry:
    """A registry on a free port of this machine.

    Args:
        manifests: where manifests are kept.
        folder: for blobs.
    """

    def __init__(self, manifests: Manifests, folder: Path) -> None:
        self.blobs = Blobs(folder)
        handler = type("Handler", (_Handler,), {"blobs": self.blobs, "manifests": manifests})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.host = f"127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> None:
        """Answer requests."""
        threading.Thread(target=self._http.serve_forever, name="registry", daemon=True).start()

    def close(self) -> None:
        """End it and remove what was pushed."""
        self._http.shutdown()
        self._http.server_close()
        self.blobs.close()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    blobs: ClassVar[Blobs]
    manifests: ClassVar[Manifests]
    protocol_version = "HTTP/1.1"
    timeout = _SECONDS
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Give the API's version, a blob or a manifest."""
        self._answer(self._get)

    def do_HEAD(self) -> None:
        """Say whether a blob or a manifest is there."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Begin an upload."""
        self._answer(self._post)

    def do_PATCH(self) -> None:
        """Take a piece of an upload."""
        self._answer(self._patch)

    def do_PUT(self) -> None:
        """End an upload, or take a manifest."""
        self._answer(self._put)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Write to the log of the local AWS."""
        _log.debug(format, *args)

    def _answer(self, work: Any) -> None:
        self._path = urlsplit(self.path)
        self._query = {key: values[0] for key, values in parse_qs(self._path.query).items()}
        self._pieces = self._body()
        try:
            work()
        except ManifestError as error:
            self._error(error.status, error.code, str(error))
        except BlobError as error:
            self._error(404 if error.code == "BLOB_UPLOAD_UNKNOWN" else 400, error.code, str(error))
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            self.close_connection = True

    def _get(self) -> None:
        path = self._path.path
        if path.rstrip("/") == "/v2":
            return self._reply(200, body=b"{}", media_type="application/json")
        if match := _UPLOAD.fullmatch(path):
            size = self.blobs.append(match["upload"], ())
            return self._reply(204, {"Range": f"0-{max(0, size - 1)}"})
        if match := _BLOB.fullmatch(path):
            return self._give_blob(match["digest"])
        if match := _MANIFEST.fullmatch(path):
            found = self.manifests.get(match["name"], match["reference"])
            headers = {"Docker-Content-Digest": found.digest}
            return self._reply(200, headers, body=found.data, media_type=found.media_type)
        return self._error(404, "UNSUPPORTED", f"no {path} here")

    def _post(self) -> None:
        match = _UPLOADS.fullmatch(self._path.path)
        if match is None:
            return self._error(404, "UNSUPPORTED", f"no {self._path.path} here")
        upload = self.blobs.begin()
        if "digest" in self._query:
            self.blobs.append(upload, self._pieces)
            return self._finish(match["name"], upload)
        return self._uploading(202, match["name"], upload, 0)

    def _patch(self) -> None:
        match = _UPLOAD.fullmatch(self._path.path)
        if match is None:
            return self._error(404, "UNSUPPORTED", f"no {self._path.path} here")
        size = self.blobs.append(match["upload"], self._pieces)
        return self._uploading(202, match["name"], match["upload"], size)

    def _put(self) -> None:
        if match := _UPLOAD.fullmatch(self._path.path):
            self.blobs.append(match["upload"], self._pieces)
            return self._finish(match["name"], match["upload"])
        if match := _MANIFEST.fullmatch(self._path.path):
            data = bytearray()
            for piece in self._pieces:
                data += piece
                if len(data) > _LARGEST_MANIFEST:
                    raise ManifestError("MANIFEST_INVALID", "the manifest is larger than 4 MiB", 413)
            found = read_manifest(
                bytes(data), self.headers.get("Content-Type", ""), lambda digest: self.blobs.size(digest) is not None
            )
            self.manifests.put(match["name"], match["reference"], found)
            headers = {
                "Location": f"/v2/{match['name']}/manifests/{found.digest}",
                "Docker-Content-Digest": found.digest,
            }
            return self._reply(201, headers)
        return self._error(404, "UNSUPPORTED", f"no {self._path.path} here")

    def _finish(self, name: str, upload: str) -> None:
        digest = self._query.get("digest", "")
        self.blobs.finish(upload, digest)
        self._reply(201, {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest})

    def _uploading(self, status: int, name: str, upload: str, size: int) -> None:
        headers = {
            "Location": f"/v2/{name}/blobs/uploads/{upload}",
            "Docker-Upload-UUID": upload,
            "Range": f"0-{max(0, size - 1)}",
        }
        self._reply(status, headers)

    def _give_blob(self, digest: str) -> None:
        size = self.blobs.size(digest)
        if size is None:
            return self._error(404, "BLOB_UNKNOWN", f"no blob {digest}")
        self._head(200, {"Docker-Content-Digest": digest}, size, "application/octet-stream")
        if self.command != "HEAD":
            with self.blobs.open(digest) as file:
                shutil.copyfileobj(file, self.wfile, _PIECE)
        return None

    def _body(self) -> Iterator[bytes]:
        """Give the body piece by piece, whichever way its end is told."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            while size := int(self.rfile.readline().partition(b";")[0] or b"0", 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0:
            piece = self.rfile.read(min(left, _PIECE))
            if not piece:
                raise ConnectionResetError
            left -= len(piece)
            yield piece

    def _reply(
        self, status: int, headers: Mapping[str, str] | None = None, *, body: bytes = b"", media_type: str = ""
    ) -> None:
        # What is left unread would be taken for the next request.
        if sum(1 for _ in islice(self._pieces, _MOST_UNREAD)) == _MOST_UNREAD:
            self.close_connection = True
        self._head(status, headers or {}, len(body), media_type)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: int, headers: Mapping[str, str], size: int, media_type: str) -> None:
        self.send_response(status)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        for name, value in headers.items():
            self.send_header(name, value)
        if media_type:
            self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def _error(self, status: int, code: str, message: str) -> None:
        body = json.dumps({"errors": [{"code": code, "message": message, "detail": None}]}).encode()
        self._reply(status, body=body, media_type="application/json")

"""A registry with images of busybox, which counts how often it is asked what a tag means."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.fakes.podman import busybox_layer
from tinystacks.local.registry.manifests import Manifest, ManifestError
from tinystacks.local.registry.server import Registry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_OCI = "application/vnd.oci.image"


class SmallRegistry:
    """The registry.

    Args:
        folder: for blobs.
        architecture: of the images, as the engine names that of its machine.
    """

    def __init__(self, folder: Path, architecture: str) -> None:
        self._architecture = architecture
        self._kept: dict[tuple[str, str], Manifest] = {}
        self.asked: Counter[str] = Counter()
        self._registry = Registry(self, folder)
        self._registry.start()

    def put(self, repository: str, reference: str, manifest: Manifest) -> None:
        """Keep a manifest."""
        self._kept[repository, reference] = self._kept[repository, manifest.digest] = manifest

    def get(self, repository: str, reference: str) -> Manifest:
        """Give a manifest."""
        self.asked[reference] += 1
        if (found := self._kept.get((repository, reference))) is None:
            raise ManifestError("MANIFEST_UNKNOWN", f"no image {reference} in {repository}", 404)
        return found

    def push(self, repository: str, tag: str, programs: Sequence[str] = ("busybox", "sh")) -> tuple[str, str]:
        """Have a tag mean an image of busybox under some names; gives the image's reference and digest."""
        layer = busybox_layer(programs)
        diff = {"type": "layers", "diff_ids": [_digest(layer)]}
        config = _json({"architecture": self._architecture, "os": "linux", "config": {}, "rootfs": diff})
        parts = {"layer.v1.tar": layer, "config.v1+json": config}
        for data in parts.values():
            upload = self._registry.blobs.begin()
            self._registry.blobs.append(upload, iter((data,)))
            self._registry.blobs.finish(upload, _digest(data))
        told = [
            {"mediaType": f"{_OCI}.{kind}", "digest": _digest(data), "size": len(data)} for kind, data in parts.items()
        ]
        kind = f"{_OCI}.manifest.v1+json"
        manifest = _json({"schemaVersion": 2, "mediaType": kind, "config": told[1], "layers": told[:1]})
        self.put(repository, tag, Manifest(data=manifest, media_type=kind, digest=_digest(manifest)))
        return f"{self._registry.host}/{repository}:{tag}", _digest(manifest)

    def close(self) -> None:
        """End it."""
        self._registry.close()


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"

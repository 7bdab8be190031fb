"""Manifests in moto's ECR, so that what is pushed is seen by every ECR call, and the other way round."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.local.emulation import Emulation


class ManifestError(Exception):
    """A manifest cannot be taken or had.

    Args:
        code: error code of the distribution specification.
        message: what is wrong; ECR's own text where there is one.
        status: of the answer.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What describes one image, or lists images.

    Attributes:
        data: as it was pushed.
        media_type: of the data.
        digest: of the data.
    """

    data: bytes
    media_type: str
    digest: str


class Manifests(Protocol):
    """Where manifests are kept."""

    def put(self, repository: str, reference: str, manifest: Manifest) -> None:
        """Keep a manifest under a tag or its digest.

        Raises:
            ManifestError: there is no such repository, or the tag stands for another image and never moves.
        """
        ...

    def get(self, repository: str, reference: str) -> Manifest:
        """Give a manifest by tag or digest.

        Raises:
            ManifestError: there is none.
        """
        ...


class EcrManifests:
    """Manifests in moto's ECR, of all regions: their repositories share one registry here.

    Args:
        emulation: moto's state.
    """

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation

    def put(self, repository: str, reference: str, manifest: Manifest) -> None:
        """Keep a manifest; the same one again changes nothing, as with ECR."""
        with self._emulation.lock:
            backend, found = self._repository(repository)
            tag = None if reference.startswith("sha256:") else reference
            same = [image for image in found.images if image.get_image_digest() == manifest.digest]
            if same and (tag is None or tag in same[0].image_tags):
                return
            try:
                backend.put_image(repository, manifest.data.decode(), tag, manifest.media_type, digest=manifest.digest)
            except Exception as error:
                code = "TAG_INVALID" if "immutable" in str(error) else "MANIFEST_INVALID"
                raise ManifestError(code, str(error)) from error

    def get(self, repository: str, reference: str) -> Manifest:
        """Give a manifest."""
        with self._emulation.lock:
            _, found = self._repository(repository)
            for image in found.images:
                if reference in {image.get_image_digest(), *image.image_tags}:
                    return Manifest(
                        data=image.image_manifest.encode(),
                        media_type=image.image_manifest_media_type,
                        digest=image.get_image_digest(),
                    )
        raise ManifestError("MANIFEST_UNKNOWN", f"no image {reference} in {repository}", 404)

    def _repository(self, name: str) -> tuple[Any, Any]:
        for _, backend in self._emulation.used_regions("ecr"):
            if name in backend.repositories:
                return backend, backend.repositories[name]
        raise ManifestError("NAME_UNKNOWN", f"The repository with name '{name}' does not exist in the registry", 404)


def read_manifest(data: bytes, content_type: str, has_blob: Callable[[str], object]) -> Manifest:
    """Check what is pushed as a manifest.

    Args:
        data: the body.
        content_type: its type.
        has_blob: tells whether a blob is here.

    Raises:
        ManifestError: it is none, or a part of it was not pushed before.
    """
    try:
        document: Any = json.loads(data)
        media_type = str(document.get("mediaType") or content_type.partition(";")[0])
        parts = [*document.get("layers", []), *([document["config"]] if "config" in document else [])]
        missing = [str(part["digest"]) for part in parts if not part.get("urls") and not has_blob(str(part["digest"]))]
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise ManifestError("MANIFEST_INVALID", f"this is no image manifest: {error}") from error
    if missing:
        raise ManifestError("MANIFEST_BLOB_UNKNOWN", f"layers were not pushed: {', '.join(missing)}")
    return Manifest(data=data, media_type=media_type, digest=f"sha256:{hashlib.sha256(data).hexdigest()}")


def install(host: str) -> None:
    """Have moto's ECR name its repositories in this registry, and give out its layers and configurations.

    Source: Amazon ECR API reference, GetDownloadUrlForLayer.

    Args:
        host: `127.0.0.1:PORT`.
    """
    from moto.core.responses import ActionResult  # noqa: PLC0415 - moto takes seconds to load
    from moto.ecr import models, responses  # noqa: PLC0415 - same

    repository: Any = models.Repository
    original: Any = getattr(repository, "_tinystacks_init", repository.__init__)

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        self.uri = f"{host}/{self.name}"

    repository._tinystacks_init = original  # noqa: SLF001 - so that a second local AWS in this process names its own
    repository.__init__ = init

    def layer(self: Any) -> Any:
        name, digest = self._get_param("repositoryName"), self._get_param("layerDigest")
        return ActionResult({"downloadUrl": f"http://{host}/v2/{name}/blobs/{digest}", "layerDigest": digest})

    cast("Any", responses.ECRResponse).get_download_url_for_layer = layer

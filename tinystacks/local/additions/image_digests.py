"""Digests of images: moto draws one of a hundred at random where the client gives none, so that two images are one."""

from __future__ import annotations

import hashlib
from typing import Any, cast


def install() -> None:
    """Let moto name an image by the SHA-256 of its manifest, in this process.

    Source: Amazon ECR API, ImageIdentifier: `imageDigest` is "the sha256 digest of the image manifest".
    """
    from moto.ecr.models import ECRBackend  # noqa: PLC0415 - moto takes seconds to load

    put: Any = ECRBackend.put_image

    def put_image(  # noqa: PLR0917 - moto's own signature, which it calls by position
        backend: Any,
        repository_name: str,
        image_manifest: str,
        image_tag: str,
        image_manifest_mediatype: str | None = None,
        digest: str | None = None,
    ) -> Any:
        digest = digest or f"sha256:{hashlib.sha256(image_manifest.encode()).hexdigest()}"
        return put(backend, repository_name, image_manifest, image_tag, image_manifest_mediatype, digest)

    cast("Any", ECRBackend).put_image = put_image

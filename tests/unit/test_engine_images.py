"""Digests of images as a container engine knows them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
from docker.errors import NotFound

from tinystacks.local.runtime.docker_images import Images

INDEX, MANIFEST = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


class PodmanLike:
    """Knows one image, by the digests of its index and of its manifest, as Podman does."""

    def inspect_image(self, reference: str) -> dict[str, Any]:
        return {"Id": f"sha256:{'3' * 64}", "RepoDigests": [f"reg/web@{INDEX}", f"reg/web@{MANIFEST}"]}

    def pull(self, name: str, **_: Any) -> list[dict[str, Any]]:
        raise NotFound(f"no registry has {name}")


@pytest.mark.parametrize("digest", [INDEX, MANIFEST])
def test_d17_an_image_pinned_to_a_digest_has_that_digest(digest):
    """API Container: imageDigest is the container image manifest digest; DG deployment-type-ecs."""
    client: Any = PodmanLike()
    images = Images(lambda: nullcontext(client))
    assert images.ready(client, f"reg/web@{digest}").digest == digest
    assert images.ready(client, f"reg/web:v1@{digest}", digest).digest == digest
    assert images.ready(client, f"reg/web@{digest}", digest).reference == f"reg/web@{digest}"


def test_d17_a_tag_that_still_means_the_digest_keeps_its_reference():
    client: Any = PodmanLike()
    images = Images(lambda: nullcontext(client))
    assert images.ready(client, "reg/web:v1").digest == INDEX
    assert images.ready(client, "reg/web:v1", MANIFEST).reference == "reg/web:v1"

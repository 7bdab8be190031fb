"""What goes wrong with images."""

from __future__ import annotations

from tinystacks.errors import TinystacksError


class ImageError(TinystacksError):
    """An image cannot be built, pushed or found."""

    kind = "image"


class BuilderMissingError(ImageError):
    """There is nothing that builds images on this machine."""

    kind = "no-container-engine"

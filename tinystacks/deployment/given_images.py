"""Images that were built elsewhere: by digest, and for the right CPU, where their registry can be asked (trap B12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.deployment.events import Warned
from tinystacks.errors import AwsError
from tinystacks.images.errors import ImageError
from tinystacks.images.references import parse_reference
from tinystacks.images.repositories import Repositories

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from tinystacks.deployment.context import StageContext
    from tinystacks.deployment.events import OnEvent


class GivenImages:
    """Looks at images before they are deployed.

    Args:
        context: the stage.
        architecture: that the stage's tasks run on, such as `amd64`.
        emit: receives warnings.
    """

    def __init__(self, context: StageContext, architecture: str, emit: OnEvent) -> None:
        self._context = context
        self._architecture = architecture
        self._emit = emit

    def pinned(self, name: str, image: str) -> str:
        """Give an image by digest where its registry is the account's own; others resolve when they are deployed.

        Args:
            name: service, or `service/sidecar`.
            image: its reference.

        Raises:
            ImageError: the image is not there, or is for another CPU.
            AwsError: ECR refuses.
        """
        reference = parse_reference(image)
        if not is_own(self._context, image):
            return image
        repositories = Repositories(self._context.target.client("ecr"))
        digest = repositories.digest(reference.name, tag=reference.tag or "latest", digest=reference.digest)
        if not digest:
            raise ImageError(f"{name}: there is no image {image}", hint="Push it first, or name another.")
        try:
            made_for = repositories.architectures(reference.name, digest)
        except (AwsError, ImageError) as error:
            self._emit(
                Warned(
                    message=f"{name}: whether {image} is built for {self._architecture} is not known: {error.message}",
                    hint="Tasks of an image for another CPU end with `exec format error`.",
                )
            )
            made_for = frozenset[str]()
        self.check(name, made_for)
        return f"{reference.repository}@{digest}"

    def check(self, name: str, made_for: AbstractSet[str]) -> None:
        """Refuse an image for another CPU.

        Args:
            name: service, or `service/sidecar`.
            made_for: architectures of the image; empty when they are not known.

        Raises:
            ImageError: the stage's is not among them.
        """
        if made_for and self._architecture not in made_for:
            kind = self._context.stage.compute
            where = "Fargate" if kind.kind == "fargate" else kind.instance_types[0]
            raise ImageError(
                f"{name}: the image is built for {', '.join(sorted(made_for))}, but {where} needs {self._architecture}",
                hint="Take a base image for it and no `--platform` in the Dockerfile, or other instance types.",
            )


def is_own(context: StageContext, image: str) -> bool:
    """Whether an image is in the registry of the stage's account and region, which can be asked about it.

    Args:
        context: the stage.
        image: its reference.
    """
    reference = parse_reference(image)
    if context.target.name == "local":
        return reference.host.startswith("127.0.0.1:")
    return reference.ecr_region == context.target.region and reference.host.startswith(context.target.account_id())

"""A build that failed: what the command made before it, and the ways out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.images.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def build_failed(
    error: ImageError, *, service: str, repositories: Sequence[str], pushed: Sequence[str], stage: str
) -> ImageError:
    """Give the error of a build or a push with what is true of the stage by then.

    Repositories are made before the first push and images are pushed one by one, so that the account may have changed
    though nothing that runs has.

    Args:
        error: what failed; its hint says how that is mended.
        service: whose image it was.
        repositories: services whose repositories the command has made.
        pushed: services whose images the command has pushed.
        stage: as it is typed, such as `prod` or `prod --local`.
    """
    done = [
        f"{what} of {', '.join(names)} was {verb}"
        for what, names, verb in (("The image repository", repositories, "made"), ("The image", pushed, "pushed"))
        if names
    ]
    kept = "Nothing was changed."
    if done:
        kept = f"Nothing that runs was changed. {'. '.join(done)}; the next `tstack up` goes on from there."
    ways = f"{error.hint}\nOr deploy an image that was built elsewhere: `tstack up {stage} --image {service}=REFERENCE`"
    return ImageError(f"service `{service}`: {error.message}", hint=f"{kept}\n{ways}")

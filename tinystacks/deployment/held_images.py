"""Images that are deployed keep a tag, since the repositories of a stage expire what has none (trap J1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.deployment.events import Notice, Warned
from tinystacks.deployment.leftovers import REPOSITORY
from tinystacks.errors import AwsError
from tinystacks.images.references import parse_reference
from tinystacks.images.repositories import Repositories

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.deployment.context import StageContext
    from tinystacks.deployment.engine_state import State
    from tinystacks.deployment.events import OnEvent

_DIGITS = 16


def hold_images(context: StageContext, state: State | None, images: Mapping[str, str], emit: OnEvent) -> None:
    """Tag the images of a release that are in the stage's own repositories and have no tag.

    What `up` builds has one. An image that was given by its digest may have none, nor has one from which a person took
    it: its tasks would find it gone some days later.

    Args:
        context: the stage.
        state: names the repositories.
        images: references by service and `service/sidecar`.
        emit: receives events; an image that cannot be tagged is a warning.
    """
    names: dict[str, str] = {}
    for item in state.resources if state else ():
        known: Mapping[str, Any] = item.get("outputs") or {}
        if item["type"] == REPOSITORY and known:
            names[str(known["repositoryUrl"])] = str(known["name"])
    for service, image in images.items():
        reference = parse_reference(image)
        name = names.get(reference.repository)
        if name is None or not reference.digest:
            continue
        tag = f"held-{reference.digest.partition(':')[2][:_DIGITS]}"
        try:
            if Repositories(context.target.client("ecr")).hold(name, reference.digest, tag):
                emit(Notice(message=f"{service}: its image had no tag and would expire; it has the tag {tag} now."))
        except AwsError as error:
            emit(
                Warned(
                    message=f"{service}: whether its image has a tag is not known: {error.message}",
                    hint=f"Without one the repository {name} expires it. Give it one.",
                )
            )

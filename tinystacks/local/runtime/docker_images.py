"""Images of containers: a tag is asked for in its registry at each start, what the engine has is used without one."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.local.runtime.docker_pulls import Pull, PullError, pull_failure, split_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from tinystacks.local.runtime.docker_engine import Client

_log = logging.getLogger(__name__)

JUST_PULLED_SECONDS = 5.0
"""Tasks that start within this time after a pull use what it brought."""
_NO_REGISTRY = "localhost/"
"""Where Podman puts the images that it builds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that the engine has.

    Attributes:
        reference: what a container is made from: as it was given, or the engine's id where a tag has moved.
        digest: `sha256:…` in its registry; of one that never was in a registry its id.
    """

    reference: str
    digest: str


class Images:
    """Has images ready, each pulled once however many tasks wait for it.

    Args:
        new_client: makes a client of the engine for each pull.
        just_pulled_seconds: how long what a pull brought, or its failure, serves other tasks.
    """

    def __init__(
        self,
        new_client: Callable[[], AbstractContextManager[Client]],
        *,
        just_pulled_seconds: float = JUST_PULLED_SECONDS,
    ) -> None:
        self._new_client = new_client
        self._just_pulled = just_pulled_seconds
        self._lock = threading.Lock()
        self._pulls: dict[str, Pull] = {}
        self._ids: dict[str, str] = {}

    def ready(self, client: Client, reference: str, digest: str = "") -> Image:
        """Have an image in the engine.

        A tag is pulled, whether the engine has an image under it or not; where that fails the one that it has is used
        (`ECS_IMAGE_PULL_BEHAVIOR=default`, README of the ECS agent, T26). A digest that is there needs no pull: it
        could bring nothing else.

        Args:
            client: of the engine.
            reference: name with tag or digest, as the container definition gives it.
            digest: what its tag shall mean, as this gave it before; empty for what the tag means now.

        Raises:
            PullError: it is not there and cannot be pulled.
        """
        given = reference
        found = _inspect(client, reference)
        if digest and (found is None or digest not in _digests(found)):
            # An image that lost its tag to another one is known by its id alone.
            reference = self._ids.get(digest, digest)
            found = _inspect(client, reference)
            if found is None:
                reference = f"{split_reference(given)[0]}@{digest}"
        if found is None:
            self._pull(reference).wait(patient=True)
            found = _inspect(client, reference)
        elif not digest and _may_have_moved(reference, found):
            found = self._newest(client, reference) or found
        if found is None:
            raise PullError(pull_failure(reference, "not found after the pull"))
        # Podman knows an image by the digests of its index and of its manifest: the one that was asked for counts.
        image = Image(reference=reference, digest=digest or given.partition("@")[2] or _digests(found)[0])
        self._ids[image.digest] = str(found["Id"])
        return image

    def _newest(self, client: Client, reference: str) -> Mapping[str, Any] | None:
        """What a tag means after its registry was asked, if that can be done."""
        try:
            self._pull(reference, within_seconds=self._just_pulled).wait(patient=False)
        except PullError as error:
            _log.info("the image that is here is used: %s", error)
        return _inspect(client, reference)

    def _pull(self, reference: str, *, within_seconds: float = 0.0) -> Pull:
        """The pull that is under way, or was within a time; else a new one."""
        with self._lock:
            last = self._pulls.get(reference)
            if last is None or not last.is_of_now(within_seconds):
                last = self._pulls[reference] = Pull(self._new_client, reference)
            return last


def _inspect(client: Client, reference: str) -> Mapping[str, Any] | None:
    from docker.errors import ImageNotFound, NotFound  # noqa: PLC0415 - loaded with the runtime

    try:
        return client.inspect_image(reference)
    except (ImageNotFound, NotFound):
        return None


def _may_have_moved(reference: str, found: Mapping[str, Any]) -> bool:
    """Whether a registry may know another image by a reference than the engine does."""
    if "@" in reference or reference.startswith(_NO_REGISTRY):
        return False
    # Podman finds an image that it built under its bare name too, and would look for a registry on this machine.
    name, tag = split_reference(reference)
    tags: list[str] = found.get("RepoTags") or []
    return f"{_NO_REGISTRY}{name}:{tag}" not in tags


def _digests(image: Mapping[str, Any]) -> list[str]:
    """Digests by which registries know an image; of one that never was in a registry its id."""
    digests: list[str] = image.get("RepoDigests") or []
    return [one.rpartition("@")[2] for one in digests] or [str(image.get("Id", ""))]

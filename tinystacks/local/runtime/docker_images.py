"""Images of containers: what the engine has is used, the rest is pulled."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinystacks.local.runtime.docker_engine import explanation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tinystacks.local.runtime.docker_engine import Client

_OWN_REGISTRY = "127.0.0.1:"


class PullError(Exception):
    """An image cannot be had; its text is the container's reason, prefix included (T21)."""


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
    """Has images ready, each pulled once however many tasks wait for it."""

    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._ids: dict[str, str] = {}

    def ready(self, client: Client, reference: str, digest: str = "") -> Image:
        """Have an image in the engine.

        An image that the engine has under the reference is used as it is, so that work goes on without a registry.

        Args:
            client: of the engine.
            reference: name with tag or digest, as the container definition gives it.
            digest: what its tag shall mean, as this gave it before; empty for what the tag means now.

        Raises:
            PullError: it is not there and cannot be pulled.
        """
        given = reference
        with self._locks[given]:
            found = _inspect(client, reference)
            if digest and (found is None or digest not in _digests(found)):
                # An image that lost its tag to another one is known by its id alone.
                reference = self._ids.get(digest, digest)
                found = _inspect(client, reference)
                if found is None:
                    reference = f"{split_reference(given)[0]}@{digest}"
            if found is None:
                _pull(client, reference)
                found = _inspect(client, reference)
        if found is None:
            raise PullError(_text(reference, "not found after the pull"))
        # Podman knows an image by the digests of its index and of its manifest: the one that was asked for counts.
        image = Image(reference=reference, digest=digest or given.partition("@")[2] or _digests(found)[0])
        self._ids[image.digest] = str(found["Id"])
        return image


def _inspect(client: Client, reference: str) -> Mapping[str, Any] | None:
    from docker.errors import ImageNotFound, NotFound  # noqa: PLC0415 - loaded with the runtime

    try:
        return client.inspect_image(reference)
    except (ImageNotFound, NotFound):
        return None


def _pull(client: Client, reference: str) -> None:
    from docker.errors import APIError  # noqa: PLC0415 - loaded with the runtime
    from requests import RequestException  # noqa: PLC0415 - as above

    name, tag = split_reference(reference)
    try:
        progress = _pull_without_tls(client, reference) or client.pull(name, tag=tag, stream=True, decode=True)
        # Both engines answer 200 and tell of a failure in the stream.
        errors = [str(line["error"]) for line in progress if line.get("error")]
    except (APIError, RequestException) as error:
        raise PullError(_text(reference, explanation(error))) from error
    if errors:
        raise PullError(_text(reference, errors[-1]))


def _pull_without_tls(client: Client, reference: str) -> Iterable[Mapping[str, Any]] | None:
    """Pull from the local AWS's own registry with Podman, which unlike Docker wants to be told that it has no TLS."""
    if not reference.startswith(_OWN_REGISTRY) or not _is_podman(client):
        return None
    url = f"{client.base_url}/v4.0.0/libpod/images/pull"
    answer = client.post(url, params={"reference": reference, "tlsVerify": "false"}, timeout=client.timeout)
    lines = [json.loads(line) for line in answer.text.splitlines() if line.strip()]
    return [{"error": line.get("error") or line.get("message")} for line in lines] or [{}]


def _is_podman(client: Client) -> bool:
    components: list[Mapping[str, Any]] = client.version().get("Components") or [{}]
    return str(components[0].get("Name", "")).startswith("Podman")


def split_reference(reference: str) -> tuple[str, str]:
    """Name and tag (or digest) of an image; `latest` when neither is given."""
    name, at, digest = reference.partition("@")
    if at:
        return name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name, digest
    head, _, last = reference.rpartition("/")
    short, _, tag = last.partition(":")
    return f"{head}/{short}" if head else short, tag or "latest"


def _digests(image: Mapping[str, Any]) -> list[str]:
    """Digests by which registries know an image; of one that never was in a registry its id."""
    digests: list[str] = image.get("RepoDigests") or []
    return [one.rpartition("@")[2] for one in digests] or [str(image.get("Id", ""))]


def _text(reference: str, why: str) -> str:
    return (
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
        f"failed to resolve ref {reference}: {why}"
    )

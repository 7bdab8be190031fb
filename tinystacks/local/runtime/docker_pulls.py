"""Pulls of images: one at a time for each reference, shared by all that wait for it.

Sources: README of the ECS agent (amazon-ecs-agent), `ECS_IMAGE_PULL_BEHAVIOR` and `ECS_IMAGE_PULL_INACTIVITY_TIMEOUT`.
"""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

from tinystacks.local.runtime.docker_engine import explanation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from tinystacks.local.runtime.docker_engine import Client

REGISTRY_SECONDS = 5.0
"""A registry that says nothing for so long is taken for one that cannot be reached, where the image is here already."""
INACTIVITY_SECONDS = 60.0
"""A pull that does not get on for so long has failed, where the image is here already (the agent's default)."""
_OWN_REGISTRY = "127.0.0.1:"
_BEFORE_ASKING = "Trying to pull"
"""What Podman says before it asks a registry."""


class PullError(Exception):
    """An image cannot be had; its text is the container's reason, prefix included (T21)."""


class Pull:
    """One pull, in a thread of its own: it goes on when nobody waits for it any more.

    Args:
        new_client: makes a client of the engine.
        reference: name with tag or digest.
    """

    def __init__(self, new_client: Callable[[], AbstractContextManager[Client]], reference: str) -> None:
        self._new_client = new_client
        self._reference = reference
        self._patience = REGISTRY_SECONDS
        self._heard = threading.Condition()
        self._last_sign = time.monotonic()
        self._over = False
        self._error: PullError | None = None
        threading.Thread(target=self._run, name=f"docker-pull-{reference}", daemon=True).start()

    def is_of_now(self, seconds: float) -> bool:
        """Whether it is under way, or ended no longer ago than that."""
        with self._heard:
            return not self._over or time.monotonic() - self._last_sign < seconds

    def wait(self, *, patient: bool) -> None:
        """Wait for the end.

        Args:
            patient: wait as long as it takes; otherwise only while the registry answers and the pull gets on.

        Raises:
            PullError: it failed, or took too long.
        """
        with self._heard:
            while not self._over:
                left = self._last_sign + self._patience - time.monotonic()
                if not patient and left <= 0:
                    raise PullError(pull_failure(self._reference, "the registry does not answer"))
                self._heard.wait(None if patient else left)
            if self._error is not None:
                # Of its own for each that waits: a raised one carries the trace of where it was raised.
                raise PullError(str(self._error))

    def _run(self) -> None:
        failure = ""
        try:
            with self._new_client() as client:
                for line in _progress(client, self._reference):
                    # Both engines answer 200 and tell of a failure in the stream.
                    failure = str(line.get("error") or failure)
                    if not str(line.get("stream", "")).startswith(_BEFORE_ASKING):
                        self._sign()
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must learn that it is over
            failure = explanation(error) or type(error).__name__
        with self._heard:
            self._error = PullError(pull_failure(self._reference, failure)) if failure else None
            self._over, self._last_sign = True, time.monotonic()
            self._heard.notify_all()

    def _sign(self) -> None:
        with self._heard:
            self._last_sign, self._patience = time.monotonic(), INACTIVITY_SECONDS
            self._heard.notify_all()


def _progress(client: Client, reference: str) -> Iterator[Mapping[str, Any]]:
    if reference.startswith(_OWN_REGISTRY) and _is_podman(client):
        yield from _pull_without_tls(client, reference)
        return
    name, tag = split_reference(reference)
    yield from client.pull(name, tag=tag, stream=True, decode=True)


def _pull_without_tls(client: Client, reference: str) -> Iterator[Mapping[str, Any]]:
    """Pull from the local AWS's own registry with Podman, which unlike Docker wants to be told that it has no TLS."""
    url = f"{client.base_url}/v4.0.0/libpod/images/pull"
    wanted = {"reference": reference, "tlsVerify": "false"}
    with client.post(url, params=wanted, stream=True, timeout=client.timeout) as answer:
        for text in answer.iter_lines():
            if text.strip():
                line = json.loads(text)
                # A refusal as a whole has its text under another name.
                yield line if answer.ok else {"error": line.get("error") or line.get("message") or answer.reason}


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


def pull_failure(reference: str, why: str) -> str:
    """The agent's words for an image that cannot be had (T21).

    Args:
        reference: of the image.
        why: what the engine or the registry said.
    """
    return (
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
        f"failed to resolve ref {reference}: {why}"
    )

"""When an image's registry is asked, and what happens without one: a real engine, a real registry."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakes.podman import load_image
from tests.fakes.small_registry import SmallRegistry
from tinystacks.local.runtime.docker_images import JUST_PULLED_SECONDS, Images
from tinystacks.local.runtime.docker_pulls import REGISTRY_SECONDS, PullError, split_reference

AT_ONCE = 2.5
"""Seconds within which an engine that need not wait for anybody has answered."""


@pytest.fixture
def registry(container_engine, tmp_path):
    made = SmallRegistry(tmp_path / "registry", container_engine.architecture)
    yield made
    made.close()


@pytest.fixture
def start(container_engine):
    """Have an image as a task does that starts; later tasks come when what was just pulled counts no more."""
    images = Images(container_engine.client, just_pulled_seconds=0)

    def ready(reference, digest=""):
        with container_engine.client() as client:
            return images.ready(client, reference, digest)

    return ready


def give(engine, reference):
    """Give the engine another image under a reference, without any registry."""
    name, tag = split_reference(reference)
    with engine.client() as client:
        client.tag(load_image(engine, "given", programs=("busybox", "sh", "given")), name, tag)
        return client.inspect_image(reference)["Id"]


def id_of(engine, reference):
    with engine.client() as client:
        return client.inspect_image(reference)["Id"]


def test_t26_a_tag_that_moved_in_its_registry_is_taken_at_the_next_start(container_engine, registry, start):
    """README of the ECS agent, ECS_IMAGE_PULL_BEHAVIOR: default pulls each time a task starts."""
    web, first = registry.push("web", "moves")
    before = start(web)
    assert before.digest == first
    _, second = registry.push("web", "moves", ("busybox", "sh", "second"))
    after = start(web)
    assert (after.digest, after.reference) == (second, web)
    pinned = start(web, first)
    assert id_of(container_engine, pinned.reference) != id_of(container_engine, web), "the deployment's tasks keep it"


def test_t26_the_image_that_is_here_is_used_when_its_registry_has_it_not_or_is_gone(container_engine, registry, start):
    """README of the ECS agent, ECS_IMAGE_PULL_BEHAVIOR: if the pull fails, the cached image is used."""
    there, _ = registry.push("web", "there")
    never_pushed = there.replace("web:there", "web:never")
    given = give(container_engine, never_pushed)
    began = time.monotonic()
    assert start(never_pushed).reference == never_pushed
    assert time.monotonic() - began < AT_ONCE
    assert registry.asked["never"] > 0
    assert id_of(container_engine, never_pushed) == given
    before = start(there)
    registry.close()
    assert start(there) == before
    with pytest.raises(PullError, match=r"^CannotPullContainerError: .*web:missing"):
        start(there.replace("web:there", "web:missing"))


def test_t26_an_image_by_its_digest_needs_no_pull(registry, start):
    """README of the ECS agent, ECS_IMAGE_PULL_BEHAVIOR; a digest can mean nothing else."""
    web, digest = registry.push("web", "pinned")
    by_digest = f"{split_reference(web)[0]}@{digest}"
    assert start(by_digest).digest == digest
    assert start(web).digest == digest
    registry.asked.clear()
    assert start(by_digest).digest == digest
    assert start(web, digest).digest == digest
    assert not registry.asked


def test_t26_tasks_that_start_together_share_one_pull(container_engine, registry):
    """README of the ECS agent, ECS_IMAGE_PULL_BEHAVIOR; one pull for all is this project's own."""
    web, digest = registry.push("web", "shared")
    images = Images(container_engine.client)

    def ready(_):
        with container_engine.client() as client:
            return images.ready(client, web).digest

    ready(0)
    once = registry.asked["shared"]
    with ThreadPoolExecutor(8) as tasks:
        assert set(tasks.map(ready, range(8))) == {digest}
    assert registry.asked["shared"] == once
    _, moved = registry.push("web", "shared", ("busybox", "sh", "second"))
    time.sleep(JUST_PULLED_SECONDS)
    with ThreadPoolExecutor(8) as tasks:
        assert set(tasks.map(ready, range(8))) == {moved}
    assert registry.asked["shared"] <= 2 * once


def test_t26_a_registry_that_never_answers_holds_a_start_up_for_a_few_seconds_once(container_engine, start):
    """README of the ECS agent, ECS_IMAGE_PULL_BEHAVIOR; how long is waited is this project's own."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        web = f"127.0.0.1:{silent.getsockname()[1]}/web:1"
        given = give(container_engine, web)
        began = time.monotonic()
        start(web)
        first = time.monotonic() - began
        assert REGISTRY_SECONDS <= first < REGISTRY_SECONDS + AT_ONCE
        for _ in range(5):
            start(web)
        assert time.monotonic() - began < first + AT_ONCE, "who comes while it is still asked waits no more"
        assert id_of(container_engine, web) == given


@pytest.mark.parametrize("reference", ["localhost/web:mine", "web:mine", "example/web:mine"])
def test_t26_images_that_no_registry_has_start_at_once(container_engine, start, reference):
    """README of the ECS agent, ECS_IMAGE_PULL_BEHAVIOR: cached images, here those that were built on this machine."""
    own = reference if reference.startswith("localhost/") else f"localhost/{reference}"
    given = give(container_engine, own if container_engine.is_podman else reference)
    began = time.monotonic()
    assert start(reference).reference == reference
    assert time.monotonic() - began < AT_ONCE
    assert id_of(container_engine, reference) == given

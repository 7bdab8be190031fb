"""Whether ECR ever expires an image that a release names, with the policy that our program makes (trap J1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from programs.registry import UNTAGGED_DAYS
from tests.fakes.ecr_lifecycle import StoredImage, expired
from tests.programs.samples import sample

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def policy():
    return sample("a built service").one("aws:ecr/lifecyclePolicy:LifecyclePolicy").inputs["policy"]


def image(digest, *tags, days=0):
    return StoredImage(digest=digest, pushed_at=NOW - timedelta(days=days), tags=frozenset(tags))


hashes = st.integers(0, 10**6).map("{:016x}".format)
ages = st.integers(0, 4000)


@st.composite
def repositories(draw):
    """A repository as `up` fills it, and strangers with the right to push, and the digests that releases name.

    `up` pushes each image with the tag `src-HASH` and adds that of the commit (`4f2a`, `4f2a-dirty-HASH`). An image
    that was built elsewhere and given by tag may be an index, as buildx pushes it: one manifest for each CPU and one
    for each attestation, all without tags. What is pushed by digest has no tag, nor has what a person took the tag
    from; `up` tags it before it deploys it, so that no release names it without one.
    """
    images: list[StoredImage] = []
    released: set[str] = set()
    for number, source in enumerate(draw(st.lists(hashes, unique=True, max_size=12))):
        commit = draw(st.sampled_from([set(), {f"{number:040x}"}, {f"{number:040x}-dirty-{source[:8]}"}]))
        days = draw(ages)
        made = image(f"sha256:built-{source}", f"src-{source}", *commit, days=days)
        if draw(st.booleans()):
            children = [image(f"{made.digest}-{n}", days=days) for n in range(draw(st.integers(1, 4)))]
            made = replace(made, refers_to=frozenset(child.digest for child in children))
            images += children
            released.update(draw(st.sampled_from([(), tuple(made.refers_to)])))
        images.append(made)
        released.add(made.digest)
    images += [image(f"sha256:left-{one}", days=draw(ages)) for one in draw(st.lists(hashes, unique=True, max_size=5))]
    return draw(st.permutations(images)), released


@given(repositories())
def test_j1_no_image_that_a_release_names_is_ever_expired(repository):
    images, released = repository
    assert not expired(policy(), images, NOW) & released


@given(repositories())
def test_j1_what_nothing_names_any_more_goes(repository):
    images, _ = repository
    left = {one.digest for one in images if "left" in one.digest and (NOW - one.pushed_at).days > UNTAGGED_DAYS}
    assert left <= expired(policy(), images, NOW)


def test_j1_only_the_tag_holds_an_image_that_runs():
    """Tags of our repositories never move (`IMMUTABLE`), and no command takes one away; a person still can."""
    runs = image("sha256:runs", "src-1", days=UNTAGGED_DAYS + 1)
    assert expired(policy(), [runs], NOW) == set()
    assert expired(policy(), [replace(runs, tags=frozenset())], NOW) == {"sha256:runs"}

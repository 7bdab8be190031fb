"""Where the engine's state may be kept."""

from __future__ import annotations

import pytest

from tinystacks.errors import SpecError
from tinystacks.spec.loader import load_stack_text

FILE = "name: shop\nstate: {state}\nservices: {{web: {{image: nginx}}}}\n"


@pytest.mark.parametrize(
    "state",
    [
        "s3://states/team?region=eu-west-1",
        "gs://states",
        "azblob://states",
        "file:///srv/states",
        "https://api.pulumi.com",
    ],
)
def test_a_backend_of_the_engine_is_taken(state: str):
    assert load_stack_text(FILE.format(state=state)).stage().state == state


@pytest.mark.parametrize("state", ["nonsense://x", "states", "s3:states", "s3://"])
def test_what_the_engine_does_not_know_is_refused_with_what_it_knows(state: str):
    with pytest.raises(SpecError, match=r"state: must be `s3://bucket`.*`https://`"):
        load_stack_text(FILE.format(state=state)).stage()

"""The engine's state read from its file, and when only the engine can tell. That both say the same is tested with the
real engine, in tests/local."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tinystacks.deployment.engine_state import Place
from tinystacks.deployment.state_file import read_state_file

LATEST = {
    "manifest": {"version": "v3.259.0"},
    "resources": [{"urn": "u", "custom": True, "type": "aws:ecs/cluster:Cluster"}],
}


def place(folder: Path, url: str = "") -> Place:
    return Place(
        project="shop", stage="dev", folder=folder, home=folder, backend_url=url or f"{folder.as_uri()}?metadata=skip"
    )


def keep(folder: Path, text: str) -> None:
    path = folder / ".pulumi" / "stacks" / "shop" / "dev.json"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("more", [{"version": 3}, {"version": 4, "features": ["refreshBeforeUpdate"]}])
def test_a_known_form_is_given_as_the_engine_exports_it(tmp_path, more):
    folder = tmp_path / "a b"
    keep(folder, json.dumps({**more, "checkpoint": {"stack": "organization/shop/dev", "latest": LATEST}}))
    state = read_state_file(place(folder))
    assert state is not None
    assert state.export == {**more, "deployment": LATEST}
    assert (state.count, state.engine_version) == (1, "3.259.0")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"version": 4, "checkpo',
        json.dumps({"version": 5, "checkpoint": {"latest": LATEST}}),
        json.dumps({"version": 3, "checkpoint": {"stack": "organization/shop/dev", "latest": None}}),
        json.dumps({"version": 3, "checkpoint": "text"}),
    ],
    ids=["empty", "no-object", "torn", "later-version", "no-update-yet", "no-checkpoint"],
)
def test_any_other_form_is_left_to_the_engine(tmp_path, text):
    keep(tmp_path, text)
    assert read_state_file(place(tmp_path)) is None


def test_no_file_and_another_backend_are_left_to_the_engine(tmp_path):
    assert read_state_file(place(tmp_path)) is None
    assert read_state_file(place(tmp_path, "s3://bucket/states")) is None

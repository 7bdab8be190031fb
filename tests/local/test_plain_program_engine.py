"""`programs/__main__.py` as plain `pulumi` runs it, by the real engine.

In place of the language plug-in, which starts Python for plain `pulumi up`, an inline program has the file as its body.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation as auto
from pulumi.runtime import settings

from programs.settings import ProgramSettings
from programs.stage import program_for
from tests.fakes.local_stage import fetch
from tests.fakes.local_world import ACCOUNT_ID, LocalWorld
from tinystacks.local.environment import debug_providers
from tinystacks.local.process import LocalAws
from tinystacks.spec.loader import load_stack

# The SDKs warn about some of their own resources and functions when they are imported.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

MAIN = Path(__file__).parents[2] / "programs" / "__main__.py"
FILE = """\
name: shop
services:
  web: {image: 'public.ecr.aws/nginx/nginx:1.27', port: 8080, health_check: {path: /}}
stages:
  dev: {}
  night: {services: {web: {variables: {SHIFT: night}}, worker: {image: worker}}}
"""


@pytest.fixture(scope="module")
def world(engine_path, tmp_path_factory):
    local = LocalAws(home=tmp_path_factory.mktemp("local"))
    status = local.start(runtime="simulated", speed=60)
    yield LocalWorld(
        endpoint_url=status.endpoint_url,
        debug_providers=debug_providers(status.providers or {}),
        engine=engine_path,
        folder=tmp_path_factory.mktemp("world"),
    )
    local.stop()


def as_plain_pulumi_does(root: Path):
    """Give a program whose body is the file.

    Args:
        root: folder of `Pulumi.yaml`. The engine tells it to the language plug-in, which sets it before it runs the
            file; the Automation API's own server leaves it out.
    """

    def program() -> None:
        assert settings.get_root_directory() is None
        settings.SETTINGS.root_directory = str(root)  # pyright: ignore[reportAttributeAccessIssue] - as the SDK does
        runpy.run_path(str(MAIN), run_name="__main__")

    return program


def named(urns: list[str]) -> set[tuple[str, str]]:
    """Types, with those of the parents, and names; the stack itself and the engine's own providers left out."""
    found = {(parts[2], parts[3]) for parts in (urn.split("::") for urn in urns)}
    return {(type_, name) for type_, name in found if type_ != "pulumi:pulumi:Stack" and not name.startswith("default")}


def previewed(stack: auto.Stack) -> set[tuple[str, str]]:
    events: list[Any] = []
    stack.preview(color="never", on_event=events.append)
    return named([event.resource_pre_event.metadata.urn for event in events if event.resource_pre_event])


def test_the_file_makes_what_the_stage_program_makes(world, tmp_path):
    (tmp_path / "app").mkdir()
    file = tmp_path / "app" / "shop.yaml"
    file.write_text(FILE, encoding="utf-8")
    stage = load_stack(file).stage("night")
    given = ProgramSettings(region="us-east-1", account_id=ACCOUNT_ID)
    expected = previewed(world.stack("expected", program_for(stage, given)))
    assert any(name == "shop-worker-service" for _, name in expected), "the stage has its own service"

    plain = world.stack("night", as_plain_pulumi_does(tmp_path))
    plain.set_config("tinystacks:file", auto.ConfigValue("app/shop.yaml"))
    plain.set_config("aws:region", auto.ConfigValue("us-east-1"))
    counts = world.up(plain)
    assert named([one["urn"] for one in plain.export_stack().deployment["resources"]]) == expected
    assert counts == {"create": len(expected) + 1}, "and the stack itself"
    assert fetch(plain.outputs()["endpoint"].value)[0] == 200
    assert world.up(plain) == {"same": len(expected) + 1}
    plain.destroy(color="never")

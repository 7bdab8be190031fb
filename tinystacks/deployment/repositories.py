"""Image repositories of services that were never deployed: made before the first push, by the engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tinystacks.deployment.engine_update import update_resources
from tinystacks.deployment.events import Phase, PhaseStarted
from tinystacks.deployment.history import read_history
from tinystacks.deployment.image_supply import repository_of
from tinystacks.deployment.releases import releases_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tinystacks.deployment.context import Opened, StageContext
    from tinystacks.deployment.events import OnEvent


def make_repositories(context: StageContext, opened: Opened, services: Iterable[str], emit: OnEvent) -> list[str]:
    """Make the repositories that are missing, and nothing else; everything else of the stage stays as it is.

    They are the program's own resources, so that the update that follows finds them unchanged. This is no release: a
    stage that runs is gone through as it was released last, with the new repositories beside it.

    Args:
        context: the stage.
        opened: the stage; its state is read anew.
        services: that need one.
        emit: receives events.

    Returns:
        The services whose repositories were made.

    Raises:
        NoReleaseError: the last release cannot be read.
    """
    missing = sorted(name for name in services if repository_of(opened.state, context.stage.stack, name) is None)
    if not missing:
        return []
    emit(PhaseStarted(phase=Phase.IMAGES, message=f"making image repositories for {', '.join(missing)}"))
    record = context.remember(opened, ami_id=context.inputs.ami_id(opened.record))
    with context.explained("up"):
        program = _program(context, opened, missing)
        if opened.state is None:
            opened.session.create()
        opened.session.write_config(
            {"record": json.dumps({**record.to_mapping(), "results": {}})},
            salt=opened.state.salt if opened.state else "",
        )
        update_resources(context, opened, program, message="image repositories")
        opened.state = opened.session.state()
    if opened.state is not None:
        context.remember(opened, resources=opened.state.count, engine_version=opened.state.engine_version)
    return missing


def _program(context: StageContext, opened: Opened, missing: list[str]) -> Callable[[], None]:
    from programs.registry import repositories_program  # noqa: PLC0415 - not before it is known to be ours

    if opened.record is None or not opened.record.release:
        return repositories_program(context.stage, context.inputs.settings(opened.record))
    [last, *_] = releases_of(read_history(opened.session, {}), {})
    return context.of(last.stage(context.stage)).inputs.program(opened.record, extra_repositories=frozenset(missing))

"""Image repositories of services that were never deployed: made before the first push, by the engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tinystacks.deployment.events import Phase, PhaseStarted
from tinystacks.deployment.image_supply import repository_of
from tinystacks.deployment.masking import masked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tinystacks.deployment.context import Opened, StageContext
    from tinystacks.deployment.events import OnEvent


def make_repositories(context: StageContext, opened: Opened, services: Iterable[str], emit: OnEvent) -> None:
    """Make the repositories that are missing, and nothing else; everything else of the stage stays as it is.

    They are the program's own resources, so that the update that follows finds them unchanged. This is no release.

    Args:
        context: the stage.
        opened: the stage; its state is read anew.
        services: that need one.
        emit: receives events.
    """
    from programs.registry import repositories_program  # noqa: PLC0415 - not before it is known to be ours

    missing = sorted(name for name in services if repository_of(opened.state, context.stage.stack, name) is None)
    if not missing:
        return
    emit(PhaseStarted(phase=Phase.IMAGES, message=f"making image repositories for {', '.join(missing)}"))
    record = context.remember(opened, ami_id=context.ami_id(opened.record))
    exports: dict[str, Any] = masked(dict(opened.state.exports)) if opened.state else {}
    settings = context.program_settings(opened.record)
    program = repositories_program(context.stage, settings, missing, exports)
    with context.explained():
        if opened.state is None:
            opened.session.create()
        opened.session.write_config(
            {"record": json.dumps({**record.to_mapping(), "results": {}})},
            salt=opened.state.salt if opened.state else "",
        )
        targets = _targets(context) if opened.state is not None and opened.state.count else None
        context.run_engine(
            opened, lambda on_event: opened.session.up(program, on_event, message="image repositories", targets=targets)
        )
        opened.state = opened.session.state()
    if opened.state is not None:
        context.remember(opened, resources=opened.state.count, engine_version=opened.state.engine_version)


def _targets(context: StageContext) -> list[str]:
    """Name what may be touched where a stage exists: repositories, with what they stand in (engine's wildcards)."""
    return [
        f"urn:pulumi:{context.stage.stage}::{context.stage.stack}::tinystacks:aws:Registry**",
        f"urn:pulumi:{context.stage.stage}::{context.stage.stack}::pulumi:providers:aws::aws",
    ]

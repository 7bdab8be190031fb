"""The engine's update of a stage, gone on with where AWS failed in passing or its answer was lost (trap H2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.deployment.engine_errors import EngineFailure
from tinystacks.deployment.lost_answers import take_back
from tinystacks.deployment.retry import passes_by_itself, trying_again

if TYPE_CHECKING:
    from collections.abc import Callable

    from tinystacks.deployment.context import Opened, StageContext
    from tinystacks.deployment.engine_events import EventTranslator

_RETRY_WAIT = 10.0
"""Seconds before the one retry: what is eventually consistent in AWS is mostly consistent by then."""
_LOST_ANSWERS = 20
"""How often an update goes on after answers that were lost; more of them in one update is no accident."""


def update_resources(
    context: StageContext, opened: Opened, program: Callable[[], None], *, message: str
) -> EventTranslator:
    """Let the engine bring a stage's resources up to a program.

    Args:
        context: the stage.
        opened: the stage, open for a change.
        program: what the stage is to be.
        message: kept in the engine's history.

    Returns:
        What the engine did, in its last try.

    Raises:
        EngineFailure: it failed on something that does not pass by itself.
    """
    lost_answers = 0
    waited = False
    while True:
        try:
            return context.run_engine(opened, lambda on_event: opened.session.up(program, on_event, message=message))
        except EngineFailure as failure:
            if context.interrupt.requested.is_set():
                raise
            if lost_answers < _LOST_ANSWERS and take_back(context, opened, failure):
                lost_answers += 1
                continue
            if waited or not passes_by_itself(failure.text):
                raise
            waited = True
            opened.emit(trying_again(failure))
            context.pace.sleep(_RETRY_WAIT)

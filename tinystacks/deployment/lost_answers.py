"""What AWS made while its answer was lost on the way.

The SDK asks again. What has a name of its own is refused then, the engine takes that for a failure, and every later
try would fail alike; what has none, such as a VPC, is made a second time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tinystacks.deployment.events import Notice, Warned
from tinystacks.deployment.orphans import GUARDED, UNNAMED, is_empty, orphans_of
from tinystacks.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tinystacks.deployment.context import Opened, StageContext
    from tinystacks.deployment.engine_errors import EngineFailure
    from tinystacks.deployment.leftovers import Leftover

_THERE_ALREADY = re.compile(r"\w*AlreadyExists\w*|InvalidPermission\.Duplicate|Duplicate\w+Name")
"""Such as `ResourceAlreadyExistsException` (CloudWatch Logs), `EntityAlreadyExists` (IAM),
`InvalidPermission.Duplicate` (Amazon EC2), `DuplicateTargetGroupName` (Elastic Load Balancing); API references."""


def take_back(context: StageContext, opened: Opened, failure: EngineFailure) -> bool:
    """Remove what an update has made without knowing, so that the engine can make it again.

    Removed is only what bears the stage's tags and is in no state, and that either an error names as there already, or
    that is of a type that failed and that AWS itself keeps while anything uses it; of log groups and repositories
    those alone that nothing was ever put into.

    Args:
        context: the stage.
        opened: the stage, open for a change.
        failure: of the engine's update.

    Returns:
        Whether there was any.

    Raises:
        AwsError: AWS does not let it be found.
    """
    refusals = [text for _words, text in failure.problems if _THERE_ALREADY.search(text)]
    guarded = GUARDED & failure.failed_types
    state = opened.session.state() if refusals or guarded else None
    if state is None:
        return False
    lost = [
        item
        for item in orphans_of(state, context.found(state))
        if item.resource_type in guarded or _is_named(item, refusals)
    ]
    return _removed(context, opened, lost, "it was removed to be made anew")


def tell_twins(context: StageContext, opened: Opened) -> None:
    """Look for what was made twice; only what has no name of its own can be.

    On the local AWS it is removed; elsewhere a person is told what to do.

    Args:
        context: the stage.
        opened: the stage after a change, with its present state.
    """
    if opened.state is None:
        return
    twins = [
        item for item in orphans_of(opened.state, context.sweep().find(only={"ec2"})) if item.resource_type in UNNAMED
    ]
    if context.target.name == "local":
        _removed(context, opened, twins, "what was made twice was removed")
    elif twins:
        opened.emit(
            Warned(
                message="AWS made these twice, since its first answer was lost: "
                f"{', '.join(f'{item.type} {item.id}' for item in twins)}.",
                hint="`tstack repair` lists them again, `tstack repair --remove` deletes them.",
            )
        )


def _is_named(item: Leftover, refusals: Sequence[str]) -> bool:
    return any(f"({name})" in text for text in refusals for name in (item.id, item.alias) if name)


def _removed(context: StageContext, opened: Opened, lost: Iterable[Leftover], so: str) -> bool:
    """Remove what may go, say so, and give whether any went; what AWS does not let go is in use, and stays."""
    gone = False
    for item in lost:
        try:
            if not is_empty(context.target.client, item):
                continue
            context.remove_orphan(item)
        except AwsError:
            continue
        gone = True
        opened.emit(Notice(message=f"AWS had made {item.type} {item.id}, but its answer was lost; {so}."))
    return gone

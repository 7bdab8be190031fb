"""What AWS made while its answer was lost on the way.

The SDK asks again and is told that the thing is there already; the engine takes that for a failure and does not know
the thing. With a name of its own, such as a log group has, every later try would fail alike.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tinystacks.aws_calls import aws_errors
from tinystacks.deployment.events import Notice
from tinystacks.deployment.recovery import known_ids
from tinystacks.naming import TAG_STACK, TAG_STAGE

if TYPE_CHECKING:
    from tinystacks.deployment.context import Opened, StageContext
    from tinystacks.deployment.engine_errors import EngineFailure
    from tinystacks.deployment.leftovers import Leftover

_THERE_ALREADY = re.compile(r"\w*AlreadyExists\w*")
"""Such as `ResourceAlreadyExistsException` (CloudWatch Logs) and `EntityAlreadyExists` (IAM API references, errors)."""
_LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


def take_back(context: StageContext, opened: Opened, failure: EngineFailure) -> bool:
    """Remove what an update has made without knowing, so that the engine can make it again.

    Removed is only what bears the stage's tags, is in no state, and is named by an error that says that it is there
    already; of log groups those alone that nothing was ever written to.

    Args:
        context: the stage.
        opened: the stage, open for a change.
        failure: of the engine's update.

    Returns:
        Whether there was any.

    Raises:
        AwsError: AWS does not let it be found or removed.
    """
    refusals = [text for _words, text in failure.problems if _THERE_ALREADY.search(text)]
    state = opened.session.state() if refusals else None
    if state is None:
        return False
    known = known_ids(state)
    lost = [
        item
        for item in context.found(state)
        if not known & {item.id, item.arn}
        and any(f"({item.id})" in text for text in refusals)
        and _is_unused(context, item)
    ]
    for item in lost:
        context.remove_orphan(item)
        opened.emit(
            Notice(
                message=f"AWS had made {item.type} {item.id}, but its answer was lost; it was removed to be made anew."
            )
        )
    return bool(lost)


def _is_unused(context: StageContext, item: Leftover) -> bool:
    """Whether a thing may go: a log group is found by its name, which somebody else may have given it."""
    if item.resource_type != _LOG_GROUP:
        return True
    logs = context.target.client("logs")
    with aws_errors("logs", f"log group {item.id}"):
        tags = logs.list_tags_for_resource(resourceArn=item.arn.removesuffix(":*"))["tags"]
        if (tags.get(TAG_STACK), tags.get(TAG_STAGE)) != (context.stage.stack, context.stage.stage):
            return False
        return not logs.describe_log_streams(logGroupName=item.id, limit=1)["logStreams"]

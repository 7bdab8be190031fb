"""How releases ended, kept in AWS where the state is shared: the folder of the command that saw it is elsewhere.

A log group of the stage holds one stream per release, with one event of JSON each time that something is known.
Source: Amazon CloudWatch Logs API, PutLogEvents, FilterLogEvents.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors, read_all
from tinystacks.naming import RELEASES_LOGS, log_group_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MOST_BYTES = 250_000
"""Of one event; CloudWatch Logs takes 256 KB everywhere (service quotas, "Event size")."""


class ReleaseJournal:
    """Writes and reads how the releases of one stage ended.

    Args:
        client: gives a boto3 client by service name.
        stack: name of the stack.
        stage: name of the stage.
    """

    def __init__(self, client: Callable[[str], Any], *, stack: str, stage: str) -> None:
        self._client = client
        self._group = log_group_name(stack, stage, RELEASES_LOGS)

    def write(self, number: int, verdict: Mapping[str, Any]) -> None:
        """Keep how a release ended.

        Args:
            number: of the release.
            verdict: `result`, `verdicts` and `changes`; no verdicts where the whole is too large.

        Raises:
            AwsError: AWS refuses.
        """
        text = json.dumps({"release": number, **verdict})
        if len(text.encode()) > _MOST_BYTES:
            kept = {key: verdict[key] for key in ("result", "changes") if key in verdict}
            text = json.dumps({"release": number, **kept})
        with aws_errors("logs", "keeping how the release ended"):
            logs = self._client("logs")
            stream = str(number)
            with suppress(logs.exceptions.ResourceAlreadyExistsException):
                logs.create_log_stream(logGroupName=self._group, logStreamName=stream)
            logs.put_log_events(
                logGroupName=self._group,
                logStreamName=stream,
                logEvents=[{"timestamp": int(time.time() * 1000), "message": text}],
            )

    def read(self) -> dict[int, dict[str, Any]]:
        """Give how releases ended, by number; what is no verdict counts as none.

        Raises:
            AwsError: AWS refuses, or has no such group.
        """
        found: dict[int, dict[str, Any]] = {}
        with aws_errors("logs", "reading how releases ended"):
            events = read_all(self._client("logs"), "filter_log_events", "events", logGroupName=self._group)
        for event in sorted(events, key=lambda one: one["timestamp"]):
            try:
                told = json.loads(event["message"])
                number = int(told["release"])
                found[number] = {**found.get(number, {}), **told}
            except (ValueError, KeyError, TypeError):
                continue
        return found

"""Lines of all tasks in order of time, once or as they come.

Source: CloudWatch Logs API reference, FilterLogEvents: events come by time, a page may be empty while more follow, and
`eventId` is unique. The awslogs driver sends in batches, so that a line may arrive after younger ones of other tasks.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tinystacks.aws_calls import aws_errors
from tinystacks.errors import AwsError
from tinystacks.operations.log_model import LogLine, LogPlace

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from tinystacks.kept_clients import KeptClients

LATE = timedelta(minutes=2)
"""How much older than the newest line a line may be when it arrives and still be shown while following."""
POLL_SECONDS = 1.0
"""FilterLogEvents allows 25 calls a second per account and region (CloudWatch Logs quotas)."""
_FORMS_OF_A_STREAM = 3


class LogCursor:
    """Reads one log group on and on; no line is lost or given twice, whatever fails between.

    Args:
        clients: boto3 clients.
        place: what to read.
        since: nothing older.
        stream_prefix: how names of streams begin; the place's own prefix when empty.
        pattern: CloudWatch's filter pattern; empty for everything.
        until: nothing younger.
    """

    def __init__(
        self,
        clients: KeptClients,
        place: LogPlace,
        *,
        since: datetime,
        stream_prefix: str = "",
        pattern: str = "",
        until: datetime | None = None,
    ) -> None:
        self._clients = clients
        self._place = place
        self._start = since
        self._prefix = stream_prefix or (f"{place.prefix}/" if place.prefix else "")
        self._pattern = pattern
        self._until = until
        self._seen: dict[str, datetime] = {}

    @property
    def remembered(self) -> int:
        """Number of lines that are remembered so as not to be given twice."""
        return len(self._seen)

    def read(self) -> list[LogLine]:
        """Give the lines that were not given yet.

        Raises:
            AwsError: the group is not there, or AWS refused; the next read gives what this one would have.
        """
        found: dict[str, tuple[datetime, LogLine]] = {}
        for event in self._events():
            line = _line(event, self._place)
            found[event.get("eventId", f"{line.at}{line.task}{line.message}")] = (line.at, line)
        fresh = [line for key, (_, line) in found.items() if key not in self._seen]
        self._seen.update({key: at for key, (at, _) in found.items()})
        if self._seen:
            newest = min(max(self._seen.values()), datetime.now(UTC))
            self._start = max(self._start, newest - LATE)
            self._seen = {key: at for key, at in self._seen.items() if at >= self._start}
        return sorted(fresh, key=lambda line: line.at)

    def _events(self) -> Iterator[Any]:
        arguments: dict[str, Any] = {"logGroupName": self._place.group, "startTime": _milliseconds(self._start)}
        if self._prefix:
            arguments["logStreamNamePrefix"] = self._prefix
        if self._pattern:
            arguments["filterPattern"] = self._pattern
        if self._until is not None:
            arguments["endTime"] = _milliseconds(self._until)
        with _log_errors(self._place):
            logs = self._clients("logs")
            while True:
                page = logs.filter_log_events(**arguments)
                for event in page.get("events", []):
                    if str(event.get("logStreamName", "")).startswith(self._prefix):
                        yield event
                token = page.get("nextToken")
                if not token or token == arguments.get("nextToken"):
                    return
                arguments["nextToken"] = token


class LogFollower:
    """Several cursors read in turn, their lines merged; survives throttling and a lost network.

    Args:
        cursors: one per log group.
        wait: waits some seconds; false when the follower shall end.
        on_trouble: hears once that AWS cannot be reached, and once (with nothing) that it can again.
    """

    def __init__(
        self,
        cursors: Sequence[LogCursor],
        *,
        wait: Callable[[float], bool],
        on_trouble: Callable[[AwsError | None], None],
    ) -> None:
        self._cursors = cursors
        self._wait = wait
        self._on_trouble = on_trouble

    def batches(self) -> Iterator[list[LogLine]]:
        """Give new lines as they come, each batch in order of time, until the waiting ends.

        Raises:
            AwsError: at the first look, when nothing can be read at all.
        """
        first = True
        troubled = False
        while True:
            fresh: list[LogLine] = []
            trouble: AwsError | None = None
            for cursor in self._cursors:
                try:
                    fresh += cursor.read()
                except AwsError as error:
                    if first:
                        raise
                    trouble = error
            if bool(trouble) != troubled:
                troubled = bool(trouble)
                self._on_trouble(trouble)
            first = False
            if fresh:
                yield sorted(fresh, key=lambda line: line.at)
            if not self._wait(POLL_SECONDS):
                return


def _line(event: Any, place: LogPlace) -> LogLine:
    parts = str(event.get("logStreamName", "")).split("/")
    named = len(parts) >= _FORMS_OF_A_STREAM
    return LogLine(
        at=datetime.fromtimestamp(event.get("timestamp", 0) / 1000, UTC),
        service=place.service,
        task=parts[-1] if named else "",
        container=parts[-2] if named else parts[-1],
        message=str(event.get("message", "")).rstrip("\r\n"),
    )


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


@contextmanager
def _log_errors(place: LogPlace) -> Generator[None]:
    """Say what to do when a log group is not there."""
    try:
        with aws_errors("logs", f"logs of service {place.service}"):
            yield
    except AwsError as refused:
        if refused.code != "ResourceNotFoundException":
            raise
        raise missing_group(place) from refused


def missing_group(place: LogPlace) -> AwsError:
    """Say that a log group is not there and how to get it."""
    return AwsError(
        f"logs of service {place.service}: log group {place.group} does not exist",
        service="logs",
        operation="FilterLogEvents",
        code="ResourceNotFoundException",
        hint="`tstack up --refresh` makes that of a stage again; `tstack drift` shows what else is gone.",
    )

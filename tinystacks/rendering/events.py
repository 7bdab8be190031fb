"""What happened, one line each, oldest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from tinystacks.operations.timeline import Timeline

_STYLES = {"release": "bold green", "service": "cyan", "scaling": "magenta", "instances": "blue", "task": "yellow"}
_KIND_WIDTH = max(len(kind) for kind in _STYLES)


def show_timeline(console: Console, timeline: Timeline) -> None:
    """Write what happened."""
    if not timeline.happenings:
        console.print("Nothing happened in that time.")
    long = datetime.now(UTC) - timeline.since > timedelta(hours=12)
    width = max((len(one.subject) for one in timeline.happenings), default=0)
    for one in timeline.happenings:
        moment = f"{one.at.astimezone():%m-%d %H:%M:%S}" if long else f"{one.at.astimezone():%H:%M:%S}"
        line = Text(f"{moment}  ", style="dim")
        line.append(f"{one.kind:<{_KIND_WIDTH}}  ", style=_STYLES[one.kind])
        line.append(f"{one.subject or '-':<{width}}  ", style="none")
        line.append(one.message, style="red" if one.bad else "none")
        console.print(line, soft_wrap=True)
    for words in timeline.not_read:
        console.print(Text(f"not read: {words}", style="yellow"))


def timeline_document(stage: str, timeline: Timeline) -> dict[str, Any]:
    """Give what `tstack events --json` prints."""
    return {
        "stage": stage,
        "since": timeline.since.isoformat(),
        "events": [
            {"at": one.at, "kind": one.kind, "subject": one.subject, "message": one.message, "bad": one.bad}
            for one in timeline.happenings
        ],
        "not_read": list(timeline.not_read),
    }

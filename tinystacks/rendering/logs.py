"""Lines of containers, each with a prefix that tells whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

from rich.text import Text

from tinystacks.rendering.next_commands import Verbatim

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from tinystacks.operations.log_model import LogLine
    from tinystacks.operations.log_selection import LogRequest

_COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "bright_cyan", "bright_green", "bright_magenta")
_SHORT_ID = 8


def show_lines(console: Console, lines: Iterable[LogLine]) -> None:
    """Write lines; a task keeps its colour over commands, and where there is no colour the prefix tells as much."""
    for line in lines:
        text = Text.assemble((prefix(line), _COLOURS[crc32(line.task.encode()) % len(_COLOURS)]), " ")
        # What a container wrote may colour its line, but not move the cursor or change the terminal.
        text.append_text(Text.from_ansi(line.message))
        console.print(Verbatim(text), soft_wrap=True)


def no_lines_words(request: LogRequest) -> str:
    """Say that there are no lines, and what shows more; one task is shown from its beginning on."""
    if not (request.previous or request.task):
        return "No lines in that time; --since 1h looks further back."
    stopped = f"The task{f' of {request.service}' if request.service else ''} that stopped last"
    task = stopped if request.previous else f"Task {request.task}"
    taken = " that the filter takes" if request.pattern else ""
    time = " in that time; without --since all its lines are shown" if request.since else ""
    return f"{task} wrote nothing{taken}{time}."


def prefix(line: LogLine) -> str:
    """Give `SERVICE/TASK`, and `SERVICE/CONTAINER/TASK` for a container that has another name than the service."""
    parts = [line.service, *([line.container] if line.container != line.service else []), line.task[:_SHORT_ID]]
    return "/".join(part for part in parts if part)


def line_document(line: LogLine) -> dict[str, Any]:
    """Give a line as data."""
    return {
        "at": line.at.isoformat(),
        "service": line.service,
        "task": line.task,
        "container": line.container,
        "message": line.message,
    }


def lines_document(stage: str, lines: Iterable[LogLine]) -> dict[str, Any]:
    """Give what `tstack logs --json` prints."""
    return {"stage": stage, "lines": [line_document(line) for line in lines]}

"""What differs in a resource, field by field, with the value before and after."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.text import Text

from tinystacks.deployment.file_words import difference_field

if TYPE_CHECKING:
    from rich.console import Console

    from tinystacks.deployment.changes import PlannedChange
    from tinystacks.deployment.wording import Wording

_LONGEST = 60
"""Characters of a value that are shown; `--json` has all of it."""


def show_differences(console: Console, change: PlannedChange, wording: Wording) -> None:
    """Write one line for each field that differs: name, value before, value after."""
    service = wording.service_of(change.name)
    lines = dict.fromkeys(
        (difference_field(change.type, one.property, service), in_short(one.before), in_short(one.after))
        for one in change.differences
    )
    if not lines:
        console.print("      something that the provider does not name", style="dim")
    width = max((len(field) for field, _, _ in lines), default=0)
    for field, before, after in lines:
        line = Text(f"      {field:<{width}}  ").append(before, style="red").append(" → ").append(after, style="green")
        console.print(line, soft_wrap=True)


def in_short(value: Any) -> str:
    """Give a value on one line: text as it is, anything else as JSON, cut where it is long."""
    if value is None:
        return "(nothing)"
    text = value if isinstance(value, str) and value else json.dumps(_whole_numbers(value), ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _whole_numbers(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value

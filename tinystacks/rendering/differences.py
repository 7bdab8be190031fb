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
"""Characters of a value that are shown of what is the same before and after; `--json` has all of it."""
_AROUND = 40
"""Characters before and after what differs that are shown to find it by."""


def show_differences(console: Console, change: PlannedChange, wording: Wording) -> None:
    """Write one line for each field that differs: name, value before, value after."""
    service = wording.service_of(change.name)
    lines = dict.fromkeys(
        (difference_field(change.type, one.property, service), *in_short(one.before, one.after))
        for one in change.differences
    )
    if not lines:
        console.print("      something that the provider does not name", style="dim")
    width = max((len(field) for field, _, _ in lines), default=0)
    for field, before, after in lines:
        line = Text(f"      {field:<{width}}  ").append(before, style="red").append(" → ").append(after, style="green")
        console.print(line, soft_wrap=True)


def in_short(before: Any, after: Any) -> tuple[str, str]:
    """Give two values on one line each; where they are long, what they share is cut and what differs stays whole."""
    texts = _text(before), _text(after)
    if max(map(len, texts)) <= _LONGEST:
        return texts
    alike = _alike(*texts)
    start = max(alike - _AROUND, 0)
    end = max(_alike(*(text[alike:][::-1] for text in texts)) - _AROUND, 0)
    first, second = (_cut(text, start, len(text) - end) for text in texts)
    return first, second


def _alike(first: str, second: str) -> int:
    """Give how many characters two texts begin with alike."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(first), len(second)))


def _cut(text: str, start: int, end: int) -> str:
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def _text(value: Any) -> str:
    """Give a value on one line: text as it is, anything else as JSON."""
    if value is None:
        return "(nothing)"
    text = value if isinstance(value, str) and value else json.dumps(_whole_numbers(value), ensure_ascii=False)
    return " ".join(text.split())


def _whole_numbers(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value

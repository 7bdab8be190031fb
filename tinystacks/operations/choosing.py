"""Finding what a person named: a service of the file, a task by the beginning of its id."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from tinystacks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tinystacks.operations.model import TaskStatus

_LISTED = 5
_SHORT_ID = 12


def unknown(kind: str, name: str, known: Iterable[str], *, place: str) -> UsageError:
    """Make the error for a name that does not exist.

    Args:
        kind: such as `service`.
        name: what was asked for.
        known: names that exist.
        place: where they were looked for.
    """
    names = sorted(known)
    near = get_close_matches(name, names, 1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}" if names else "There are none."
    return UsageError(f"{place} has no {kind} {name}", hint=hint)


def find_task(wanted: str, tasks: Sequence[TaskStatus]) -> TaskStatus:
    """Find a task by its ARN, its id, or the beginning of its id.

    Args:
        wanted: what the person gave.
        tasks: running and stopped ones.

    Raises:
        UsageError: there is none, or there are several.
    """
    short = wanted.rsplit("/", 1)[-1]
    found = [task for task in tasks if task.id.startswith(short)] if short else []
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{len(found)} tasks have an id that begins with {short}",
            hint=f"Give more of it: {', '.join(task.id for task in found[:_LISTED])}",
        )
    newest = [f"{task.id[:_SHORT_ID]} ({task.service or 'of no service'})" for task in tasks[:_LISTED]]
    raise UsageError(
        f"no task {wanted} runs or has stopped in the last hour, which is how long ECS remembers",
        hint=f"There are: {', '.join(newest)}"
        if newest
        else "There are no tasks; `tstack events` tells what happened.",
    )

"""Going on after a command that died midway (traps A3, A5, A6)."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tinystacks.deployment.engine_errors import EngineFailure, EngineLock, engine_locks, explain
from tinystacks.deployment.engine_state import State
from tinystacks.deployment.events import Notice, Warned
from tinystacks.deployment.lock import Holder, locked_error, process_lives
from tinystacks.deployment.orphans import begun_orphans, found_in_time, remove_orphans
from tinystacks.errors import InterruptedUpdateError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tinystacks.deployment.automation import EngineSession
    from tinystacks.deployment.events import OnEvent
    from tinystacks.deployment.leftovers import Leftover
    from tinystacks.deployment.pace import Pace
    from tinystacks.deployment.wording import Wording

_ENGINE_PATIENCE = 180.0
"""Seconds that an engine without its command gets to end what it has begun."""
_LOOK = 0.2


def settle_earlier_run(previous: Holder | None, emit: OnEvent, pace: Pace) -> None:
    """Say that an earlier command died, and wait for its engine where that still runs.

    Args:
        previous: the holder that the lock still names.
        emit: receives events.
        pace: time.

    Raises:
        LockedError: its engine does not come to an end.
    """
    if previous is None:
        return
    emit(
        Warned(
            message=f"An earlier command did not come to its end: {previous.words}.",
            hint="What it left is found and taken along; nothing needs to be done for that.",
        )
    )
    if previous.host != socket.gethostname() or not _is_engine(previous.engine_pid):
        return
    emit(Notice(message=f"Its engine (process {previous.engine_pid}) still runs; it was asked to end what it began."))
    os.kill(previous.engine_pid, signal.SIGINT)
    until = pace.clock() + _ENGINE_PATIENCE
    while process_lives(previous.engine_pid):
        if pace.clock() > until:
            raise locked_error(previous)
        pace.sleep(_LOOK)


def run_past_stale_lock(
    session: EngineSession, work: Callable[[], None], emit: OnEvent, *, only: int | None = None
) -> None:
    """Do an engine operation; an engine lock whose holder is gone from this host is removed once.

    Removing the lock stops nobody (trap A6), so it is done only when every holder it names is a process of this host
    that does not live. Our own lock of the stage is held meanwhile.

    Args:
        session: the engine.
        work: the operation.
        emit: receives events.
        only: the one engine process whose lock may be removed, where other machines share the state: another of them
            may have this one's host name.

    Raises:
        LockedError: a holder lives, or is on another host.
        EngineFailure: anything else that failed.
    """
    try:
        work()
    except EngineFailure as failure:
        if not failure.locked:
            raise
        holders = engine_locks(failure.stderr)
        if not holders or not all(is_gone(holder) and only in {None, holder.pid} for holder in holders):
            raise explain(failure, stage=session.place.stage) from failure
        gone = ", ".join(f"process {holder.pid} since {holder.since}" for holder in holders)
        emit(Notice(message=f"The engine's lock was left by a command that is gone ({gone}); it was removed."))
        session.drop_engine_lock()
        work()


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingOperation:
    """Something that an earlier engine began and nobody saw the end of.

    Attributes:
        kind: `creating`, `updating`, `deleting`, `reading` or `importing`.
        type: the engine's type token.
        urn: the engine's identity.
        words: the resource in words of the file.
    """

    kind: str
    type: str
    urn: str
    words: str


def pending_operations(state: State | None, wording: Wording) -> list[PendingOperation]:
    """List what a state says is unfinished."""
    if state is None:
        return []
    return [
        PendingOperation(
            kind=str(item.get("type", "")),
            type=str(item["resource"]["type"]),
            urn=str(item["resource"]["urn"]),
            words=wording.words(str(item["resource"]["urn"])),
        )
        for item in state.pending
    ]


def repair(
    session: EngineSession,
    state: State,
    *,
    wording: Wording,
    find: Callable[[], Sequence[Leftover]],
    remove: Callable[[Leftover], None] | None,
    emit: OnEvent,
    pace: Pace,
    only: int | None = None,
) -> State:
    """Make a state with unfinished operations whole.

    Unfinished updates and deletions are simply done again by the next change. An unfinished creation may have made a
    resource that the state does not know: resources of the stage by tag, of that type, that the state does not name.

    Args:
        session: the engine.
        state: as it is.
        wording: of the file.
        find: lists what may have been made: all that bears the stage's tags, and parts of such things.
        remove: deletes one such resource; none where a person must decide.
        emit: receives events.
        pace: time.
        only: as in `run_past_stale_lock`.

    Returns:
        The state without unfinished operations.

    Raises:
        InterruptedUpdateError: such resources exist and nothing here may remove them.
    """
    pending = pending_operations(state, wording)
    if not pending:
        return state
    emit(Notice(message=f"Unfinished from an earlier command: {', '.join(f'{op.kind} {op.words}' for op in pending)}."))
    orphans: Sequence[Leftover] = ()
    if any(op.kind == "creating" for op in pending):
        orphans = begun_orphans(state, found_in_time(state, find, pace))
        if orphans and remove is None:
            listed = "\n".join(f"  {item.type}: {item.arn or item.id}" for item in orphans)
            raise InterruptedUpdateError(
                f"An earlier command ended while it made resources. These exist, but are not in the state:\n{listed}",
                hint="Run `tstack repair`: it removes them after you agree. Then repeat this command.",
            )
    if remove is not None:
        remove_orphans(orphans, remove, emit)
    return forget_pending(session, state, emit, only=only)


def forget_pending(session: EngineSession, state: State, emit: OnEvent, *, only: int | None = None) -> State:
    """Take the unfinished operations out of a state, and give it.

    Args:
        session: the engine.
        state: as it is.
        emit: receives events.
        only: as in `run_past_stale_lock`.
    """
    deployment = dict(state.export["deployment"])
    deployment.pop("pending_operations", None)
    whole = State(export={**state.export, "deployment": deployment})
    run_past_stale_lock(session, lambda: session.replace_state(whole), emit, only=only)
    return whole


def is_gone(holder: EngineLock) -> bool:
    """Whether the process that an engine lock names is of this host and no longer lives."""
    return holder.host == socket.gethostname() and not _is_engine(holder.pid)


def _is_engine(pid: int) -> bool:
    """Whether a living process is an engine; another program may have got the number since."""
    if pid <= 0 or not process_lives(pid):
        return False
    command = Path(f"/proc/{pid}/cmdline")
    try:
        return b"pulumi" in command.read_bytes()
    except OSError:
        return True  # no /proc here (macOS): the cautious answer

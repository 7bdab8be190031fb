"""`repair` and `unlock`: what a person asks for after a command died (traps A3, A5, A6)."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

from tinystacks.deployment.engine_errors import EngineFailure, EngineLock, engine_locks
from tinystacks.deployment.events import ignore
from tinystacks.deployment.leftovers import REPOSITORY, Leftover
from tinystacks.deployment.lock import is_held, locked_error, read_holder
from tinystacks.deployment.opening import open_stage
from tinystacks.deployment.orphan_removal import removal_order
from tinystacks.deployment.orphans import begun_orphans, found_in_time, is_empty, orphans_of, remove_orphans
from tinystacks.deployment.reading import outputs_of
from tinystacks.deployment.recovery import forget_pending, is_gone, pending_operations
from tinystacks.deployment.results import Kept, RepairResult
from tinystacks.errors import AwsError, LockedError

if TYPE_CHECKING:
    from collections.abc import Collection

    from tinystacks.deployment.context import Opened, StageContext
    from tinystacks.deployment.events import OnEvent

_LOST = "it bears the stage's tags; AWS made it while its answer was lost"


def repair_stage(
    context: StageContext, *, remove: bool, emit: OnEvent, only: Collection[Kept] | None = None
) -> RepairResult:
    """List what is unfinished, and with `remove` make it whole.

    Args:
        context: the stage.
        remove: whether resources that no state knows are deleted and the state made whole.
        emit: receives events.
        only: the only resources that may be deleted, as they were listed before; all by default.

    Raises:
        AwsError: AWS tells nothing, or too little to forget operations that nobody saw the end of.
    """
    with open_stage(context, "repair", emit, mend=False) as opened:
        state = opened.state
        if state is None:
            return RepairResult(stack=context.stage.stack, stage=context.stage.stage)
        unfinished = pending_operations(state, context.wording)
        not_read: list[str] = []
        found = found_in_time(state, lambda: context.found(state, not_read), context.pace)
        if not_read and (not found or (remove and unfinished)):
            raise AwsError(
                f"What there is of the stage could not be looked at, so nothing was changed: {not_read[0]}",
                hint="Repeat the command when AWS answers; where it refuses, the right to read is missing.",
            )
        begun = begun_orphans(state, found)
        lost = [item for item in orphans_of(state, found) if item not in begun and _may_go(context, item)]
        orphans = sorted([*begun, *lost], key=removal_order)
        agreed = None if only is None else {(item.type, item.id) for item in only}
        doomed = [item for item in orphans if agreed is None or (item.type, item.id) in agreed]
        if remove:
            remove_orphans(doomed, context.remove_orphan, emit)
            if unfinished:
                with context.explained("repair"):
                    forget_pending(opened.session, state, emit, only=opened.lock_left_by)
        return RepairResult(
            stack=context.stage.stack,
            stage=context.stage.stage,
            unfinished=tuple(f"{operation.kind} {operation.words}" for operation in unfinished),
            orphans=(
                *(Kept(type=item.type, id=item.id, reason="made by a command that died") for item in begun),
                *(Kept(type=item.type, id=item.id, reason=_LOST) for item in lost),
            ),
            removed=tuple(f"{item.type} {item.id}" for item in doomed) if remove else (),
            not_read=tuple(not_read),
            whole=None if not state.count else outputs_of(state) is not None and not _is_cleared(opened),
        )


def _is_cleared(opened: Opened) -> bool:
    return opened.record is not None and opened.record.cleared


def _may_go(context: StageContext, item: Leftover) -> bool:
    """Whether a resource is listed: `destroy` keeps repositories that hold images."""
    return item.resource_type != REPOSITORY or is_empty(context.target.client, item)


def unlock(context: StageContext) -> tuple[str, ...]:
    """Remove the engine's lock when its holder is gone, or lives on another host and a person says so.

    Raises:
        LockedError: the holder lives on this host.
    """
    folder = context.folder
    if is_held(folder.lock_path):
        raise locked_error(read_holder(folder.lock_path))
    context.check_target(ignore)
    locked, holders = _shared_locks(context) if context.shared else _lock_files(context)
    for holder in holders:
        if holder.host == socket.gethostname() and not is_gone(holder):
            raise LockedError(
                f"The stage is being changed by process {holder.pid} of {holder.user} since {holder.since}.",
                hint="That process lives: wait for it to end, or end it first.",
            )
    if locked:
        with context.explained("unlock"):
            context.session(context.engine(ignore)).drop_engine_lock()
    return tuple(f"{holder.user} on {holder.host}, process {holder.pid}, since {holder.since}" for holder in holders)


def _shared_locks(context: StageContext) -> tuple[bool, list[EngineLock]]:
    """Say whether the state is locked where it is shared, and who holds it as far as the engine tells."""
    with context.explained("unlock"):
        try:
            context.session(context.engine(ignore)).try_lock()
        except EngineFailure as failure:
            if failure.no_stack:
                return False, []
            if not failure.locked:
                raise
            return True, engine_locks(failure.stderr)
    return False, []


def _lock_files(context: StageContext) -> tuple[bool, list[EngineLock]]:
    """Read the locks of the file backend."""
    holders: list[EngineLock] = []
    for path in sorted((context.folder.path / "state" / ".pulumi" / "locks").rglob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        holders.append(
            EngineLock(
                user=str(data.get("username", "")),
                host=str(data.get("hostname", "")),
                pid=int(data.get("pid", 0)),
                since=str(data.get("timestamp", "")),
            )
        )
    return bool(holders), holders

"""What is known of a stage, read without changing anything."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tinystacks.deployment.changes import Changes
from tinystacks.deployment.events import ignore
from tinystacks.deployment.history import read_history
from tinystacks.deployment.lock import is_held, read_holder
from tinystacks.deployment.reading import outputs_of
from tinystacks.deployment.record_checks import is_of_another_life
from tinystacks.deployment.releases import releases_of
from tinystacks.deployment.wording import typed_stage
from tinystacks.errors import AwsError, NotDeployedError, UsageError
from tinystacks.outputs import StageOutputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.deployment.context import StageContext
    from tinystacks.deployment.releases import Release
    from tinystacks.deployment.results import HistoryEntry
    from tinystacks.deployment.work_folder import StageRecord


class KnownStage:
    """Outputs, history and releases of a stage.

    Args:
        context: the stage.
    """

    def __init__(self, context: StageContext) -> None:
        self._context = context

    def outputs(self) -> StageOutputs:
        """Give what the stage tells the outside; without the engine where the last change was made from here.

        Raises:
            NotDeployedError: the stage does not exist (any more).
        """
        context = self._context
        record = context.folder.read_record()
        if record is not None:
            self._check_record(record)
            if record.cleared and not is_held(context.folder.lock_path):
                raise self._half(record, "`destroy` ended before it was done", goes_on="destroy")
            kept = None if context.shared else context.folder.read_outputs()
            if kept is not None:
                try:
                    return StageOutputs.from_exports(kept)
                except (KeyError, TypeError):
                    pass
        elif not context.shared:
            raise self._not_deployed()
        with context.explained():
            state = context.session(context.engine(ignore)).state()
        outputs = outputs_of(state)
        if outputs is not None:
            return outputs
        if record is None or state is None or not (state.count or state.pending):
            raise self._not_deployed()
        raise self._half(record, self._why_half(record), goes_on="up")

    def history(self) -> list[HistoryEntry]:
        """Give the stage's past changes, newest first; empty when there were none."""
        return self._history(self._verdicts())

    def releases(self) -> list[Release]:
        """Give the stage's releases, newest first; empty when there were none."""
        verdicts = self._verdicts()
        return releases_of(self._history(verdicts), verdicts)

    def _verdicts(self) -> Mapping[int, Mapping[str, Any]]:
        """How releases ended; what this folder knows where the journal cannot be read."""
        if self._context.shared:
            with suppress(AwsError):
                return self._context.journal.read()
        return self._context.folder.verdicts()

    def _history(self, verdicts: Mapping[int, Mapping[str, Any]]) -> list[HistoryEntry]:
        context = self._context
        record = context.folder.read_record()
        if record is None and not context.shared:
            return []
        if record is not None:
            self._check_record(record)
        results: Mapping[str, str] = record.results if record else dict[str, str]()
        if context.shared:
            results = {str(number): str(verdict["result"]) for number, verdict in verdicts.items()}
        with context.explained():
            counted = {
                number: Changes.from_mapping(verdict["changes"])
                for number, verdict in verdicts.items()
                if verdict.get("changes")
            }
            return read_history(context.session(context.engine(ignore)), results, counted)

    def _check_record(self, record: StageRecord) -> None:
        """Make sure, without asking AWS, that the record is of this stack, region and life of the local AWS."""
        stage, target = self._context.stage, self._context.target
        if record.stack != stage.stack:
            raise NotDeployedError(
                f"Stage `{stage.stage}` in this folder is of stack `{record.stack}`, not of `{stage.stack}`.",
                hint=f"Name the file of `{record.stack}` with --file, or keep this one in a folder of its own.",
            )
        if target.name == "local" and is_of_another_life(record, target.identity()):
            raise NotDeployedError(
                f"Stage `{stage.stage}` was made in an earlier life of the local AWS, of which nothing is left.",
                hint=f"`tstack up {typed_stage(stage.stage, target.name)}` makes it anew.",
            )
        region = record.identity.rpartition(":")[2]
        if region != target.region:
            raise UsageError(
                f"Stage `{stage.stage}` lives in region {region}, not in {target.region}.",
                hint=f"Use --region {region}.",
            )

    def _why_half(self, record: StageRecord) -> str:
        """Say why a stage has a release and no outputs."""
        path = self._context.folder.lock_path
        holder = read_holder(path)
        if holder is not None:
            return f"{holder.words}, {'is at it' if is_held(path) else 'ended before it was done'}"
        return f"release {record.release} failed while its resources were made"

    def _half(self, record: StageRecord, why: str, *, goes_on: str) -> NotDeployedError:
        """Tell of a stage of which some resources exist."""
        typed = typed_stage(record.stage, self._context.target.name)
        makes = f"`tstack up {typed}` makes it whole"
        removes = f"`tstack destroy {typed}` removes what there is of it"
        return NotDeployedError(
            f"Stage `{record.stage}` of `{record.stack}` is not whole: {why}.",
            hint=f"{makes}; {removes}." if goes_on == "up" else f"{removes}; {makes}.",
        )

    def _not_deployed(self) -> NotDeployedError:
        stage = self._context.stage
        return NotDeployedError(
            f"Stage `{stage.stage}` of `{stage.stack}` is not deployed.",
            hint=f"`tstack up {typed_stage(stage.stage, self._context.target.name)}` makes it.",
        )

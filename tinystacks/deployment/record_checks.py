"""What must hold before the engine may touch a stage (traps A1, A2, A11, A14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinystacks.deployment.engine_versions import version_numbers
from tinystacks.errors import CredentialsError, EngineError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tinystacks.deployment.engine_state import State
    from tinystacks.deployment.work_folder import StageRecord


def check_identity(record: StageRecord, *, stack: str, identity: str) -> None:
    """Compare the stage's record with what this command would work on.

    Raises:
        CredentialsError: the credentials are of another account.
        UsageError: another region, or another stack's name.
    """
    if record.stack != stack:
        raise UsageError(
            f"Stage `{record.stage}` in this folder belongs to stack `{record.stack}`, but the file says `{stack}`.",
            hint=(
                "A stack cannot be renamed: everything would be built a second time. Name it "
                f"`{record.stack}` again, or destroy the stage first."
            ),
        )
    if record.identity == identity:
        return
    kind, _, rest = record.identity.partition(":")
    account, _, region = rest.partition(":")
    _kind, _, other = identity.partition(":")
    other_account, _, other_region = other.partition(":")
    if kind == "aws" and account != other_account:
        raise CredentialsError(
            f"Stage `{record.stage}` lives in AWS account {account}, but these credentials are of {other_account}.",
            hint=f"Use credentials of account {account} (--profile). Nothing was changed.",
        )
    raise UsageError(
        f"Stage `{record.stage}` lives in region {region}, but this command would work in {other_region}.",
        hint=f"Use --region {region}. A stage cannot move: destroy it there and deploy it anew. Nothing was changed.",
    )


def is_of_another_life(record: StageRecord, identity: str) -> bool:
    """Whether a stage of the local AWS was made before that started anew, in whatever region."""
    return record.identity.rpartition(":")[0] != identity.rpartition(":")[0]


def check_account(asked: str | None, actual: str, stage: str) -> None:
    """Compare the account that the file names with the one of the credentials.

    Raises:
        CredentialsError: they differ.
    """
    if asked and asked != actual:
        raise CredentialsError(
            f"The file allows stage `{stage}` in AWS account {asked} only, but these credentials are of {actual}.",
            hint=f"Use credentials of account {asked} (--profile), or correct `account` in the file.",
        )


def check_not_emptied(record: StageRecord | None, state: State | None, backup: Path | None) -> None:
    """Refuse to go on with an empty state of a stage that had resources (trap A1).

    Raises:
        EngineError: the state was lost.
    """
    if record is None or not record.resources or (state is not None and state.count):
        return
    kept = f" The newest copy is {backup}." if backup else ""
    raise EngineError(
        f"The state of stage `{record.stage}` is empty, though it had {record.resources} resources. "
        "Going on would build all of them a second time.",
        hint=f"Restore the state (`pulumi stack import`).{kept} If the resources are truly gone, remove the "
        "stage's folder below .tstack.",
    )


def check_engine_version(record: StageRecord | None, version: str) -> None:
    """Refuse an engine older than the one that wrote the state last (trap A11).

    Raises:
        EngineError: it is older in its major or minor number.
    """
    if record is None or not record.engine_version:
        return
    if version_numbers(version)[:2] < version_numbers(record.engine_version)[:2]:
        raise EngineError(
            f"Stage `{record.stage}` was last changed with engine {record.engine_version}; this one is {version}.",
            hint=f"Use engine {record.engine_version} or newer; `tstack engine` shows which one is taken and why.",
        )

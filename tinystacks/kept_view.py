"""A stage of the local AWS as the last change from this folder left it: enough to read it, and quick.

The file is only asked which stage is meant; it is neither checked nor turned into objects, which takes longer than all
reads together. What does not fit (another stack, another life of the local AWS, nothing kept) is left to the whole way,
which says what is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tinystacks.deployment.work_folder import WorkFolder
from tinystacks.file_names import file_in
from tinystacks.outputs import StageOutputs

if TYPE_CHECKING:
    from tinystacks.local.target import LocalTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptView:
    """What is known of a stage without checking the file.

    Attributes:
        outputs: what the stage's program exported.
        release: number of the release that was deployed last.
        target: the local AWS.
        file_is_newer: whether the file was written since.
    """

    outputs: StageOutputs
    release: int
    target: LocalTarget
    file_is_newer: bool


def kept_view(file: Path | None, stage: str | None, region: str | None) -> KeptView | None:
    """Give what was kept of a stage of the local AWS, or nothing when it takes more to know.

    Args:
        file: the file; `tstack.yaml` in the current folder by default.
        stage: name of the stage; the first of the file by default.
        region: AWS region, when the user names one.
    """
    path = file or file_in(Path())
    named = _names(path) if path is not None else None
    if path is None or named is None:
        return None
    stack, stages = named
    chosen = stage or stages[0]
    folder = WorkFolder(path.parent, "local", chosen)
    if chosen not in stages:
        return None
    try:
        record, kept = folder.read_record(), folder.read_outputs()
        outputs = StageOutputs.from_exports(kept) if kept is not None else None
        newer = path.stat().st_mtime_ns > (folder.path / "record.json").stat().st_mtime_ns
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if (
        record is None
        or record.cleared
        or outputs is None
        or stack != record.stack
        or region not in {None, outputs.region}
    ):
        return None
    from tinystacks.local.process import LocalAws  # noqa: PLC0415 - an extra that only --local needs
    from tinystacks.local.target import LocalTarget  # noqa: PLC0415 - same

    status = LocalAws().status()
    if status is None or record.identity != f"local:{status.instance_id}":
        return None
    target = LocalTarget(status, outputs.region)
    return KeptView(outputs=outputs, release=record.release, target=target, file_is_newer=newer)


def _names(path: Path) -> tuple[str, list[str]] | None:
    """Give the names of the stack and of its stages, as far as the file tells them without being checked."""
    import yaml  # noqa: PLC0415 - loaded with the first file

    try:
        document: Any = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    except (OSError, yaml.YAMLError):
        return None
    if not isinstance(document, dict):
        return None
    fields = cast("dict[str, Any]", document)
    stages: Any = fields.get("stages")
    if not isinstance(stages, dict) or not stages:
        return None
    return str(fields.get("name", "")), [str(name) for name in cast("dict[Any, Any]", stages)]

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
from tinystacks.errors import SpecError
from tinystacks.file_names import file_in
from tinystacks.outputs import StageOutputs

if TYPE_CHECKING:
    from tinystacks.deployment.deployment import Deployment
    from tinystacks.deployment.target import Target
    from tinystacks.deployment.work_folder import StageRecord
    from tinystacks.local.target import LocalTarget
    from tinystacks.spec.model import StageSpec

_DEFAULT_STAGE = "dev"
"""Of a file that names no stages."""
_PLACE = frozenset({"name", "state", "secrets_provider", "region", "profile", "extends"})
"""Keys that tell where a stage is and where its state is kept."""
_SOME_SERVICE = {"web": {"image": "nginx"}}
"""A file needs one; which services run is told by the state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptView:
    """What is known of a stage without checking the file.

    Attributes:
        outputs: what the stage's program exported.
        release: number of the release that was deployed last.
        target: where the stage is.
        file_is_newer: whether the file was written since.
    """

    outputs: StageOutputs
    release: int
    target: Target
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
    found = _read(folder, stack, region)
    if found is None:
        return None
    record, outputs = found
    try:
        newer = path.stat().st_mtime_ns > (folder.path / "record.json").stat().st_mtime_ns
    except OSError:
        return None
    target = _local_target(record, outputs)
    return _view(record, outputs, target, file_is_newer=newer)


def kept_before(
    file: Path | None, stage: str | None, region: str | None, *, local: bool, profile: str | None
) -> KeptView | None:
    """Give what was kept of a stage, for a file with problems; nothing where only the file would tell where it is.

    Where its state is shared the folder's own record may be an old one, so that the state itself is asked; what the
    file says of the state must then be right.

    Args:
        file: the file; `tstack.yaml` in the current folder by default.
        stage: name of the stage; the first of the file by default.
        region: AWS region, when the user names one.
        local: whether the stage is one of the local AWS.
        profile: AWS profile, when the user names one; by default the file's.

    Raises:
        CredentialsError: there are no valid credentials.
        EngineError: the shared state cannot be read.
        NotDeployedError: the shared state knows no such stage.
    """
    path = file or file_in(Path())
    document = _document(path) if path is not None else None
    stages: Any = (document.get("stages") or {_DEFAULT_STAGE: {}}) if document is not None else None
    if path is None or document is None or not isinstance(stages, dict):
        return None
    own = cast("dict[str, Any]", stages)
    chosen = stage or str(next(iter(own)))
    settings: Any = own.get(chosen) or {}
    if chosen not in own or not isinstance(settings, dict):
        return None
    layers: list[Any] = [document, *(own.values() if "extends" in settings else [settings])]
    if not local and any("state" in _place_only(layer) for layer in layers):
        return _shared(document, path.parent, chosen, region=region, profile=profile)
    found = _read(WorkFolder(path.parent, "local" if local else "aws", chosen), str(document.get("name", "")), region)
    if found is None:
        return None
    record, outputs = found
    if local:
        return _view(record, outputs, _local_target(record, outputs))
    from tinystacks.deployment.target import AwsTarget  # noqa: PLC0415 - boto3 takes 0.2 s to load

    named = profile or cast("dict[str, Any]", settings).get("profile") or document.get("profile")
    target = AwsTarget(profile=named if isinstance(named, str) else None, region=outputs.region)
    return _view(record, outputs, target) if record.identity == target.identity() else None


def _place_only(layer: Any) -> dict[str, Any]:
    """Leave of a file, or of one of its stages, what tells where stages are."""
    if not isinstance(layer, dict):
        return {}
    return {key: value for key, value in cast("dict[str, Any]", layer).items() if key in _PLACE}


def _shared(
    document: dict[str, Any], folder: Path, stage: str, *, region: str | None, profile: str | None
) -> KeptView | None:
    from tinystacks.deployment.deployment import Deployment  # noqa: PLC0415 - pulumi takes 0.3 s to load
    from tinystacks.deployment.target import AwsTarget, configured_region  # noqa: PLC0415 - boto3 takes 0.2 s to load

    spec = _placed_stage(document, stage)
    if spec is None:
        return None
    profile = profile or spec.profile
    target = AwsTarget(profile=profile, region=region or spec.region or configured_region(profile))
    deployment = Deployment(spec, target, workspace=folder)
    outputs, record = deployment.outputs(), deployment.record()
    return KeptView(outputs=outputs, release=record.release if record else 0, target=target, file_is_newer=True)


def deployment_before(
    file: Path | None, stage: str | None, region: str | None, *, local: bool, profile: str | None
) -> Deployment | None:
    """Give the stage of a file with problems so that its releases can be read; it is not to be changed through this.

    Args, and what is raised: as of `kept_before`. Nothing where that gives nothing.
    """
    from tinystacks.deployment.deployment import Deployment  # noqa: PLC0415 - pulumi takes 0.3 s to load

    path = file or file_in(Path())
    kept = kept_before(file, stage, region, local=local, profile=profile)
    document = _document(path) if path is not None else None
    if path is None or document is None or kept is None:
        return None
    spec = _placed_stage(document, kept.outputs.stage)
    return Deployment(spec, kept.target, workspace=path.parent) if spec is not None else None


def _placed_stage(document: dict[str, Any], stage: str) -> StageSpec | None:
    """Give a stage of which only the place is as the file has it; nothing where that is wrong too."""
    from tinystacks.spec.model import StackSpec  # noqa: PLC0415 - pydantic takes 0.2 s to load

    stages = cast("dict[str, Any]", document.get("stages") or {_DEFAULT_STAGE: {}})
    places = {key: _place_only(layer) for key, layer in stages.items()}
    try:
        return StackSpec.from_mapping({**_place_only(document), "stages": places, "services": _SOME_SERVICE}).stage(
            stage
        )
    except SpecError:
        return None


def _names(path: Path) -> tuple[str, list[str]] | None:
    """Give the names of the stack and of its stages, as far as the file tells them without being checked."""
    fields = _document(path)
    if fields is None:
        return None
    stages: Any = fields.get("stages")
    if not isinstance(stages, dict) or not stages:
        return None
    return str(fields.get("name", "")), [str(name) for name in cast("dict[Any, Any]", stages)]


def _document(path: Path) -> dict[str, Any] | None:
    import yaml  # noqa: PLC0415 - loaded with the first file

    try:
        document: Any = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    except (OSError, yaml.YAMLError):
        return None
    return cast("dict[str, Any]", document) if isinstance(document, dict) else None


def _read(folder: WorkFolder, stack: str, region: str | None) -> tuple[StageRecord, StageOutputs] | None:
    try:
        record, kept = folder.read_record(), folder.read_outputs()
        outputs = StageOutputs.from_exports(kept) if kept is not None else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if record is None or record.cleared or outputs is None:
        return None
    if record.stack != stack or region not in {None, outputs.region}:
        return None
    return record, outputs


def _local_target(record: StageRecord, outputs: StageOutputs) -> LocalTarget | None:
    from tinystacks.local.process import LocalAws  # noqa: PLC0415 - an extra that only --local needs
    from tinystacks.local.target import LocalTarget, local_identity  # noqa: PLC0415 - same

    status = LocalAws().status()
    if status is None or record.identity != local_identity(status, outputs.region):
        return None
    return LocalTarget(status, outputs.region)


def _view(
    record: StageRecord, outputs: StageOutputs, target: Target | None, *, file_is_newer: bool = True
) -> KeptView | None:
    if target is None:
        return None
    return KeptView(outputs=outputs, release=record.release, target=target, file_is_newer=file_is_newer)

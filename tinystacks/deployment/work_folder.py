"""The fixed folder of one stage: engine files, state, passphrase, record, backups (traps A1, A9, A10, A16).

```
.tstack/
  .gitignore             nothing of this is committed
  aws/dev/               one folder per kind of target and stage
    Pulumi.yaml  Pulumi.dev.yaml
    state/               the engine's file backend, unless the stage's `state` names another
    home/                PULUMI_HOME, with the plugins of the user's own PULUMI_HOME
    backups/             state before each change, secrets encrypted
    passphrase           0600; only when nothing else encrypts
    record.json          what this stage is and where
    verdicts/            how its releases ended, one file each
    lock                 who changes it now
  former/                stages of earlier lives of the local AWS
```
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinystacks.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

BACKUPS_KEPT = 10
FORMER_KEPT = 3
VERDICTS_KEPT = 200
_LOGS_KEPT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRecord:
    """What is remembered of a stage between commands, to notice when something is not as it was.

    Attributes:
        stack: name of the stack.
        stage: name of the stage.
        identity: the target's identity at the first change (trap A2).
        engine_version: engine that wrote the state last (trap A11).
        resources: number of resources after the last change (trap A1).
        ami_id: machine image the stage is pinned to (trap F1); empty on Fargate.
        former_ami_ids: images the stage ran before, newest first (trap F5).
        release: number of the last release.
        released_at: when that was made; tells it from the same number after a destroy.
        images: image references of the last release, by service.
        results: how the releases ended, by number as text.
        spec_digest: SHA-256 of the stage as it was last deployed.
        sources: content of the sources that images were built from, by service.
        file_images: image references of the file at the last release, by service (and `service/sidecar`).
        release_tasks: task definition for which a service's `release_command` went well, by service.
        settings_digest: SHA-256 of all that decides what the program makes, besides images.
        strategy: capacity provider strategy of the services in one word (trap B17); empty when unknown.
        cleared: whether a destroy has sent the tasks away, so that the state no longer tells the truth about them.
    """

    stack: str
    stage: str
    identity: str
    engine_version: str = ""
    resources: int = 0
    ami_id: str = ""
    former_ami_ids: tuple[str, ...] = ()
    release: int = 0
    released_at: str = ""
    images: Mapping[str, str] = field(default_factory=dict[str, str])
    sources: Mapping[str, str] = field(default_factory=dict[str, str])
    file_images: Mapping[str, str] = field(default_factory=dict[str, str])
    release_tasks: Mapping[str, str] = field(default_factory=dict[str, str])
    results: Mapping[str, str] = field(default_factory=dict[str, str])
    spec_digest: str = ""
    settings_digest: str = ""
    cleared: bool = False
    strategy: str = ""

    def to_mapping(self) -> dict[str, Any]:
        """Give plain data; the reverse of `from_mapping`."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> StageRecord:
        """Read plain data, ignoring keys of newer versions."""
        known = {key: data[key] for key in cls.__dataclass_fields__ if key in data}
        known["former_ami_ids"] = tuple(known.get("former_ami_ids", ()))
        return cls(**known)


class WorkFolder:
    """The folder of one stage.

    Args:
        workspace: folder of the project, where `.tstack` is.
        kind: kind of target, `aws` or `local`.
        stage: name of the stage.
    """

    def __init__(self, workspace: Path, kind: str, stage: str) -> None:
        self.root = workspace.absolute() / ".tstack"
        self.kind = kind
        self.stage = stage
        self.path = self.root / kind / stage

    @property
    def exists(self) -> bool:
        """Whether anything of the stage is here."""
        return self.path.is_dir()

    @property
    def lock_path(self) -> Path:
        """The file that says who changes the stage."""
        return self.path / "lock"

    @property
    def home(self) -> Path:
        """PULUMI_HOME of this stage: two engines never share one (trap A16)."""
        return self.path / "home"

    @property
    def state_url(self) -> str:
        """URL of the file backend, without attribute files beside the state.

        The backend writes those in place: an engine killed just then leaves half of one, after which the (whole) state
        cannot be opened any more ("failed to load checkpoint: EOF", gocloud.dev/blob/fileblob).
        """
        return f"{(self.path / 'state').as_uri()}?metadata=skip"

    def prepare(self) -> None:
        """Make the folder; does nothing when it is there."""
        for folder in (self.path, self.path / "state", self.home, self.path / "backups"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        ignore = self.root / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        plugins = self.home / "plugins"
        if not plugins.exists():
            shared = user_pulumi_home() / "plugins"
            shared.mkdir(parents=True, exist_ok=True)
            plugins.unlink(missing_ok=True)
            plugins.symlink_to(shared)
        _keep_newest(self.home / "logs", _LOGS_KEPT)

    def share_login(self) -> None:
        """Let the engine find the user's login, which a Pulumi service needs."""
        own, users = self.home / "credentials.json", user_pulumi_home() / "credentials.json"
        if users.exists() and not own.exists():
            own.symlink_to(users)

    def passphrase_file(self) -> Path:
        """Give the file with the stage's passphrase, made at random when there is none (readable by its owner only)."""
        path = self.path / "passphrase"
        if not path.exists():
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(secrets.token_urlsafe(32))
        return path

    @property
    def has_passphrase(self) -> bool:
        """Whether a passphrase was made for this stage."""
        return (self.path / "passphrase").exists()

    def read_record(self) -> StageRecord | None:
        """Give what is remembered of the stage; none before the first change.

        Raises:
            EngineError: the file is damaged.
        """
        path = self.path / "record.json"
        try:
            return StageRecord.from_mapping(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise EngineError(
                f"What is remembered of stage `{self.stage}` cannot be read: {path}: {error}.",
                hint="Remove that file: the next `tstack up` finds what it said in the engine's history.",
            ) from error

    def write_record(self, record: StageRecord) -> None:
        """Remember the stage, whole or not at all."""
        write_atomically(self.path / "record.json", json.dumps(record.to_mapping(), indent=2) + "\n")

    def read_outputs(self) -> dict[str, Any] | None:
        """Give the exports that were kept after the last change; none when there are none."""
        try:
            return json.loads((self.path / "outputs.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    def write_outputs(self, exports: Mapping[str, Any]) -> None:
        """Keep the exports, secrets masked, so that reading commands need no engine."""
        write_atomically(self.path / "outputs.json", json.dumps(exports) + "\n")

    def write_verdict(self, number: int, verdict: Mapping[str, Any]) -> None:
        """Keep how a release ended, beside what was known of it, and only the newest of them."""
        folder = self.path / "verdicts"
        folder.mkdir(exist_ok=True)
        known = self.verdicts().get(number, {})
        write_atomically(folder / f"{number}.json", json.dumps({**known, **verdict}))
        for old in sorted(folder.glob("*.json"), key=lambda path: int(path.stem))[:-VERDICTS_KEPT]:
            old.unlink(missing_ok=True)

    def verdicts(self) -> dict[int, dict[str, Any]]:
        """Give how releases ended, by number; a file that is damaged counts as none."""
        found: dict[int, dict[str, Any]] = {}
        for path in (self.path / "verdicts").glob("*.json"):
            with suppress(OSError, ValueError):
                found[int(path.stem)] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def forget(self) -> None:
        """Remove what describes a stage that no longer exists; backups stay."""
        shutil.rmtree(self.path / "verdicts", ignore_errors=True)
        for name in ("record.json", "outputs.json", "passphrase", f"Pulumi.{self.stage}.yaml"):
            (self.path / name).unlink(missing_ok=True)

    def back_up(self, deployment: Mapping[str, Any], name: str) -> Path:
        """Keep a state as it was exported (trap A1), and only the newest ones.

        Args:
            deployment: the engine's export, secrets encrypted.
            name: of the file, sorted by time.
        """
        folder = self.path / "backups"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.json"
        write_atomically(path, json.dumps(deployment))
        _keep_newest(folder, BACKUPS_KEPT)
        return path

    def newest_backup(self) -> Path | None:
        """Give the newest kept state; none when there is none."""
        folder = self.path / "backups"
        return max(folder.glob("*.json"), default=None) if folder.is_dir() else None

    def put_aside(self, name: str) -> Path:
        """Move the whole folder to `former/`, where it is in nobody's way.

        Args:
            name: of the folder, sorted by time.
        """
        former = self.root / "former"
        former.mkdir(parents=True, exist_ok=True)
        place = former / name
        self.path.rename(place)
        _keep_newest(former, FORMER_KEPT)
        return place


def user_pulumi_home() -> Path:
    """Give the user's own PULUMI_HOME, whose plugins all stages share."""
    return Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that readers see the old or the new text, never a part; readable by its owner only."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _keep_newest(folder: Path, count: int) -> None:
    """Remove all but the newest entries of a folder; newest by time of change, then by name."""
    if not folder.is_dir():
        return
    entries = sorted(folder.iterdir(), key=lambda entry: (entry.stat().st_mtime_ns, entry.name), reverse=True)
    for entry in entries[count:]:
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)

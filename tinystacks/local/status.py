"""What is known about the running local AWS, and the files that hold it.

One folder per user holds `server.json` (this record), `server.log`, `server.lock` (held by the server while it lives,
so that a killed server frees it), `start.lock` (held by whoever starts one) and an AWS profile named `local`.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import TextIOWrapper

HOME_VARIABLE = "TINYSTACKS_LOCAL_HOME"
ONE_OFF_VARIABLE = "TINYSTACKS_SIMULATE_ONE_OFF"
"""Simulated seconds after which a simulated task that runs once ends with 0, where it does not end otherwise."""
ACCOUNT_ID = "123456789012"
"""moto's account; every caller of the local AWS belongs to it."""
DEFAULT_REGION = "us-east-1"
RUNTIMES = ("docker", "simulated")
"""What may run the containers of tasks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalStatus:
    """One running local AWS.

    Attributes:
        endpoint_url: where every AWS client is pointed, such as `http://127.0.0.1:41231`.
        pid: process id of the server.
        runtime: `docker` or `simulated`.
        speed: simulated seconds per real second.
        instance_id: names this life of the server; what was made in another life is gone.
        providers: port per Pulumi package (`aws`, `awsx`); None when no provider process runs.
        started_at: ISO 8601, UTC.
        version: of tinystacks.
        home: folder with the server's files.
        container_engine: what runs the containers of `docker`, and where it answers; else empty.
        notice: something the user should be told, such as that an earlier server was found dead; else empty.
        is_new: whether the call that gave this started it.
    """

    endpoint_url: str
    pid: int
    runtime: str
    speed: float
    instance_id: str
    providers: Mapping[str, int] | None = None
    started_at: str = ""
    version: str = ""
    home: str = ""
    container_engine: str = ""
    notice: str = field(default="", compare=False)
    is_new: bool = field(default=False, compare=False)


class StateFolder:
    """The folder of one user's local AWS.

    Args:
        path: the folder; by default `TINYSTACKS_LOCAL_HOME`, else the user's state folder.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_home()

    @property
    def record_file(self) -> Path:
        """The record of the running server."""
        return self.path / "server.json"

    @property
    def log_file(self) -> Path:
        """What the server and its children print."""
        return self.path / "server.log"

    @property
    def aws_config_file(self) -> Path:
        """AWS configuration with the profile `local`."""
        return self.path / "aws-config"

    @property
    def aws_credentials_file(self) -> Path:
        """Dummy keys of the profile `local`."""
        return self.path / "aws-credentials"

    def make(self) -> None:
        """Create the folder, readable by its user only."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def read(self) -> LocalStatus | None:
        """The record as written, whether or not its server still lives; None when there is none."""
        try:
            document: object = json.loads(self.record_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(document, dict):
            return None
        known = {one.name for one in fields(LocalStatus)}
        values = {key: value for key, value in cast("dict[str, Any]", document).items() if key in known}
        try:
            return LocalStatus(**values)
        except TypeError:
            return None

    def write(self, status: LocalStatus) -> None:
        """Put the record in place in one step, so that no reader sees half of it."""
        document = asdict(status)
        del document["notice"], document["is_new"]
        temporary = self.record_file.with_suffix(".new")
        temporary.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        temporary.replace(self.record_file)

    def change(self, **values: Any) -> None:
        """Change members of the record, if there is one."""
        known = self.read()
        if known is not None:
            self.write(replace(known, **values))

    def forget(self) -> None:
        """Remove the record."""
        self.record_file.unlink(missing_ok=True)

    def server_lives(self) -> bool:
        """Whether a server holds its lock; the kernel frees it even when the server was killed."""
        lock = self.take_lock("server.lock", wait=False)
        if lock is None:
            return True
        lock.close()
        return False

    def take_lock(self, name: str, *, wait: bool) -> TextIOWrapper | None:
        """Hold a lock file until the returned file is closed.

        Args:
            name: file in the folder.
            wait: wait for another holder; else None is returned while another holds it.
        """
        self.make()
        handle = (self.path / name).open("a", encoding="utf-8")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            handle.close()
            return None
        return handle


def default_home() -> Path:
    """The folder that `TINYSTACKS_LOCAL_HOME` names, else `tinystacks/local` in the user's state folder."""
    given = os.environ.get(HOME_VARIABLE)
    if given:
        return Path(given)
    import platformdirs  # noqa: PLC0415 - only when needed: `tstack --help` reads this module's names

    return platformdirs.user_state_path("tinystacks") / "local"

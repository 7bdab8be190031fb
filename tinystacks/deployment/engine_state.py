"""Where the engine keeps a stage, and what it keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The engine's state of a stage, secrets encrypted.

    Attributes:
        export: as `pulumi stack export` gives it.
    """

    export: Mapping[str, Any]

    @property
    def resources(self) -> list[Mapping[str, Any]]:
        """Every resource; those that wait to be deleted too."""
        return list(self._deployment.get("resources") or ())

    @property
    def count(self) -> int:
        """Resources; the stage itself, its providers and the components that group resources are none."""
        return sum(
            bool(item.get("custom")) and not item["type"].startswith("pulumi:providers:") for item in self.resources
        )

    @property
    def pending(self) -> list[Mapping[str, Any]]:
        """Operations that an earlier run began and nobody saw the end of (trap A3)."""
        return list(self._deployment.get("pending_operations") or ())

    @property
    def engine_version(self) -> str:
        """Version of the engine that wrote it; empty when unknown."""
        manifest: Mapping[str, Any] = self._deployment.get("manifest", {})
        return str(manifest.get("version", "")).removeprefix("v")

    @property
    def salt(self) -> str:
        """Salt of the passphrase that encrypts it; empty with another secrets provider."""
        provider: Mapping[str, Any] = self._deployment.get("secrets_providers") or {"state": None}
        state: Mapping[str, Any] = provider.get("state") or {"salt": ""}
        return str(state.get("salt", ""))

    @property
    def exports(self) -> Mapping[str, Any]:
        """The program's exports; secret ones as the engine's encrypted form."""
        for item in self.resources:
            if item["type"] == "pulumi:pulumi:Stack":
                return item.get("outputs") or {}
        return {}

    @property
    def _deployment(self) -> Mapping[str, Any]:
        return self.export.get("deployment") or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and how the engine works on a stage.

    Attributes:
        project: name of the stack: the engine's project.
        stage: name of the stage: the engine's stack.
        folder: the fixed work folder (trap A10).
        home: PULUMI_HOME.
        backend_url: where the state is.
        secrets_provider: `passphrase` or a key's URL.
        environment: for the engine and its providers; a value of none takes a variable away.
    """

    project: str
    stage: str
    folder: Path
    home: Path
    backend_url: str
    secrets_provider: str = "passphrase"
    environment: Mapping[str, str | None] = field(default_factory=dict[str, str | None])

"""Secrets for a runtime that has none to read."""

from __future__ import annotations

from tinystacks.local.documents import members
from tinystacks.local.secret_values import SecretError


class NoSecrets:
    """Knows the given secrets only."""

    def __init__(self, known: dict[str, str] | None = None) -> None:
        self.known = known or {}

    def of(self, definition, region):
        wanted = {one["name"]: one["valueFrom"] for one in members(definition, "secrets")}
        lacking = [one for one in wanted.values() if one not in self.known]
        if lacking:
            raise SecretError(f"ResourceInitializationError: unable to pull secrets or registry auth: {lacking[0]}")
        return {name: self.known[one] for name, one in wanted.items()}

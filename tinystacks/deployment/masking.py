"""Secrets stay secret: in what is shown, and in what is kept (traps A8, A19)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
"""Key that marks special values in the engine's state (`pulumi.runtime.rpc._special_sig_key`)."""
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the public mark of a secret, no secret itself
"""Value of that key for a secret (`pulumi.runtime.rpc._special_secret_sig`)."""
MASK = "[secret]"


def masked(value: Any) -> Any:
    """Give plain data of the state with each secret, encrypted or not, replaced by a mask."""
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value)
        if entries.get(SIGNATURE_KEY) == SECRET_SIGNATURE:
            return MASK
        return {key: masked(item) for key, item in entries.items()}
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [masked(item) for item in items]
    return value


def masked_outputs(outputs: Mapping[str, tuple[Any, bool]]) -> dict[str, Any]:
    """Give decrypted exports with the secret ones masked.

    Args:
        outputs: value and whether it is a secret, by name.
    """
    return {name: MASK if secret else value for name, (value, secret) in outputs.items()}


def has_plain_secret(export: Mapping[str, Any]) -> bool:
    """Whether an export of the state holds a secret in plain text, so that it must not be kept."""

    def walk(value: Any) -> bool:
        if isinstance(value, dict):
            entries = cast("dict[str, Any]", value)
            if entries.get(SIGNATURE_KEY) == SECRET_SIGNATURE:
                return "plaintext" in entries
            return any(walk(item) for item in entries.values())
        if isinstance(value, list):
            items = cast("list[Any]", value)
            return any(walk(item) for item in items)
        return False

    return walk(export)

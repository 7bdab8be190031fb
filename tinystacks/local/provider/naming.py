"""Names that the program left to the provider.

As the Terraform bridge makes them (https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming):
`<logical name>-<7 hex digits>`, never cut; a name over the type's limit is an error.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from tinystacks.local.provider.handler import PlanError
from tinystacks.local.provider.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.provider.tables import NameRule

RANDOM_DIGITS: Final = 7
PREFIXED_DIGITS: Final = 26
"""Digits behind a `namePrefix`, as the Terraform plugin SDK appends them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Autonaming:
    """What the engine's configuration says about names.

    Attributes:
        proposed: the name that the engine proposes; empty when it leaves it to the provider.
        mode: `propose` (may be used), `enforce` (must be used) or `disable` (the program has to give a name).
    """

    proposed: str = ""
    mode: Literal["propose", "enforce", "disable"] = "propose"


def automatic_name(
    rule: NameRule,
    logical_name: str,
    inputs: Mapping[str, Any],
    *,
    seed: bytes,
    autonaming: Autonaming | None = None,
) -> str | PlanError:
    """The name for a resource, or what is wrong with it.

    Args:
        rule: the type's rule.
        logical_name: the resource's name in the program.
        inputs: the other inputs; some types put a suffix by them.
        seed: the engine's random seed for this resource; empty for real randomness.
        autonaming: the engine's own naming, if configured.
    """
    if autonaming is not None and autonaming.mode == "disable":
        return PlanError(
            property=rule.property,
            reason="automatic naming is disabled but no explicit name was provided",
        )
    suffix = ""
    if rule.suffix_when is not None:
        flag, text = rule.suffix_when
        suffix = text if inputs.get(flag) is True else ""
    if autonaming is not None and autonaming.proposed:
        name = autonaming.proposed
    else:
        base = logical_name.lower() if rule.lower else logical_name
        name = f"{base}-{random_hex(RANDOM_DIGITS, seed, logical_name)}"
    if len(name) + len(suffix) > rule.max:
        return PlanError(
            property=rule.property,
            reason=(
                f"name '{logical_name}' plus {RANDOM_DIGITS} random chars is longer than maximum length {rule.max}"
            ),
        )
    return f"{rule.prefix}{name}{suffix}"


def prefixed_name(prefix: str) -> str:
    """A name that starts with what the program gave as `namePrefix`."""
    return prefix + random_hex(PREFIXED_DIGITS, b"", prefix)


def random_hex(digits: int, seed: bytes, salt: str) -> str:
    """Hex digits, the same ones for the same seed and salt; random ones without a seed."""
    if not seed:
        return secrets.token_hex(digits)[:digits]
    return hashlib.sha256(seed + salt.encode()).hexdigest()[:digits]


def named_by_program(rule: NameRule | None, inputs: Mapping[str, Any], defaults: frozenset[str]) -> bool:
    """Whether the program itself gave the name (then a replacement has to delete first)."""
    if rule is None:
        return False
    name = inputs.get(rule.property)
    return name is not None and not isinstance(name, Unknown) and rule.property not in defaults

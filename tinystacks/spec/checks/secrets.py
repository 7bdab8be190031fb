"""Secrets and variables of containers."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

from tinystacks.spec.checks.containers import all_containers
from tinystacks.spec.checks.finding import Finding, error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinystacks.spec.model import StageSpec
    from tinystacks.spec.positions import KeyPath
    from tinystacks.spec.service import ContainerSpec

_SECRET_ARN = re.compile(
    r"arn:aws[a-z-]*:(ssm:(?P<ssm>[a-z0-9-]+):\d{12}:parameter/[A-Za-z0-9_./-]+"
    r"|secretsmanager:(?P<manager>[a-z0-9-]+):\d{12}:secret:[A-Za-z0-9/_+=.@-]+(:[^:*]*){0,3})"
)
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_SECRET_NAME = re.compile(
    r"(^|_)(PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|SECRET_?KEY|ACCESS_?KEY|CREDENTIALS?)(_|$)",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"(AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|sk_live_[A-Za-z0-9]{16}|xox[abprs]-[A-Za-z0-9-]{10}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|^[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s:@]+@"
)
_HARMLESS = re.compile(r"|true|false|\d{1,6}|/.*|https?://[^@]*|arn:.*", re.IGNORECASE)
_RANDOM = re.compile(r"[A-Za-z0-9+/=_-]{32,}")
_HEXADECIMAL = re.compile(r"[0-9a-f-]+", re.IGNORECASE)
_BITS_OF_RANDOM_TEXT = 4.3
"""Bits per character (Shannon) over which a text of 32 characters and more is hardly made of words."""


def check(stage: StageSpec) -> Iterator[Finding]:
    """Check variables and secrets of all containers."""
    for name, service in stage.services.items():
        for path, container in all_containers(service, ("services", name)):
            yield from _names(container, path)
            yield from _arns(container, path, stage.region)
            yield from _readable_secrets(container, path)


def _names(container: ContainerSpec, path: KeyPath) -> Iterator[Finding]:
    """ECS refuses one name twice (API reference, `ContainerDefinition.secrets`)."""
    for section, entries in (("variables", container.variables), ("secrets", container.secrets)):
        for name in entries:
            if not _VARIABLE_NAME.fullmatch(name):
                message = "the name of a variable has letters, digits and `_`, and does not begin with a digit"
                yield error((*path, section, name), "variable-name", message)
    for name in container.secrets.keys() & container.variables.keys():
        yield error((*path, "secrets", name), "variable-twice", "this name is among `variables` too; keep one of them")


def _arns(container: ContainerSpec, path: KeyPath, region: str | None) -> Iterator[Finding]:
    for name, arn in container.secrets.items():
        match = _SECRET_ARN.fullmatch(arn)
        if match is None:
            message = (
                "must be the ARN of an SSM parameter (`arn:aws:ssm:REGION:ACCOUNT:parameter/NAME`) or of a Secrets "
                "Manager secret (`arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX`), never the secret itself"
            )
            yield error((*path, "secrets", name), "secret-arn", message)
            continue
        found = match["ssm"] or match["manager"]
        if region is not None and found != region:
            message = f"is in {found}, the stage in {region}: tasks then start only while both can be reached"
            yield warning((*path, "secrets", name), "secret-in-other-region", message)


def _readable_secrets(container: ContainerSpec, path: KeyPath) -> Iterator[Finding]:
    """Variables are readable in the task definition and in the engine's state (trap A8)."""
    for name, value in container.variables.items():
        if name == "AWS_ACCESS_KEY_ID" or not looks_like_secret(name, value):
            continue
        message = (
            "looks like a secret, and variables can be read by many; put it into SSM and name its ARN in `secrets`"
        )
        yield warning((*path, "variables", name), "variable-looks-like-secret", message)


def looks_like_secret(name: str, value: str) -> bool:
    """Say whether a variable probably holds a secret: by its name, a known form of keys, or a value without pattern."""
    if _SECRET_VALUE.search(value):
        return True
    if _HARMLESS.fullmatch(value):
        return False
    if _SECRET_NAME.search(name):
        return True
    if not _RANDOM.fullmatch(value) or _HEXADECIMAL.fullmatch(value):
        return False
    counts = Counter(value)
    bits = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    kinds = (str.isupper, str.islower, str.isdigit)
    return bits > _BITS_OF_RANDOM_TEXT and all(any(map(kind, value)) for kind in kinds)

"""What the agent needs before a container can start: its secrets, and its image where that lies in this account.

Sources: ECS developer guide, pages resource-initialization-error and cannot-pull-container-error; ECS API reference,
Secret (forms of `valueFrom`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tinystacks.local.documents import members, structure
from tinystacks.local.status import ACCOUNT_ID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.emulation import Emulation

_OWN_IMAGE = re.compile(
    rf"{ACCOUNT_ID}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?"
)
NOT_BUILT = "unpushed"
"""Tag with which a stage names the image of a service that was not built; simulated containers need none."""
_SECRET_ARN = re.compile(r"(?P<arn>arn:[^:]+:secretsmanager:(?P<region>[^:]+):\d+:secret:[^:]+)(?::.*)?")
_PARAMETER_ARN = re.compile(r"arn:[^:]+:ssm:(?P<region>[^:]+):\d+:parameter(?P<name>/.+)")


def image_failure(emulation: Emulation, definition: Mapping[str, Any]) -> str:
    """Why an image cannot be pulled; empty when it can, or lies where the local AWS cannot look.

    Args:
        emulation: moto.
        definition: container definition in the API's form.
    """
    found = _OWN_IMAGE.fullmatch(str(definition.get("image", "")))
    if found is None or found["tag"] == NOT_BUILT:
        return ""
    with emulation.lock:
        repository: Any = emulation.backend("ecr", found["region"]).repositories.get(found["repository"])
        images: list[Any] = list(repository.images) if repository is not None else []
        wanted = found["digest"]
        tag = found["tag"] or "latest"
        known = any(one.image_digest == wanted if wanted else tag in one.image_tags for one in images)
    if known:
        return ""
    reference = str(definition.get("image"))
    return (
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
        f"failed to resolve ref {reference}: {reference}: not found"
    )


def secret_failure(emulation: Emulation, definition: Mapping[str, Any], region: str) -> str:
    """Why a secret cannot be had; empty when all can.

    Args:
        emulation: moto.
        definition: container definition in the API's form.
        region: region of the task.
    """
    wanted = [str(one.get("valueFrom", "")) for one in members(definition, "secrets")]
    options = structure(definition, "logConfiguration")
    wanted += [str(one.get("valueFrom", "")) for one in members(options, "secretOptions")]
    with emulation.lock:
        missing = [one for one in wanted if not _is_there(emulation, one, region)]
    if not missing:
        return ""
    return (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
        f"unable to retrieve secret from {'asm' if ':secretsmanager:' in missing[0] else 'ssm'}: "
        f"service call has been retried 1 time(s): invalid parameters: {missing[0]}"
    )


def _is_there(emulation: Emulation, value_from: str, region: str) -> bool:
    secret = _SECRET_ARN.fullmatch(value_from)
    if secret is not None:
        secrets: Any = emulation.backend("secretsmanager", secret["region"]).secrets
        given = secret["arn"]
        return any(given in {str(one.arn), str(one.arn).rpartition("-")[0]} for one in secrets.values())
    parameter = _PARAMETER_ARN.fullmatch(value_from)
    name, place = (parameter["name"], parameter["region"]) if parameter else (value_from, region)
    store: Any = emulation.backend("ssm", place)
    return any(store.get_parameters([one]) for one in {name, name.lstrip("/")})

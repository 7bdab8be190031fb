"""Values of the secrets that a container definition names.

Source: ECS API reference, Secret: a parameter's name or ARN, or a secret's ARN with
`:json-key:version-stage:version-id`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Protocol, cast

from tinystacks.local.documents import members

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SECRET = re.compile(
    r"(?P<arn>arn:[^:]+:secretsmanager:(?P<region>[^:]+):\d+:secret:[^:]+)"
    r"(?::(?P<key>[^:]*):(?P<stage>[^:]*):(?P<version>[^:]*))?"
)
_PARAMETER = re.compile(r"arn:[^:]+:ssm:(?P<region>[^:]+):\d+:parameter(?P<name>/.+)")


class SecretError(Exception):
    """A secret cannot be had; its text is the container's reason (T23)."""


class Secrets(Protocol):
    """Gives the values of secrets."""

    def of(self, definition: Mapping[str, Any], region: str) -> dict[str, str]:
        """Value per variable; raises `SecretError` when one cannot be had."""
        ...


class SecretValues:
    """Reads secrets as the agent does, through the APIs.

    Args:
        client: gives a boto3 client by service and region.
    """

    def __init__(self, client: Callable[[str, str], Any]) -> None:
        self._client = client

    def of(self, definition: Mapping[str, Any], region: str) -> dict[str, str]:
        """Value per variable.

        Args:
            definition: container definition in the API's form.
            region: region of the task.

        Raises:
            SecretError: one cannot be had.
        """
        return {
            str(one["name"]): self._value(str(one.get("valueFrom", "")), region)
            for one in members(definition, "secrets")
        }

    def _value(self, value_from: str, region: str) -> str:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - loaded with the first client

        secret = _SECRET.fullmatch(value_from)
        try:
            if secret is None:
                return self._parameter(value_from, region)
            return self._secret(secret)
        except (BotoCoreError, ClientError, KeyError, ValueError) as error:
            kind = "asm" if secret else "ssm"
            raise SecretError(
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
                f"failed: unable to retrieve secret from {kind}: service call has been retried 1 time(s): {error}"
            ) from error

    def _parameter(self, value_from: str, region: str) -> str:
        found = _PARAMETER.fullmatch(value_from)
        place = found["region"] if found else region
        answer = self._client("ssm", place).get_parameters(Names=_names(value_from), WithDecryption=True)
        parameters: list[Any] = answer["Parameters"]
        if not parameters:
            raise KeyError(f"invalid parameters: {value_from}")
        return str(parameters[0]["Value"])

    def _secret(self, found: re.Match[str]) -> str:
        which = {"VersionStage": found["stage"], "VersionId": found["version"]}
        client = self._client("secretsmanager", found["region"])
        answer = client.get_secret_value(SecretId=found["arn"], **{key: one for key, one in which.items() if one})
        text = str(answer["SecretString"]) if "SecretString" in answer else answer["SecretBinary"].decode()
        key = found["key"]
        if not key:
            return text
        document: object = json.loads(text)
        if not isinstance(document, dict) or key not in document:
            raise KeyError(f"retrieved secret from Secrets Manager did not contain json key {key}")
        value = cast("dict[str, Any]", document)[key]
        return value if isinstance(value, str) else json.dumps(value)


def _names(value_from: str) -> list[str]:
    """Forms a parameter may have: an ARN leaves out the first slash of a name that has no further one."""
    found = _PARAMETER.fullmatch(value_from)
    if found is None:
        return [value_from]
    return [found["name"], found["name"].lstrip("/")]

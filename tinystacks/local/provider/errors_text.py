"""Errors in the words of the real provider.

The Terraform AWS provider says `creating ECS Service (web-1a2b3c4): operation error ECS: CreateService, https response
error StatusCode: 400, RequestID: …, InvalidParameterException: …`: what was done, to what, and AWS SDK for Go's text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from tinystacks.local.provider.tables import ResourceTable


def operation_failed(doing: str, table: ResourceTable, name: str, error: Exception) -> str:
    """The text of a failed operation.

    Args:
        doing: `creating`, `reading`, `updating` or `deleting`.
        table: the type's rules, for its title and service.
        name: the resource's name or id; empty while it has none.
        error: what the handler raised.
    """
    which = f" ({name})" if name else ""
    return f"{doing} {table.title}{which}: {error_text(error, table.service)}"


def error_text(error: Exception, service: str) -> str:
    """An error in the form of AWS SDK for Go; other errors as they are."""
    if isinstance(error, ClientError):
        response = cast("dict[str, Any]", error.response)
        details = response.get("Error", {})
        metadata = response.get("ResponseMetadata", {})
        status, request = metadata.get("HTTPStatusCode", 0), metadata.get("RequestId", "")
        return (
            f"operation error {service}: {error.operation_name}, https response error StatusCode: {status}, "
            f"RequestID: {request}, {details.get('Code', 'Unknown')}: {details.get('Message', '')}"
        )
    if isinstance(error, BotoCoreError):
        return f"operation error {service}: {error}"
    return str(error) or type(error).__name__

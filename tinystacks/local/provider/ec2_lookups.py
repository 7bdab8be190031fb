"""Looking for one thing that may be gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tinystacks.local.provider.api_errors import is_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tinystacks.local.provider.handler import Call


def one_or_none(look: Callable[[], Sequence[dict[str, Any]]], *gone_codes: str) -> dict[str, Any] | None:
    """The first of what `look` finds; None when it finds nothing or AWS answers with one of `gone_codes`."""
    try:
        found = look()
    except ClientError as error:
        if is_error(error, *gone_codes):
            return None
        raise
    return found[0] if found else None


def found_table(call: Call, table_id: str) -> dict[str, Any] | None:
    """The route table of that id, or None."""
    ec2 = call.clients("ec2")
    return one_or_none(
        lambda: ec2.describe_route_tables(RouteTableIds=[table_id])["RouteTables"],
        "InvalidRouteTableID.NotFound",
    )

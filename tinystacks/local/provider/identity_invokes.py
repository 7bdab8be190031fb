"""Who and where: caller identity, partition, region."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import botocore.session

from tinystacks.local.provider.invocation import InvokeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.provider.invocation import Invocation

REVERSE_PREFIXES: Final = {"aws": "com.amazonaws", "aws-cn": "cn.com.amazonaws", "aws-us-gov": "com.amazonaws"}
"""`reverseDnsPrefix` of the function `getPartition`."""


@cache
def partitions() -> list[dict[str, Any]]:
    """The partitions with their regions, from botocore's endpoint data."""
    loaded = botocore.session.get_session().get_component("data_loader").load_data("endpoints")
    return loaded["partitions"]


def partition_of(region: str) -> Mapping[str, Any]:
    """The partition of a region; the standard one for a name that no partition lists."""
    return next((entry for entry in partitions() if region in entry["regions"]), partitions()[0])


def caller_identity(invocation: Invocation) -> dict[str, Any]:
    """`aws:index/getCallerIdentity:getCallerIdentity`."""
    found = invocation.client("sts").get_caller_identity()
    return {
        "accountId": found["Account"],
        "arn": found["Arn"],
        "userId": found["UserId"],
        "id": found["Account"],
    }


def partition(invocation: Invocation) -> dict[str, Any]:
    """`aws:index/getPartition:getPartition`; no call."""
    entry = partition_of(invocation.region)
    name = entry["partition"]
    return {
        "partition": name,
        "dnsSuffix": entry["dnsSuffix"],
        "reverseDnsPrefix": REVERSE_PREFIXES.get(name, "com.amazonaws"),
        "id": name,
    }


def region(invocation: Invocation) -> dict[str, Any]:
    """`aws:index/getRegion:getRegion`; no call."""
    args = invocation.args
    asked = {name for name in (args.get("region"), args.get("name"), _region_of_endpoint(args.get("endpoint"))) if name}
    if len(asked) > 1:
        raise InvokeError(f"invoking {invocation.token}: multiple regions matched: {', '.join(sorted(asked))}")
    name = next(iter(asked), invocation.region)
    entry = partition_of(name)
    if name not in entry["regions"]:
        raise InvokeError(f"invoking {invocation.token}: region not found: {name}")
    return {
        "region": name,
        "name": name,
        "id": name,
        "description": entry["regions"][name]["description"],
        "endpoint": f"ec2.{name}.{entry['dnsSuffix']}",
    }


def _region_of_endpoint(endpoint: str | None) -> str | None:
    return endpoint.split(".")[1] if endpoint and endpoint.startswith("ec2.") else endpoint

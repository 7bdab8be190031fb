"""Codes of AWS regions: what is none is refused before anything is asked or started."""

from __future__ import annotations

import re
from difflib import get_close_matches

from tinystacks.errors import UsageError

LOCAL_REGION = "us-east-1"
"""Region of a stage in the local AWS when nothing names one."""

_FORM = re.compile(r"[a-z]{2,5}(-[a-z]+)+-\d{1,2}")
_WHERE = "with --region, as `region:` in the file, or in AWS_REGION"


def checked_region(region: str, *, local: bool = False) -> str:
    """Give a region back that has the form of one, and that the local AWS knows when it is meant.

    AWS gets regions that no list here has yet, so that only a code's form is looked at there.

    Args:
        region: code, such as `eu-west-1`.
        local: whether it is for the local AWS, which has the regions that botocore lists for ECS.

    Raises:
        UsageError: it is no region; the close ones are named.
    """
    fits = _FORM.fullmatch(region) is not None
    if fits and (region == LOCAL_REGION or not local):
        return region
    known = _known_regions()
    if fits and region in known:
        return region
    close = get_close_matches(re.sub(r"[\s_.]+", "-", region.strip().lower()), known, n=3)
    names = " or ".join(f"`{name}`" for name in close)
    raise UsageError(
        f"The local AWS has no region `{region}`." if fits else f"`{region}` is no AWS region.",
        hint=f"Did you mean {names}? Name it {_WHERE}." if names else f"Name one such as `eu-west-1` {_WHERE}.",
    )


def _known_regions() -> list[str]:
    # Not from a botocore session: that would read the user's AWS settings, which may be broken.
    from botocore.loaders import create_loader  # noqa: PLC0415 - botocore takes 0.2 s to load
    from botocore.regions import EndpointResolver  # noqa: PLC0415 - as above

    resolver = EndpointResolver(create_loader().load_data("endpoints"))
    partitions = resolver.get_available_partitions()
    return [name for partition in partitions for name in resolver.get_available_endpoints("ecs", partition)]

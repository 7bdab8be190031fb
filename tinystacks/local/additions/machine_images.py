"""The ECS-optimized machine images: moto has their names in SSM, but loading all of its images takes seconds.

Only the images that the public parameters `/aws/service/ecs/optimized-ami/…/recommended` name are registered in EC2.
Source: ECS developer guide, page retrieve-ecs-optimized_AMI.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from tinystacks.local.documents import structure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FAMILIES = ("amazon-linux-2023", "amazon-linux-2")
_OWNER = "591542846629"
"""Amazon's account that owns the ECS-optimized images."""


def install() -> None:
    """Let moto's EC2 know the recommended images, and its SSM give their parameters as text, in this process."""
    from moto.ec2.models.amis import Ami, AmiBackend  # noqa: PLC0415 - moto takes seconds to load
    from moto.ssm.models import Parameter  # noqa: PLC0415 - as above

    def load(backend: Any) -> None:
        for name, image in recommended(str(backend.region_name)):
            backend.amis[image] = Ami(
                backend,
                image,
                name=name,
                description=f"Amazon ECS-optimized image {name}",
                owner_id=_OWNER,
                owner_alias="amazon",
                public=True,
                virtualization_type="hvm",
                architecture="arm64" if name.endswith("arm64") else "x86_64",
                root_device_name="/dev/xvda",
                root_device_type="ebs",
                hypervisor="xen",
                image_location=f"amazon/{name}",
            )

    told: Any = Parameter.response_object

    def as_text(parameter: Any, decrypt: bool = False, region: str | None = None) -> dict[str, Any]:  # noqa: FBT001, FBT002 - moto's own signature
        document: dict[str, Any] = told(parameter, decrypt, region)
        if isinstance(document.get("Value"), dict):
            document["Value"] = json.dumps(document["Value"])
        return document

    cast("Any", Parameter).response_object = as_text
    cast("Any", AmiBackend)._load_amis = load  # noqa: SLF001 - moto's own seam for what images there are


def recommended(region: str) -> Iterator[tuple[str, str]]:
    """Name and id of every image that a region's public parameters recommend."""
    from moto.utilities.utils import load_resource  # noqa: PLC0415 - moto takes seconds to load

    try:
        tree: dict[str, Any] = load_resource(f"ssm/resources/ecs/optimized_amis/{region}.json")
    except FileNotFoundError:
        return
    families: Mapping[str, Any] = tree["aws"]["service"]["ecs"]["optimized-ami"]
    for family in _FAMILIES:
        yield from _recommended_in(families.get(family, {}))


def _recommended_in(node: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(node, dict):
        return
    branches = cast("dict[str, Any]", node)
    value: Any = structure(branches, "recommended").get("Value")
    if isinstance(value, str):
        value = json.loads(value)
    if value:
        yield str(value["image_name"]), str(value["image_id"])
    for name in ("arm64", "kernel-5.10", "gpu"):
        if name in branches:
            yield from _recommended_in(branches[name])

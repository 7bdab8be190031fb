"""Data sources of ECR: repository and image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinystacks.local.provider.invocation import InvokeError

if TYPE_CHECKING:
    from tinystacks.local.provider.invocation import Invocation


def repository(invocation: Invocation) -> dict[str, Any]:
    """`aws:ecr/getRepository:getRepository`."""
    found = _repository(invocation, invocation.args["name"])
    ecr = invocation.client("ecr")
    encryption = found.get("encryptionConfiguration") or {"encryptionType": "AES256"}
    return {
        "arn": found["repositoryArn"],
        "encryptionConfigurations": [
            {"encryptionType": encryption["encryptionType"], "kmsKey": encryption.get("kmsKey", "")},
        ],
        "id": found["repositoryName"],
        "imageScanningConfigurations": [
            {"scanOnPush": (found.get("imageScanningConfiguration") or {}).get("scanOnPush", False)},
        ],
        "imageTagMutability": found["imageTagMutability"],
        "imageTagMutabilityExclusionFilters": [],
        "mostRecentImageTags": _newest_tags(_images(invocation, found["repositoryName"])),
        "name": found["repositoryName"],
        "region": invocation.region,
        "registryId": found["registryId"],
        "repositoryUrl": found["repositoryUri"],
        "tags": {
            tag["Key"]: tag["Value"] for tag in ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
        },
    }


def image(invocation: Invocation) -> dict[str, Any]:
    """`aws:ecr/getImage:getImage`."""
    args = invocation.args
    digest, tag, newest = args.get("imageDigest"), args.get("imageTag"), args.get("mostRecent")
    if not (digest or tag or newest):
        raise InvokeError(f"invoking {invocation.token}: one of imageDigest, imageTag or mostRecent must be given")
    if newest and (digest or tag):
        raise InvokeError(f"invoking {invocation.token}: mostRecent conflicts with imageDigest and imageTag")
    name = args["repositoryName"]
    asked = {key: value for key, value in {"imageDigest": digest, "imageTag": tag}.items() if value}
    found = _images(invocation, name, [asked] if asked else None)
    if newest:
        found = sorted(found, key=lambda entry: entry["imagePushedAt"])[-1:]
    only = invocation.only(found, "ECR Image")
    url = _repository(invocation, name)["repositoryUri"]
    return {
        "id": only["imageDigest"],
        "imageDigest": only["imageDigest"],
        "imagePushedAt": int(only["imagePushedAt"].timestamp()),
        "imageSizeInBytes": only.get("imageSizeInBytes", 0),
        "imageTag": tag or "",
        "imageTags": only.get("imageTags", []),
        "imageUri": f"{url}@{only['imageDigest']}",
        "mostRecent": bool(newest),
        "region": invocation.region,
        "registryId": only["registryId"],
        "repositoryName": name,
    }


def _repository(invocation: Invocation, name: str) -> dict[str, Any]:
    return invocation.client("ecr").describe_repositories(repositoryNames=[name])["repositories"][0]


def _images(invocation: Invocation, name: str, identities: list[dict[str, str]] | None = None) -> list[dict[str, Any]]:
    paginator = invocation.client("ecr").get_paginator("describe_images")
    pages = paginator.paginate(repositoryName=name, **({"imageIds": identities} if identities else {}))
    return [entry for page in pages for entry in page["imageDetails"]]


def _newest_tags(images: list[dict[str, Any]]) -> list[str]:
    if not images:
        return []
    return max(images, key=lambda entry: entry["imagePushedAt"]).get("imageTags", [])

"""Images in Amazon ECR: which there are, and what they are for.

Source: Amazon ECR API reference, DescribeImages, BatchGetImage, GetDownloadUrlForLayer, PutImage,
GetAuthorizationToken; OCI image specification, image index, manifest and configuration.
"""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from tinystacks.aws_calls import aws_errors
from tinystacks.errors import AwsError
from tinystacks.images.errors import ImageError

_MISSING = frozenset({"ImageNotFoundException", "RepositoryNotFoundException"})
_TAKEN = frozenset({"ImageAlreadyExistsException", "ImageTagAlreadyExistsException"})
_INDEXES = frozenset(
    {"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}
)
_MANIFESTS = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    *sorted(_INDEXES),
]
_SECONDS = 5.0
"""For the few kilobytes of an image's configuration, which is only looked at to warn early."""
_MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What a registry is pushed to with; the password is never shown.

    Attributes:
        user: name.
        password: valid for 12 hours.
    """

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Login(user={self.user!r})"


class Repositories:
    """One account's images.

    Args:
        ecr: boto3 client.
    """

    def __init__(self, ecr: Any) -> None:
        self._ecr = ecr

    def login(self) -> Login:
        """Get what `docker login` takes.

        Raises:
            AwsError: ECR refuses.
        """
        with aws_errors("ecr", "image registry"):
            answer = self._ecr.get_authorization_token()
        token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
        user, _, password = token.partition(":")
        return Login(user=user, password=password)

    def digest(self, repository: str, *, tag: str = "", digest: str = "") -> str:
        """Give the digest of an image; empty when there is none.

        Args:
            repository: name in the account's registry.
            tag: of the image.
            digest: of the image, instead of a tag.

        Raises:
            AwsError: ECR refuses.
        """
        found = self._described(repository, {"imageDigest": digest} if digest else {"imageTag": tag})
        return str(found[0]["imageDigest"]) if found else ""

    def hold(self, repository: str, digest: str, tag: str) -> bool:
        """Give an image without any tag one, so that rules for untagged images pass it over; says whether it did.

        Args:
            repository: name in the account's registry.
            digest: of the image; one that is not there is let alone.
            tag: for it.

        Raises:
            AwsError: ECR refuses.
        """
        found = self._described(repository, {"imageDigest": digest})
        if not found or found[0].get("imageTags"):
            return False
        return self.add_tag(repository, digest, tag)

    def add_tag(self, repository: str, digest: str, tag: str) -> bool:
        """Give an image one more tag; False when the tag stands for another image, since tags never move.

        Raises:
            AwsError: ECR refuses.
        """
        known = self.digest(repository, tag=tag)
        if known:
            return known == digest
        try:
            with aws_errors("ecr", f"image repository {repository}"):
                [image] = self._manifests(repository, digest)
                self._ecr.put_image(
                    repositoryName=repository,
                    imageManifest=image["imageManifest"],
                    imageManifestMediaType=image["imageManifestMediaType"],
                    imageTag=tag,
                    imageDigest=digest,
                )
        except AwsError as error:
            if error.code in _TAKEN:
                return False
            raise
        return True

    def architectures(self, repository: str, digest: str) -> frozenset[str]:
        """Give what an image was built for, such as `amd64`; empty when it does not tell.

        An index tells it; a single manifest has it in its configuration, which ECR gives out through S3.

        Args:
            repository: name in the account's registry.
            digest: of the image.

        Raises:
            AwsError: ECR refuses.
            ImageError: the configuration cannot be read.
        """
        with aws_errors("ecr", f"image repository {repository}"):
            images = self._manifests(repository, digest)
        manifest: Any = json.loads(images[0]["imageManifest"]) if images else {}
        if "manifests" in manifest:
            found = {str(item.get("platform", {}).get("architecture", "")) for item in manifest["manifests"]}
            return frozenset(found - {"", "unknown"})
        configuration = str(manifest.get("config", {}).get("digest", ""))
        return self._configured(repository, configuration) if configuration else frozenset()

    def _described(self, repository: str, named: dict[str, str]) -> list[Any]:
        """Describe an image; nothing where it or its repository is not there."""
        try:
            with aws_errors("ecr", f"image repository {repository}"):
                return self._ecr.describe_images(repositoryName=repository, imageIds=[named])["imageDetails"]
        except AwsError as error:
            if error.code in _MISSING:
                return []
            raise

    def _configured(self, repository: str, digest: str) -> frozenset[str]:
        with aws_errors("ecr", f"image repository {repository}"):
            url = self._ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest)["downloadUrl"]
        try:
            with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - ECR's own answer
                document: Any = json.loads(answer.read(_MOST_BYTES))
            return frozenset({str(document.get("architecture", ""))} - {"", "unknown"})
        except urllib.error.HTTPError as error:
            # The address in its other words is signed.
            raise ImageError(f"the image's configuration cannot be read: HTTP {error.code}") from None
        except (OSError, ValueError, AttributeError) as error:
            said = getattr(error, "reason", error)
            raise ImageError(f"the image's configuration cannot be read: {said}") from None

    def _manifests(self, repository: str, digest: str) -> list[Any]:
        return self._ecr.batch_get_image(
            repositoryName=repository, imageIds=[{"imageDigest": digest}], acceptedMediaTypes=_MANIFESTS
        )["images"]

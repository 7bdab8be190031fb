"""Image references: `HOST/NAME:TAG` or `HOST/NAME@sha256:…`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tinystacks.errors import UsageError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REFERENCE = re.compile(r"[A-Za-z0-9][\w.:/-]*(@sha256:[0-9a-f]{64})?")
_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com|amazonaws\.com\.cn|on\.aws)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The parts of an image reference.

    Attributes:
        repository: host and name, without tag or digest.
        tag: empty when none is given.
        digest: `sha256:…`; empty when none is given.
    """

    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def host(self) -> str:
        """The registry; empty for Docker Hub."""
        first, slash, _ = self.repository.partition("/")
        return first if slash and ("." in first or ":" in first or first == "localhost") else ""

    @property
    def name(self) -> str:
        """Name of the repository within its registry."""
        return self.repository.removeprefix(f"{self.host}/") if self.host else self.repository

    @property
    def ecr_region(self) -> str:
        """Region of the private ECR registry that it is in; empty for any other registry."""
        match = _ECR.fullmatch(self.host)
        return match["region"] if match else ""


def parse_reference(text: str) -> Reference:
    """Read an image reference.

    Raises:
        UsageError: it is none.
    """
    if not _REFERENCE.fullmatch(text):
        raise UsageError(
            f"{text!r} is no image reference", hint="Such as public.ecr.aws/nginx/nginx:1.27, or NAME@sha256:DIGEST."
        )
    head, _, digest = text.partition("@")
    folder, slash, last = head.rpartition("/")
    name, _, tag = last.partition(":")
    return Reference(repository=f"{folder}{slash}{name}", tag=tag, digest=digest if _DIGEST.fullmatch(digest) else "")

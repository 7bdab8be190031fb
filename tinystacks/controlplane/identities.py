"""ARNs and ids in the forms that ECS writes, drawn from the plane's seed."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"


class Identities:
    """Maker of ARNs and ids.

    Args:
        account_id: the account in every ARN.
        region: the region in every ARN.
        source: where random digits come from; the same seed gives the same ids.
    """

    def __init__(self, account_id: str, region: str, source: random.Random) -> None:
        self._account_id = account_id
        self._region = region
        self._source = source

    def arn(self, path: str, *, service: str = "ecs") -> str:
        """Make an ARN of this account and region."""
        return f"arn:aws:{service}:{self._region}:{self._account_id}:{path}"

    def hexadecimal(self) -> str:
        """Draw 32 hexadecimal digits (tasks, container instances)."""
        return f"{self._source.getrandbits(128):032x}"

    def digits(self) -> str:
        """Draw 19 digits (deployments, service revisions)."""
        return str(self._source.randrange(10**18, 10**19))

    def short(self, length: int = 21) -> str:
        """Draw characters that a URL may carry (service deployments: 21, lifecycle hooks: 43)."""
        return "".join(self._source.choices(URL_SAFE, k=length))

    def uuid(self) -> str:
        """Draw a UUID (containers, events, alarms, activities)."""
        return str(uuid.UUID(int=self._source.getrandbits(128), version=4))

"""boto3 clients that are made once per service.

boto3 sessions must not make clients in several threads at once, clients may be shared by threads (boto3 guide, "Multi-
threading").
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class KeptClients:
    """Gives clients.

    Args:
        make: gives a boto3 client by service name.
    """

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._make = make
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str) -> Any:
        """Give the client of a service, the same one each time."""
        with self._lock:
            if service not in self._made:
                self._made[service] = self._make(service)
            return self._made[service]

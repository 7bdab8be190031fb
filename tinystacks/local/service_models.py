"""The AWS SDK's descriptions of services, found without listing all of them.

To load one, botocore looks into the folders of all four hundred services first, which takes as long as all reads of a
`status` together. The folder of the one that is asked for is enough.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from botocore.loaders import Loader


class OneServiceLoader(Loader):
    """Loads descriptions as botocore's own loader does (botocore reference, "Loaders")."""

    def __init__(self) -> None:
        super().__init__()
        self._asked = ""

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        """Load one description.

        Args:
            service_name: as in boto3, such as `ecs`.
            type_name: such as `service-2` or `paginators-1`.
            api_version: the latest by default.

        Raises:
            botocore.exceptions.UnknownServiceError: there is no such service.
        """
        self._asked = service_name
        try:
            return super().load_service_model(service_name, type_name, api_version)
        finally:
            self._asked = ""

    def list_available_services(self, type_name: str) -> list[str]:
        """List services: the one that is being loaded, where it is there; else all."""
        asked = self._asked
        if asked and any(
            next(Path(place, asked).glob(f"*/{type_name}.json*"), None) is not None for place in self.search_paths
        ):
            return [asked]
        return super().list_available_services(type_name)

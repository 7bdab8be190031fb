"""The local AWS as a target of a deployment."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tinystacks.errors import LocalAwsError
from tinystacks.kept_clients import KeptClients
from tinystacks.local.environment import KEY, environment
from tinystacks.local.status import ACCOUNT_ID, ONE_OFF_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.status import LocalStatus

_CONNECT_SECONDS = 2.0
_ONE_OFF_SECONDS = 2
"""Simulated seconds that a simulated one-off task runs."""


class LocalTarget:
    """Points engine, provider and clients at the local AWS.

    Args:
        status: the running local AWS.
        region: any AWS region; each holds its own resources.
    """

    name = "local"
    profile: str | None = None

    def __init__(self, status: LocalStatus, region: str) -> None:
        self.status = status
        self.region = region
        self._session: Any = None
        self._clients = KeptClients(self._new_client)

    @property
    def build_engine(self) -> str | None:
        """Socket of the engine that runs the containers; none where they are simulated."""
        return self.status.container_engine.rpartition(" at ")[2] if self.status.runtime == "docker" else None

    @property
    def one_off_variables(self) -> Mapping[str, str]:
        """Simulated containers end only when they are told to."""
        return {} if self.status.runtime == "docker" else {ONE_OFF_VARIABLE: str(_ONE_OFF_SECONDS)}

    def account_id(self) -> str:
        """The local AWS's only account; that it answers is seen without loading a client, which takes half a second.

        Raises:
            LocalAwsError: the local AWS does not answer.
        """
        place = urlsplit(self.status.endpoint_url)
        try:
            socket.create_connection((place.hostname or "", place.port or 80), timeout=_CONNECT_SECONDS).close()
        except OSError as error:
            raise LocalAwsError(
                f"the local AWS at {self.status.endpoint_url} does not answer: {error}",
                hint="Start it with `tstack local start`.",
            ) from error
        return ACCOUNT_ID

    def client(self, service: str) -> Any:
        """A boto3 client of the local AWS, the same one each time; nothing of the user's AWS settings reaches it."""
        return self._clients(service)

    def _new_client(self, service: str) -> Any:
        from botocore.config import Config  # noqa: PLC0415 - as above

        if self._session is None:
            self._session = _isolated_core(self.region, ACCOUNT_ID)
        # botocore's clients are what boto3 gives; boto3 itself, which adds resources and transfers, takes long to load.
        return self._session.create_client(
            service,
            endpoint_url=self.status.endpoint_url,
            config=Config(
                proxies={},
                retries={"mode": "standard", "max_attempts": 3},
                s3={"addressing_style": "path"},
                max_pool_connections=20,
            ),
        )

    def environment(self) -> Mapping[str, str]:
        """Variables for the engine's process."""
        return environment(self.status, self.region)

    def provider_arguments(self) -> Mapping[str, Any]:
        """What the explicit `aws.Provider` needs beyond region and allowed accounts.

        The local provider talks to its own server, whatever `endpoints` says; the rest keeps a real provider that is
        pointed here from asking services that the local AWS does not have.
        """
        return {
            "skip_credentials_validation": True,
            "skip_metadata_api_check": True,
            "skip_region_validation": True,
            "s3_use_path_style": True,
        }

    def identity(self) -> str:
        """Give `local:INSTANCE:REGION`; the middle changes whenever the local AWS starts anew, with nothing in it."""
        return local_identity(self.status, self.region)


def local_identity(status: LocalStatus, region: str) -> str:
    """Name a region in one life of the local AWS."""
    return f"local:{status.instance_id}:{region}"


def isolated_session(region: str, *, account_id: str = ACCOUNT_ID) -> Any:
    """A boto3 session that reads neither the user's AWS files nor profile variables.

    Args:
        region: region of its clients.
        account_id: account that AWS clients may put into account-based endpoints.
    """
    import boto3.session  # noqa: PLC0415 - boto3 takes a quarter of a second to load

    return boto3.session.Session(region_name=region, botocore_session=_isolated_core(region, account_id))


def _isolated_core(region: str, account_id: str) -> Any:
    import botocore.session  # noqa: PLC0415 - as above

    from tinystacks.local.service_models import OneServiceLoader  # noqa: PLC0415 - as above

    core = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
            "region": (None, None, region, None),
        }
    )
    core.register_component("data_loader", OneServiceLoader())
    core.set_credentials(KEY, KEY, account_id=account_id)
    return core

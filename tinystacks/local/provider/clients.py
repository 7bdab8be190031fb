"""boto3 clients at the local AWS's endpoint, made once per service and region."""

from __future__ import annotations

import threading
from typing import Any, Final, cast

import boto3
from botocore.config import Config

ACCESS_KEY: Final = "local"
SECRET_KEY: Final = "local"  # noqa: S105 - the local AWS takes any key; these are not secret
MAX_POOL_CONNECTIONS: Final = 64
"""At least as many as the provider has threads, so that none waits for a connection."""


class Clients:
    """Clients for one endpoint.

    Args:
        endpoint_url: where the local AWS listens, such as `http://127.0.0.1:4566`.
    """

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._account: tuple[str, str] | None = None

    def client(self, service: str, region: str) -> Any:
        """The client of a service (boto3's name for it) in a region; safe to share between threads."""
        key = (service, region)
        client = self._clients.get(key)
        if client is None:
            with self._lock:  # making clients is not thread-safe, using them is
                client = self._clients.get(key) or self._made(service, region)
                self._clients[key] = client
        return client

    def account(self) -> tuple[str, str]:
        """Account id and partition behind the endpoint, asked once."""
        if self._account is None:
            identity = self.client("sts", "us-east-1").get_caller_identity()
            self._account = (identity["Account"], identity["Arn"].split(":")[1])
        return self._account

    def _made(self, service: str, region: str) -> Any:
        if self._session is None:
            self._session = boto3.session.Session(
                aws_access_key_id=ACCESS_KEY,
                aws_secret_access_key=SECRET_KEY,
                region_name="us-east-1",
            )
        settings = Config(
            region_name=region,
            retries={"mode": "standard", "total_max_attempts": 3},
            max_pool_connections=MAX_POOL_CONNECTIONS,
            connect_timeout=5,
            read_timeout=60,
            proxies={},  # the endpoint is on this machine, whatever the environment says
            s3={"addressing_style": "path"},
            **cast("Any", {"ignore_configured_endpoint_urls": True}),  # newer than the stubs
        )
        return self._session.client(service, region_name=region, endpoint_url=self._endpoint_url, config=settings)

"""The load balancer's settings."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from tinystacks.spec.checks.finding import Finding, error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinystacks.spec.compute import EndpointSpec
    from tinystacks.spec.model import StageSpec

_CERTIFICATE = re.compile(
    r"arn:aws[a-z-]*:(acm:(?P<region>[a-z0-9-]+):\d{12}:certificate/\S+|iam::\d{12}:server-certificate/\S+)"
)
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.IGNORECASE)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def check(stage: StageSpec) -> Iterator[Finding]:
    """Check the endpoint section."""
    endpoint = stage.endpoint
    yield from _certificate(endpoint, stage.region)
    if endpoint.domain is not None and not _DOMAIN.fullmatch(endpoint.domain):
        message = "must be a host name without `https://` and path, such as `shop.example.com`"
        yield error(("endpoint", "domain"), "domain", message)
    if endpoint.access_logs is not None and not _BUCKET.fullmatch(endpoint.access_logs):
        message = "must be the name of an S3 bucket, without `s3://`"
        yield error(("endpoint", "access_logs"), "bucket-name", message)
    if not endpoint.allow:
        yield error(("endpoint", "allow"), "allow-empty", "must not be empty: nobody could reach the load balancer")
    for at, text in enumerate(endpoint.allow):
        try:
            ipaddress.ip_network(text)
        except ValueError:
            message = "must be an address range such as `203.0.113.0/24`, its host bits all zero"
            yield error(("endpoint", "allow", at), "allow-range", message)
    if endpoint.model_fields_set and not stage.exposed_services:
        message = "has no effect: no service has a `port`, so there is no load balancer"
        yield warning(("endpoint",), "endpoint-without-port", message)


def _certificate(endpoint: EndpointSpec, region: str | None) -> Iterator[Finding]:
    """A load balancer takes certificates of its own region (Elastic Load Balancing user guide, "HTTPS listeners")."""
    if endpoint.certificate is None:
        return
    path = ("endpoint", "certificate")
    match = _CERTIFICATE.fullmatch(endpoint.certificate)
    if match is None:
        message = "must be the ARN of a certificate, such as `arn:aws:acm:eu-west-1:123456789012:certificate/…`"
        yield error(path, "certificate-arn", message)
    elif region is not None and match["region"] not in {None, region}:
        message = (
            f"is in {match['region']}, the stage in {region}; a load balancer needs a certificate of its own region"
        )
        yield error(path, "certificate-region", message)
